package data

import (
	"context"
	"slices"
)

// A ToOne leads from a row of P to at most one of C, which a field of P without
// a db tag, a *C, holds once it was loaded. It is nil before, and if there is
// none: which of them it is, the column tells. It is a [Load].
//
// Get one from [BelongsTo] or [HasOne]. It is immutable and may be a package
// variable; its methods return changed copies.
type ToOne[P, C any] struct {
	x     relation[P, C]
	field func(*P) **C
}

// A ToMany leads from a row of P to any number of rows of C, which a field of P
// without a db tag, a []C, holds once they were loaded: nil means that they were
// not asked for, and a list that is empty but not nil means that there are none.
// The tag json:"books,omitzero" keeps that apart in JSON, too. It is a [Load].
//
// Get one from [HasMany] or [ManyToMany]. It is immutable and may be a package
// variable; its methods return changed copies.
type ToMany[P, C any] struct {
	x     relation[P, C]
	field func(*P) *[]C
}

// A relation is what all kinds have in common.
type relation[P, C any] struct {
	*link
	from   *Table[P]
	to     *Table[C]
	only   Filter[C]
	rules  []func(context.Context) (Filter[C], error)
	loads  []Load[C]
	orders []Order[C]
	limit  int
}

// unmarked holds for rows that are not marked as deleted; it is zero if rows of t
// never are.
func (t *Table[T]) unmarked() Filter[T] {
	if t.deleted == nil {
		return Filter[T]{}
	}
	return Filter[T]{&node{op: opNull, f: t.deleted}}
}

// A link is how two tables hang together: own and their are equal, or with via
// columns of a table between them.
type link struct {
	table, related string // quoted
	own, their     []*field
	via            *via
}

type via struct {
	table      string   // quoted
	own, their []*field // what refers to own and to their of the link
}

// BelongsTo is the relation of the rows of t to those of others that key refers
// to. One row of others may be held by many of t: they share it.
//
// Like all that make relations it panics if the columns do not fit together:
// the first test that runs finds the mistake.
func BelongsTo[P, C any](t *Table[P], others *Table[C], key Reference[P], field func(*P) **C) ToOne[P, C] {
	l := &link{table: quote(t.name), related: quote(others.name)}
	l.own, l.their = refer(t, others, key)
	return ToOne[P, C]{relation[P, C]{link: l, from: t, to: others, only: others.unmarked()}, field}
}

// HasOne is the relation of the rows of t to the row of others whose key refers
// to them. If several do, it is the first by its primary key.
func HasOne[P, C any](t *Table[P], others *Table[C], key Reference[C], field func(*P) **C) ToOne[P, C] {
	return ToOne[P, C]{has(t, others, key), field}
}

// HasMany is the relation of the rows of t to those of others whose key refers
// to them.
func HasMany[P, C any](t *Table[P], others *Table[C], key Reference[C], field func(*P) *[]C) ToMany[P, C] {
	return ToMany[P, C]{has(t, others, key), field}
}

func has[P, C any](t *Table[P], others *Table[C], key Reference[C]) relation[P, C] {
	l := &link{table: quote(t.name), related: quote(others.name)}
	l.their, l.own = refer(others, t, key)
	return relation[P, C]{link: l, from: t, to: others, only: others.unmarked()}
}

// With loads more relations, those of the related rows.
func (r ToOne[P, C]) With(loads ...Load[C]) ToOne[P, C] {
	r.x.loads = slices.Concat(r.x.loads, loads)
	return r
}

// With loads more relations, those of the related rows.
func (r ToMany[P, C]) With(loads ...Load[C]) ToMany[P, C] {
	r.x.loads = slices.Concat(r.x.loads, loads)
	return r
}

// Only passes over related rows that do not hold to every filter, whatever the
// relation is used for: to load rows, to count them or in a filter.
func (r ToOne[P, C]) Only(where ...Filter[C]) ToOne[P, C] {
	r.x.only = All(r.x.only, All(where...))
	return r
}

// Only passes over related rows that do not hold to every filter, whatever the
// relation is used for: to load rows, to count them or in a filter.
func (r ToMany[P, C]) Only(where ...Filter[C]) ToMany[P, C] {
	r.x.only = All(r.x.only, All(where...))
	return r
}

// Visible is Only by a rule that is asked each time the rows are loaded or
// counted, such as the Visible of the [Service] they belong to. A rule that
// returns the zero filter is an error.
//
// A relation knows no rules but those it is given: rows that a caller may not
// see must be kept from him here. A filter that is made of the relation, such
// as Where, does not ask the rule, as it has no caller to ask for: give it the
// rule's filter.
func (r ToOne[P, C]) Visible(rule func(context.Context) (Filter[C], error)) ToOne[P, C] {
	r.x.rules = append(slices.Clip(r.x.rules), rule)
	return r
}

// Visible is Only by a rule that is asked each time the rows are loaded or
// counted, such as the Visible of the [Service] they belong to. A rule that
// returns the zero filter is an error.
//
// A relation knows no rules but those it is given: rows that a caller may not
// see must be kept from him here. A filter that is made of the relation, such
// as Some, does not ask the rule, as it has no caller to ask for: give it the
// rule's filter.
func (r ToMany[P, C]) Visible(rule func(context.Context) (Filter[C], error)) ToMany[P, C] {
	r.x.rules = append(slices.Clip(r.x.rules), rule)
	return r
}

// OrderBy sorts the related rows of each row. It ends in the primary key by
// itself, which alone sorts them otherwise.
func (r ToMany[P, C]) OrderBy(orders ...Order[C]) ToMany[P, C] {
	r.x.orders = slices.Concat(r.x.orders, orders)
	return r
}

// Limit loads at most n related rows for each row, the first by OrderBy; 0
// means all. Count and filters do not care.
func (r ToMany[P, C]) Limit(n int) ToMany[P, C] {
	r.x.limit = n
	return r
}
