package cli_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/cli"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/examples/credits"
	"github.com/manorgo/manor/examples/documents"
	"github.com/manorgo/manor/examples/library"
	"github.com/manorgo/manor/examples/shop/products"
)

// The domain of the scripts' program "shop". SHOP says how far its developers
// are. Its revisions are those in the folder shop, as if it were built anew for
// each command.
type (
	lamp struct {
		data.Identified[lamp]
		OwnerID users.ID `db:"owner_id,references=users,ondelete=cascade"`
		Name    string   `db:"name,size=20"`
	}
	titled struct {
		data.Identified[lamp]
		OwnerID users.ID `db:"owner_id,references=users,ondelete=cascade"`
		Title   string   `db:"title,size=20"`
	}
	coloured struct {
		titled
		Colour string `db:"colour,size=9,default='red',index"`
	}
	dated struct {
		titled
		Sold *time.Time `db:"sold"`
	}
	both struct {
		coloured
		Sold *time.Time `db:"sold"`
	}
	lampless struct {
		data.Identified[lamp]
		Shade []byte `db:"shade"`
	}
)

func shop(domain.Env) domain.Domain {
	schemas := map[string]data.Schema{
		"1": data.NewTable[lamp]("lamps").Schema(), "2": data.NewTable[titled]("lamps").Schema(),
		"3a": data.NewTable[coloured]("lamps").Schema(), "3b": data.NewTable[dated]("lamps").Schema(),
		"6": data.NewTable[lamp]("lamps").Schema(), "4": data.NewTable[both]("lamps").Schema(), "5": data.NewTable[lampless]("lamps").Schema(),
	}
	d := domain.Domain{Name: "lamps", Migrations: os.DirFS("shop"), Schemas: []data.Schema{schemas[os.Getenv("SHOP")]}}
	if os.Getenv("SHOP") == "6" {
		d.Schemas = append(d.Schemas, data.NewTable[bulb]("bulbs").Schema())
	}
	return d
}

// A second domain, whose table refers to a new one of the first.
type (
	bulb  struct{ data.Identified[bulb] }
	shade struct{ data.Identified[shade] }
	lit   struct {
		data.Identified[shade]
		Bulb *data.ID[bulb] `db:"bulb,references=bulbs,ondelete=null"`
	}
)

func shades(domain.Env) domain.Domain {
	s := data.NewTable[shade]("shades").Schema()
	if os.Getenv("SHOP") == "6" {
		s = data.NewTable[lit]("shades").Schema()
	}
	return domain.Domain{Name: "shades", Migrations: os.DirFS("shades"), Schemas: []data.Schema{s}}
}

// TestDomainsAreRecorded wants the schema.json of each domain, built in or an
// example, to be that of its structs, so that there is nothing to make, and
// nobody forgets it.
func TestDomainsAreRecorded(t *testing.T) {
	t.Parallel()
	folders, err := filepath.Glob("../*/migrations")
	for _, pattern := range []string{"../accounts/*/migrations", "../examples/*/migrations", "../examples/*/*/migrations"} {
		more, e := filepath.Glob(pattern)
		folders, err = append(folders, more...), errors.Join(err, e)
	}
	if err != nil || len(folders) < 10 {
		t.Fatalf("found %q, %v", folders, err)
	}
	for _, folder := range folders {
		name := filepath.Base(filepath.Dir(folder))
		if name == "minimal" || name == "bookmarks" {
			continue // programs with the data layer alone, which have no domains
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			domains := []domain.Func{products.Domain, library.Domain, documents.Domain}
			if name == "credits" { // which adds columns to tables of others
				domains = []domain.Func{credits.Domain}
			}
			// Where it is missing, it would be written.
			if _, err := os.Stat(filepath.Join(folder, "schema.json")); err != nil {
				t.Fatal(err)
			}
			var out, complaints bytes.Buffer
			code := cli.Run(t.Context(), cli.Process{
				Args:   []string{"shopd", "database", "make-migrations", "--domain", name, "--dir", folder},
				Env:    []string{"MANOR_DATABASE_URL=sqlite:" + filepath.Join(t.TempDir(), "none.db")},
				Stdout: &out, Stderr: &complaints,
			}, domains...)
			if code != 0 || out.String() != "no changes\n" {
				t.Errorf("%d: %s%s", code, &out, &complaints)
			}
		})
	}
}
