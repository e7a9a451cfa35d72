package data

import (
	"context"

	"github.com/manorgo/manor/data/driver"
)

// sealing returns c, or what seals and opens on the way to c if the table has
// columns for it.
func (t *Table[T]) sealing(db *DB, c driver.Conn) driver.Conn {
	if !t.sealed {
		return c
	}
	if tx, ok := c.(driver.Tx); ok {
		return sealedTx{tx, sealedConn{tx, db}}
	}
	return sealedConn{c, db}
}

// A sealedConn seals the values in calls and opens those in results.
type sealedConn struct {
	driver.Conn
	db *DB
}

func (s sealedConn) Query(ctx context.Context, c driver.Call) (driver.Rows, error) {
	var err error
	if c.Args, err = s.args(c.Args); err != nil {
		return nil, err
	}
	rows, err := s.Conn.Query(ctx, c)
	if err != nil {
		return nil, err
	}
	return sealedRows{rows, s.db}, nil
}

func (s sealedConn) Exec(ctx context.Context, c driver.Call) (n int64, err error) {
	if c.Args, err = s.args(c.Args); err != nil {
		return 0, err
	}
	return s.Conn.Exec(ctx, c)
}

func (s sealedConn) Batch(ctx context.Context, calls []driver.Call, read func(int, driver.Rows) error) error {
	calls = append([]driver.Call(nil), calls...)
	for i := range calls {
		var err error
		if calls[i].Args, err = s.args(calls[i].Args); err != nil {
			return err
		}
	}
	return s.Conn.Batch(ctx, calls, func(i int, rows driver.Rows) error { return read(i, sealedRows{rows, s.db}) })
}

func (s sealedConn) Load(ctx context.Context, table string, columns []driver.Column, n int, row func(int, []any) error) error {
	return s.Conn.Load(ctx, table, columns, n, func(i int, args []any) error {
		if err := row(i, args); err != nil {
			return err
		}
		for k, a := range args {
			u, ok := a.(*unsealed)
			if !ok {
				continue
			}
			sealed, err := s.db.sealFor(u.seal, u.row, u.text)
			if err != nil {
				return err
			}
			args[k] = sealed
		}
		return nil
	})
}

// args returns args with what is unsealed sealed, each time with another nonce.
func (s sealedConn) args(args []any) ([]any, error) {
	out := args
	for i, a := range args {
		u, ok := a.(*unsealed)
		if !ok {
			continue
		}
		sealed, err := s.db.sealFor(u.seal, u.row, u.text)
		if err != nil {
			return nil, err
		}
		if &out[0] == &args[0] {
			out = append([]any(nil), args...)
		}
		out[i] = sealed
	}
	return out, nil
}

// A sealedTx is a sealedConn in a transaction.
type sealedTx struct {
	driver.Tx
	on sealedConn
}

func (s sealedTx) Query(ctx context.Context, c driver.Call) (driver.Rows, error) {
	return s.on.Query(ctx, c)
}

func (s sealedTx) Exec(ctx context.Context, c driver.Call) (int64, error) { return s.on.Exec(ctx, c) }

func (s sealedTx) Batch(ctx context.Context, calls []driver.Call, read func(int, driver.Rows) error) error {
	return s.on.Batch(ctx, calls, read)
}

func (s sealedTx) Load(ctx context.Context, table string, columns []driver.Column, n int, row func(int, []any) error) error {
	return s.on.Load(ctx, table, columns, n, row)
}

// A sealedRows opens the values of each row that is read.
type sealedRows struct {
	driver.Rows
	db *DB
}

func (s sealedRows) Scan(dest []any) error {
	cells := 0
	for _, d := range dest {
		if c, ok := d.(*sealedCell); ok {
			c.ready = true
			cells++
		}
	}
	if err := s.Rows.Scan(dest); err != nil || cells == 0 {
		return err
	}
	for _, d := range dest {
		if c, ok := d.(*sealedCell); ok {
			if err := c.open(s.db); err != nil {
				return err
			}
		}
	}
	return nil
}
