package sqlite

import (
	"database/sql"
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	sqlite3 "modernc.org/sqlite"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
)

// A crowd are writers that wait for a turn at the same time.
type crowd struct {
	*testing.T
	d       *database
	db      *data.DB
	commits atomic.Int32 // that SQLite was about to do
	fail    atomic.Bool  // and does not do
	first   driver.Tx
	wg      sync.WaitGroup
}

// inCrowd runs a test in a bubble, where it is known who waits and time stands
// still.
func inCrowd(t *testing.T, name string, test func(c *crowd)) {
	run := func(t *testing.T) {
		t.Helper()
		t.Parallel()
		synctest.Test(t, func(t *testing.T) { test(newCrowd(t)) })
	}
	if name == "" {
		run(t)
	} else {
		t.Run(name, run)
	}
}

func newCrowd(t *testing.T) *crowd {
	d := openFile(t, Options{})
	if _, err := d.Exec(t.Context(), statement("CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (n INTEGER PRIMARY KEY AUTOINCREMENT, who, part, UNIQUE (who, part));"+
		"CREATE TABLE r (p REFERENCES p (id) DEFERRABLE INITIALLY DEFERRED)")); err != nil {
		t.Fatal(err)
	}
	c := &crowd{T: t, d: d, db: data.New(d, nil)}
	c.hook()
	return c
}

// hook counts commits of the connection that writes, and lets them fail.
func (c *crowd) hook() {
	l, err := c.d.writer.take(c.Context(), false)
	if err != nil {
		c.Fatal(err)
	}
	defer l.release()
	l.c.native.(sqlite3.HookRegisterer).RegisterCommitHook(func() int32 {
		c.commits.Add(1)
		if c.fail.Load() {
			return 1
		}
		return 0
	})
}

// gather keeps the turn until all is called.
func (c *crowd) gather() {
	var err error
	if c.first, err = c.d.Begin(c.Context(), driver.DefaultIsolation); err != nil {
		c.Fatal(err)
	}
}

// wait runs work that is the next in the queue.
func (c *crowd) wait(work func()) {
	c.wg.Go(work)
	synctest.Wait()
}

// all lets them go, one after the other, and waits for them.
func (c *crowd) all() {
	c.commits.Store(0)
	if err := c.first.Rollback(c.Context()); err != nil {
		c.Error(err)
	}
	c.wg.Wait()
}

func (c *crowd) exec(tx *data.Tx, text string, args ...any) error {
	c.Helper()
	_, err := tx.Native().(*sql.Tx).ExecContext(c.Context(), text, args...)
	return err
}

// both adds two rows that stay together.
func (c *crowd) both(tx *data.Tx, who string) error {
	return errors.Join(c.exec(tx, "INSERT INTO t (who, part) VALUES (?, 1)", who), c.exec(tx, "INSERT INTO t (who, part) VALUES (?, 2)", who))
}

// has fails the test if not exactly these have both rows, in this order.
func (c *crowd) has(want ...string) {
	c.Helper()
	pool, err := sql.Open("sqlite", "file:"+c.d.path(c.T))
	if err != nil {
		c.Fatal(err)
	}
	defer pool.Close()
	rows, err := pool.Query("SELECT who FROM t GROUP BY who HAVING count(*) = 2 ORDER BY min(n)")
	if err != nil {
		c.Fatal(err)
	}
	var got []string
	for rows.Next() {
		var who string
		if err := rows.Scan(&who); err != nil {
			c.Error(err)
		}
		got = append(got, who)
	}
	var n int
	if err := errors.Join(rows.Err(), pool.QueryRow("SELECT count(*) FROM t").Scan(&n)); err != nil {
		c.Error(err)
	}
	if !slices.Equal(got, want) || n != 2*len(want) {
		c.Errorf("%d rows, whole are %v, want %v", n, got, want)
	}
}

func (d *database) path(t *testing.T) (file string) {
	var n int
	var name string
	if err := d.writer.pool.QueryRowContext(t.Context(), "PRAGMA database_list").Scan(&n, &name, &file); err != nil {
		t.Fatal(err)
	}
	return filepath.ToSlash(file)
}
