package revise_test

import (
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/revise"
)

type owner struct {
	data.Identified[owner]
	Name string `db:"name,size=20,unique"`
}

// The struct of a table with one row, and how it changes.
type (
	item struct {
		data.Identified[item]
		Name  string          `db:"name,size=20"`
		Count int             `db:"count,default=1"`
		Price decimal.Decimal `db:"price,numeric=8.2"`
		State string          `db:"state,enum=new|old,default='new'"`
		Note  *string         `db:"note"`
		Owner *data.ID[owner] `db:"owner,references=owners,ondelete=cascade"`
	}
	added struct {
		item
		Stock  int             `db:"stock,default=5,index,check=stock >= 0"`
		Colour *string         `db:"colour,size=9,unique"`
		Maker  *data.ID[owner] `db:"maker,references=owners,ondelete=null"`
	}
	plain struct {
		item
		At *time.Time `db:"at"`
	}
	dropped struct {
		data.Identified[item]
		Name  string          `db:"name,size=20"`
		Count int             `db:"count,default=1"`
		Price decimal.Decimal `db:"price,numeric=8.2"`
	}
	renamed struct {
		data.Identified[item]
		Title  string          `db:"title,size=20"`
		Count  int             `db:"count,default=1"`
		Price  decimal.Decimal `db:"price,numeric=8.2"`
		Phase  string          `db:"phase,enum=new|old,default='new'"`
		Note   *string         `db:"note"`
		Holder *data.ID[owner] `db:"holder,references=owners,ondelete=cascade"`
	}
	retyped struct {
		data.Identified[item]
		Name  string          `db:"name"`
		Count decimal.Decimal `db:"count,numeric=8.1,default=1"`
		Price decimal.Decimal `db:"price,numeric=9.3"`
		State string          `db:"state,size=5,enum=new|old,default='new'"`
		Note  *string         `db:"note"`
		Owner *data.ID[owner] `db:"owner,references=owners,ondelete=cascade"`
	}
	tightened struct {
		data.Identified[item]
		Name  string          `db:"name,size=20,unique"`
		Count int             `db:"count,default=2,check=count < 100"`
		Price decimal.Decimal `db:"price,numeric=8.2,index,check=price > 0"`
		State string          `db:"state,enum=new|old|gone,default='old'"`
		Note  string          `db:"note,default='none'"`
		Owner *data.ID[owner] `db:"owner,references=owners,ondelete=null"`
	}
	unrelated struct {
		data.Identified[item]
		Name  string          `db:"name,size=20"`
		Count *int            `db:"count"`
		Price decimal.Decimal `db:"price,numeric=8.2"`
		State string          `db:"state"`
		Note  *string         `db:"note"`
		Owner *data.ID[owner] `db:"owner"`
	}
	part struct {
		data.Identified[part]
		Item data.ID[item]  `db:"item,references=items,ondelete=cascade"`
		Next *data.ID[gear] `db:"next,references=gears,ondelete=null"`
	}
	gear struct {
		data.Identified[gear]
		Part *data.ID[part] `db:"part,references=parts,ondelete=null"`
	}
)

var (
	ownersTable = data.NewTable[owner]("owners").Schema()
	itemsTable  = data.NewTable[item]("items").Schema()
	shop        = []data.Schema{ownersTable, itemsTable}
)

func with(schemas ...data.Schema) []data.Schema {
	return append([]data.Schema{ownersTable}, schemas...)
}

const (
	anOwner = "INSERT INTO owners (id, name) VALUES ('\\x00000000000000000000000000000001', 'Ada')"
	anItem  = "INSERT INTO items (id, name, count, price, owner) VALUES ('\\x00000000000000000000000000000002', 'Lamp', 3, 12.35, '\\x00000000000000000000000000000001')"
)

// fill inserts an owner and an item.
func fill(t *testing.T, db *data.DB) {
	t.Helper()
	for _, text := range []string{anOwner, anItem} {
		if db.Dialect() == "sqlite" {
			text = strings.NewReplacer(`'\x`, `x'`, "12.35", "1235").Replace(text)
		} else {
			text = strings.ReplaceAll(text, `\x`, "")
		}
		run(t, db, text)
	}
}

