package revise_test

import (
	"errors"
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

type (
	base struct {
		data.Identified[base]
		Name string `db:"name,size=20"`
	}
	oneBranch struct {
		base
		Colour string `db:"colour,size=9,default='red',index"`
	}
	oneMore struct {
		oneBranch
		Weight *int `db:"weight"`
	}
	otherBranch struct {
		base
		Length int `db:"length,default=1,check=length > 0"`
	}
	both struct {
		oneMore
		Length int `db:"length,default=1,check=length > 0"`
	}
	without struct {
		data.Identified[base]
		Length int `db:"length,default=1,check=length > 0"`
	}
)

func schemas[T any]() []data.Schema { return []data.Schema{data.NewTable[T]("things").Schema()} }

// checkout copies a branch's folder.
func checkout(t *testing.T, d revise.Domain) revise.Domain {
	t.Helper()
	d.Folder = revise.Folder(filepath.Join(t.TempDir(), "migrations"))
	return d
}

func copyAll(t *testing.T, to revise.Domain, from ...revise.Domain) {
	t.Helper()
	if err := os.MkdirAll(string(to.Folder), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, f := range from {
		for name, text := range folder(t, f.Folder) {
			if err := os.WriteFile(filepath.Join(string(to.Folder), name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestMerge has two branches add columns to one table and upgrades databases
// that ran nothing, one of them, and the other.
func TestMerge(t *testing.T) {
	t.Parallel()
	kinds := scratch(t, true)
	start := domain(t, kinds, schemas[base]()...)
	write(t, start, revise.Options{})
	one, other, merged := checkout(t, start), checkout(t, start), checkout(t, start)
	copyAll(t, one, start)
	copyAll(t, other, start)
	one.Schemas, other.Schemas, merged.Schemas = schemas[oneBranch](), schemas[otherBranch](), schemas[both]()
	write(t, one, revise.Options{Message: "colour"})
	one.Schemas = schemas[oneMore]()
	write(t, one, revise.Options{Message: "weight"})
	write(t, other, revise.Options{Message: "length"})
	copyAll(t, merged, one, other)

	var dbs []*data.DB
	for _, kind := range kinds {
		for _, d := range []revise.Domain{{}, start, one, other} {
			db := open(t, kind)
			if d.Name != "" {
				upgrade(t, db, d)
			}
			dbs = append(dbs, db)
		}
	}

	branches, err := revise.Branches(os.DirFS(string(merged.Folder)))
	if diff := cmp.Diff([]revise.Branch{{Number: 2, Names: []string{"0002_colour", "0002_length"}}}, branches); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	if _, err := migrate.New(dbs[0], []migrate.Source{{Name: "shop", FS: os.DirFS(string(merged.Folder))}}, migrate.Options{}); err == nil || !strings.Contains(err.Error(), "merge the branches") {
		t.Errorf("two revisions with the same number: %v", err)
	}
	m, err := revise.Merge(t.Context(), merged)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]revise.Move{{From: "0002_length", To: "0003_length"}, {From: "0003_weight", To: "0004_weight"}}, m.Moves); diff != "" {
		t.Error(diff)
	}
	if err := m.Write(merged.Folder); err != nil {
		t.Fatal(err)
	}
	for _, db := range dbs {
		upgrade(t, db, merged)
		noDrift(t, db, merged.Schemas)
		all, err := migrator(t, db, merged).History(t.Context())
		for _, r := range all {
			if r.State != migrate.Applied {
				t.Errorf("%s is %s", r, r.State)
			}
		}
		if len(all) != 4 || err != nil {
			t.Errorf("%v, %v", all, err)
		}
		for range 2 {
			if _, err := migrator(t, db, merged).Downgrade(t.Context(), 3); err != nil {
				t.Errorf("%s: %v", db.Dialect(), err)
			}
			noDrift(t, db, start.Schemas)
			upgrade(t, db, merged)
			noDrift(t, db, merged.Schemas)
		}
	}
	if again, err := revise.Merge(t.Context(), merged); again != nil || err != nil {
		t.Errorf("a second time: %v, %v", again, err)
	}
	if draft, err := revise.Make(t.Context(), merged, revise.Options{}); draft != nil || err != nil {
		t.Errorf("after merging: %v, %v", draft, err)
	}
	// A program of one branch refuses what the merged one did.
	if _, err := migrator(t, dbs[0], other).Upgrade(t.Context()); !errors.Is(err, fault.Conflict) {
		t.Errorf("an older program: %v", err)
	}
}

// TestMergeRefuses has one branch make the table anew as the other does not know
// it.
func TestMergeRefuses(t *testing.T) {
	t.Parallel()
	start := domain(t, scratch(t, false), schemas[base]()...)
	write(t, start, revise.Options{})
	one, other, merged := checkout(t, start), checkout(t, start), checkout(t, start)
	copyAll(t, one, start)
	copyAll(t, other, start)
	one.Schemas, other.Schemas, merged.Schemas = schemas[oneBranch](), schemas[without](), schemas[both]()
	write(t, one, revise.Options{Message: "colour"})
	write(t, other, revise.Options{Message: "length", Drop: true})
	copyAll(t, merged, one, other)
	before := folder(t, merged.Folder)
	if m, err := revise.Merge(t.Context(), merged); m != nil || !errors.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "cannot stand in one order") {
		t.Errorf("got %v, %v", m, err)
	}
	if diff := cmp.Diff(before, folder(t, merged.Folder)); diff != "" {
		t.Error(diff)
	}
}
