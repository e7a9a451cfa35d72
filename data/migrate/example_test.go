package migrate_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing/fstest"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/data/sqlite"
)

type Book struct {
	data.Identified[Book]
	Title string `db:"title,size=200"`
	Pages int    `db:"pages,check=pages > 0"`
}

var books = data.NewTable[Book]("books")

func Example() {
	dir, err := os.MkdirTemp("", "books")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	db, err := sqlite.Open(ctx, filepath.Join(dir, "books.db"), sqlite.Options{})
	if err != nil {
		panic(err)
	}
	defer db.Close()

	// A program embeds its files: //go:embed migrations/*.sql
	files := fstest.MapFS{
		"migrations/0001_books.sqlite.sql":   {Data: []byte("-- up\nCREATE TABLE books (id BLOB NOT NULL PRIMARY KEY, title TEXT NOT NULL) STRICT;\n")},
		"migrations/0001_books.postgres.sql": {Data: []byte("-- up\nCREATE TABLE books (id uuid NOT NULL PRIMARY KEY, title text NOT NULL);\n")},
	}
	m, err := migrate.New(db, []migrate.Source{{Name: "books", FS: files}}, migrate.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		panic(err)
	}
	applied, err := m.Upgrade(ctx)
	fmt.Println(applied, err)

	report, err := m.Check(ctx, []data.Schema{books.Schema()})
	for _, line := range report.Drift {
		fmt.Println(line)
	}
	fmt.Println(report.OK(), err)
	// Output:
	// [books/0001_books] <nil>
	// books: check ck_books_pages (pages > 0) is missing
	// books: check ck_books_title (length("title") <= 200) is missing
	// books: column pages is missing
	// false <nil>
}

func ExampleDraft() {
	up, down := migrate.Draft("postgres", []data.Schema{books.Schema()})
	fmt.Print("-- up\n", up, "\n-- down\n", down)
	// Output:
	// -- up
	// CREATE TABLE "books" (
	// 	"id" uuid NOT NULL,
	// 	"title" varchar(200) COLLATE "C" NOT NULL,
	// 	"pages" bigint NOT NULL,
	// 	CONSTRAINT "books_pkey" PRIMARY KEY ("id"),
	// 	CONSTRAINT "ck_books_pages" CHECK (pages > 0)
	// );
	//
	// -- down
	// DROP TABLE "books";
}
