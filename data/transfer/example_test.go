package transfer_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing/fstest"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/data/transfer"
)

type author struct {
	data.Identified[author]
	Name string `json:"name" db:"name,unique"`
}

var authors = data.NewTable[author]("authors")

// Rows for a test come from a file, here one in memory.
func Example() {
	fsys := fstest.MapFS{"authors.csv": {Data: []byte("id,name\n" +
		"00000000-0000-4000-8000-000000000001,Ada\n" +
		"00000000-0000-4000-8000-000000000002,Grace\n")}}
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "authors-*")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	db, err := openAuthors(ctx, dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()

	fixture, err := transfer.OpenFixture(fsys, "authors")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer fixture.Close()
	loaded, err := transfer.Load(ctx, db, []*transfer.Fixture{fixture}, transfer.LoadOptions{
		Schemas: []data.Schema{authors.Schema()},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(loaded[0].Table, loaded[0].Rows)
	// Output: authors 2
}

// openAuthors makes a database with the table.
func openAuthors(ctx context.Context, dir string) (*data.DB, error) {
	db, err := sqlite.Open(ctx, filepath.Join(dir, "authors.db"), sqlite.Options{})
	if err != nil {
		return nil, err
	}
	for _, statement := range migrate.DDL(db.Dialect(), authors.Schema()) {
		if _, err := db.Driver().Exec(ctx, driver.Call{Statement: &driver.Statement{SQL: statement}}); err != nil {
			return nil, err
		}
	}
	return db, nil
}