// TestEachChange makes a revision of each change and runs it where rows are:
// up brings the tables to the structs, down brings them back, and the row is
// still there.
func TestEachChange(t *testing.T) {
	t.Parallel()
	items := func(s data.Schema) []data.Schema { return with(s) }
	for _, c := range []struct {
		name    string
		to      []data.Schema
		renames string
		up      string            // must be in both files
		query   string            // after going up, as text
		want    map[string]string // by dialect; "" means both
		back    string            // asked before and after
	}{
		{name: "new columns", to: items(data.NewTable[added]("items").Schema()), up: "ADD COLUMN",
			query: "SELECT CAST(stock AS text) || name AS v FROM items", want: map[string]string{"": "5Lamp"}},
		{name: "new column without anything", to: items(data.NewTable[plain]("items").Schema()), up: `ALTER TABLE "items" ADD COLUMN "at"`},
		{name: "dropped columns", to: items(data.NewTable[dropped]("items").Schema())},
		{name: "renamed columns", to: items(data.NewTable[renamed]("items").Schema()), renames: "items.name=title items.state=phase items.owner=holder", up: "RENAME COLUMN",
			query: "SELECT title || phase AS v FROM items", want: map[string]string{"": "Lampnew"}, back: "SELECT name || state AS v FROM items"},
		{name: "types", to: items(data.NewTable[retyped]("items").Schema()),
			query: "SELECT CAST(count AS text) || ' ' || CAST(price AS text) AS v FROM items", want: map[string]string{"sqlite": "30 12350", "postgres": "3.0 12.350"},
			back: "SELECT CAST(count AS text) || ' ' || CAST(price AS text) AS v FROM items"},
		{name: "constraints", to: items(data.NewTable[tightened]("items").Schema()),
			query: "SELECT note || CAST(count AS text) AS v FROM items", want: map[string]string{"": "none3"}},
		{name: "no constraints", to: items(data.NewTable[unrelated]("items").Schema()),
			query: "SELECT name || state AS v FROM items", want: map[string]string{"": "Lampnew"}},
		{name: "unique together", to: items(data.NewTable[item]("items", data.UniqueOn("name", "count")).Schema())},
		{name: "new tables in a circle", to: with(itemsTable, data.NewTable[part]("parts").Schema(), data.NewTable[gear]("gears").Schema())},
		{name: "renamed table", to: with(data.NewTable[item]("things").Schema()), renames: "items=things", up: "RENAME TO",
			query: "SELECT name AS v FROM things", want: map[string]string{"": "Lamp"}, back: "SELECT name AS v FROM items"},
		{name: "renamed table and column", to: with(data.NewTable[renamed]("things").Schema()), renames: "items=things things.name=title things.state=phase things.owner=holder",
			query: "SELECT title || phase AS v FROM things", want: map[string]string{"": "Lampnew"}, back: "SELECT name || state AS v FROM items"},
		{name: "dropped table", to: []data.Schema{ownersTable}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			kinds := scratch(t, true)
			d := domain(t, kinds, shop...)
			write(t, d, revise.Options{})
			var dbs []*data.DB
			for _, kind := range kinds {
				db := open(t, kind)
				upgrade(t, db, d)
				fill(t, db)
				dbs = append(dbs, db)
			}
			d.Schemas = c.to
			draft := write(t, d, revise.Options{Message: "Change: it!", Drop: true, Renames: renamesIn(t, c.renames)})
			if draft.String() != "0002_change_it" {
				t.Errorf("it is called %s", draft)
			}
			for _, db := range dbs {
				if c.up != "" && !strings.Contains(draft.Up[db.Dialect()], c.up) {
					t.Errorf("no %s in %s", c.up, draft.Up[db.Dialect()])
				}
				before := ""
				if c.back != "" {
					before = ask(t, db, c.back)
				}
				upgrade(t, db, d)
				noDrift(t, db, c.to)
				if c.query != "" {
					if got := ask(t, db, c.query); got != c.want[""]+c.want[db.Dialect()] {
						t.Errorf("%s: got %q after going up", db.Dialect(), got)
					}
				}
				if c.name == "dropped table" {
					if err := exec(t.Context(), db, "SELECT 1 FROM items"); err == nil {
						t.Errorf("%s: the table is still there", db.Dialect())
					}
				}
				if c.name == "dropped columns" {
					// What filled these columns is gone.
					run(t, db, "DELETE FROM items")
				}
				if _, err := migrator(t, db, d).Downgrade(t.Context(), 1); err != nil {
					t.Fatalf("%s: %v\n%s", db.Dialect(), err, draft.Down[db.Dialect()])
				}
				noDrift(t, db, shop)
				if c.back != "" {
					if got := ask(t, db, c.back); got != before {
						t.Errorf("%s: %q became %q", db.Dialect(), before, got)
					}
				}
				if got := ask(t, db, "SELECT name AS v FROM owners"); got != "Ada" {
					t.Errorf("the owner is %s", got)
				}
				upgrade(t, db, d)
			}
			// Then there is nothing to do.
			if again, err := revise.Make(t.Context(), d, revise.Options{}); err != nil || again != nil {
				t.Errorf("a second time: %v, %v", again, err)
			}
		})
	}
}
