package transfer_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/data/transfer"
	"github.com/manorgo/manor/fault"
)

// load loads files of fsys.
func load(t testing.TB, db *data.DB, fsys fs.FS, opts transfer.LoadOptions, names ...string) ([]transfer.Loaded, error) {
	t.Helper()
	var fixtures []*transfer.Fixture
	for _, name := range names {
		f, err := transfer.OpenFile(fsys, name)
		ok(t, err)
		defer f.Close()
		fixtures = append(fixtures, f)
	}
	opts.Schemas = schemas
	return transfer.Load(t.Context(), db, fixtures, opts)
}

// TestDumpAndLoad writes all tables in every format and reads them elsewhere.
func TestDumpAndLoad(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, from, to string) {
		a := open(t, from)
		b := open(t, to)
		up, _ := migrate.Draft(to, schemas)
		fillAll(t, a)
		for _, format := range []string{"json", "ndjson", "csv"} {
			for _, packing := range []string{"", "gz", "zip"} {
				if from == to && packing != "" {
					continue // the files are the same, whoever reads them
				}
				dir := t.TempDir()
				_, err := transfer.DropAll(t.Context(), b)
				ok(t, err)
				run(t, b, up)
				out, err := transfer.Dump(t.Context(), a, dir, transfer.DumpOptions{Schemas: schemas, Format: format, Compress: packing})
				ok(t, err)
				var names []string
				for _, d := range out {
					names = append(names, filepath.Base(d.File))
					info, err := os.Stat(d.File)
					ok(t, err)
					if info.Mode().Perm() != 0o600 {
						t.Errorf("%s has mode %s", d.File, info.Mode())
					}
				}
				if len(names) != 4 {
					t.Errorf("files are %v", names)
				}
				_, err = load(t, b, os.DirFS(dir), transfer.LoadOptions{Batch: 2}, names...)
				ok(t, err)
				same(t, format+packing, contents(t, b), contents(t, a))
			}
		}
	})
}

// TestDumpIsTheSame from both databases, to the byte, but for JSON's spaces.
func TestDumpIsTheSame(t *testing.T) {
	t.Parallel()
	a, b := open(t, "sqlite"), open(t, "postgres")
	fillAll(t, a)
	run(t, a, "DELETE FROM samples WHERE json LIKE '%{%'") // whose keys PostgreSQL sorts
	_, err := transfer.Copy(t.Context(), a, b, transfer.CopyOptions{Schemas: schemas})
	ok(t, err)
	x, y := t.TempDir(), t.TempDir()
	for dir, db := range map[string]*data.DB{x: a, y: b} {
		_, err := transfer.Dump(t.Context(), db, dir, transfer.DumpOptions{Schemas: schemas})
		ok(t, err)
	}
	for _, table := range []string{"samples.json", "trees.json", "lefts.json", "rights.json"} {
		same(t, table, read(t, filepath.Join(y, table)), read(t, filepath.Join(x, table)))
	}
}

func TestDumpRefuses(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, dialect string) {
		db, dir := open(t, dialect), filepath.Join(t.TempDir(), "out")
		_, err := transfer.Dump(t.Context(), db, dir, transfer.DumpOptions{Tables: []string{"trees", "bushes"}})
		says(t, err, fault.Invalid, "no table bushes")
		_, err = transfer.Dump(t.Context(), db, dir, transfer.DumpOptions{Format: "xml"})
		says(t, err, fault.Invalid, "csv")
		if _, err := os.Stat(dir); err == nil {
			t.Error("something was written")
		}
	})
}

// TestDumpIsOneSnapshot writes while it reads.
func TestDumpIsOneSnapshot(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, dialect string) {
		db, dir := open(t, dialect), t.TempDir()
		fillAll(t, db)
		wrote := false
		_, err := transfer.Dump(t.Context(), db, dir, transfer.DumpOptions{Schemas: schemas, Format: "ndjson", Progress: func(transfer.Step) {
			if !wrote { // a table was read, others were not
				wrote = true
				ok(t, trees.On(db).Add(t.Context(), &tree{Name: "late"}))
				s := sample{Text: "late", JSON: []any{}}
				ok(t, samples.On(db).Add(t.Context(), &s))
			}
		}})
		ok(t, err)
		for _, table := range []string{"trees", "samples"} {
			if text := read(t, filepath.Join(dir, table+".ndjson")); !wrote || strings.Contains(text, "late") {
				t.Errorf("%s has what came later: %t\n%s", table, wrote, text)
			}
		}
	})
}

const three = `[{"id": "00000000-0000-4000-8000-000000000001", "name": "a", "rank": 1},
{"id": "00000000-0000-4000-8000-000000000002", "name": "b", "rank": 1, "parent_id": "00000000-0000-4000-8000-000000000003"},
{"id": "00000000-0000-4000-8000-000000000003", "name": "c", "rank": 1, "parent_id": null}]`

