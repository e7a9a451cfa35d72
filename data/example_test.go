package data_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/fault"
)

// A Product is a row; its tags are the table's schema.
type Product struct {
	data.Audited[Product]
	Name   string          `json:"name" db:"name,size=255,unique,search,sort"`
	Price  decimal.Decimal `json:"price" db:"price,numeric=10.2"`
	Active bool            `json:"active" db:"active,filter"`
}

// The table and its columns are values, checked when the program starts.
var (
	products = data.NewTable[Product]("products")
	Name     = data.TextCol(products, "name")
	Price    = data.Col[decimal.Decimal](products, "price")
	Active   = data.Col[bool](products, "active")
)

// shop opens a new database with the table in it. Real programs make tables by
// revisions, see package data/migrate.
func shop() (db *data.DB, done func()) {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	db, err = sqlite.Open(context.Background(), filepath.Join(dir, "shop.db"), sqlite.Options{})
	if err != nil {
		log.Fatal(err)
	}
	create := driver.Statement{SQL: `CREATE TABLE products (id BLOB PRIMARY KEY, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
		name TEXT NOT NULL UNIQUE, price INTEGER NOT NULL, active INTEGER NOT NULL)`}
	if _, err := db.Driver().Exec(context.Background(), driver.Call{Statement: &create}); err != nil {
		log.Fatal(err)
	}
	return db, func() {
		db.Close()
		os.RemoveAll(dir)
	}
}

func Example() {
	db, done := shop()
	defer done()
	ctx := context.Background()

	lamp := Product{Name: "Lamp", Price: decimal.RequireFromString("19.90"), Active: true}
	if err := products.On(db).Add(ctx, &lamp); err != nil {
		log.Fatal(err)
	}
	if err := products.On(db).AddAll(ctx, []Product{{Name: "Floor lamp", Price: decimal.NewFromInt(90), Active: true}, {Name: "Table"}}); err != nil {
		log.Fatal(err)
	}

	page, err := products.On(db).List(ctx, data.Query[Product]{
		Where: data.All(Name.ContainsFold("LAMP"), Price.Lt(decimal.NewFromInt(100)), Active.Eq(true)),
		Order: data.By(Price.Desc()),
		Limit: 1, Count: true,
	})
	fmt.Println(page.Items[0].Name, page.Total, err)

	lamp, err = products.On(db).Update(ctx, lamp.ID, Price.Set(decimal.NewFromInt(25)))
	fmt.Println(lamp.Price, lamp.UpdatedAt.After(lamp.CreatedAt), err)

	err = products.On(db).Add(ctx, &Product{Name: "Lamp"})
	fmt.Println(errors.Is(err, fault.Conflict), data.Taken(err, "name"))
	// Output:
	// Floor lamp 2 <nil>
	// 25 true <nil>
	// true true
}

func ExampleDB_Tx() {
	db, done := shop()
	defer done()
	ctx := context.Background()

	err := db.Tx(ctx, func(tx *data.Tx) error {
		tx.AfterCommit(func() { fmt.Println("committed") })
		if err := products.On(tx).Add(ctx, &Product{Name: "Lamp"}); err != nil {
			return err
		}
		return fault.Errorf(fault.Invalid, "no more lamps")
	})
	n, _ := products.On(db).Count(ctx)
	fmt.Println(err, n)
	// Output: no more lamps 0
}

func ExampleTx_Nested() {
	db, done := shop()
	defer done()
	ctx := context.Background()

	err := db.Tx(ctx, func(tx *data.Tx) error {
		for _, name := range []string{"Lamp", "Chair", "Lamp"} {
			err := tx.Nested(ctx, func(tx *data.Tx) error { return products.On(tx).Add(ctx, &Product{Name: name}) })
			if errors.Is(err, fault.Conflict) {
				continue // the others are added all the same
			} else if err != nil {
				return err
			}
		}
		return nil
	})
	n, _ := products.On(db).Count(ctx)
	fmt.Println(err, n)
	// Output: <nil> 2
}

