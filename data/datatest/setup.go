// Package datatest is for tests that need databases. A [Setup] gives each of them
// one of its own, [Golden] holds a file to the SQL that they send, and two drivers
// wrap another: [Counter] counts statements, [FailCommits] makes commits fail.
package datatest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/data/postgres"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/internal/pgtest"
)

// A Setup says what the databases of tests hold when they are opened. It is
// made once, as a template; each test gets a copy of its own, which takes
// milliseconds and is gone when the test ends. Tests may run in parallel, also
// those of several packages at once. The zero Setup is an empty database.
//
//	var dbs = datatest.Setup{Tables: []data.Schema{books.Schema()}}
//
//	func TestBooks(t *testing.T) {
//		t.Parallel()
//		dbs.Each(t, func(t *testing.T, db *data.DB) { … })
//	}
//
// PostgreSQL is a private server that the first test starts, with the server
// programs that are installed, and that stops by itself. It is told to keep
// nothing safe. MANOR_TEST_POSTGRES_URL names another server, whose role must be
// allowed to create databases; there templates stay, called manor_template_….
type Setup struct {
	// Revisions run first, in this order.
	Revisions []migrate.Source

	// Tables are made after them, as the structs say, for what has no revisions
	// or not yet.
	Tables []data.Schema

	// Build does what is left, such as adding rows that many tests read. It needs
	// a Key, which must change whenever Build does something else, because a
	// template may be older than the program.
	Build func(ctx context.Context, db *data.DB) error
	Key   string

	// Now is the clock of the databases that are opened. nil means time.Now.
	Now func() time.Time
}

// Each calls run with a database on SQLite and with one on PostgreSQL, in
// parallel subtests of these names. Without PostgreSQL that half is skipped,
// unless MANOR_TEST_REQUIRE=postgres asks for it: then it fails.
func (s Setup) Each(t *testing.T, run func(t *testing.T, db *data.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		run(t, s.SQLite(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		run(t, s.Postgres(t))
	})
}

// SQLite opens a database of the test's own, which is closed when the test ends.
func (s Setup) SQLite(tb testing.TB) *data.DB {
	tb.Helper()
	db, err := sqlite.Open(tb.Context(), s.SQLiteFile(tb), sqlite.Options{Now: s.Now})
	return closing(tb, db, err)
}

// Postgres opens a database of the test's own, which is closed when the test
// ends. Where there is no PostgreSQL the test is skipped, or fails, as with Each.
func (s Setup) Postgres(tb testing.TB) *data.DB {
	tb.Helper()
	db, err := postgres.Open(tb.Context(), s.PostgresURL(tb), postgres.Options{Now: s.Now})
	return closing(tb, db, err)
}

// closing returns an opened database that is closed when the test ends.
func closing(tb testing.TB, db *data.DB, err error) *data.DB {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Error(err)
		}
	})
	return db
}

// SQLiteFile is SQLite for tests that open the file themselves, with other
// options or more than once. It returns the file's name.
func (s Setup) SQLiteFile(tb testing.TB) string {
	tb.Helper()
	sources, key, err := s.plan("sqlite")
	if err != nil {
		tb.Fatalf("datatest: %v", err)
	}
	made, _ := files.LoadOrStore(key, sync.OnceValues(func() ([]byte, error) { return s.file(sources) }))
	file, err := made.(func() ([]byte, error))()
	if err != nil {
		tb.Fatalf("datatest: make the SQLite template: %v", err)
	}
	path := filepath.Join(tb.TempDir(), "test.db")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// files holds, by their keys, functions that return a template's content. A file
// that every process makes for itself costs less than one that all share would.
var files sync.Map

func (s Setup) file(sources []migrate.Source) (file []byte, err error) {
	folder, err := os.MkdirTemp("", "datatest")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	path := filepath.Join(folder, "template.db")
	db, err := sqlite.Open(context.Background(), path, sqlite.Options{Now: s.Now})
	if err := s.fill(db, err, sources); err != nil {
		return nil, err
	}
	return os.ReadFile(path) // the last connection has put everything into this file
}

// PostgresURL is Postgres for tests that open the database themselves, with
// other options or more than once. It returns the URL for [postgres.Open], which
// asks for a pool of at most eight connections, so that many tests may run at once.
func (s Setup) PostgresURL(tb testing.TB) string {
	tb.Helper()
	sources, key, err := s.plan("postgres")
	if err != nil {
		tb.Fatalf("datatest: %v", err)
	}
	var made string
	if len(sources) == 0 && s.Build == nil {
		made = pgtest.Database(tb)
	} else {
		made = pgtest.Clone(tb, pgtest.Template(tb, key, func(url string) error {
			db, err := postgres.Open(context.Background(), url, postgres.Options{Now: s.Now})
			return s.fill(db, err, sources)
		}))
	}
	u, err := url.Parse(made)
	if err != nil {
		tb.Fatal(err)
	}
	q := u.Query()
	q.Set("pool_max_conns", "8")
	u.RawQuery = q.Encode()
	return u.String()
}

// fill does what s says to a database that was just opened, and closes it.
func (s Setup) fill(db *data.DB, err error, sources []migrate.Source) error {
	if err != nil {
		return err
	}
	ctx := context.Background() // for all tests, not for the one that came first
	m, err := migrate.New(db, sources, migrate.Options{Log: slog.New(slog.DiscardHandler)})
	if err == nil && len(sources) > 0 {
		_, err = m.Upgrade(ctx)
	}
	if err == nil && s.Build != nil {
		err = s.Build(ctx, db)
	}
	return errors.Join(err, db.Close())
}

// plan returns all revisions, that of the tables included, and a text of at most
// 40 bytes that tells what they make from all else.
func (s Setup) plan(dialect string) ([]migrate.Source, string, error) {
	if (s.Build == nil) != (s.Key == "") {
		return nil, "", errors.New("a Setup's Build and its Key need each other")
	}
	sources := s.Revisions
	if len(s.Tables) > 0 {
		up, _ := migrate.Draft(dialect, s.Tables)
		tables := &fstest.MapFile{Data: []byte("-- up\n" + up)}
		sources = append(sources[:len(sources):len(sources)], migrate.Source{
			Name: "datatest", FS: fstest.MapFS{"0001_tables.sqlite.sql": tables, "0001_tables.postgres.sql": tables},
		})
	}
	h := sha256.New()
	fmt.Fprintf(h, "%q %q\n", dialect, s.Key)
	for _, source := range sources {
		if err := digest(h, source); err != nil {
			return nil, "", fmt.Errorf("revisions of %s: %w", source.Name, err)
		}
	}
	return sources, hex.EncodeToString(h.Sum(nil)[:16]), nil
}

func digest(h io.Writer, s migrate.Source) error {
	if s.FS == nil {
		return errors.New("there are no files")
	}
	fmt.Fprintf(h, "%q\n", s.Name)
	return fs.WalkDir(s.FS, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(s.FS, path)
		fmt.Fprintf(h, "%q %q\n", path, text)
		return err
	})
}
