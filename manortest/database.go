package manortest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/manorgo/manor"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/postgres"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/internal/pgtest"
)

// Running all revisions takes longer than most tests, so they run once and
// tests get copies of the result.

// templates holds, by fingerprint of the revisions, functions that return a
// migrated SQLite file.
var templates sync.Map

// openSQLite opens a migrated database in a folder of the test's own.
func openSQLite(t *testing.T, o *options) *data.DB {
	t.Helper()
	key := o.fingerprint(t)
	made, _ := templates.LoadOrStore(key, sync.OnceValues(func() ([]byte, error) { return o.migratedFile() }))
	file, err := made.(func() ([]byte, error))()
	if err != nil {
		t.Fatalf("manortest: migrate SQLite: %v", err)
	}
	path := filepath.Join(t.TempDir(), "manor.db")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := sqlite.Open(t.Context(), path, sqlite.Options{Now: o.clock.Now})
	return closing(t, db, err)
}

// closing returns an opened database that is closed when the test ends.
func closing(t *testing.T, db *data.DB, err error) *data.DB {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func (o *options) migratedFile() (file []byte, err error) {
	folder, err := os.MkdirTemp("", "manortest")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	path := filepath.Join(folder, "template.db")
	ctx := context.Background()
	db, err := sqlite.Open(ctx, path, sqlite.Options{})
	if err != nil {
		return nil, err
	}
	if err := errors.Join(o.migrate(ctx, db), db.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(path) // the last connection has put everything into this file
}

// clonePostgres makes a migrated database for the test and returns its URL.
func clonePostgres(t *testing.T, o *options) string {
	t.Helper()
	name := pgtest.Template(t, "app_"+o.fingerprint(t), func(url string) error {
		ctx := context.Background()
		db, err := postgres.Open(ctx, url, postgres.Options{})
		if err != nil {
			return err
		}
		return errors.Join(o.migrate(ctx, db), db.Close())
	})
	return pgtest.Clone(t, name)
}

func openPostgres(t *testing.T, o *options, url string) *data.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), url+"&pool_max_conns=8", postgres.Options{Now: o.clock.Now})
	return closing(t, db, err)
}

func (o *options) migrate(ctx context.Context, db *data.DB) error {
	app, err := manor.New(o.config(db, slog.New(slog.DiscardHandler)))
	if err != nil {
		return err
	}
	_, err = app.Upgrade(ctx)
	return err
}

// fingerprint tells the app's revisions from others. It has 32 digits.
func (o *options) fingerprint(t *testing.T) string {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "empty.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	app, err := manor.New(o.config(db, slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatalf("manortest: %v", err)
	}
	h := sha256.New()
	for _, s := range app.Sources() {
		fmt.Fprintf(h, "%q\n", s.Name)
		err := fs.WalkDir(s.FS, ".", func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := fs.ReadFile(s.FS, path)
			fmt.Fprintf(h, "%q %q\n", path, text)
			return err
		})
		if err != nil {
			t.Fatalf("manortest: revisions of %s: %v", s.Name, err)
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
