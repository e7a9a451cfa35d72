package revise_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/data/revise"
	"github.com/manorgo/manor/fault"
)

// TestFirstRevisionIsTheDraft wants the same statements as package migrate's.
func TestFirstRevisionIsTheDraft(t *testing.T) {
	t.Parallel()
	all := with(itemsTable, data.NewTable[part]("parts").Schema(), data.NewTable[gear]("gears").Schema())
	draft := write(t, domain(t, scratch(t, false), all...), revise.Options{})
	for _, dialect := range []string{"sqlite", "postgres"} {
		up, down := migrate.Draft(dialect, all)
		if diff := cmp.Diff(up, draft.Up[dialect]); diff != "" {
			t.Errorf("%s: %s", dialect, diff)
		}
		if diff := cmp.Diff(down, draft.Down[dialect]); diff != "" {
			t.Errorf("%s: %s", dialect, diff)
		}
	}
	if draft.String() != "0001_shop" {
		t.Errorf("it is called %s", draft)
	}
}

func TestInitRefusesWhatIsThere(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "deep", "migrations")
	for _, want := range []string{"", "is not empty: it holds schema.json"} {
		_, err := revise.Init(path)
		if got := fmt.Sprint(err); want != "" && (!strings.Contains(got, want) || !errors.Is(err, fault.Conflict)) || want == "" && err != nil {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// folder returns the names and texts in a folder.
func folder(t *testing.T, f revise.Folder) map[string]string {
	t.Helper()
	out := map[string]string{}
	entries, err := os.ReadDir(string(f))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(string(f), e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out[e.Name()] = string(b)
	}
	return out
}

type (
	wide struct {
		data.Identified[item]
		Name  string  `db:"name,size=20"`
		Ratio float64 `db:"ratio,default=0.5"`
	}
	number struct {
		data.Identified[item]
		Name  string `db:"name,size=20"`
		Ratio []byte `db:"ratio"`
	}
	narrow struct {
		data.Identified[item]
		Name string `db:"name,size=20"`
		Must int    `db:"must"`
	}
	badTable struct {
		A int `db:"a,default=x"`
	}
)

// TestMakeRefuses wants no file to be written.
func TestMakeRefuses(t *testing.T) {
	t.Parallel()
	start := []data.Schema{data.NewTable[wide]("items").Schema()}
	for _, c := range []struct {
		name    string
		to      []data.Schema
		prepare func(t *testing.T, d revise.Domain)
		options revise.Options
		kind    fault.Kind
		want    string
	}{
		{name: "a type", to: []data.Schema{data.NewTable[number]("items").Schema()}, kind: fault.Invalid, want: "items.ratio: nothing plans the way from double precision"},
		{name: "a struct", to: []data.Schema{data.NewTable[badTable]("items").Schema()}, kind: fault.Invalid, want: "not a whole number"},
		{name: "a rename of nothing", to: []data.Schema{data.NewTable[narrow]("items").Schema()}, options: revise.Options{Renames: []revise.Rename{{Table: "items", Column: "x", To: "must"}}}, kind: fault.Invalid, want: "the column x must be gone"},
		{name: "a rename of no table", to: start, options: revise.Options{Renames: []revise.Rename{{Table: "nope", To: "items"}}}, kind: fault.Invalid, want: "there was no table nope"},
		{name: "branches", to: start, prepare: func(t *testing.T, d revise.Domain) {
			for _, dialect := range []string{"sqlite", "postgres"} {
				os.WriteFile(filepath.Join(string(d.Folder), "0001_other."+dialect+".sql"), []byte("-- up\n"), 0o600)
			}
		}, kind: fault.Conflict, want: "0001_other and 0001_shop have the same number"},
		{name: "a damaged record", to: start, prepare: func(t *testing.T, d revise.Domain) {
			os.WriteFile(filepath.Join(string(d.Folder), "schema.json"), []byte("<<<<<<< HEAD\n"), 0o600)
		}, kind: fault.Invalid, want: "if two branches met in it"},
		{name: "a revision by hand that went elsewhere", to: []data.Schema{data.NewTable[narrow]("items").Schema()}, prepare: func(t *testing.T, d revise.Domain) {
			for _, dialect := range []string{"sqlite", "postgres"} {
				os.WriteFile(filepath.Join(string(d.Folder), "0002_hand."+dialect+".sql"), []byte("-- up\nALTER TABLE items DROP COLUMN ratio;\n"), 0o600)
			}
		}, kind: fault.Conflict, want: "does not record what the revisions of shop make"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := domain(t, scratch(t, false), start...)
			write(t, d, revise.Options{})
			if c.prepare != nil {
				c.prepare(t, d)
			}
			before := folder(t, d.Folder)
			d.Schemas = c.to
			draft, err := revise.Make(t.Context(), d, c.options)
			if draft != nil || !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, %v; want %s", draft, err, c.want)
			}
			if diff := cmp.Diff(before, folder(t, d.Folder)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestDoubtsAreAsked wants what may be renamed to be neither dropped nor
// renamed unless somebody says so.
func TestDoubtsAreAsked(t *testing.T) {
	t.Parallel()
	d := domain(t, scratch(t, false), shop...)
	write(t, d, revise.Options{})
	d.Schemas = with(data.NewTable[renamed]("items").Schema())
	_, err := revise.Make(t.Context(), d, revise.Options{})
	doubt, ok := errors.AsType[*revise.Doubt](err)
	if !ok {
		t.Fatal(err)
	}
	if got, want := doubt.Error(), "these may be renamed, or dropped and new: items.name=title, items.name=phase, items.state=title, items.state=phase, items.owner=holder"; got != want {
		t.Errorf("got %s", got)
	}
	name, _ := revise.ParseRename("items.name=title")
	holder, _ := revise.ParseRename("items.owner=holder")
	_, err = revise.Make(t.Context(), d, revise.Options{Renames: []revise.Rename{name}, Denied: []revise.Rename{holder}})
	if got, want := fmt.Sprint(err), "these may be renamed, or dropped and new: items.state=phase"; got != want {
		t.Errorf("got %s", got)
	}
	d.Schemas = []data.Schema{ownersTable, data.NewTable[item]("goods").Schema()}
	_, err = revise.Make(t.Context(), d, revise.Options{})
	if got, want := fmt.Sprint(err), "these may be renamed, or dropped and new: items=goods"; got != want {
		t.Errorf("got %s", got)
	}
	for _, bad := range []string{"", "a", "a=", "=b", "a.=b", "a=b.c", ".a=b"} {
		if r, err := revise.ParseRename(bad); err == nil {
			t.Errorf("%q is %v", bad, r)
		}
	}
}

func TestNotesWarn(t *testing.T) {
	t.Parallel()
	d := domain(t, scratch(t, false), data.NewTable[wide]("items").Schema())
	write(t, d, revise.Options{})
	d.Schemas = []data.Schema{data.NewTable[narrow]("items").Schema()}
	draft := write(t, d, revise.Options{})
	want := []string{
		"the column items.must is NOT NULL without a default: this fails if the table has rows",
		"the column items.ratio is dropped with its values",
	}
	if diff := cmp.Diff(want, draft.Notes); diff != "" {
		t.Error(diff)
	}
	text := folder(t, d.Folder)["0002_changes.postgres.sql"]
	if !strings.HasPrefix(text, "-- after 0001_shop\n-- note: the column items.must") {
		t.Errorf("the file is\n%s", text)
	}
}

// TestByHand lets revisions by hand take the tables where the structs are, with
// and without --empty.
func TestByHand(t *testing.T) {
	t.Parallel()
	kinds := scratch(t, true)
	d := domain(t, kinds, data.NewTable[wide]("items").Schema())
	write(t, d, revise.Options{})
	d.Schemas = []data.Schema{data.NewTable[number]("items").Schema()}
	draft := write(t, d, revise.Options{Empty: true, Message: "Ratios are bytes"})
	for dialect, typ := range map[string]string{"sqlite": "BLOB", "postgres": "bytea"} {
		path := filepath.Join(string(d.Folder), draft.String()+"."+dialect+".sql")
		text := "-- up\nALTER TABLE items DROP COLUMN ratio;\nALTER TABLE items ADD COLUMN ratio " + typ + " NOT NULL DEFAULT '';\n"
		if dialect == "postgres" {
			text += "ALTER TABLE items ALTER COLUMN ratio DROP DEFAULT;\n"
		} else {
			text = "-- up\nDROP TABLE items;\n" + strings.Join(migrate.DDL("sqlite", d.Schemas[0]), ";\n") + ";\nCREATE INDEX by_hand ON items (name) WHERE name > 'a';\n"
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if draft, err := revise.Make(t.Context(), d, revise.Options{}); draft != nil || err != nil {
		t.Fatalf("got %v, %v", draft, err)
	}
	// Without the record it is made again, as the structs are where the revisions are.
	path := filepath.Join(string(d.Folder), "schema.json")
	before := folder(t, d.Folder)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if draft, err := revise.Make(t.Context(), d, revise.Options{}); draft != nil || err != nil {
		t.Fatalf("got %v, %v", draft, err)
	}
	if diff := cmp.Diff(before, folder(t, d.Folder)); diff != "" {
		t.Error(diff)
	}
	// An index that no struct asks for outlives that SQLite makes its table anew.
	d.Schemas = []data.Schema{data.NewTable[narrow]("items").Schema()}
	draft = write(t, d, revise.Options{Drop: true})
	if !strings.Contains(draft.Up["sqlite"], "CREATE INDEX by_hand") {
		t.Errorf("the index is lost:\n%s", draft.Up["sqlite"])
	}
}

func ExampleSlug() {
	fmt.Println(revise.Slug("Rename Title to: name!"))
	// Output: rename_title_to_name
}
