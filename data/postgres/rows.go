package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// A rows is a result being read.
type rows struct {
	ctx    context.Context
	done   <-chan struct{}
	native pgx.Rows
	over   bool  // there are no more rows
	err    error // the context's
}

// Next moves to the next row. Rows that have arrived are of no use to who has
// given up.
func (r *rows) Next() bool {
	select {
	case <-r.done:
		if r.err == nil && !r.over {
			r.err = r.ctx.Err()
			r.native.Close()
		}
		return false
	default:
	}
	r.over = !r.native.Next()
	return !r.over
}

// Err returns the error that ended the result early, if any.
func (r *rows) Err() error {
	if r.err != nil {
		return r.err
	}
	return classify(r.ctx, r.native.Err())
}

// Close ends the result. It reports the error of a write that came after its
// last row was read.
func (r *rows) Close() error {
	r.native.Close()
	return r.Err()
}

// Scan stores the row's columns where dest points to.
func (r *rows) Scan(dest []any) error { return classify(r.ctx, r.native.Scan(dest...)) }
