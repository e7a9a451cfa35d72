package data

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unsafe"

	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
)

// serial returns where v keeps its number.
func (t *Table[T]) serial(v *T) *int64 {
	return (*int64)(unsafe.Add(unsafe.Pointer(v), t.id.offset))
}

// unnumbered reports whether any of vs needs a number from the database.
func (t *Table[T]) unnumbered(vs []T) bool {
	if t.kind != serialKey {
		return false
	}
	for i := range vs {
		if *t.serial(&vs[i]) == 0 {
			return true
		}
	}
	return false
}

// planSerial makes the statement that adds a row and returns its number.
func (t *Table[T]) planSerial(d *driver.Dialect, p *plan) {
	if t.kind != serialKey {
		return
	}
	var names, params []string
	for _, f := range t.fields {
		if f != t.id {
			names = append(names, quote(f.column.Name))
			params = append(params, param(d, len(names)))
		}
	}
	values := " (" + strings.Join(names, ", ") + ") VALUES (" + strings.Join(params, ", ") + ")"
	if names == nil {
		values = " DEFAULT VALUES"
	}
	p.number = newStatement("INSERT INTO "+quote(t.name)+values+" RETURNING "+quote(t.id.column.Name), []driver.Column{t.id.column})
}

// addNumbered stores v, which gets its number from the database.
func (r Repository[T]) addNumbered(ctx context.Context, v *T) error {
	args := make([]any, len(r.t.fields))
	if err := r.t.values(r.db.dialect, v, args); err != nil {
		return err
	}
	i := slices.Index(r.t.fields, r.t.id)
	n, err := r.numbers(ctx, driver.Call{Statement: r.p.number, Args: slices.Delete(args, i, i+1)}, 1)
	if err == nil {
		*r.t.serial(v) = n[0]
	}
	return err
}

// numbered gives those of vs that have no number one, in their order, and runs
// fn. If that fails they have none again. Where numbers cannot be reserved, all
// of it is one transaction, beside which nobody writes.
func (r Repository[T]) numbered(ctx context.Context, vs []T, fn func(Repository[T]) error) error {
	var without []*int64
	for i := range vs {
		if n := r.t.serial(&vs[i]); *n == 0 {
			without = append(without, n)
		}
	}
	run := func(r Repository[T]) error {
		if err := r.reserve(ctx, without); err != nil {
			return err
		}
		return fn(r)
	}
	var err error
	if r.db.dialect.NextSerials != "" {
		err = run(r)
	} else {
		err = r.together(ctx, run)
	}
	if err != nil {
		for _, n := range without {
			*n = 0
		}
	}
	return err
}

// reserve fills into with numbers that no row has.
func (r Repository[T]) reserve(ctx context.Context, into []*int64) error {
	b := newBuilder(r.db.dialect)
	defer b.release()
	columns := []driver.Column{r.t.id.column}
	if b.d.NextSerials != "" {
		b.text(fmt.Sprintf(b.d.NextSerials, r.t.sequenceOf(), param(b.d, 1)))
		b.args = append(b.args, int64(len(into)))
		ns, err := r.numbers(ctx, r.call(b, columns), len(into))
		for i, n := range ns {
			*into[i] = n
		}
		return err
	}
	b.text("SELECT coalesce(max(").name(r.t.id).text("), 0) FROM ").text(r.p.table)
	last, err := r.numbers(ctx, r.call(b, columns), 1)
	if err != nil {
		return err
	}
	for i := range into {
		*into[i] = max(last[0], 0) + int64(i) + 1
		if *into[i] < 0 {
			return fault.Errorf(fault.Internal, "%s: there are no numbers left", r.t.name)
		}
	}
	return nil
}

// numbers reads count numbers.
func (r Repository[T]) numbers(ctx context.Context, c driver.Call, count int) (out []int64, err error) {
	rows, err := r.c.Query(ctx, c)
	if err != nil {
		return nil, classify(err, r.t)
	}
	defer rows.Close()
	out = make([]int64, 0, count)
	var n int64
	for dest := []any{&n}; rows.Next(); out = append(out, n) {
		if err := rows.Scan(dest); err != nil {
			return nil, classify(err, r.t)
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, classify(err, r.t)
	}
	if len(out) != count {
		return nil, fault.Errorf(fault.Internal, "%s: %d numbers came back, and not %d", r.t.name, len(out), count)
	}
	return out, nil
}

// sequenceOf returns what SQL calls the table and column of the sequence.
func (t *Table[T]) sequenceOf() string {
	return literal(quote(t.name)) + ", " + literal(t.idField().column.Name)
}

func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// AdvanceSerial makes the database number the next row after all that there
// are. Call it after rows with numbers of their own were added; it never goes
// back. SQLite needs no such call, and does nothing. A table that is not
// numbered by [Serial] is fault.Internal.
func (r Repository[T]) AdvanceSerial(ctx context.Context) error {
	switch {
	case r.t.kind != serialKey:
		return fault.Errorf(fault.Internal, "%s: its rows have no Serial", r.t.name)
	case r.db.dialect.AdvanceSerial == "":
		return nil
	}
	b := newBuilder(r.db.dialect)
	defer b.release()
	b.text(fmt.Sprintf(b.d.AdvanceSerial, r.t.sequenceOf(), quote(r.t.id.column.Name), r.p.table))
	_, err := r.c.Exec(ctx, r.call(b, nil))
	return classify(err, r.t)
}
