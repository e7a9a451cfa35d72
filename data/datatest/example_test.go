package datatest_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"testing"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/datatest"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/fault"
)

type note struct {
	data.Identified[note]
	Text string `db:"text"`
}

var notes = data.NewTable[note]("notes")

// open opens a new database with the table in it.
func open() (db *data.DB, done func()) {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	db, err = sqlite.Open(context.Background(), filepath.Join(dir, "notes.db"), sqlite.Options{})
	if err != nil {
		log.Fatal(err)
	}
	create := driver.Statement{SQL: "CREATE TABLE notes (id BLOB PRIMARY KEY, text TEXT NOT NULL)"}
	if _, err := db.Driver().Exec(context.Background(), driver.Call{Statement: &create}); err != nil {
		log.Fatal(err)
	}
	return db, func() {
		db.Close()
		os.RemoveAll(dir)
	}
}

func ExampleCount() {
	db, done := open()
	defer done()
	ctx := context.Background()

	counted, counter := datatest.Count(db)
	notes.On(counted).Add(ctx, &note{Text: "x"})
	counter.Reset()
	notes.On(counted).List(ctx, data.Query[note]{Count: true})
	for _, s := range counter.Statements() {
		fmt.Println(s)
	}
	// Output:
	// SELECT "id", "text" FROM "notes" ORDER BY "id" LIMIT 20
	// SELECT count(*) FROM "notes"
}

func ExampleFailing() {
	db, done := open()
	defer done()
	ctx := context.Background()

	failing, commits := datatest.Failing(db)
	commits.Fail(true)
	err := failing.Tx(ctx, func(tx *data.Tx) error { return notes.On(tx).Add(ctx, &note{Text: "x"}) })
	n, _ := notes.On(db).Count(ctx)
	fmt.Println(errors.Is(err, fault.Unavailable), n)
	// Output: true 0
}

func TestCounterCountsEveryWay(t *testing.T) {
	t.Parallel()
	db, done := open()
	defer done()
	ctx := t.Context()
	counted, counter := datatest.Count(db)
	if err := counted.Tx(ctx, func(tx *data.Tx) error { return nil }); err != nil || len(counter.Statements()) != 0 {
		t.Errorf("an empty transaction counts as %q, %v", counter.Statements(), err)
	}
	use := func(h data.Handle) error {
		rows := notes.On(h)
		v := note{Text: "x"}
		if err := rows.Add(ctx, &v); err != nil { // 1: Exec
			return err
		}
		if err := rows.AddAll(ctx, make([]note, 200)); err != nil { // 1: Load
			return err
		}
		if _, err := rows.Get(ctx, v.ID); err != nil { // 1: Query
			return err
		}
		_, err := rows.List(ctx, data.Query[note]{Count: true}) // 2: Batch
		return err
	}
	if err := use(counted); err != nil {
		t.Fatal(err)
	}
	if err := counted.Tx(ctx, func(tx *data.Tx) error { return use(tx) }); err != nil {
		t.Fatal(err)
	}
	got := counter.Statements()
	if len(got) != 10 || got[1] != "LOAD notes" || got[6] != "LOAD notes" {
		t.Errorf("counted %d: %q", len(got), got)
	}
	counter.Reset()
	if got := counter.Statements(); len(got) != 0 {
		t.Errorf("after Reset there are %q", got)
	}
}
