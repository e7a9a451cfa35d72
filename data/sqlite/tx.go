package sqlite

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"

	"github.com/manorgo/manor/data/driver"
)

// A tx is a transaction on the writer's connection.
type tx struct {
	lease   *lease
	native  *sql.Tx
	err     error // why it cannot be committed
	reading bool  // a result is open
	done    bool
}

var _ driver.Tx = (*tx)(nil)

// Begin starts a transaction, which nobody else writes beside: it is
// serializable, whatever is asked for.
func (d *database) Begin(ctx context.Context, _ driver.Isolation) (driver.Tx, error) {
	l, err := d.writer.take(ctx)
	if err != nil {
		return nil, err
	}
	// database/sql would roll back when ctx ends, in the middle of whatever the
	// connection is doing. Statements and Commit look at ctx themselves.
	native, err := l.sc.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		l.release()
		return nil, classify(ctx, err)
	}
	return &tx{lease: l, native: native}, nil
}

// Native returns the *sql.Tx.
func (t *tx) Native() any { return t.native }

// failed remembers that a statement failed. SQLite undoes some failures by
// ending the whole transaction, after which further statements would be
// committed one by one.
func (t *tx) failed(err error) error {
	if t.err == nil && err != nil {
		t.err = err
	}
	return err
}

func (t *tx) ready() error {
	switch {
	case t.done:
		return &driver.Error{Err: sql.ErrTxDone}
	case t.err != nil:
		return &driver.Error{Err: errAborted{t.err}}
	case t.reading:
		return &driver.Error{Err: errors.New("sqlite: a result of the transaction is still being read")}
	}
	return nil
}

// An errAborted says that a transaction cannot go on because of an earlier error.
type errAborted struct{ err error }

func (e errAborted) Error() string { return "sqlite: the transaction failed before: " + e.err.Error() }

// Query runs a statement that has a result.
func (t *tx) Query(ctx context.Context, c driver.Call) (driver.Rows, error) {
	if err := t.ready(); err != nil {
		return nil, err
	}
	r, err := t.lease.c.query(ctx, c)
	if err != nil {
		return nil, t.failed(classify(ctx, err))
	}
	r.tx, t.reading = t, true
	return r, nil
}

// Exec runs a statement.
func (t *tx) Exec(ctx context.Context, c driver.Call) (int64, error) {
	if err := t.ready(); err != nil {
		return 0, err
	}
	n, err := t.lease.c.exec(ctx, c)
	return n, t.failed(classify(ctx, err))
}

// Batch runs reads.
func (t *tx) Batch(ctx context.Context, calls []driver.Call, read func(int, driver.Rows) error) error {
	query := func(c driver.Call) (driver.Rows, error) { return t.Query(ctx, c) }
	return batch(calls, query, read)
}

// Load adds rows.
func (t *tx) Load(ctx context.Context, table string, columns []driver.Column, n int, row func(int, []any) error) error {
	if err := t.ready(); err != nil {
		return err
	}
	return t.failed(load(ctx, t.lease.c, table, columns, n, row))
}

// Commit makes the effects durable. If ctx has ended, or a statement failed,
// they are undone.
func (t *tx) Commit(ctx context.Context) error {
	err := t.ready()
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		if t.done {
			return err
		}
		return errors.Join(err, t.Rollback(ctx))
	}
	t.done = true
	defer t.lease.release()
	return classify(ctx, t.native.Commit()) // the library undoes what it could not commit
}

// Rollback forgets the effects.
func (t *tx) Rollback(ctx context.Context) error {
	if t.done {
		return nil
	}
	t.done = true
	defer t.lease.release()
	err := t.native.Rollback()
	if err != nil && t.err != nil {
		// Perhaps a failure had ended the transaction before. Then another one
		// can begin.
		always := context.WithoutCancel(ctx)
		if t.lease.c.run(always, begin) == nil {
			err = t.lease.c.run(always, rollback)
		}
	}
	if err != nil {
		// Nobody knows what state the connection is in: have it closed.
		t.lease.sc.Raw(func(any) error { return sqldriver.ErrBadConn })
	}
	return classify(ctx, err)
}
