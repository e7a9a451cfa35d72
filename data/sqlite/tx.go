package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/manorgo/manor/data/driver"
)

// A tx is a transaction on the writer's connection.
type tx struct {
	lease  *lease
	member bool    // it is a savepoint, in a transaction that others wait for
	native *sql.Tx // nil until it is asked for
	err    error   // why it cannot be committed
	open   *rows   // a result that is being read, or nil
	last   bool    // nobody may go on after it
	ending bool    // it ends its native
	ended  bool    // somebody else did
	done   bool
}

var _ driver.Tx = (*tx)(nil)

// Begin starts a transaction, which nobody else writes beside: it is
// serializable, whatever is asked for.
func (d *database) Begin(ctx context.Context, _ driver.Isolation) (driver.Tx, error) {
	l, err := d.writer.take(ctx, true)
	if err != nil {
		return nil, err
	}
	t, err := l.begin(ctx)
	if err != nil {
		return nil, err
	}
	return t, nil
}

// begin starts a transaction, or a savepoint if one is open. If it fails, the
// lease is at its end.
func (l *lease) begin(ctx context.Context) (*tx, error) {
	t := &tx{lease: l, member: l.group != nil}
	start := l.w.begin
	if t.member {
		start = enter
	}
	if err := l.c.run(context.WithoutCancel(ctx), start); err != nil {
		if t.member {
			l.pass() // who waits for the commit finds out what is left
		} else {
			l.release()
		}
		return nil, classify(ctx, err)
	}
	return t, nil
}

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
	case t.open != nil:
		return &driver.Error{Err: errors.New("sqlite: a result of the transaction is still being read")}
	}
	return nil
}

// An errAborted says that a transaction cannot go on because of an earlier error.
type errAborted struct{ err error }

func (e errAborted) Error() string { return "sqlite: the transaction failed before: " + e.err.Error() }

// Query runs a statement that has a result.
func (t *tx) Query(ctx context.Context, c driver.Call) (driver.Rows, error) {
	r, err := t.query(ctx, c)
	if err != nil {
		return nil, err
	}
	return r, nil
}

func (t *tx) query(ctx context.Context, c driver.Call) (*rows, error) {
	if err := t.ready(); err != nil {
		return nil, err
	}
	run, err := t.admit(ctx, c.SQL)
	if err != nil {
		return nil, err
	}
	r, err := t.lease.c.query(run, c)
	if err != nil {
		return nil, t.failed(classify(ctx, err))
	}
	r.ctx, r.done, r.tx, t.open = ctx, ctx.Done(), t, r
	return r, nil
}

// Exec runs a statement.
func (t *tx) Exec(ctx context.Context, c driver.Call) (int64, error) {
	if err := t.ready(); err != nil {
		return 0, err
	}
	run, err := t.admit(ctx, c.SQL)
	if err != nil {
		return 0, err
	}
	n, err := t.lease.c.exec(run, c)
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
	run, err := t.admit(ctx, "INSERT")
	if err != nil {
		return err
	}
	return t.failed(load(run, t.lease.c, table, columns, n, func(i int, args []any) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return row(i, args)
	}))
}

// Commit makes the effects durable, together with those of others if they wait.
// If ctx has ended, or a statement failed, they are undone.
func (t *tx) Commit(ctx context.Context) error {
	if t.done {
		return t.ready()
	}
	t.endNative()
	err := t.ready()
	if err == nil {
		err = ctx.Err()
	}
	l := t.lease
	if err == nil && t.member {
		if l.dangles() {
			err = dangling()
		} else {
			err = classify(ctx, t.failed(l.c.run(context.WithoutCancel(ctx), release)))
		}
	}
	if err != nil {
		return errors.Join(err, t.Rollback(ctx))
	}
	t.done = true
	if !t.last && l.shares() && (t.member || !l.dangles()) {
		return l.share()
	}
	err = l.commit()
	<-l.w.turn
	return err
}

// Rollback forgets the effects.
func (t *tx) Rollback(ctx context.Context) error {
	if t.done {
		return nil
	}
	if t.open != nil {
		t.open.Close() // a savepoint does not end while a statement writes
	}
	t.endNative()
	t.done = true
	l := t.lease
	if !t.member {
		err := l.undo()
		l.release()
		return err
	}
	always := context.WithoutCancel(ctx)
	err := l.c.run(always, goBack)
	if err == nil {
		err = l.c.run(always, release)
	}
	switch {
	case err != nil: // the failure ended the others as well
		if t.err != nil {
			err = t.err
		}
		err, undone := classify(always, err), l.undo()
		l.end(err)
		<-l.w.turn
		return undone
	case !t.last && l.shares():
		// It has seen what the others did. Its answer must not be told, nor acted
		// upon, before that is true.
		_ = l.share()
	default:
		_ = l.commit()
		<-l.w.turn
	}
	return nil
}
