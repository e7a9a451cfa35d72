package transfer_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/manorgo/manor/data/transfer"
)

// Many APIs answer with an object around the list.
func TestWithin(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`[{"a":1},{"a":2}]`: "a a",
		`{"page":1,"items":[{"a":1},{"a":2}],"totalItems":2}`: "a a",
		"\n{ \"items\" :\n [ {\"b\":1} ] , \"next\": [{}] }":  "b",
		`{"items":[]}`:               "",
		`{"items":"none","c":1}`:     "items,c",
		`{"others":[{"a":1}]}`:       "others",
		`{"items":[{"a":1}`:          "a, and line 1",
		"{\"items\":[\n{\"a\":1} {}": "a, and line 2",
	} {
		f, err := transfer.OpenFile(fstest.MapFS{"x.json": {Data: []byte(text)}}, "x.json")
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Within("list", "items"); err != nil {
			t.Fatal(err)
		}
		var got []string
		for r, err := range f.Records() {
			if err != nil {
				_, after, _ := strings.Cut(err.Error(), "x.json:")
				line, _, _ := strings.Cut(after, ":")
				got[len(got)-1] += ", and line " + line
				break
			}
			var names []string
			for _, field := range r.Fields {
				names = append(names, field.Name)
			}
			got = append(got, strings.Join(names, ","))
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%s: %q, want %q", text, s, want)
		}
	}
}
