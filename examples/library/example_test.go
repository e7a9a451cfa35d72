package library_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/manorgo/manor"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/examples/library"
	"github.com/manorgo/manor/secret"
)

// The services are used from Go as their routes use them.
func Example() {
	folder, err := os.MkdirTemp("", "library")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	ctx := context.Background()
	db, err := sqlite.Open(ctx, filepath.Join(folder, "library.db"), sqlite.Options{})
	if err != nil {
		panic(err)
	}
	defer db.Close()
	keys, err := secret.CreateKeyFile(filepath.Join(folder, "key"))
	if err != nil {
		panic(err)
	}
	app, err := manor.New(manor.Config{
		DB: db, Keys: keys, Log: slog.New(slog.DiscardHandler), Domains: []domain.Func{library.Domain},
	})
	if err != nil {
		panic(err)
	}
	if err := app.Start(ctx); err != nil {
		panic(err)
	}
	defer app.Close(ctx)

	authors, books := library.NewAuthors(db), library.NewBooks(db)
	ursula, err := authors.Create(ctx, library.CreateAuthor{Name: "Ursula"})
	if err != nil {
		panic(err)
	}
	if _, err := books.Create(ctx, library.CreateBook{Title: "The Dispossessed", AuthorID: ursula.ID}); err != nil {
		panic(err)
	}
	page, err := authors.List(ctx, data.Query[library.Author]{})
	if err != nil {
		panic(err)
	}
	for _, a := range page.Items {
		fmt.Println(a.Name, "wrote", a.Books[0].Title)
	}
	// Output: Ursula wrote The Dispossessed
}
