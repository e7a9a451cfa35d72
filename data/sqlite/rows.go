package sqlite

import (
	"cmp"
	"context"
	sqldriver "database/sql/driver"
	"errors"
	"io"

	"github.com/manorgo/manor/data/driver"
)

// A rows is a result being read. Its connection is given back when it is
// closed, unless a transaction goes on using it.
type rows struct {
	ctx     context.Context
	done    <-chan struct{}
	c       *conn
	s       *stmt
	native  sqldriver.Rows
	columns []driver.Column
	over    bool // there are no more rows
	err     error
	pool    *readers // where the connection goes back to, or nil
	lease   *lease   // likewise
	tx      *tx      // the transaction that an error fails, or nil
	whole   bool     // it ends with the result
}

// Next moves to the next row.
func (r *rows) Next() bool {
	if r.s == nil || r.over {
		return false
	}
	select {
	case <-r.done:
		r.fail(r.ctx.Err())
		return false
	default:
	}
	if err := r.native.Next(r.s.values); err != nil {
		r.over = true // another step would start again
		if !errors.Is(err, io.EOF) {
			r.fail(classify(r.ctx, err))
		} else if r.whole {
			r.err = r.Close() // whoever has read everything knows that it is done
		}
		return false
	}
	return true
}

func (r *rows) fail(err error) {
	r.over, r.err = true, err
	if r.tx != nil {
		r.tx.failed(err)
	}
}

// Scan stores the row's columns where dest points to.
func (r *rows) Scan(dest []any) error {
	if r.s == nil {
		return &driver.Error{Err: errors.New("sqlite: Scan after Close")}
	}
	values := r.s.values
	if len(dest) != len(values) || len(dest) > len(r.columns) {
		return &driver.Error{Err: errors.New("sqlite: the result has other columns than the statement says")}
	}
	for i, d := range dest {
		if err := scan(&r.columns[i], d, values[i]); err != nil {
			return err
		}
	}
	return nil
}

// Err returns the error that ended the result early, if any.
func (r *rows) Err() error { return r.err }

// Close ends the result. It reports the error of a write that came after its
// last row was read.
func (r *rows) Close() error {
	if r.s == nil {
		return nil
	}
	clear(r.s.values)
	r.s = nil
	err := r.native.Close()
	if r.err != nil {
		err = nil // said before; closing repeats it
	}
	err = classify(r.ctx, err)
	switch {
	case r.pool != nil:
		r.pool.put(r.c)
	case r.lease != nil:
		r.lease.release()
	case r.tx != nil:
		r.tx.open = nil
		r.tx.failed(err)
		if r.whole {
			err = r.tx.finish(r.ctx, cmp.Or(err, r.err))
			if r.err != nil {
				err = nil // said before, and undone
			}
		}
	}
	return err
}
