package datatest

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
)

// A FailCommits is a driver on which nothing can be committed while Fail has
// said so: a transaction is rolled back instead, and a statement that writes
// outside of one is not run. Callers get fault.Unavailable. It is for tests
// that a failed commit is never taken for a success. It is safe for concurrent
// use.
type FailCommits struct {
	driver.Driver
	failing atomic.Bool
}

// NewFailCommits returns a FailCommits on d, on which commits succeed until
// Fail is called.
func NewFailCommits(d driver.Driver) *FailCommits { return &FailCommits{Driver: d} }

// Failing returns a DB on the same database as db, with its clock, whose
// commits can be made to fail. Close db and not the new one.
func Failing(db *data.DB) (*data.DB, *FailCommits) {
	f := NewFailCommits(db.Driver())
	return data.New(f, db.Now), f
}

// Fail says whether commits fail from now on.
func (f *FailCommits) Fail(fail bool) { f.failing.Store(fail) }

func (f *FailCommits) err() error {
	if !f.failing.Load() {
		return nil
	}
	return &driver.Error{Class: driver.Down, Err: errors.New("datatest: this commit is made to fail")}
}

// Begin starts a transaction.
func (f *FailCommits) Begin(ctx context.Context, level driver.Isolation) (driver.Tx, error) {
	tx, err := f.Driver.Begin(ctx, level)
	if err != nil {
		return nil, err
	}
	return &failingTx{tx, f}, nil
}

// Query fails if the statement writes, as it would be committed.
func (f *FailCommits) Query(ctx context.Context, c driver.Call) (driver.Rows, error) {
	if !strings.HasPrefix(c.SQL, "SELECT") {
		if err := f.err(); err != nil {
			return nil, err
		}
	}
	return f.Driver.Query(ctx, c)
}

// Exec fails, as the statement would be committed.
func (f *FailCommits) Exec(ctx context.Context, c driver.Call) (int64, error) {
	if err := f.err(); err != nil {
		return 0, err
	}
	return f.Driver.Exec(ctx, c)
}

// Load fails, as the rows would be committed.
func (f *FailCommits) Load(ctx context.Context, table string, columns []driver.Column, n int, row func(int, []any) error) error {
	if err := f.err(); err != nil {
		return err
	}
	return f.Driver.Load(ctx, table, columns, n, row)
}

type failingTx struct {
	driver.Tx
	f *FailCommits
}

func (t *failingTx) Commit(ctx context.Context) error {
	if err := t.f.err(); err != nil {
		return errors.Join(err, t.Tx.Rollback(ctx))
	}
	return t.Tx.Commit(ctx)
}
