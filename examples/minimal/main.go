// Minimal is the smallest whole program on the data layer: one table, in a file or on a server.
//
//	go run ./examples/minimal notes.db
//	go run ./examples/minimal postgres://localhost/notes
package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"strings"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/data/postgres"
	"github.com/manorgo/manor/data/sqlite"
)

// A Note is a row of the table notes.
type Note struct {
	data.Audited[Note]        // an ID, and the times of creation and of the last change
	Text               string `json:"text" db:"text,size=200"`
	Stars              int    `json:"stars" db:"stars"`
}

var (
	notes = data.NewTable[Note]("notes")
	text  = data.TextCol(notes, "text")
	stars = data.Col[int](notes, "stars")
)

//go:embed migrations
var revisions embed.FS

func main() {
	if err := run(context.Background(), os.Args[1], os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, url string, out io.Writer) (err error) {
	var db *data.DB
	if strings.HasPrefix(url, "postgres://") {
		db, err = postgres.Open(ctx, url, postgres.Options{})
	} else {
		db, err = sqlite.Open(ctx, url, sqlite.Options{})
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	m, err := migrate.New(db, []migrate.Source{{Name: "notes", FS: revisions}}, migrate.Options{})
	if err != nil {
		return err
	}
	if _, err := m.Upgrade(ctx); err != nil {
		return err
	}

	note := Note{Text: "Buy a lamp"}
	if err := notes.On(db).Add(ctx, &note); err != nil {
		return err
	}
	if _, err := notes.On(db).Update(ctx, note.ID, stars.Plus(5)); err != nil {
		return err
	}
	page, err := notes.On(db).List(ctx, data.Query[Note]{
		Where: data.All(text.ContainsFold("LAMP"), stars.Ge(3)), Order: data.By(stars.Desc()), Limit: 10, Count: true,
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(out, page.Total, page.Items[0].Text, page.Items[0].Stars)
	return nil
}
