package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/data/drivertest"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/fault"
)

func TestDriver(t *testing.T) { drivertest.Run(t, open) }

func open(t *testing.T) *data.DB {
	t.Helper()
	return openFile(t, filepath.Join(t.TempDir(), "test.db"), sqlite.Options{})
}

func openFile(t *testing.T, path string, opts sqlite.Options) *data.DB {
	t.Helper()
	db, err := sqlite.Open(t.Context(), path, opts)
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

type note struct {
	data.Audited[note]
	Text string `json:"text" db:"text,unique"`
}

var (
	notes    = data.NewTable[note]("notes")
	noteText = data.TextCol(notes, "text")
)

const createNotes = "CREATE TABLE notes (id BLOB PRIMARY KEY, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, text TEXT NOT NULL UNIQUE)"

func exec(t *testing.T, db *data.DB, text string) {
	t.Helper()
	if _, err := db.Driver().Exec(t.Context(), driver.Call{Statement: &driver.Statement{SQL: text}}); err != nil {
		t.Fatal(err)
	}
}

func TestFile(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"plain.db", "with space.db", "what?mode=memory.db", "100%41#.db", "ü&=;.db"} {
		path := filepath.Join(t.TempDir(), name)
		db := openFile(t, path, sqlite.Options{})
		exec(t, db, createNotes)
		if err := notes.On(db).Add(t.Context(), &note{Text: "x"}); err != nil {
			t.Fatal(err)
		}
		files, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
		if err != nil || len(files) != 3 {
			t.Errorf("%q made the files %q, %v", name, files, err)
		}
		for _, f := range files {
			info, err := os.Stat(f)
			if err != nil {
				t.Fatal(err)
			}
			if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
				t.Errorf("%s is open to others: %v", filepath.Base(f), info.Mode())
			}
			if !strings.HasPrefix(f, path) {
				t.Errorf("%q made the file %q", name, f)
			}
		}
		again := openFile(t, path, sqlite.Options{})
		if n, err := notes.On(again).Count(t.Context()); err != nil || n != 1 {
			t.Errorf("opened again it has %d rows, %v", n, err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte(strings.Repeat("this is no database. ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name, path string
		ctx        context.Context
		opts       sqlite.Options
	}{
		{"no name", "", t.Context(), sqlite.Options{}},
		{"memory", ":memory:", t.Context(), sqlite.Options{}},
		{"a URI", "file:x.db?mode=memory", t.Context(), sqlite.Options{}},
		{"no directory", filepath.Join(t.TempDir(), "none", "x.db"), t.Context(), sqlite.Options{}},
		{"a directory", t.TempDir(), t.Context(), sqlite.Options{}},
		{"another file", text, t.Context(), sqlite.Options{}},
		{"nothing to read", filepath.Join(t.TempDir(), "none.db"), t.Context(), sqlite.Options{ReadOnly: true}},
		{"a context that has ended", filepath.Join(t.TempDir(), "x.db"), gone, sqlite.Options{}},
	} {
		if db, err := sqlite.Open(c.ctx, c.path, c.opts); err == nil {
			t.Errorf("%s: opened", c.name)
			db.Close()
		}
	}
}

func TestReadOnly(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "test.db")
	db := openFile(t, path, sqlite.Options{})
	exec(t, db, createNotes)
	ctx := t.Context()
	if err := notes.On(db).Add(ctx, &note{Text: "x"}); err != nil {
		t.Fatal(err)
	}
	read := openFile(t, path, sqlite.Options{ReadOnly: true})
	if n, err := notes.On(read).Count(ctx); err != nil || n != 1 {
		t.Errorf("read %d rows, %v", n, err)
	}
	for name, write := range map[string]func() error{
		"add":    func() error { return notes.On(read).Add(ctx, &note{Text: "y"}) },
		"update": func() error { _, err := notes.On(read).UpdateOne(ctx, noteText.Eq("x"), noteText.Set("y")); return err },
		"tx": func() error {
			return read.Tx(ctx, func(tx *data.Tx) error { return notes.On(tx).Add(ctx, &note{Text: "z"}) })
		},
	} {
		if err := write(); !errors.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v, want %s", name, err, fault.Unavailable)
		}
	}
}

func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "test.db")
	exec(t, openFile(t, path, sqlite.Options{}), createNotes)
	var wg sync.WaitGroup
	for p := range 3 { // to SQLite, each DB is a process of its own
		db := openFile(t, path, sqlite.Options{})
		for g := range 4 {
			wg.Go(func() {
				for i := range 10 {
					err := db.Tx(t.Context(), func(tx *data.Tx) error {
						if _, err := notes.On(tx).Count(t.Context()); err != nil { // it reads before it writes
							return err
						}
						return notes.On(tx).Add(t.Context(), &note{Text: fmt.Sprint(p, g, i)})
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	wg.Wait()
	if n, err := notes.On(openFile(t, path, sqlite.Options{})).Count(t.Context()); err != nil || n != 120 {
		t.Errorf("%d rows landed, %v, want 120", n, err)
	}
}

func TestNative(t *testing.T) {
	t.Parallel()
	db := open(t)
	exec(t, db, createNotes)
	ctx := t.Context()
	if err := notes.On(db).Add(ctx, &note{Text: "x"}); err != nil {
		t.Fatal(err)
	}
	pool, ok := db.Driver().Native().(*sql.DB)
	if !ok {
		t.Fatalf("the native pool is a %T", db.Driver().Native())
	}
	if _, err := pool.ExecContext(ctx, "UPDATE notes SET text = 'y'"); err != nil {
		t.Error(err)
	}
	undo := errors.New("undo")
	err := db.Tx(ctx, func(tx *data.Tx) error {
		native := tx.Native().(*sql.Tx)
		if err := notes.On(tx).Add(ctx, &note{Text: "z"}); err != nil {
			return err
		}
		var n int
		if err := native.QueryRowContext(ctx, "SELECT count(*) FROM notes").Scan(&n); err != nil || n != 2 {
			t.Errorf("the native transaction sees %d rows, %v", n, err)
		}
		if _, err := native.ExecContext(ctx, "DELETE FROM notes"); err != nil {
			return err
		}
		if n, err := notes.On(tx).Count(ctx); err != nil || n != 0 {
			t.Errorf("after the native transaction has deleted them there are %d rows, %v", n, err)
		}
		return undo
	})
	if err != undo {
		t.Error(err)
	}
	if _, err := notes.On(db).GetBy(ctx, noteText.Eq("y")); err != nil {
		t.Error(err)
	}
}

func TestSchemaChangesUnderPreparedStatements(t *testing.T) {
	t.Parallel()
	db := open(t)
	exec(t, db, createNotes)
	ctx := t.Context()
	add := func(text string) {
		t.Helper()
		v := note{Text: text}
		if err := notes.On(db).Add(ctx, &v); err != nil {
			t.Fatal(err)
		}
		if got, err := notes.On(db).Get(ctx, v.ID); err != nil || got != v {
			t.Fatalf("got %v, %v", got, err)
		}
	}
	add("before")
	exec(t, db, "ALTER TABLE notes ADD COLUMN more TEXT; CREATE INDEX more ON notes (more)")
	add("after")
	exec(t, db, "DROP TABLE notes; "+createNotes)
	add("again")
}

func TestOptionsNow(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 6789, time.FixedZone("", 3600))
	db := openFile(t, filepath.Join(t.TempDir(), "test.db"), sqlite.Options{Now: func() time.Time { return at }})
	if want := time.Date(2026, 1, 2, 2, 4, 5, 6000, time.UTC); db.Now() != want {
		t.Errorf("it is %v, want %v", db.Now(), want)
	}
}
