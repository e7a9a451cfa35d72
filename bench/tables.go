package main

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/manorgo/manor/data"
)

// An author and his books are rows that hang together, and a tag is a row with
// a unique name. As with products, each contestant has types of its own.
type (
	author struct {
		id    uuid.UUID
		name  string
		books []book
	}
	book struct {
		id, author uuid.UUID
		title      string
		note       *string
		pages      int
	}
	tag struct {
		id                   uuid.UUID
		name                 string
		note                 *string
		uses                 int
		createdAt, updatedAt time.Time
	}
)

// How many rows these tables have, and how many authors a page shows.
const (
	authorCount  = 1000
	booksEach    = 10
	authorsShown = 20
	tagCount     = 2000
)

// The columns of these tables, in the order that hand-written statements name
// them.
const (
	bookColumns = "id, author_id, title, note, pages"
	tagColumns  = "id, name, note, uses, created_at, updated_at"
)

// Manor's types of them.
type (
	authorRow struct {
		data.Identified[authorRow]
		Name  string `db:"name,size=255,index"`
		Books []bookRow
	}
	bookRow struct {
		data.Identified[bookRow]
		Author data.ID[authorRow] `db:"author_id,index"`
		Title  string             `db:"title,size=255"`
		Note   *string            `db:"note"`
		Pages  int                `db:"pages"`
	}
	tagRow struct {
		data.Audited[tagRow]
		Name string  `db:"name,size=255,unique"`
		Note *string `db:"note"`
		Uses int     `db:"uses"`
	}
)

var (
	authorRows  = data.NewTable[authorRow]("authors")
	authorName  = data.TextCol(authorRows, "name")
	bookRows    = data.NewTable[bookRow]("books")
	authorBooks = data.HasMany(authorRows, bookRows, data.Col[data.ID[authorRow]](bookRows, "author_id"), func(a *authorRow) *[]bookRow { return &a.Books })
	tagRows     = data.NewTable[tagRow]("tags")
)

// otherRows are the authors and their books.
func otherRows() ([]authorRow, []bookRow) {
	authors := make([]authorRow, authorCount)
	books := make([]bookRow, 0, authorCount*booksEach)
	for i := range authors {
		authors[i].ID = data.ID[authorRow](otherID(1, i))
		authors[i].Name = authorNameOf(i)
		for k := range booksEach {
			n := len(books)
			note := fmt.Sprintf("The %s one, as its readers say.", words[(i+k)%len(words)])
			b := bookRow{Author: authors[i].ID, Title: fmt.Sprintf("Book %d of %s", k, authors[i].Name), Pages: 100 + (i*7+k)%900}
			b.ID = data.ID[bookRow](otherID(2, n))
			if k%4 > 0 {
				b.Note = &note
			}
			books = append(books, b)
		}
	}
	return authors, books
}

// fillOthers stores the authors, their books and the tags that are there before
// anything is measured.
func fillOthers(ctx context.Context, db *data.DB) error {
	authors, books := otherRows()
	if err := authorRows.On(db).AddAll(ctx, authors); err != nil {
		return err
	}
	if err := bookRows.On(db).AddAll(ctx, books); err != nil {
		return err
	}
	tags := make([]tagRow, tagCount)
	for i := range tags {
		tags[i].Name = knownTag(i)
	}
	return tagRows.On(db).AddAll(ctx, tags)
}

// otherID is the identity of row i of a table.
func otherID(table byte, i int) uuid.UUID {
	id := seededID(i)
	id[7] = table
	return id
}

func authorNameOf(i int) string { return fmt.Sprintf("author %04d", i*7919%10007) }

// The names of tags that are there, and of those that the benchmark adds.
func knownTag(i int) string    { return fmt.Sprintf("known %05d", i) }
func newTag(run, i int) string { return fmt.Sprintf("new %05d %05d", run, i) }

// newTags is the prefix of what is to be removed again.
const newTags = "new "

// tagsOf are n tags with new values, every other one of which is there already
// if half says so.
func tagsOf(run, n int, half bool) []tag {
	out := make([]tag, n)
	for i := range out {
		out[i].uses = run*n + i + 1
		if i%3 > 0 {
			note := fmt.Sprintf("%s, changed by run %d", words[i%len(words)], run)
			out[i].note = &note
		}
		if half && i%2 == 0 {
			out[i].name = knownTag(i / 2)
		} else {
			out[i].name = newTag(run, i)
		}
	}
	return out
}
