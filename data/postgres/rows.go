package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/data/driver"
)

// A rows is a result being read.
type rows struct {
	ctx     context.Context
	done    <-chan struct{}
	native  pgx.Rows
	columns []driver.Column
	dest    []any    // what pgx reads into, if that is not what the caller gave
	numbers []number // those in dest that stand for decimals
	looked  bool     // whether there are decimals is known
	over    bool     // there are no more rows
	err     error    // the context's

	// What dest and numbers stand in if it has room, so that reading one row
	// does not allocate for them.
	fewDest    [12]any
	fewNumbers [2]number
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
func (r *rows) Scan(dest []any) error {
	if !r.looked {
		r.look()
	}
	if r.numbers != nil {
		dest = r.swap(dest)
	}
	return classify(r.ctx, r.native.Scan(dest...))
}

func (r *rows) look() {
	r.looked = true
	n := 0
	for i := range r.columns {
		if r.columns[i].Kind == driver.Decimal {
			n++
		}
	}
	if n == 0 {
		return
	}
	if r.numbers = r.fewNumbers[:min(n, len(r.fewNumbers))]; n > len(r.numbers) {
		r.numbers = make([]number, n)
	}
	if r.dest = r.fewDest[:0]; len(r.columns) > len(r.fewDest) {
		r.dest = make([]any, 0, len(r.columns))
	}
}

// swap puts cells that read numerics in the place of decimals, which pgx would
// read by way of text.
func (r *rows) swap(dest []any) []any {
	out := append(r.dest[:0], dest...)
	n := 0
	for i := range r.columns {
		if r.columns[i].Kind != driver.Decimal || i >= len(out) {
			continue
		}
		cell := &r.numbers[n]
		n++
		switch d := out[i].(type) {
		case *decimal.Decimal:
			cell.into, out[i] = d, cell
		case **decimal.Decimal:
			cell.null, out[i] = d, cell
		}
	}
	r.dest = out
	return out
}
