package migrate_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/fault"
)

const family = `-- up
CREATE TABLE parents (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE children (id INTEGER PRIMARY KEY, parent_id INTEGER NOT NULL REFERENCES parents (id) ON DELETE CASCADE);
INSERT INTO parents VALUES (1, 'Ada'), (2, 'Bob');
INSERT INTO children VALUES (10, 1), (11, 1), (12, 2);
`

const rebuild = `-- up
CREATE TABLE new_parents (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO new_parents SELECT id, name FROM parents;
DROP TABLE parents;
ALTER TABLE new_parents RENAME TO parents;
-- down
DROP TABLE missing;
`

func openSQLite(t *testing.T) (db *data.DB, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "test.db")
	db, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db, path
}

func count(t *testing.T, db *data.DB, table string) (n int) {
	t.Helper()
	if err := db.Driver().Native().(*sql.DB).QueryRow("SELECT count(*) FROM " + table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// keysAreOn fails the test unless the writer enforces foreign keys.
func keysAreOn(t *testing.T, db *data.DB) {
	t.Helper()
	if err := tryRun(t.Context(), db, "INSERT INTO children VALUES (99, 99)"); err == nil {
		t.Error("foreign keys are off")
	}
}

func TestRebuildKeepsChildren(t *testing.T) {
	t.Parallel()
	db, _ := openSQLite(t)
	m := migrator(t, db, source("x", family, rebuild))
	if _, err := m.Upgrade(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := count(t, db, "children"); n != 3 {
		t.Errorf("%d children are left of 3", n)
	}
	keysAreOn(t, db)
	if _, err := m.Downgrade(t.Context(), 1); err == nil {
		t.Error("the failing downgrade succeeded")
	}
	keysAreOn(t, db)
	run(t, db, "DELETE FROM parents WHERE id = 1")
	if n := count(t, db, "children"); n != 1 {
		t.Errorf("%d children are left of 1: the reference does not cascade", n)
	}
}

func TestOrphansAreRefused(t *testing.T) {
	t.Parallel()
	db, _ := openSQLite(t)
	_, err := migrator(t, db, source("x", family, "-- up\nDELETE FROM parents WHERE id = 2")).Upgrade(t.Context())
	if err == nil || !strings.Contains(err.Error(), "a row of children refers to a row of parents that does not exist") {
		t.Errorf("got %v", err)
	}
	if n := count(t, db, "parents"); n != 2 {
		t.Errorf("%d parents are left of 2", n)
	}
	keysAreOn(t, db)
}

func TestGivingUpTurnsForeignKeysOnAgain(t *testing.T) {
	t.Parallel()
	db, _ := openSQLite(t)
	if _, err := migrator(t, db, source("x", family)).Upgrade(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	endless := "-- up\nCREATE TABLE t AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
	if _, err := migrator(t, db, source("x", family, endless)).Upgrade(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	keysAreOn(t, db)
}

// TestWaitsLongerThanTheBusyTimeout has another process hold the file's lock.
func TestWaitsLongerThanTheBusyTimeout(t *testing.T) {
	t.Parallel()
	db, path := openSQLite(t)
	other, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	run(t, db, "PRAGMA busy_timeout = 0")
	tx, err := other.Driver().Begin(t.Context(), driver.DefaultIsolation)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	m := migrator(t, db, source("x", createA))
	if _, err := m.Upgrade(ctx); !errors.Is(err, fault.Unavailable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v while another process holds the lock", err)
	}
	time.AfterFunc(100*time.Millisecond, func() { tx.Rollback(context.Background()) })
	if done, err := m.Upgrade(t.Context()); err != nil || len(done) != 1 {
		t.Errorf("after the wait: %s, %v", names(done), err)
	}
}

func TestForeignKeysStayOffWhereTheyWere(t *testing.T) {
	t.Parallel()
	db, _ := openSQLite(t)
	pool := db.Driver().Native().(*sql.DB)
	if _, err := pool.Exec("PRAGMA foreign_keys = off"); err != nil {
		t.Fatal(err)
	}
	if _, err := migrator(t, db, source("x", family)).Upgrade(t.Context()); err != nil {
		t.Fatal(err)
	}
	var on bool
	if err := pool.QueryRow("PRAGMA foreign_keys").Scan(&on); err != nil || on {
		t.Errorf("foreign keys are %v, %v", on, err)
	}
}
