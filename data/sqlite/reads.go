package sqlite

import (
	"context"
	"errors"

	"github.com/manorgo/manor/data/driver"
)

// Replicas returns nil: a file has no copies that follow it.
func (d *database) Replicas() []driver.Replica { return nil }

// Position returns "".
func (d *database) Position(context.Context) (string, error) { return "", nil }

// Reads starts a unit of reads, always a snapshot. It holds a reader from its
// first read on.
func (d *database) Reads(driver.ReadOptions) driver.Reads { return &unit{d: d} }

// A unit is a transaction that reads.
type unit struct {
	d    *database
	c    *conn // nil before the first read
	open *rows // a result that is being read, or nil
	over bool
}

func readOnly() error {
	return &driver.Error{Class: driver.ReadOnly, Err: errors.New("sqlite: a write in a unit of reads")}
}

// enter takes a reader and begins, once.
func (u *unit) enter(ctx context.Context, c driver.Call) error {
	switch {
	case u.over:
		return &driver.Error{Err: errors.New("sqlite: the unit of reads has ended")}
	case kindOf(c.SQL) != reads:
		return readOnly()
	case u.open != nil && u.open.s != nil:
		return &driver.Error{Err: errors.New("sqlite: a result of the unit is still being read")}
	case u.c != nil:
		return nil
	}
	got, err := u.d.readers.get(ctx)
	if err != nil {
		return err
	}
	if err := got.run(context.WithoutCancel(ctx), begin); err != nil {
		u.d.readers.put(got)
		return classify(ctx, err)
	}
	u.c = got
	return nil
}

// Query runs a statement that reads.
func (u *unit) Query(ctx context.Context, c driver.Call) (driver.Rows, error) {
	if err := u.enter(ctx, c); err != nil {
		return nil, err
	}
	r, err := u.c.query(ctx, c)
	if err != nil {
		return nil, classify(ctx, err)
	}
	u.open = r
	return r, nil
}

// Batch runs reads.
func (u *unit) Batch(ctx context.Context, calls []driver.Call, read func(int, driver.Rows) error) error {
	return batch(calls, func(c driver.Call) (driver.Rows, error) { return u.Query(ctx, c) }, read)
}

// Exec is an error.
func (u *unit) Exec(context.Context, driver.Call) (int64, error) { return 0, readOnly() }

// Load is an error.
func (u *unit) Load(context.Context, string, []driver.Column, int, func(int, []any) error) error {
	return readOnly()
}

// Close ends the transaction and gives the reader back.
func (u *unit) Close() error {
	if u.over || u.c == nil {
		u.over = true
		return nil
	}
	u.over = true
	var err error
	if u.open != nil {
		err = u.open.Close()
	}
	if e := u.c.run(context.Background(), commit); e != nil {
		u.c.broken = true
		err = errors.Join(err, classify(context.Background(), e))
	}
	u.d.readers.put(u.c)
	return err
}
