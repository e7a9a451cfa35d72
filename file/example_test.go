package file_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/manorgo/manor"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/file"
	"github.com/manorgo/manor/file/memory"
	"github.com/manorgo/manor/secret"
)

// A domain keeps the files of its table in the store that its app lends.
func Example() {
	ctx := auth.NewContext(context.Background(), &auth.Principal{})
	folder, err := os.MkdirTemp("", "file")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	db, err := sqlite.Open(ctx, filepath.Join(folder, "app.db"), sqlite.Options{})
	if err != nil {
		panic(err)
	}
	defer db.Close()
	keys, err := secret.CreateKeyFile(filepath.Join(folder, "app.key"))
	if err != nil {
		panic(err)
	}

	var store *file.Store
	var keeper *file.Keeper[paper]
	app, err := manor.New(manor.Config{
		DB: db, Keys: keys, Files: memory.New(nil), Log: slog.New(slog.DiscardHandler),
		Domains: []domain.Func{func(env domain.Env) domain.Domain {
			store, keeper = env.Files, file.Keep(env.Files, papers, file.Limits{MaxSize: 1 << 20, Types: []string{"text/*"}})
			return domain.Domain{Name: "papers", Migrations: revisions}
		}},
	})
	if err != nil {
		panic(err)
	}
	if _, err := app.Upgrade(ctx); err != nil {
		panic(err)
	}

	p := paper{Name: "greeting"}
	err = keeper.Save(ctx, strings.NewReader("hello"), file.Put{Filename: "../../hello.md"}, func(f file.File) error {
		p.Text = f
		return papers.On(db).Add(ctx, &p)
	})
	fmt.Println(p.Text.Filename, p.Text.ContentType, p.Text.Size, err)

	address, err := store.URL(ctx, p.Text, file.Link{})
	fmt.Println(strings.HasPrefix(address, "http://localhost:8080/api/files/"), err)

	err = keeper.Save(ctx, strings.NewReader("<html>"), file.Put{Filename: "hello.md", Limits: file.Limits{Types: []string{"image/*"}}}, nil)
	fmt.Println(err)
	// Output:
	// hello.md text/markdown; charset=utf-8 5 <nil>
	// true <nil>
	// file: is text/html; taken are image/*; body.file: is text/html; taken are image/*
}
