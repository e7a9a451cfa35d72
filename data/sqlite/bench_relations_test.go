package sqlite_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/data/sqlite"
)

type publisher struct {
	data.Identified[publisher]
	Name  string `db:"name"`
	Books []book
}

type book struct {
	data.Audited[book]
	Publisher data.ID[publisher] `db:"publisher_id"`
	Title     string             `db:"title"`
	Note      *string            `db:"note"`
	Pages     int                `db:"pages"`
}

var (
	publishers     = data.NewTable[publisher]("publishers")
	books          = data.NewTable[book]("books")
	publisherName  = data.TextCol(publishers, "name")
	bookPublisher  = data.Col[data.ID[publisher]](books, "publisher_id")
	publisherBooks = data.HasMany(publishers, books, bookPublisher, func(p *publisher) *[]book { return &p.Books })
)

const library = `CREATE TABLE publishers (id BLOB PRIMARY KEY, name TEXT NOT NULL);
CREATE INDEX publishers_name ON publishers (name, id);
CREATE TABLE books (id BLOB PRIMARY KEY, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, publisher_id BLOB NOT NULL,
title TEXT NOT NULL, note TEXT, pages INTEGER NOT NULL);
CREATE INDEX books_publisher ON books (publisher_id)`

// Twenty of 1000 publishers, by name, each with its ten books.
func BenchmarkHasMany(b *testing.B) {
	ctx, cancel := context.WithCancel(context.Background())
	b.Cleanup(cancel)
	path := filepath.Join(b.TempDir(), "data.db")
	db, err := sqlite.Open(ctx, path, sqlite.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	if _, err := db.Driver().Exec(ctx, driver.Call{Statement: &driver.Statement{SQL: library}}); err != nil {
		b.Fatal(err)
	}
	owners := make([]publisher, 1000)
	for i := range owners {
		owners[i].Name = fmt.Sprintf("publisher %04d", i*7919%1009)
	}
	if err := publishers.On(db).AddAll(ctx, owners); err != nil {
		b.Fatal(err)
	}
	note := "a note of some length, as people write them"
	rows := make([]book, 10*len(owners))
	for i := range rows {
		rows[i] = book{Publisher: owners[i%len(owners)].ID, Title: fmt.Sprintf("book %06d", i), Note: &note, Pages: i % 700}
	}
	if err := books.On(db).AddAll(ctx, rows); err != nil {
		b.Fatal(err)
	}
	bare := openSQL(b, "file:"+path+"?_query_only=on&_pragma=cache_size(-2000)")
	prepare := func(text string) *sql.Stmt {
		s, err := bare.Prepare(text)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { s.Close() })
		return s
	}
	list := prepare(`SELECT id, name FROM publishers ORDER BY name, id LIMIT 20 OFFSET ?`)
	some := prepare(`SELECT id, created_at, updated_at, publisher_id, title, note, pages FROM books
WHERE publisher_id IN (?` + strings.Repeat(", ?", 19) + `) ORDER BY publisher_id, id`)
	check := func(page []publisher) error {
		for _, p := range page {
			if len(p.Books) != 10 || p.Books[9].Publisher != p.ID || p.Books[9].Note == nil {
				return fmt.Errorf("%s has %d books", p.Name, len(p.Books))
			}
		}
		if len(page) != 20 {
			return fmt.Errorf("listed %d", len(page))
		}
		return nil
	}
	both(b, func(i int) error {
		found, err := list.QueryContext(ctx, 20*(i%50))
		if err != nil {
			return err
		}
		defer found.Close()
		page := make([]publisher, 0, 20)
		keys := make([]any, 0, 20)
		at := make(map[data.ID[publisher]]int, 20)
		for found.Next() {
			var p publisher
			var id []byte
			if err := found.Scan(&id, &p.Name); err != nil {
				return err
			}
			copy(p.ID[:], id)
			at[p.ID] = len(page)
			keys, page = append(keys, id), append(page, p)
		}
		if err := found.Err(); err != nil {
			return err
		}
		if found, err = some.QueryContext(ctx, keys...); err != nil {
			return err
		}
		defer found.Close()
		for found.Next() {
			var r book
			var id, publisher []byte
			var created, updated int64
			if err := found.Scan(&id, &created, &updated, &publisher, &r.Title, &r.Note, &r.Pages); err != nil {
				return err
			}
			copy(r.ID[:], id)
			copy(r.Publisher[:], publisher)
			r.CreatedAt, r.UpdatedAt = time.UnixMicro(created).UTC(), time.UnixMicro(updated).UTC()
			p := &page[at[r.Publisher]]
			p.Books = append(p.Books, r)
		}
		if err := found.Err(); err != nil {
			return err
		}
		return check(page)
	}, func(i int) error {
		page, err := publishers.On(db).List(ctx, data.Query[publisher]{
			Order: data.By(publisherName.Asc()), Offset: 20 * (i % 50), Load: []data.Load[publisher]{publisherBooks},
		})
		if err != nil {
			return err
		}
		return check(page.Items)
	})
}
