package transfer_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/manorgo/manor/data/transfer"
	"github.com/manorgo/manor/fault"
)

func gz(t testing.TB, text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write([]byte(text))
	ok(t, errors.Join(err, w.Close()))
	return b.String()
}

// zipped makes an archive of names and texts, in turns.
func zipped(t testing.TB, members ...string) string {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(members); i += 2 {
		w, err := z.Create(members[i])
		ok(t, err)
		_, err = w.Write([]byte(members[i+1]))
		ok(t, err)
	}
	ok(t, z.Close())
	return b.String()
}

func files(pairs ...string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		fsys[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return fsys
}

const bom = "\xef\xbb\xbf"

// TestFixtureVariants reads every file that may hold a fixture, and chooses the
// first of several.
func TestFixtureVariants(t *testing.T) {
	t.Parallel()
	rows := `[{"name": "` + "%" + `"}]`
	lines := func(v string) string { return strings.ReplaceAll(rows, "%", v) }
	csv := func(v string) string { return "name\r\n" + v + "\r\n" }
	ndjson := func(v string) string { return `{"name": "` + v + "\"}\n" }
	variants := []struct{ file, text string }{
		{"star.json", lines("star.json")},
		{"STAR.json.gz", gz(t, lines("STAR.json.gz"))},
		{"star.json.gz", gz(t, lines("star.json.gz"))},
		{"STAR.json.zip", zipped(t, "other.json", "[]", "STAR.json", lines("STAR.json.zip"))},
		{"star.json.zip", zipped(t, "readme.txt", "!", "any.json", lines("star.json.zip"))},
		{"star.csv", csv("star.csv")},
		{"STAR.csv", csv("STAR.csv")},
		{"STAR.csv.gz", gz(t, csv("STAR.csv.gz"))},
		{"star.csv.gz", gz(t, csv("star.csv.gz"))},
		{"STAR.csv.zip", zipped(t, "star.csv", csv("STAR.csv.zip"))},
		{"star.csv.zip", zipped(t, "star.csv", csv("star.csv.zip"))},
		{"star.ndjson", ndjson("star.ndjson")},
		{"STAR.ndjson", ndjson("STAR.ndjson")},
		{"star.ndjson.gz", gz(t, ndjson("star.ndjson.gz"))},
		{"star.ndjson.zip", zipped(t, "star.ndjson", ndjson("star.ndjson.zip"))},
	}
	for i, v := range variants {
		t.Run(v.file, func(t *testing.T) {
			t.Parallel()
			fsys := files()
			for _, later := range variants[i:] {
				fsys[later.file] = &fstest.MapFile{Data: []byte(later.text)}
			}
			got, err := transfer.ReadFixture(fsys, "star")
			ok(t, err)
			same(t, "rows", got, []map[string]any{{"name": v.file}})
		})
	}
	for name, text := range map[string]string{"star.json": bom + lines("x"), "star.csv": bom + csv("x"), "star.csv.gz": gz(t, bom+csv("x")), "star.ndjson": bom + ndjson("x"), "STAR.csv.zip": zipped(t, "star.csv", bom+csv("x")), "star.json.zip": zipped(t, "star.json", bom+lines("x"))} {
		got, err := transfer.ReadFixture(files(name, text), "star")
		ok(t, err)
		same(t, "rows after a mark in "+name, got, []map[string]any{{"name": "x"}})
	}
	_, err := transfer.OpenFixture(files(), "star")
	says(t, err, fault.NotFound, "star.json,", "STAR.csv.zip", "star.csv.gz")
}

func TestFixtureValues(t *testing.T) {
	t.Parallel()
	got, err := transfer.ReadFixture(files("a.json", `[{"n": 12345678901234567890.10, "t": "a\"}]", "o": {"x": [1]}, "z": null}, {}]`), "a")
	ok(t, err)
	same(t, "JSON", got, []map[string]any{
		{"n": json.Number("12345678901234567890.10"), "t": `a"}]`, "o": map[string]any{"x": []any{json.Number("1")}}, "z": nil}, {},
	})
	got, err = transfer.ReadFixture(files("a.json", ` {"one": 1} `), "a")
	ok(t, err)
	same(t, "one object", got, []map[string]any{{"one": json.Number("1")}})
	_, err = transfer.ReadFixture(files("a.csv", "a,\"b,\"\"b\"\"\"\n\n1,\"x\ny\"\n,\"\"\n \" \",z"), "a")
	says(t, err, fault.Malformed, "a.csv:6", "quote")
	got, err = transfer.ReadFixture(files("a.csv", "a,\"b,\"\"b\"\"\"\n\n1,\"x\ny\"\n,\"\"\nlast,line"), "a")
	ok(t, err)
	same(t, "CSV", got, []map[string]any{{"a": "1", `b,"b"`: "x\ny"}, {"a": "", `b,"b"`: ""}, {"a": "last", `b,"b"`: "line"}})
	for _, nothing := range []string{"[]", "", " \n", "[ ]\n"} {
		got, err = transfer.ReadFixture(files("a.json", nothing), "a")
		ok(t, err)
		same(t, "nothing", got, []map[string]any{})
	}
}

// TestCorruptFixtures names the file, and the line where there is one.
func TestCorruptFixtures(t *testing.T) {
	t.Parallel()
	long := gz(t, "["+strings.Repeat(`{"name": "x"},`, 50_000)+`{}]`)
	inZip := zipped(t, "a.json", `[{"name": "stored"}]`)
	for _, tt := range []struct{ file, text, says string }{
		{"a.json.gz", "no gzip at all", "a.json.gz: the archive is corrupt"},
		{"a.json.gz", long[:len(long)-100], "a.json.gz:1: the archive is corrupt"},
		{"a.json.gz", long[:len(long)-6] + "xxxxxx", "a.json.gz:1: the archive is corrupt"},
		{"a.json.zip", "no zip at all", "a.json.zip: the archive is corrupt"},
		{"a.json.zip", inZip[:len(inZip)-10], "a.json.zip: the archive is corrupt"},
		{"a.json.zip", zipped(t, "a.csv", "x"), "there is no .json file in the archive"},
		{"a.csv.zip", zipped(t), "there is no .csv file"},
		{"a.json", `[{"a": 1}`, "a.json:1: the file ends"},
		{"a.json", "[{\"a\": 1},\n{\"a\": ", "a.json:2: the file ends in the middle of a row"},
		{"a.json", "[\n{\"a\": 1}\n{\"a\": 2}]", "a.json:3: a comma is missing"},
		{"a.json", `[{"a": 1},]`, "a.json:1: a list ends"},
		{"a.json", `[,{"a": 1}]`, "a comma"},
		{"a.json", `[[]]`, "a list begins"},
		{"a.json", `[] {}`, "a comma is missing"},
		{"a.json", `]`, "a list ends"},
		{"a.json", "[\n1]", "a.json:2: an object is expected"},
		{"a.json", "[\n\n{\"a\": nul}]", "a.json:3: the row is no valid JSON"},
		{"a.json", `{"a": 1, "a": 2}`, "a stands there twice"},
		{"a.json", "{\"a\": \"\xff\"}", "not UTF-8"},
		{"a.ndjson", "{}\n{}\n{\"a\" 1}\n", "a.ndjson:3: the row is no valid JSON"},
		{"a.csv", "a,b\n1,2\n3\n", "a.csv:3: the row has 1 fields, not 2"},
		{"a.csv", "a,b\n1,\"2\n3\n", "a.csv:2: a quoted field does not end"},
		{"a.csv", "a,b\n1,\"2\"3\n", "a.csv:2: a quote"},
		{"a.csv", "a,a\n", "a.csv:1: the first line"},
		{"a.csv", "a\n\xff\n", "a.csv:2: the row is not UTF-8"},
		{"a.csv", "a\rb\n", "carriage return"},
	} {
		_, err := transfer.ReadFixture(files(tt.file, tt.text), "a")
		says(t, err, fault.Malformed, tt.says)
	}
	_, err := transfer.OpenFile(files(), "a.txt")
	says(t, err, fault.Invalid, "a.txt")
	_, err = transfer.OpenFile(files(), "a.json")
	says(t, err, fault.NotFound, "a.json does not exist")
	_, err = transfer.OpenFile(fstest.MapFS{"a.json/b": {}}, "a.json")
	says(t, err, fault.Invalid, "a folder")
}

// TestFixtureOfOneHugeRow does not read it into memory to the end.
func TestFixtureOfOneHugeRow(t *testing.T) {
	t.Parallel()
	zeros := make([]byte, 1<<20)
	for file, begin := range map[string]string{"a.json.gz": `[{"a": "`, "a.csv.gz": "a\n\""} {
		var b bytes.Buffer
		w, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
		ok(t, err)
		_, _ = w.Write([]byte(begin))
		for range 65 {
			_, _ = w.Write(zeros)
		}
		ok(t, w.Close())
		_, err = transfer.ReadFixture(files(file, b.String()), "a")
		says(t, err, fault.Malformed, "more than 64 MiB")
	}
}

func FuzzFixture(f *testing.F) {
	for _, text := range []string{`[{"a": 1}, {"b": [{}]}]`, "{}\n{}", "a,b\n1,\"2\"\"\n\"\n", "[", `{"a": "\u0000"}`, bom + "a\n\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, file := range []string{"a.json", "a.csv"} {
			rows, err := transfer.ReadFixture(files(file, text), "a")
			if err != nil && fault.KindOf(err) != fault.Malformed {
				t.Errorf("%s: %v", file, err)
			}
			if err == nil && file == "a.json" && json.Valid([]byte(text)) && strings.HasPrefix(strings.TrimSpace(text), "[") {
				var want []map[string]json.RawMessage
				if json.Unmarshal([]byte(text), &want) == nil && len(want) != len(rows) {
					t.Errorf("%d rows of %q, want %d", len(rows), text, len(want))
				}
			}
		}
	})
}
