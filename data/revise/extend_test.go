package revise_test

import (
	"os"
	"strings"
	"testing"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/data/revise"
	"github.com/manorgo/manor/fault"
)

type citizen struct {
	data.Audited[citizen]
	Name  string     `db:"name,size=40"`
	Extra data.Extra `json:"-"`
}

var citizens = data.NewTable[citizen]("citizens")

// A domain adds columns to another's table, changes its mind, and never makes or
// drops the table.
func TestExtending(t *testing.T) {
	t.Parallel()
	for _, one := range scratch(t, true) {
		scratch := []revise.Scratch{one}
		owner := domain(t, scratch, citizens.Schema())
		owner.Name = "citizens"
		write(t, owner, revise.Options{})
		d := domain(t, scratch)
		d.Others = []data.Schema{citizens.Schema()}
		d.Sources = []migrate.Source{{Name: "citizens", FS: os.DirFS(string(owner.Folder))}}
		db := open(t, scratch[len(scratch)-1])
		current := func() *migrate.Migrator {
			m, err := migrate.New(db, append(d.Sources, migrate.Source{Name: d.Name, FS: os.DirFS(string(d.Folder))}), migrate.Options{})
			if err != nil {
				t.Fatal(err)
			}
			return m
		}
		step := func(x data.Extender) *revise.Draft {
			t.Helper()
			d.Extends, d.Live = []data.Extender{x}, nil
			draft := write(t, d, revise.Options{Drop: true})
			if _, err := current().Upgrade(t.Context()); err != nil {
				t.Fatal(err)
			}
			noDrift(t, db, []data.Schema{x.Schema()})
			if err := revise.Recorded(os.DirFS(string(d.Folder)), nil, x); err != nil {
				t.Error(err)
			}
			d.Live = db
			if again, err := revise.Make(t.Context(), d, revise.Options{}); err != nil || again != nil {
				t.Errorf("made again: %v, %v", again, err)
			}
			return draft
		}

		step(data.Extend[struct {
			Score int    `db:"score,default=3,index"`
			Rank  string `db:"rank,size=9,default='low'"`
		}](citizens))
		run(t, db, `INSERT INTO citizens (id, created_at, updated_at, name) VALUES (`+map[string]string{
			"sqlite": `x'00000000000000000000000000000001', 0, 0, 'ann')`, "postgres": `gen_random_uuid(), now(), now(), 'ann')`,
		}[db.Dialect()])
		draft := step(data.Extend[struct {
			Score int  `db:"score,default=3"`
			Paid  bool `db:"paid,default=true"`
		}](citizens))
		for _, text := range []string{draft.Up["sqlite"], draft.Up["postgres"], draft.Down["sqlite"], draft.Down["postgres"]} {
			if strings.Contains(text, "CREATE TABLE") || strings.Contains(text, "DROP TABLE") {
				t.Errorf("another's table is made or dropped:\n%s", text)
			}
		}
		if got := ask(t, db, `SELECT CAST(score AS varchar(9)) AS v FROM citizens WHERE paid`); got != "3" {
			t.Errorf("the row has %s", got)
		}
		if _, err := current().Downgrade(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		if got := ask(t, db, `SELECT rank AS v FROM citizens WHERE score = 3`); got != "low" {
			t.Errorf("after the way back the row has %s", got)
		}
		if _, err := current().Upgrade(t.Context()); err != nil {
			t.Fatal(err)
		}

		d.Extends = []data.Extender{data.Extend[struct {
			Score float64 `db:"score,default=3"`
			Paid  bool    `db:"paid,default=true"`
		}](citizens)}
		if _, err := revise.Make(t.Context(), d, revise.Options{}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("a column of another type: %v", err)
		}
		d.Extends, d.Live = nil, nil // all of them go, and the table stays
		write(t, d, revise.Options{Drop: true})
		if _, err := current().Upgrade(t.Context()); err != nil {
			t.Fatal(err)
		}
		noDrift(t, db, []data.Schema{citizens.Schema()})
		if got := ask(t, db, `SELECT name AS v FROM citizens`); got != "ann" {
			t.Errorf("the row is %s", got)
		}
		if err := revise.Recorded(os.DirFS(string(d.Folder)), nil); err != nil {
			t.Error(err)
		}
	}
}
