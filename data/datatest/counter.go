package datatest

import (
	"context"
	"slices"
	"sync"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
)

// A Counter is a driver that notes the statements that pass through it to
// another: each Query, each Exec, each statement of a Batch, and each Load as
// one. Begin, Commit and Rollback are not statements. It is safe for
// concurrent use.
type Counter struct {
	driver.Driver
	mu         sync.Mutex
	statements []string
}

// NewCounter returns a Counter that runs statements on d.
func NewCounter(d driver.Driver) *Counter { return &Counter{Driver: d} }

// Count returns a DB on the same database as db, with its clock, whose
// statements are counted. Close db and not the new one.
func Count(db *data.DB) (*data.DB, *Counter) {
	c := NewCounter(db.Driver())
	return data.New(c, db.Now), c
}

// Statements returns the SQL of the statements since the last Reset, in order;
// a Load is "LOAD table".
func (c *Counter) Statements() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.statements)
}

// Reset forgets the statements so far.
func (c *Counter) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.statements = nil
}

func (c *Counter) note(statements ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.statements = append(c.statements, statements...)
}

// Begin starts a transaction whose statements are counted.
func (c *Counter) Begin(ctx context.Context, level driver.Isolation) (driver.Tx, error) {
	tx, err := c.Driver.Begin(ctx, level)
	if err != nil {
		return nil, err
	}
	return &countedTx{tx, countedConn{c, tx}}, nil
}

// Reads starts a unit of reads that are counted.
func (c *Counter) Reads(o driver.ReadOptions) driver.Reads {
	r := c.Driver.Reads(o)
	return &countedReads{countedConn{c, r}, r}
}

// Query counts one statement.
func (c *Counter) Query(ctx context.Context, call driver.Call) (driver.Rows, error) {
	return countedConn{c, c.Driver}.Query(ctx, call)
}

// Exec counts one statement.
func (c *Counter) Exec(ctx context.Context, call driver.Call) (int64, error) {
	return countedConn{c, c.Driver}.Exec(ctx, call)
}

// Batch counts each of calls.
func (c *Counter) Batch(ctx context.Context, calls []driver.Call, read func(int, driver.Rows) error) error {
	return countedConn{c, c.Driver}.Batch(ctx, calls, read)
}

// Load counts one statement.
func (c *Counter) Load(ctx context.Context, table string, columns []driver.Column, n int, row func(int, []any) error) error {
	return countedConn{c, c.Driver}.Load(ctx, table, columns, n, row)
}

type countedTx struct {
	driver.Tx
	counted countedConn
}

func (t *countedTx) Query(ctx context.Context, call driver.Call) (driver.Rows, error) {
	return t.counted.Query(ctx, call)
}

func (t *countedTx) Exec(ctx context.Context, call driver.Call) (int64, error) {
	return t.counted.Exec(ctx, call)
}

func (t *countedTx) Batch(ctx context.Context, calls []driver.Call, read func(int, driver.Rows) error) error {
	return t.counted.Batch(ctx, calls, read)
}

func (t *countedTx) Load(ctx context.Context, table string, columns []driver.Column, n int, row func(int, []any) error) error {
	return t.counted.Load(ctx, table, columns, n, row)
}

type countedReads struct {
	countedConn
	reads driver.Reads
}

// Close ends the unit.
func (r *countedReads) Close() error { return r.reads.Close() }

type countedConn struct {
	c  *Counter
	on driver.Conn
}

func (c countedConn) Query(ctx context.Context, call driver.Call) (driver.Rows, error) {
	c.c.note(call.SQL)
	return c.on.Query(ctx, call)
}

func (c countedConn) Exec(ctx context.Context, call driver.Call) (int64, error) {
	c.c.note(call.SQL)
	return c.on.Exec(ctx, call)
}

func (c countedConn) Batch(ctx context.Context, calls []driver.Call, read func(int, driver.Rows) error) error {
	for _, call := range calls {
		c.c.note(call.SQL)
	}
	return c.on.Batch(ctx, calls, read)
}

func (c countedConn) Load(ctx context.Context, table string, columns []driver.Column, n int, row func(int, []any) error) error {
	c.c.note("LOAD " + table)
	return c.on.Load(ctx, table, columns, n, row)
}
