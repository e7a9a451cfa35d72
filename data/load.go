package data

import (
	"context"
	"iter"
	"slices"
	"unsafe"

	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
)

// A Load asks for what is related to rows of P: a [ToOne], a [ToMany] or what
// [ToMany.Count] returns. Nothing is loaded that was not asked for.
//
// Whatever the number of rows, each Load is one statement, more only if there
// are more keys than a statement has parameters. It reads at another moment
// than the statement before: in a transaction of [RepeatableRead] both see the
// same state.
type Load[P any] interface {
	load(ctx context.Context, h Handle, rows []*P) error
}

// Load loads what is related to rows into them, instead of what they hold. If
// it fails, it may have done so in part.
func (r Repository[T]) Load(ctx context.Context, rows []T, loads ...Load[T]) error {
	if len(rows) == 0 || len(loads) == 0 {
		return nil
	}
	at := make([]*T, len(rows))
	for i := range rows {
		at[i] = &rows[i]
	}
	return r.loadAt(ctx, at, loads)
}

func (r Repository[T]) loadAt(ctx context.Context, rows []*T, loads []Load[T]) error {
	for _, l := range loads {
		if err := l.load(ctx, handle{r.db, r.c}, rows); err != nil {
			return err
		}
	}
	return nil
}

// With returns a repository that loads relations into what Get, GetBy, Lock,
// List and Each return. What it writes are the rows alone.
func (r Repository[T]) With(loads ...Load[T]) Repository[T] {
	r.loads = slices.Concat(r.loads, loads)
	return r
}

// loaded completes what a method that returns one row has read.
func (r Repository[T]) loaded(ctx context.Context, v T, err error) (T, error) {
	if err != nil || len(r.loads) == 0 {
		return v, err
	}
	return r.loadOne(ctx, v)
}

func (r Repository[T]) loadOne(ctx context.Context, v T) (T, error) {
	err := r.loadAt(ctx, []*T{&v}, r.loads)
	return v, err
}

// A handle is what a repository stands on.
type handle struct {
	db *DB
	c  driver.Conn
}

func (h handle) conn() driver.Conn { return h.c }
func (h handle) database() *DB     { return h.db }

// eachPage is how many rows Each reads at a time if it loads relations.
const eachPage = 500

// eachLoaded reads page by page, as a transaction runs nothing else while a
// result is being read.
func (r Repository[T]) eachLoaded(ctx context.Context, q Query[T]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		left := q.Limit // 0 or less means all
		q.Keyset, q.Count = true, false
		for {
			q.Limit = eachPage
			if left > 0 {
				q.Limit = min(left, eachPage)
			}
			page, err := r.List(ctx, q)
			if err != nil {
				var zero T
				yield(zero, err)
				return
			}
			for _, v := range page.Items {
				if !yield(v, nil) {
					return
				}
			}
			if left -= len(page.Items); page.Next == "" || left == 0 {
				return
			}
			q.After, q.Offset = page.Next, 0
		}
	}
}

func (r ToOne[P, C]) load(ctx context.Context, h Handle, rows []*P) error {
	g := groupBy(rows, r.x.own)
	found, err := r.x.fetch(ctx, h, g)
	if err != nil {
		return err
	}
	for i, p := range rows {
		var c *C
		if k := g.of[i]; k >= 0 && found.spans[k].from < found.spans[k].to {
			c = &found.rows[found.spans[k].from]
		}
		*r.field(p) = c
	}
	return nil
}

func (r ToMany[P, C]) load(ctx context.Context, h Handle, rows []*P) error {
	g := groupBy(rows, r.x.own)
	found, err := r.x.fetch(ctx, h, g)
	if err != nil {
		return err
	}
	for i, p := range rows {
		list := []C{}
		if k := g.of[i]; k >= 0 && found.spans[k].from < found.spans[k].to {
			s := found.spans[k]
			list = found.rows[s.from:s.to:s.to] // an append copies
		}
		*r.field(p) = list
	}
	return nil
}

// Count asks for the number of related rows, which field of each row holds
// once it was loaded. It reads none of the rows.
func (r ToMany[P, C]) Count(field func(*P) *int) Load[P] { return counted[P, C]{r.x, field} }

type counted[P, C any] struct {
	x     relation[P, C]
	field func(*P) *int
}

func (r counted[P, C]) load(ctx context.Context, h Handle, rows []*P) error {
	g := groupBy(rows, r.x.own)
	numbers, err := r.x.count(ctx, h, g)
	if err != nil {
		return err
	}
	for i, p := range rows {
		n := 0
		if k := g.of[i]; k >= 0 {
			n = numbers[k]
		}
		*r.field(p) = n
	}
	return nil
}

// A fetched is all rows that are related to a groups' keys, those of one key
// side by side.
type fetched[C any] struct {
	rows  []C
	spans []span // of each key
}

type span struct{ from, to int }

// fetch reads what is related to the keys, and what is to be loaded with it.
func (x *relation[P, C]) fetch(ctx context.Context, h Handle, g groups) (out fetched[C], err error) {
	out.spans = make([]span, g.len())
	where, err := x.picked(ctx)
	if err != nil {
		return out, err
	}
	r := x.to.On(h)
	out.rows = make([]C, 0, min(4*g.len(), 1024))
	for some := range g.chunks(r.db) {
		if err := x.read(ctx, r, some, where, g.index, &out); err != nil {
			return out, err
		}
	}
	return out, r.Load(ctx, out.rows, x.loads...)
}

// picked returns which related rows count.
func (x *relation[P, C]) picked(ctx context.Context) (where Filter[C], err error) {
	where = x.only
	for _, rule := range x.rules {
		if where, err = scope(ctx, rule, where); err != nil {
			return where, err
		}
	}
	return where, nil
}

func (x *relation[P, C]) read(ctx context.Context, r Repository[C], keys []any, where Filter[C], index map[key]int, out *fetched[C]) error {
	b := newBuilder(r.db.dialect)
	defer b.release()
	if err := x.selection(b, r, keys, where); err != nil {
		return err
	}
	// The key are the columns their, or it comes in front of the others.
	columns := r.p.columns
	var front keyCells
	if x.via != nil {
		front = newKeyCells(x.via.own)
		columns = append(front.columns(), columns...)
	}
	rows, err := r.c.Query(ctx, r.call(b, columns))
	if err != nil {
		return classify(err, r.t)
	}
	defer rows.Close()
	dest := make([]any, len(columns))
	skip := front.addresses(dest)
	at, last := -1, key{}
	for rows.Next() {
		var zero C
		out.rows = append(out.rows, zero)
		n := len(out.rows)
		row := &out.rows[n-1]
		r.t.dest(dest[skip:], row)
		if err := rows.Scan(dest); err != nil {
			return classify(err, r.t)
		}
		k := front.key()
		if skip == 0 {
			k, _ = keyOf(x.their, unsafe.Pointer(row))
		}
		if at < 0 || k != last {
			var ok bool
			if at, ok = index[k]; !ok {
				return fault.Errorf(fault.Internal, "%s: a row came back that was not asked for", r.t.name)
			}
			last, out.spans[at].from = k, n-1
		}
		out.spans[at].to = n
	}
	return classify(rows.Err(), r.t)
}
