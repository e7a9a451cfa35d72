package data

import (
	"context"
	"errors"
	"strconv"
	"strings"
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
		x.keyNames(b)
		b.text(", " + nth)
	case len(x.their) > 1 || x.their[0] != r.t.id || x.via != nil: // or each key has at most one row
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
		x.keyNames(b)
		b.text(", ")
	case x.via != nil:
		for i, f := range x.via.own {
			b.qualified(between, f).text(" AS ").text(keyName(i)).text(", ")
		}
	}
	for i, f := range r.t.fields {
		if i > 0 {
			b.text(", ")
		}
		b.name(f)
	}
}

// keyFields returns the table and the columns that the key is found in.
func (x *relation[P, C]) keyFields() (table, alias string, fs []*field) {
	if v := x.via; v != nil {
		return v.table, between, v.own
	}
	return x.related, related, x.their
}

// key writes the columns that the key is found in.
func (x *relation[P, C]) key(b *builder) {
	_, alias, fs := x.keyFields()
	for i, f := range fs {
		if i > 0 {
			b.text(", ")
		}
		b.qualified(alias, f)
	}
}

// keyNames writes what the columns of the key are called in a selection.
func (x *relation[P, C]) keyNames(b *builder) {
	if x.via == nil {
		x.key(b)
		return
	}
	for i := range x.via.own {
		b.text([]string{"", ", "}[min(i, 1)]).text(keyName(i))
	}
}

func keyName(i int) string {
	if i == 0 {
		return ofKey
	}
	return strings.TrimSuffix(ofKey, `"`) + " " + strconv.Itoa(i+1) + `"`
}

// source writes FROM and WHERE.
func (x *relation[P, C]) source(b *builder, keys []any, where Filter[C]) error {
	b.text(" FROM ").text(x.related).text(" AS " + related)
	if v := x.via; v != nil {
		b.text(" JOIN ").text(v.table).text(" AS "+between+" ON ").equal(between, v.their, related, x.their)
	}
	b.text(" WHERE ")
	if err := x.among(b, keys); err != nil || where.IsZero() {
		return err
	}
	b.text(" AND ")
	return b.condition(where.n)
}

// among writes that the key is one of keys.
func (x *relation[P, C]) among(b *builder, keys []any) error {
	table, alias, fs := x.keyFields()
	if len(fs) > 1 {
		before := b.alias
		b.alias = alias
		defer func() { b.alias = before }()
		return b.oneOf(table, fs, keys)
	}
	x.key(b)
	b.text(" IN (")
	for i := range stepUp(len(keys)) {
		if i > 0 {
			b.text(", ")
		}
		if err := b.arg(fs[0], keys[min(i, len(keys)-1)]); err != nil {
			return err
		}
	}
	b.text(")")
	return nil
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
	out := make([]int, g.len())
	where, err := x.picked(ctx)
	if err != nil {
		return nil, err
	}
	r := x.to.On(h)
	_, _, fs := x.keyFields()
	for some := range g.chunks(r.db) {
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
		front := newKeyCells(fs)
		rows, err := r.c.Query(ctx, r.call(b, append(front.columns(), countColumns[0])))
		if err != nil {
			return nil, classify(err, r.t)
		}
		defer rows.Close()
		n := 0
		dest := make([]any, len(fs)+1)
		dest[front.addresses(dest)] = &n
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
