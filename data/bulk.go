package data

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
)

// UpdateAll changes the named columns of the rows with the IDs of vs to the
// values in vs, and returns the rows as they are now, in the order of vs. No
// columns means all but the ID, the times of Audited, the number of Versioned,
// the mark of SoftDeleted and the slug. UpdatedAt and the number move on for
// rows of which a column really changes, unless they are named. An ID without a
// row is fault.NotFound, and one that comes twice is fault.Invalid; then nothing
// has changed.
func (r Repository[T]) UpdateAll(ctx context.Context, vs []T, columns ...string) ([]T, error) {
	if r.t.primary == nil {
		panic("data: table " + r.t.name + " has no primary key to find rows by")
	}
	set := r.settable()
	if len(columns) > 0 {
		set = set[:0]
		for _, c := range columns {
			f := r.t.mustField(c)
			if f.primary || f.code || slices.Contains(set, f) {
				panic(fmt.Sprintf("data: table %s: %s cannot be updated, or comes twice", r.t.name, c))
			}
			set = append(set, f)
		}
	}
	if len(vs) == 0 {
		return nil, nil
	}
	found, err := newFound(r.t, vs, r.t.primary)
	if err != nil {
		return nil, err
	}
	fields := append(slices.Clone(r.t.primary), set...)
	args, err := r.t.valuesOf(r.db.dialect, vs, fields)
	if err != nil {
		return nil, err
	}
	now := r.db.Now()
	err = r.together(ctx, func(r Repository[T]) error {
		if err := r.lockAll(ctx, args, len(fields)); err != nil {
			return err
		}
		return chunks(len(vs), r.perStatement(len(fields)), func(i, n int) error {
			b := newBuilder(r.db.dialect)
			defer b.release()
			if err := r.updateRows(b, fields, args[i*len(fields):(i+n)*len(fields)], now); err != nil {
				return err
			}
			return found.read(ctx, r, r.call(b, r.p.columns), i, n, nil, nil)
		})
	})
	if err != nil {
		return nil, err
	}
	return found.rows, nil
}

// updateRows writes the statement. The first of fields are the primary key.
func (r Repository[T]) updateRows(b *builder, fields []*field, args []any, now time.Time) error {
	table := r.p.table
	b.text("UPDATE ").text(table).text(" SET ")
	keys := len(r.t.primary)
	cells := make([]cell, len(fields)-keys)
	for i, f := range fields[keys:] {
		cells[i] = cell{f, fmt.Sprintf(sent+".column%d", keys+i+1)}
	}
	if err := r.assign(b, cells, true, now); err != nil {
		return err
	}
	b.text(" FROM (VALUES ")
	if b.d.TypeOf != "" {
		for i, f := range fields {
			b.text([]string{"(", ", "}[min(i, 1)]).typeOf(table, f)
		}
		b.text("), ")
	}
	b.tuples(args, len(fields)).text(") AS " + sent)
	for i, f := range r.t.primary {
		b.text([]string{" WHERE ", " AND "}[min(i, 1)]).text(table).text(".").name(f).text(fmt.Sprintf(" = "+sent+".column%d", i+1))
	}
	b.text(" RETURNING ")
	for i, f := range r.t.fields {
		if i > 0 {
			b.text(", ")
		}
		b.text(table).text(".").name(f)
	}
	return nil
}

// lockAll is fault.NotFound unless there is a row for every key, the first of
// each width args. Nobody changes those rows until the transaction ends. They
// are locked in order, so that two who change the same rows do not wait for
// each other.
func (r Repository[T]) lockAll(ctx context.Context, args []any, width int) error {
	keys, columns := len(r.t.primary), make([]driver.Column, len(r.t.primary))
	values := make([]any, 0, len(args)/width*keys)
	for i := 0; i < len(args); i += width {
		values = append(values, args[i:i+keys]...)
	}
	n, table := 0, r.p.table
	for some := range slices.Chunk(values, r.db.listSize(keys)*keys) {
		b := newBuilder(r.db.dialect)
		defer b.release()
		for i, f := range r.t.primary {
			b.text([]string{"SELECT ", ", "}[min(i, 1)]).name(f)
			columns[i] = f.column
		}
		b.text(" FROM ").text(r.p.table).text(" WHERE ")
		b.bound(table, r.t.primary, some)
		if n := r.scoped(); n != nil {
			b.text(" AND ")
			if err := b.condition(n); err != nil {
				return err
			}
		}
		for i, f := range r.t.primary {
			b.text([]string{" ORDER BY ", ", "}[min(i, 1)]).name(f)
		}
		b.text(b.d.Lock)
		rows, err := r.c.Query(ctx, r.call(b, columns))
		if err != nil {
			return classify(err, r.t)
		}
		for rows.Next() {
			n++
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return classify(err, r.t)
		}
	}
	if all := len(values) / keys; n < all {
		return fault.Errorf(fault.NotFound, "%s: %d of %d not found", r.t.name, all-n, all)
	}
	return nil
}

// DeleteAll removes the rows that keys name, all or none of them, and returns
// how many there were. A key without a row is passed over. Keys(ids...) makes a
// list of keys; those of rows at hand come from Table.KeyOf.
func (r Repository[T]) DeleteAll(ctx context.Context, keys ...Key[T]) (int, error) {
	size, total := r.db.listSize(len(r.t.primary)), 0
	run := func(r Repository[T]) error {
		for some := range slices.Chunk(keys, size) {
			k, err := r.DeleteWhere(ctx, keysIn(r.t, some))
			if err != nil {
				return err
			}
			total += k
		}
		return nil
	}
	var err error
	if len(keys) <= size {
		err = run(r)
	} else {
		err = r.together(ctx, run)
	}
	if err != nil {
		return 0, err
	}
	return total, nil
}

// together runs fn in the transaction that r is in, or in one of its own.
func (r Repository[T]) together(ctx context.Context, fn func(Repository[T]) error) error {
	if _, ok := r.c.(driver.Tx); ok {
		return fn(r)
	}
	return r.db.Tx(ctx, func(tx *Tx) error {
		return fn(r.in(tx))
	})
}

// in returns r as part of a transaction, with all that it knows.
func (r Repository[T]) in(tx *Tx) Repository[T] {
	r.c, r.tx = r.t.sealing(tx.db, tx.conn()), tx
	return r
}

// maxRows is how many rows one statement writes at most as tuples of parameters.
const maxRows = 250

// perStatement is how many rows of width parameters one statement writes.
func (r Repository[T]) perStatement(width int) int {
	return max(1, min(maxRows, (r.db.dialect.MaxParams-1)/width)) // one is the time
}

// chunks calls fn for at most n rows from i on, until it has been through all.
// Sizes are few, however many rows there are, so that there are few statements.
func chunks(rows, n int, fn func(i, n int) error) error {
	for i := 0; i < rows; i += n {
		for n > rows-i {
			n /= 2
		}
		if err := fn(i, n); err != nil {
			return err
		}
	}
	return nil
}

// listSize is how many rows of width values a list in a statement may have: a
// power of two, to which lists are rounded up.
func (db *DB) listSize(width int) int {
	n := 1
	for 2*n*max(width, 1) <= db.dialect.MaxParams {
		n *= 2
	}
	return n
}