func TestLoadReportsWhere(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, dialect string) {
		db := open(t, dialect)
		good := `{"id": "00000000-0000-4000-8000-0000000000%02d", "name": "%d", "rank": 1, "parent_id": null}`
		for _, tt := range []struct{ bad, says string }{
			{`{"id": "x", "name": "n", "rank": 1}`, "trees.ndjson:4: id: is not a UUID"},
			{`{"id": "00000000-0000-4000-8000-000000000099", "name": "n", "rank": "many"}`, "trees.ndjson:4: rank: is not a whole number"},
			{`{"id": "00000000-0000-4000-8000-000000000099", "name": null, "rank": 1}`, "trees.ndjson:4: name: may not be empty"},
			{`{"id": "00000000-0000-4000-8000-000000000099", "name": {"a": 1}, "rank": 1}`, "trees.ndjson:4: name: is an object"},
			{`{"id": "00000000-0000-4000-8000-000000000099", "name": "n", "rank": 1, "colour": 3}`, "trees.ndjson:4: colour: the table has no such column"},
			{`{"id": "00000000-0000-4000-8000-000000000099", "name": "2", "rank": 1}`, "trees.ndjson:4: name: the value is taken"},
			{`{"id": "00000000-0000-4000-8000-000000000099", "name": "n", "rank": -1}`, "trees.ndjson:4: rank: a check does not hold"},
			{`{"id": "00000000-0000-4000-8000-000000000099", "name": "n"}`, "trees.ndjson:4: rank: is missing"},
			{`{}`, "trees.ndjson:4: trees: the row has no values"},
			{`{"id": `, "trees.ndjson:4: the file ends in the middle of a row"},
		} {
			text := ""
			for i := range 3 {
				text += fmt.Sprintf(good, i+1, i+1) + "\n"
			}
			text += tt.bad + "\n" + fmt.Sprintf(good, 5, 5) + "\n"
			_, err := load(t, db, files("trees.ndjson", text), transfer.LoadOptions{}, "trees.ndjson")
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("the error is %v, want %q", err, tt.says)
			}
			if n := len(list(t, db, trees)); n != 0 {
				t.Errorf("%s: %d rows were stored", tt.says, n)
			}
		}
		_, err := load(t, db, files("bushes.json", "[]"), transfer.LoadOptions{}, "bushes.json")
		says(t, err, fault.Invalid, "there is no table bushes")
	})
}

// TestLoadInOrder fills tables in the order of their references, and those in
// circles in any.
func TestLoadInOrder(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, dialect string) {
		db := open(t, dialect)
		fsys := files("trees.json", three,
			"rights.json", `{"id": "00000000-0000-4000-8000-000000000001", "left_id": "00000000-0000-4000-8000-000000000002", "tree_id": "00000000-0000-4000-8000-000000000002"}`,
			"LEFTS.csv", "id,right_id\n00000000-0000-4000-8000-000000000002,00000000-0000-4000-8000-000000000001\n")
		_, err := load(t, db, fsys, transfer.LoadOptions{Batch: 1}, "rights.json", "LEFTS.csv", "trees.json")
		ok(t, err)
		if n, m := len(list(t, db, trees)), len(list(t, db, lefts)); n != 3 || m != 1 {
			t.Errorf("%d trees, %d lefts", n, m)
		}
		_, err = load(t, open(t, dialect), files("trees.json", strings.ReplaceAll(three, `0003", "name"`, `0004", "name"`)), transfer.LoadOptions{}, "trees.json")
		says(t, err, fault.Invalid, "trees", "does not exist")
		left, err := transfer.Tables(t.Context(), db, true)
		ok(t, err)
		if strings.Contains(strings.Join(left, " "), "manor_loads") {
			t.Error("the table of markers is still there")
		}
	})
}

// TestLoadGoesOn from where an earlier one ended.
func TestLoadGoesOn(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, dialect string) {
		db := open(t, dialect)
		lines := func(n int, bad int) string {
			text := "id,int,text,float,bool,time,uuid,decimal,bytes,json\n"
			for i := range n {
				value := "1.5"
				if i == bad {
					value = "none"
				}
				text += fmt.Sprintf("00000000-0000-4000-8000-%012d,%d,text,%s,true,2026-01-01T00:00:00Z,00000000-0000-4000-8000-000000000001,1.25,aGk=,[1]\n", i, i, value)
			}
			return text
		}
		opts := transfer.LoadOptions{Batch: 10}
		_, err := load(t, db, files("samples.csv", lines(100, 57)), opts, "samples.csv")
		says(t, err, fault.Invalid, "samples.csv:59: float: is not a number")
		if n := len(list(t, db, samples)); n != 50 {
			t.Errorf("%d rows were stored before", n)
		}
		_, err = load(t, db, files("samples.csv", strings.Replace(lines(100, -1), "text", "changed", 5)), opts, "samples.csv")
		says(t, err, fault.Conflict, "not the same any more")
		_, err = load(t, db, files("samples.csv", lines(10, -1)), opts, "samples.csv")
		says(t, err, fault.Conflict, "has 10 rows, and 50 were loaded")
		out, err := load(t, db, files("samples.csv", lines(100, -1)), opts, "samples.csv")
		ok(t, err)
		same(t, "result", out, []transfer.Loaded{{File: "samples.csv", Table: "samples", Rows: 50, Found: 50}})
		if n := len(list(t, db, samples)); n != 100 {
			t.Errorf("%d rows", n)
		}
		// All is done, so the next one begins anew, and finds them taken.
		_, err = load(t, db, files("samples.csv", lines(100, -1)), opts, "samples.csv")
		says(t, err, fault.Invalid, "samples.csv:2: ", "taken")
		opts.MatchKey, opts.Restart = true, true
		out, err = load(t, db, files("samples.csv", lines(110, -1)), opts, "samples.csv")
		ok(t, err)
		if n := len(list(t, db, samples)); n != 110 || out[0].Rows != 110 {
			t.Errorf("%d rows, %+v", n, out)
		}
	})
}

