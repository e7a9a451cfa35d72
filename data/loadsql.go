package data

import (
	"context"
	"errors"
	"slices"

	"github.com/manorgo/manor/data/driver"
)

// What the statements that load call their tables, and the columns they add.
// Nothing else is called so.
const (
	related = `"related rows"`
	between = `"between rows"`
	nth     = `"nth of the related rows"`
	ofKey   = `"key of the related rows"`
)

// selection writes the statement that reads the rows related to keys, those of
// one key side by side.
func (x *relation[P, C]) selection(b *builder, r Repository[C], keys []any, where Filter[C]) error {
	b.alias = related
	defer func() { b.alias = "" }()
	orders := r.t.keys(nil, x.orders)
	x.head(b, r, x.limit > 0)
	if x.limit > 0 {
		b.text(" FROM (")
		x.head(b, r, false)
		b.text(", row_number() OVER (PARTITION BY ")
		x.key(b)
		writeOrders(b, " ORDER BY ", orders)
		b.text(") AS " + nth)
	}
	if err := x.source(b, keys, where); err != nil {
		return err
	}
	switch {
	case x.limit > 0:
		b.text(") AS " + related + " WHERE " + nth + " <= ")
		b.param(int64(x.limit))
		b.text(" ORDER BY ")
		if x.via != nil {
			b.text(ofKey)
		} else {
			x.key(b)
		}
		b.text(", " + nth)
	case x.their != r.t.id || x.via != nil: // or each key has at most one row
		b.text(" ORDER BY ")
		x.key(b)
		writeOrders(b, ", ", orders)
	}
	return nil
}

// head writes what is selected: the key, if it is not one of the columns, and
// the columns. outer is the selection from a selection.
func (x *relation[P, C]) head(b *builder, r Repository[C], outer bool) {
	b.text("SELECT ")
	switch {
	case x.via != nil && outer:
		b.text(ofKey + ", ")
	case x.via != nil:
		x.key(b)
		b.text(" AS " + ofKey + ", ")
	}
	for i, f := range r.t.fields {
		if i > 0 {
			b.text(", ")
		}
		b.name(f)
	}
}

// key writes the column that the key is found in.
func (x *relation[P, C]) key(b *builder) {
	if v := x.via; v != nil {
		b.qualified(between, v.own)
		return
	}
	b.qualified(related, x.their)
}

func (x *relation[P, C]) keyField() *field {
	if v := x.via; v != nil {
		return v.own
	}
	return x.their
}

// source writes FROM and WHERE.
func (x *relation[P, C]) source(b *builder, keys []any, where Filter[C]) error {
	b.text(" FROM ").text(x.related).text(" AS " + related)
	if v := x.via; v != nil {
		b.text(" JOIN ").text(v.table).text(" AS " + between + " ON ")
		b.qualified(between, v.their).text(" = ").qualified(related, x.their)
	}
	b.text(" WHERE ")
	x.key(b)
	b.text(" IN (")
	f := x.keyField()
	for i := range stepUp(len(keys)) {
		if i > 0 {
			b.text(", ")
		}
		if err := b.arg(f, keys[min(i, len(keys)-1)]); err != nil {
			return err
		}
	}
	b.text(")")
	if where.IsZero() {
		return nil
	}
	b.text(" AND ")
	return b.condition(where.n)
}

// stepUp returns n or a little more: one of four sizes up to each power of two,
// so that there are few statements. A page has the same size again and again,
// and its keys should not be sent twice.
func stepUp(n int) int {
	step := max(1, roundUp(n)/8)
	return (n + step - 1) / step * step
}

// writeOrders writes orders, after lead if there are any.
func writeOrders[T any](b *builder, lead string, orders []Order[T]) {
	for i, o := range orders {
		b.text([]string{lead, ", "}[min(i, 1)])
		o.write(b)
	}
}

// count reads how many rows are related to each of the keys.
func (x *relation[P, C]) count(ctx context.Context, h Handle, g groups) ([]int, error) {
	out := make([]int, len(g.keys))
	where, err := x.picked(ctx)
	if err != nil {
		return nil, err
	}
	r := x.to.On(h)
	for some := range slices.Chunk(g.keys, r.db.listSize(1)) {
		b := newBuilder(r.db.dialect)
		defer b.release()
		b.alias = related
		b.text("SELECT ")
		x.key(b)
		b.text(", count(*)")
		if err := x.source(b, some, where); err != nil {
			return nil, err
		}
		b.text(" GROUP BY ")
		x.key(b)
		c := x.keyField().column
		c.Null = false
		rows, err := r.c.Query(ctx, r.call(b, []driver.Column{c, countColumns[0]}))
		if err != nil {
			return nil, classify(err, r.t)
		}
		defer rows.Close()
		var front keyCell
		n := 0
		dest := []any{front.at(c.Kind), &n}
		for rows.Next() {
			if err := rows.Scan(dest); err != nil {
				return nil, classify(err, r.t)
			}
			if i, ok := g.index[front.key()]; ok {
				out[i] = n
			}
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return nil, classify(err, r.t)
		}
	}
	return out, nil
}
