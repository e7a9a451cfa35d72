package sqlite

import (
	"context"
	sqldriver "database/sql/driver"
	"errors"
	"strings"

	"github.com/manorgo/manor/data/driver"
)

// Native returns a *sql.Tx whose statements are part of the transaction. They
// fail it like any other statement. It ends with the transaction; nobody else
// may end it.
func (t *tx) Native() any {
	if t.native == nil && !t.done {
		t.lease.c.tx = t
		native, err := t.lease.sc.BeginTx(context.Background(), nil)
		t.failed(err) // not while the connection is held
		t.native = native
	}
	return t.native
}

// endNative closes what was left open.
func (t *tx) endNative() {
	if t.native == nil {
		return
	}
	t.ending = true
	t.native.Commit()
	t.lease.c.tx = nil
}

// An inner is what database/sql believes to be the transaction of a *sql.Tx.
type inner struct{ t *tx }

func (i inner) Commit() error   { return i.end() }
func (i inner) Rollback() error { return i.end() }

func (i inner) end() error {
	if !i.t.ending {
		i.t.ended = true
		i.t.failed(errors.New("sqlite: the *sql.Tx was ended, and not by its transaction"))
	}
	return nil
}

// BeginTx starts a transaction, or is part of the one that runs.
func (c *conn) BeginTx(ctx context.Context, opts sqldriver.TxOptions) (sqldriver.Tx, error) {
	if c.tx != nil {
		return inner{c.tx}, nil
	}
	return c.native.BeginTx(ctx, opts)
}

// ExecContext runs a statement for database/sql.
func (c *conn) ExecContext(ctx context.Context, sql string, args []sqldriver.NamedValue) (sqldriver.Result, error) {
	return guard(ctx, c.tx, sql, func(ctx context.Context) (sqldriver.Result, error) {
		return c.native.ExecContext(ctx, sql, args)
	})
}

// QueryContext runs a statement for database/sql.
func (c *conn) QueryContext(ctx context.Context, sql string, args []sqldriver.NamedValue) (sqldriver.Rows, error) {
	return guard(ctx, c.tx, sql, func(ctx context.Context) (sqldriver.Rows, error) {
		return c.native.QueryContext(ctx, sql, args)
	})
}

// PrepareContext prepares a statement for database/sql.
func (c *conn) PrepareContext(ctx context.Context, sql string) (sqldriver.Stmt, error) {
	s, err := c.native.PrepareContext(ctx, sql)
	if err != nil {
		return nil, err
	}
	return &guarded{s.(prepared), c, sql}, nil
}

// A guarded is a statement that database/sql prepared.
type guarded struct {
	prepared
	c   *conn
	sql string
}

func (g *guarded) ExecContext(ctx context.Context, args []sqldriver.NamedValue) (sqldriver.Result, error) {
	return guard(ctx, g.c.tx, g.sql, func(ctx context.Context) (sqldriver.Result, error) {
		return g.prepared.ExecContext(ctx, args)
	})
}

func (g *guarded) QueryContext(ctx context.Context, args []sqldriver.NamedValue) (sqldriver.Rows, error) {
	return guard(ctx, g.c.tx, g.sql, func(ctx context.Context) (sqldriver.Rows, error) {
		return g.prepared.QueryContext(ctx, args)
	})
}

// guard runs a statement as part of a transaction, if there is one.
func guard[T any](ctx context.Context, t *tx, sql string, run func(context.Context) (T, error)) (T, error) {
	if t == nil {
		return run(ctx)
	}
	var none T
	ctx, err := t.admit(ctx, sql)
	if err != nil {
		return none, err
	}
	v, err := run(ctx)
	return v, t.failed(err)
}

// admit returns the context that a statement is to run with.
func (t *tx) admit(ctx context.Context, sql string) (context.Context, error) {
	if t.err != nil {
		return nil, &driver.Error{Err: errAborted{t.err}}
	}
	if err := ctx.Err(); err != nil {
		return nil, t.failed(err)
	}
	switch kindOf(sql) {
	case reads:
		return ctx, nil
	case other:
		switch control(sql) {
		case ends:
			return nil, t.failed(&driver.Error{Err: errors.New("sqlite: a statement would end the transaction: " + sql)})
		case changes:
			t.last = true
		}
	}
	if t.member {
		// SQLite undoes a write that is interrupted by undoing everything, also
		// what others wait for.
		ctx = context.WithoutCancel(ctx)
	}
	return ctx, nil
}

type effect uint8

const (
	changes effect = iota // the schema or the connection
	nests                 // a transaction in the transaction
	ends                  // the transaction
)

// control tells what a statement of the other kind does to a transaction.
func control(sql string) effect {
	word, rest := firstWord(lead(sql))
	switch strings.ToUpper(word) {
	case "SAVEPOINT", "RELEASE":
		return nests
	case "COMMIT", "END":
		return ends
	case "ROLLBACK":
		if word, rest = firstWord(rest); strings.EqualFold(word, "TRANSACTION") {
			word, _ = firstWord(rest)
		}
		if strings.EqualFold(word, "TO") {
			return nests
		}
		return ends
	}
	return changes
}