func TestLoadMatching(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, dialect string) {
		db := open(t, dialect)
		_, err := load(t, db, files("trees.json", three), transfer.LoadOptions{}, "trees.json")
		ok(t, err)
		change := `{"id": "00000000-0000-4000-8000-0000000000a1", "name": "a", "rank": 7}
{"id": "00000000-0000-4000-8000-0000000000a2", "name": "new", "rank": 8}
{"id": "00000000-0000-4000-8000-0000000000a1", "name": "a", "rank": 9}`
		_, err = load(t, db, files("trees.ndjson", change), transfer.LoadOptions{Match: []string{"rank"}}, "trees.ndjson")
		says(t, err, fault.Invalid, "no unique index on rank")
		_, err = load(t, db, files("trees.ndjson", change), transfer.LoadOptions{Match: []string{"size"}}, "trees.ndjson")
		says(t, err, fault.Invalid, "no column size")
		_, err = load(t, db, files("trees.ndjson", change), transfer.LoadOptions{Match: []string{"name"}}, "trees.ndjson")
		ok(t, err)
		ranks := map[string]int64{}
		for _, x := range list(t, db, trees) {
			ranks[x.Name] = x.Rank
		}
		same(t, "ranks", ranks, map[string]int64{"a": 9, "b": 1, "c": 1, "new": 8})
	})
}

func TestLoadAllOrNothing(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, dialect string) {
		db := open(t, dialect)
		bad := `{"id": "00000000-0000-4000-8000-000000000001", "text": "x"}`
		for name, opts := range map[string]transfer.LoadOptions{"atomic": {Atomic: true, Batch: 1}, "dry": {DryRun: true, Batch: 1}} {
			_, err := load(t, db, files("trees.json", three, "samples.json", bad), opts, "trees.json", "samples.json")
			says(t, err, fault.Invalid, "samples.json:1:", "is missing")
			if n := len(list(t, db, trees)); n != 0 {
				t.Errorf("%s: %d rows were stored", name, n)
			}
		}
		out, err := load(t, db, files("trees.json", three), transfer.LoadOptions{DryRun: true}, "trees.json")
		ok(t, err)
		if n := len(list(t, db, trees)); n != 0 || out[0].Rows != 3 {
			t.Errorf("%d rows were stored, %+v", n, out)
		}
		_, err = load(t, db, files("trees.json", three), transfer.LoadOptions{Atomic: true}, "trees.json")
		ok(t, err)
		if n := len(list(t, db, trees)); n != 3 {
			t.Errorf("%d rows were stored", n)
		}
	})
}

// TestLoadStops when nobody waits for it any more.
func TestLoadStops(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, dialect string) {
		db := open(t, dialect)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		f, err := transfer.OpenFile(files("trees.json", three), "trees.json")
		ok(t, err)
		defer f.Close()
		if _, err := transfer.Load(ctx, db, []*transfer.Fixture{f}, transfer.LoadOptions{}); err == nil {
			t.Error("it went on")
		}
	})
}

// TestDryRunMovesNoNumbers leaves the next number what it was.
func TestDryRunMovesNoNumbers(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, dialect string) {
		db := empty(t, dialect)
		key := "id integer PRIMARY KEY"
		if dialect == "postgres" {
			key = "id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"
		}
		run(t, db, "CREATE TABLE counted ("+key+", name text)")
		for _, want := range []string{`[{"id":1,"name":"x"}]`, `[{"id":1001,"name":"x"}]`} {
			fsys := files("counted.json", `[{"id": 1000, "name": "loaded"}]`)
			_, err := load(t, db, fsys, transfer.LoadOptions{DryRun: want == `[{"id":1,"name":"x"}]`}, "counted.json")
			ok(t, err)
			run(t, db, "DELETE FROM counted WHERE name <> 'loaded'")
			run(t, db, "INSERT INTO counted (name) VALUES ('x')")
			run(t, db, "DELETE FROM counted WHERE name = 'loaded'")
			out, err := transfer.Dump(t.Context(), db, t.TempDir(), transfer.DumpOptions{})
			ok(t, err)
			same(t, "the next row", strings.Join(strings.Fields(read(t, out[0].File)), ""), want)
		}
	})
}
