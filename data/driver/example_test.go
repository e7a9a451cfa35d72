package driver_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/data/sqlite"
)

// A driver runs the SQL it is given, and says what its errors mean.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "driver")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	db, err := sqlite.Open(ctx, filepath.Join(dir, "app.db"), sqlite.Options{})
	if err != nil {
		panic(err)
	}
	defer db.Close()

	d := db.Driver()
	create := &driver.Statement{SQL: `CREATE TABLE boats (name TEXT NOT NULL UNIQUE)`}
	if _, err := d.Exec(ctx, driver.Call{Statement: create}); err != nil {
		panic(err)
	}
	insert := &driver.Statement{SQL: `INSERT INTO boats (name) VALUES (?)`}
	for range 2 {
		n, err := d.Exec(ctx, driver.Call{Statement: insert, Args: []any{"Heron"}})
		if e, ok := errors.AsType[*driver.Error](err); ok {
			fmt.Println("taken:", e.Class == driver.Unique)
		} else {
			fmt.Println("added:", n)
		}
	}
	// Output:
	// added: 1
	// taken: true
}
