// Package library is an example of related tables: authors and the books they
// have written. Everybody may read them, and who is signed in may write.
//
// GET /authors shows each author with his books. Two statements read a page of
// them, and a third its total, however many there are.
package library

import (
	"strings"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/patch"
)

// An Author writes books.
type Author struct {
	data.Identified[Author]
	Name string     `json:"name" db:"name,size=100,search,sort"`
	Born *data.Date `json:"dob" db:"dob"`

	Books []Book `json:"books,omitzero"` // oldest first, if they were asked for
}

// A Book is by one author, and goes with him.
type Book struct {
	data.Audited[Book]
	Title    string          `json:"title" db:"title,size=255,search,sort"`
	AuthorID data.ID[Author] `json:"author_id" db:"author_id,references=authors,ondelete=cascade,filter"`

	Author *Author `json:"author,omitzero"` // if he was asked for
}

var (
	authors    = data.NewTable[Author]("authors")
	authorName = data.TextCol(authors, "name")
	authorBorn = data.Col[data.Date](authors, "dob")

	books       = data.NewTable[Book]("books")
	bookTitle   = data.TextCol(books, "title")
	bookAuthor  = data.Col[data.ID[Author]](books, "author_id")
	bookCreated = data.Col[time.Time](books, "created_at")
)

// The two ways between the tables.
var (
	booksOf  = data.HasMany(authors, books, bookAuthor, func(a *Author) *[]Book { return &a.Books }).OrderBy(bookCreated.Asc())
	authorOf = data.BelongsTo(books, authors, bookAuthor, func(b *Book) **Author { return &b.Author })
)

// Validate reports what is wrong with an author.
func (a *Author) Validate() error {
	if a.Name == "" {
		return fault.Field("name", "may not be empty")
	}
	return nil
}

// Validate reports what is wrong with a book.
func (b *Book) Validate() error {
	if b.Title == "" {
		return fault.Field("title", "may not be empty")
	}
	return nil
}

// CreateAuthor is a request for a new author.
type CreateAuthor struct {
	Name string     `json:"name" minLength:"1" maxLength:"100"`
	Born *data.Date `json:"dob,omitempty"`
}

// New returns the author that c asks for.
func (c CreateAuthor) New() Author { return Author{Name: strings.TrimSpace(c.Name), Born: c.Born} }

// UpdateAuthor is a request to change an author. What is not sent stays as it
// is, and so do his books.
type UpdateAuthor struct {
	Name patch.Field[string]    `json:"name,omitzero" minLength:"1" maxLength:"100"`
	Born patch.Field[data.Date] `json:"dob,omitzero" format:"date" nullable:"true"`
}

// Changes returns the columns that u changes.
func (u UpdateAuthor) Changes() []data.Change[Author] {
	return []data.Change[Author]{authorName.Patch(u.Name), authorBorn.Patch(u.Born)}
}

// CreateBook is a request for a new book.
type CreateBook struct {
	Title    string          `json:"title" minLength:"1" maxLength:"255"`
	AuthorID data.ID[Author] `json:"author_id"`
}

// New returns the book that c asks for.
func (c CreateBook) New() Book { return Book{Title: strings.TrimSpace(c.Title), AuthorID: c.AuthorID} }

// UpdateBook is a request to change a book.
type UpdateBook struct {
	Title    patch.Field[string]          `json:"title,omitzero" minLength:"1" maxLength:"255"`
	AuthorID patch.Field[data.ID[Author]] `json:"author_id,omitzero"`
}

// Changes returns the columns that u changes.
func (u UpdateBook) Changes() []data.Change[Book] {
	return []data.Change[Book]{bookTitle.Patch(u.Title), bookAuthor.Patch(u.AuthorID)}
}