func ExampleDB_TxWith() {
	db, done := shop()
	defer done()
	ctx := context.Background()
	lamp := Product{Name: "Lamp", Price: decimal.New(10, 0)}
	products.On(db).Add(ctx, &lamp)

	o := data.TxOptions{Isolation: data.Serializable, Retry: true}
	err := db.TxWith(ctx, o, func(tx *data.Tx) error {
		p, err := products.On(tx).Get(ctx, lamp.ID)
		if err != nil {
			return err
		}
		_, err = products.On(tx).Update(ctx, p.ID, Price.Set(p.Price.Mul(decimal.New(2, 0))))
		return err
	})
	lamp, _ = products.On(db).Get(ctx, lamp.ID)
	fmt.Println(lamp.Price, err)
	// Output: 20 <nil>
}

func ExampleSelect() {
	db, done := shop()
	defer done()
	ctx := context.Background()
	products.On(db).AddAll(ctx, []Product{{Name: "Lamp", Active: true}, {Name: "Table"}, {Name: "Chair"}})

	type tally struct {
		Active bool `db:"active"`
		N      int  `db:"n"`
	}
	byActive := data.NewSelect[tally]("SELECT active, count(*) FROM products WHERE name <> ? GROUP BY active ORDER BY active", "")
	all, err := byActive.All(ctx, db, "Chair")
	fmt.Println(all, err)
	// Output: [{false 1} {true 1}] <nil>
}

// Pages that begin after the last row of the one before.
func ExampleQuery_keyset() {
	db, done := shop()
	defer done()
	ctx := context.Background()
	products.On(db).AddAll(ctx, []Product{{Name: "Lamp"}, {Name: "Table"}, {Name: "Chair"}})

	q := data.Query[Product]{Order: data.By(Name.Asc()), Limit: 2, Keyset: true}
	for {
		page, err := products.On(db).List(ctx, q)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(len(page.Items), page.Items[0].Name)
		if page.Next == "" {
			break
		}
		q.After = page.Next
	}
	// Output:
	// 2 Chair
	// 1 Table
}

func ExampleRepository_Each() {
	db, done := shop()
	defer done()
	ctx := context.Background()
	products.On(db).AddAll(ctx, []Product{{Name: "Lamp"}, {Name: "Table"}})

	for p, err := range products.On(db).Each(ctx, data.Query[Product]{Order: data.By(Name.Desc())}) {
		fmt.Println(p.Name, err)
	}
	// Output:
	// Table <nil>
	// Lamp <nil>
}

func ExampleRepository_Upsert() {
	db, done := shop()
	defer done()
	ctx := context.Background()

	for _, price := range []int64{20, 25} {
		lamp := Product{Name: "Lamp", Price: decimal.NewFromInt(price)}
		created, err := products.On(db).Upsert(ctx, &lamp, "name")
		fmt.Println(created, lamp.Price, lamp.UpdatedAt.After(lamp.CreatedAt), err)
	}

	all := []Product{{Name: "Table"}, {Name: "Lamp"}}
	created, err := products.On(db).UpsertAll(ctx, all, "name")
	fmt.Println(created, err)
	// Output:
	// true 20 false <nil>
	// false 25 true <nil>
	// [true false] <nil>
}

func ExampleRepository_UpdateAll() {
	db, done := shop()
	defer done()
	ctx := context.Background()
	rows := []Product{{Name: "Lamp"}, {Name: "Table"}}
	products.On(db).AddAll(ctx, rows)

	rows[0].Active, rows[1].Active = true, true
	rows[0].Name = "not named, so it stays"
	now, err := products.On(db).UpdateAll(ctx, rows, "active")
	fmt.Println(now[0].Name, now[0].Active, now[1].Active, err)
	// Output: Lamp true true <nil>
}

func TestNowIsWhatADatabaseCanStore(t *testing.T) {
	t.Parallel()
	db, done := shop()
	defer done()
	if now := db.Now(); now.Nanosecond()%1000 != 0 || now.Location().String() != "UTC" {
		t.Errorf("now is %v", now)
	}
}
