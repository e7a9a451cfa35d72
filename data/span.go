package data

import "time"

// A Span is a range of values whose sides may each be left out. The zero Span
// is no limit at all.
type Span[V any] struct {
	After, Before *V // only values more, less than this
	From, To      *V // only values of at least, at most this
}

// Within holds for rows whose value is in r. A NULL is in no range. If r has no
// side the filter is zero, as for a request that says nothing.
func (c Column[T, V]) Within(r Span[V]) Filter[T] {
	var all []Filter[T]
	for _, side := range []struct {
		op op
		v  *V
	}{{opGt, r.After}, {opLt, r.Before}, {opGe, r.From}, {opLe, r.To}} {
		if side.v != nil {
			all = append(all, c.compare(side.op, *side.v))
		}
	}
	return All(all...)
}

// Between holds for rows whose value is at least from and at most to.
func (c Column[T, V]) Between(from, to V) Filter[T] { return All(c.Ge(from), c.Le(to)) }

// EqIf is Eq, or the zero filter if v is nil.
func (c Column[T, V]) EqIf(v *V) Filter[T] {
	if v == nil {
		return Filter[T]{}
	}
	return c.Eq(*v)
}

// InIf is In, or the zero filter if vs is nil: what a request left out is no
// filter, and an empty list that it gave holds for no row.
func (c Column[T, V]) InIf(vs []V) Filter[T] {
	if vs == nil {
		return Filter[T]{}
	}
	return c.In(vs...)
}

// NotInIf is NotIn, or the zero filter if vs is nil.
func (c Column[T, V]) NotInIf(vs []V) Filter[T] {
	if vs == nil {
		return Filter[T]{}
	}
	return c.NotIn(vs...)
}

// OnDay holds for rows whose time is on the day, in UTC, that at is in: from
// its beginning until before the next one's.
func OnDay[T any](c Column[T, time.Time], at time.Time) Filter[T] {
	return Filter[T]{onDay(c.f, at)}
}

func onDay(f *field, at time.Time) *node {
	y, m, d := at.UTC().Date()
	day := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	end := &node{op: opLt, f: f, v: day.AddDate(0, 0, 1)}
	if y == 9999 && m == time.December && d == 31 { // no column holds the day after
		end = &node{op: opLe, f: f, v: day.AddDate(0, 0, 1).Add(-time.Microsecond)}
	}
	return &node{op: opAnd, kids: []*node{{op: opGe, f: f, v: day}, end}}
}
