package postgres_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/data/postgres"
	"github.com/manorgo/manor/internal/pgtest"
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

var library = []string{
	`CREATE TABLE publishers (id uuid PRIMARY KEY, name text COLLATE "C" NOT NULL)`,
	`CREATE INDEX publishers_name ON publishers (name, id)`,
	`CREATE TABLE books (id uuid PRIMARY KEY, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL, publisher_id uuid NOT NULL,
title text COLLATE "C" NOT NULL, note text COLLATE "C", pages bigint NOT NULL)`,
	`CREATE INDEX books_publisher ON books (publisher_id)`,
}

// Twenty of 1000 publishers, by name, each with its ten books.
func BenchmarkHasMany(b *testing.B) {
	ctx, cancel := context.WithCancel(context.Background())
	b.Cleanup(cancel)
	url := pgtest.Database(b)
	db, err := postgres.Open(ctx, url, postgres.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	bare, err := pgxpool.New(ctx, url)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(bare.Close)
	exec := func(text string) {
		if _, err := db.Driver().Exec(ctx, driver.Call{Statement: &driver.Statement{SQL: text}}); err != nil {
			b.Fatal(err)
		}
	}
	for _, text := range library {
		exec(text)
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
	exec("VACUUM ANALYZE publishers")
	exec("VACUUM ANALYZE books")
	const list = `SELECT id, name FROM publishers ORDER BY name, id LIMIT 20 OFFSET $1`
	params := make([]string, 20)
	for i := range params {
		params[i] = fmt.Sprintf("$%d", i+1)
	}
	some := `SELECT id, created_at, updated_at, publisher_id, title, note, pages FROM books
WHERE publisher_id IN (` + strings.Join(params, ", ") + `) ORDER BY publisher_id, id`
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
		found, err := bare.Query(ctx, list, 20*(i%50))
		if err != nil {
			return err
		}
		page := make([]publisher, 0, 20)
		keys := make([]any, 0, 20)
		at := make(map[data.ID[publisher]]int, 20)
		for found.Next() {
			var p publisher
			if err := found.Scan((*[16]byte)(&p.ID), &p.Name); err != nil {
				return err
			}
			at[p.ID] = len(page)
			keys, page = append(keys, [16]byte(p.ID)), append(page, p)
		}
		if err := found.Err(); err != nil {
			return err
		}
		if found, err = bare.Query(ctx, some, keys...); err != nil {
			return err
		}
		for found.Next() {
			var r book
			if err := found.Scan((*[16]byte)(&r.ID), &r.CreatedAt, &r.UpdatedAt, (*[16]byte)(&r.Publisher), &r.Title, &r.Note, &r.Pages); err != nil {
				return err
			}
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
