package data_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/data/sqlite"
)

// A Boat is a row of the table boats.
type Boat struct {
	data.Identified[Boat]
	Name string `db:"name,size=80,unique"`
}

var boats = data.NewTable[Boat]("boats")

func openBoats(ctx context.Context) (db *data.DB, remove func()) {
	dir, err := os.MkdirTemp("", "boats")
	if err != nil {
		panic(err)
	}
	if db, err = sqlite.Open(ctx, filepath.Join(dir, "boats.db"), sqlite.Options{}); err != nil {
		panic(err)
	}
	create := driver.Statement{SQL: "CREATE TABLE boats (id BLOB PRIMARY KEY, name TEXT NOT NULL UNIQUE)"}
	if _, err := db.Driver().Exec(ctx, driver.Call{Statement: &create}); err != nil {
		panic(err)
	}
	return db, func() {
		db.Close()
		os.RemoveAll(dir)
	}
}

// All reads of a unit see one state of the database, from one server.
func ExampleDB_Read() {
	ctx := context.Background()
	db, remove := openBoats(ctx)
	defer remove()

	err := db.Read(ctx, func(r *data.Reads) error {
		before, err := boats.On(r).Count(ctx)
		if err != nil {
			return err
		}
		// Somebody else writes meanwhile.
		if err := boats.On(db).Add(ctx, &Boat{Name: "Seute Deern"}); err != nil {
			return err
		}
		after, err := boats.On(r).Count(ctx)
		fmt.Println(before, after)
		return err
	})
	if err != nil {
		panic(err)
	}
	now, _ := boats.On(db).Count(ctx)
	fmt.Println(now)
	// Output:
	// 0 0
	// 1
}

// A unit that wrote gives a token to the one that has to see it. On a database
// without replicas tokens are empty, and everything is seen anyway.
func ExampleUnit() {
	ctx := context.Background()
	db, remove := openBoats(ctx)
	defer remove()

	writes := &data.Unit{}
	if err := boats.On(db).Add(data.WithUnit(ctx, writes), &Boat{Name: "Seute Deern"}); err != nil {
		panic(err)
	}
	token, err := writes.Token(ctx)
	if err != nil {
		panic(err)
	}

	later := data.WithUnit(ctx, &data.Unit{Replicas: true, After: token})
	n, err := boats.On(db).Count(later)
	fmt.Println(n, err)
	// Output: 1 <nil>
}
