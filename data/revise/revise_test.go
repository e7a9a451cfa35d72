package revise_test

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/data/postgres"
	"github.com/manorgo/manor/data/revise"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/internal/pgtest"
)

// scratch returns where revisions are tried: SQLite files, and schemas of a
// PostgreSQL database of the test's own.
func scratch(t *testing.T, withPostgres bool) []revise.Scratch {
	t.Helper()
	out := []revise.Scratch{func(ctx context.Context) (*data.DB, func() error, error) {
		db, err := sqlite.Open(ctx, filepath.Join(t.TempDir(), "scratch.db"), sqlite.Options{})
		if err != nil {
			return nil, nil, err
		}
		return db, db.Close, nil
	}}
	if !withPostgres {
		return out
	}
	url := pgtest.Database(t)
	return append(out, func(ctx context.Context) (*data.DB, func() error, error) {
		schema := "s" + strings.ToLower(rand.Text())
		db, err := postgres.Open(ctx, url, postgres.Options{})
		if err != nil {
			return nil, nil, err
		}
		if err := errors.Join(exec(ctx, db, "CREATE SCHEMA "+schema), db.Close()); err != nil {
			return nil, nil, err
		}
		separator := "?"
		if strings.Contains(url, "?") {
			separator = "&"
		}
		if db, err = postgres.Open(ctx, url+separator+"search_path="+schema, postgres.Options{}); err != nil {
			return nil, nil, err
		}
		return db, db.Close, nil
	})
}

func exec(ctx context.Context, db *data.DB, text string) error {
	_, err := db.Driver().Exec(ctx, driver.Call{Statement: &driver.Statement{SQL: text}})
	return err
}

func run(t *testing.T, db *data.DB, text string) {
	t.Helper()
	if err := exec(t.Context(), db, text); err != nil {
		t.Fatalf("%s: %s: %v", db.Dialect(), text, err)
	}
}

// ask returns the only value of a query as text.
func ask(t *testing.T, db *data.DB, query string) string {
	t.Helper()
	row, err := data.NewSelect[struct {
		V string `db:"v"`
	}](query, query).One(t.Context(), db)
	if err != nil {
		t.Fatalf("%s: %s: %v", db.Dialect(), query, err)
	}
	return row.V
}

// domain returns the domain "shop" with revisions in a new folder.
func domain(t *testing.T, scratch []revise.Scratch, schemas ...data.Schema) revise.Domain {
	t.Helper()
	folder, err := revise.Init(filepath.Join(t.TempDir(), "migrations"))
	if err != nil {
		t.Fatal(err)
	}
	return revise.Domain{Name: "shop", Folder: folder, Schemas: schemas, Scratch: scratch}
}

// write makes the next revision and writes it.
func write(t *testing.T, d revise.Domain, o revise.Options) *revise.Draft {
	t.Helper()
	draft, err := revise.Make(t.Context(), d, o)
	if err != nil {
		t.Fatal(err)
	}
	if draft == nil {
		t.Fatal("nothing changed")
	}
	if _, err := draft.Write(d.Folder); err != nil {
		t.Fatal(err)
	}
	return draft
}

// migrator returns what runs the domain's files.
func migrator(t *testing.T, db *data.DB, d revise.Domain) *migrate.Migrator {
	t.Helper()
	m, err := migrate.New(db, []migrate.Source{{Name: d.Name, FS: os.DirFS(string(d.Folder))}}, migrate.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func upgrade(t *testing.T, db *data.DB, d revise.Domain) {
	t.Helper()
	if _, err := migrator(t, db, d).Upgrade(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// open opens a database of a kind that stays until the test ends.
func open(t *testing.T, from revise.Scratch) *data.DB {
	t.Helper()
	db, done, err := from(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { done() })
	return db
}

func noDrift(t *testing.T, db *data.DB, schemas []data.Schema) {
	t.Helper()
	drift, err := migrate.Drift(t.Context(), db, schemas)
	if err != nil || len(drift) > 0 {
		t.Errorf("%s: %v, %s", db.Dialect(), err, strings.Join(drift, "\n"))
	}
}
