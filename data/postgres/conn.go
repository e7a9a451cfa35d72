package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/manorgo/manor/data/driver"
)

// A runner is a pool or a transaction.
type runner interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
	CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, rows pgx.CopyFromSource) (int64, error)
}

// A conn runs statements on a pool or in a transaction.
type conn struct {
	on  runner
	one *pgx.Conn // the transaction's connection; nil on a pool
}

// ready returns an error if the connection is not free. On SQLite it is the
// same.
func (c conn) ready() error {
	if c.one != nil && c.one.PgConn().IsBusy() {
		return &driver.Error{Err: errors.New("postgres: a result of the transaction is still being read")}
	}
	return nil
}

// Query runs a statement that has a result.
func (c conn) Query(ctx context.Context, call driver.Call) (driver.Rows, error) {
	if err := c.ready(); err != nil {
		return nil, err
	}
	native, err := c.on.Query(ctx, call.SQL, call.Args...)
	if err != nil {
		return nil, classify(ctx, err)
	}
	return &rows{ctx: ctx, done: ctx.Done(), native: native}, nil
}

// Exec runs a statement.
func (c conn) Exec(ctx context.Context, call driver.Call) (int64, error) {
	if err := c.ready(); err != nil {
		return 0, err
	}
	tag, err := c.on.Exec(ctx, call.SQL, call.Args...)
	return tag.RowsAffected(), classify(ctx, err)
}

// Batch runs reads in one round trip.
func (c conn) Batch(ctx context.Context, calls []driver.Call, read func(int, driver.Rows) error) (err error) {
	if err := c.ready(); err != nil || len(calls) == 0 {
		return err
	}
	var b pgx.Batch
	for _, call := range calls {
		if len(call.Args) > dialect.MaxParams { // pgx would find out when half of it is sent
			return &driver.Error{Err: errors.New("postgres: a statement has more parameters than the protocol allows")}
		}
		b.Queue(call.SQL, call.Args...)
	}
	results := c.on.SendBatch(ctx, &b)
	defer func() {
		if cerr := results.Close(); err == nil {
			err = classify(ctx, cerr)
		}
	}()
	for i := range calls {
		native, err := results.Query()
		if err != nil {
			return classify(ctx, err)
		}
		r := &rows{ctx: ctx, done: ctx.Done(), native: native}
		err = read(i, r)
		if cerr := r.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Load adds rows by COPY.
func (c conn) Load(ctx context.Context, table string, columns []driver.Column, n int, row func(int, []any) error) error {
	if err := c.ready(); err != nil {
		return err
	}
	names := make([]string, len(columns))
	for i, column := range columns {
		names[i] = column.Name
	}
	src := &source{n: n, row: row, args: make([]any, len(columns))}
	_, err := c.on.CopyFrom(ctx, pgx.Identifier{table}, names, src)
	if src.err != nil {
		return src.err // the server's error only says that the client gave up
	}
	return classify(ctx, err)
}

// A source yields the rows that COPY sends.
type source struct {
	i, n int
	row  func(int, []any) error
	args []any
	err  error
}

// Next makes the next row.
func (s *source) Next() bool {
	if s.i == s.n || s.err != nil {
		return false
	}
	s.err = s.row(s.i, s.args)
	s.i++
	return s.err == nil
}

// Values returns the row.
func (s *source) Values() ([]any, error) { return s.args, nil }

// Err returns why there are no more rows.
func (s *source) Err() error { return s.err }
