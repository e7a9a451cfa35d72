package library

import (
	"embed"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/web"
)

//go:embed migrations
var migrations embed.FS

// Authors serves authors with their books.
type Authors = data.Service[Author, CreateAuthor, UpdateAuthor]

// Books serves books with their authors.
type Books = data.Service[Book, CreateBook, UpdateBook]

// Domain returns everything the library adds to an app.
func Domain(env domain.Env) domain.Domain {
	return domain.Domain{
		Name:       "library",
		Migrations: migrations,
		Schemas:    []data.Schema{authors.Schema(), books.Schema()},
		Mount: func(r *web.Router) {
			web.Mount(r, "/authors", NewAuthors(env.DB), web.Anyone, web.SignedIn, web.Tag("Library"),
				web.FilterBy("bookTitle", "", withBook))
			web.Mount(r, "/books", NewBooks(env.DB), web.Anyone, web.SignedIn, web.Tag("Library"))
		},
	}
}

// withBook picks the authors of a book with one of these titles.
func withBook(titles []string) (data.Filter[Author], error) {
	return booksOf.Some(bookTitle.In(titles...)), nil
}

// NewAuthors returns the service of the authors in db.
func NewAuthors(db *data.DB) *Authors {
	return &Authors{DB: db, Table: authors, Load: []data.Load[Author]{booksOf}}
}

// NewBooks returns the service of the books in db.
func NewBooks(db *data.DB) *Books {
	return &Books{DB: db, Table: books, Load: []data.Load[Book]{authorOf}}
}
