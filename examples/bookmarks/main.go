// Bookmarks is an example of the data layer without the rest of Manor: a table with its rules, transactions, routes of
// net/http and tests on both databases. Copy it and begin.
//
//	go run ./examples/bookmarks serve  bookmarks.db
//	go run ./examples/bookmarks import bookmarks.db < bookmarks.json
//
// A URL that begins with postgres:// stands for a file as well.
package main

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/data/postgres"
	"github.com/manorgo/manor/data/sqlite"
)

//go:embed migrations
var migrations embed.FS

var revisions = []migrate.Source{{Name: "bookmarks", FS: migrations}}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bookmarks:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, in io.Reader, out io.Writer) (err error) {
	if len(args) != 2 {
		return errors.New("usage: bookmarks serve|import DATABASE")
	}
	db, err := open(ctx, args[1])
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	store := NewStore(db)
	switch args[0] {
	case "serve":
		return serve(ctx, store, out)
	case "import":
		var rows []Bookmark
		if err := json.NewDecoder(in).Decode(&rows); err != nil {
			return err
		}
		added, err := store.Import(ctx, rows)
		if err == nil {
			fmt.Fprintf(out, "%d of %d are new\n", added, len(rows))
		}
		return err
	}
	return fmt.Errorf("there is no command %s", args[0])
}

// open opens a database and brings its tables up to date.
func open(ctx context.Context, url string) (db *data.DB, err error) {
	if strings.HasPrefix(url, "postgres://") {
		db, err = postgres.Open(ctx, url, postgres.Options{})
	} else {
		db, err = sqlite.Open(ctx, url, sqlite.Options{})
	}
	if err != nil {
		return nil, err
	}
	m, err := migrate.New(db, revisions, migrate.Options{})
	if err == nil {
		_, err = m.Upgrade(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// serve answers requests until ctx ends.
func serve(ctx context.Context, store *Store, out io.Writer) error {
	server := &http.Server{Addr: "127.0.0.1:8080", Handler: routes(store), ReadHeaderTimeout: 10 * time.Second}
	stopped := context.AfterFunc(ctx, func() { _ = server.Shutdown(context.WithoutCancel(ctx)) })
	defer stopped()
	fmt.Fprintln(out, "http://"+server.Addr+"/bookmarks")
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
