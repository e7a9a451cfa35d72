package data

import (
	"context"
	"iter"
	"math"
	"slices"
	"strconv"
	"unsafe"

	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
)

// A Query picks rows of T. The zero Query is the first page of all of them.
type Query[T any] struct {
	Where  Filter[T]
	Order  []Order[T] // ends in the primary key by itself, so that pages are stable
	Limit  int        // 0 means DefaultLimit, negative means all
	Offset int        // rows to pass over; negative means none
	Count  bool       // count all rows that Where picks, too

	// Estimate lets Count be a guess where the count would be slow, and costs
	// hardly more than no count: see Page.Estimated. Without Count it means nothing.
	Estimate bool

	// Keyset asks for Page.Next, and so for the first of a row of pages that are
	// found by the last row of the one before: each costs the same, however far
	// the list goes, and rows that come or go do not move the others.
	Keyset bool
	After  Cursor // only rows after this place, which is Page.Next of a query with the same Order; implies Keyset

	Load []Load[T] // relations to load into the rows
}

// DefaultLimit is how many rows a page has unless the query says.
const DefaultLimit = 20

// A Page is one page of rows.
type Page[T any] struct {
	Items  []T
	Total  int // rows in all pages, if the query asked for Count
	Limit  int
	Offset int
	Next   Cursor // where the next page begins, if the query asked for Keyset; "" if there is none

	// Estimated says that Total is a guess, which only Query.Estimate allows. It
	// contradicts no page: rows seen are counted. On PostgreSQL it is what the
	// planner expects from its statistics. SQLite's planner does not tell, so
	// there Total is exact up to EstimateAbove, and where there are more rows it
	// is EstimateAbove and means at least as many.
	Estimated bool
}

// EstimateAbove is how many rows SQLite counts before it estimates.
const EstimateAbove = 10_000

// A Repository reads and stores rows of T. It holds no rules of business, only
// those of the table. Get one from Table.On; it is small and cheap.
type Repository[T any] struct {
	t     *Table[T]
	p     *plan
	db    *DB
	c     driver.Conn
	tx    *Tx       // that c belongs to; nil outside of one
	base  Filter[T] // what Where added
	seen  rowsSeen  // of those that are marked as deleted
	lock  string    // what Locking adds to a SELECT
	loads []Load[T] // with every row that is read
	hits  hits      // what an index knows of the search that it is about to make
}

// Get returns the row that key names, or fault.NotFound. A key of another kind
// than the table's is fault.Internal, here and in every other method.
func (r Repository[T]) Get(ctx context.Context, key Key[T]) (T, error) {
	if !r.plain() {
		return r.GetBy(ctx, byKey(r.t, key))
	}
	args, err := r.t.keyArgs(r.db.dialect, key)
	if err != nil {
		var zero T
		return zero, err
	}
	v, err := r.one(ctx, driver.Call{Statement: r.p.byKey, Args: args})
	return r.loaded(ctx, v, err)
}

// GetBy returns the one row that holds to every filter. None is
// fault.NotFound, several are fault.Conflict.
func (r Repository[T]) GetBy(ctx context.Context, where ...Filter[T]) (T, error) {
	v, err := r.first(ctx, All(where...), r.lock)
	return r.loaded(ctx, v, err)
}

// Find is GetBy that reports whether there is such a row, and takes none for no
// error. Several are fault.Conflict.
func (r Repository[T]) Find(ctx context.Context, where ...Filter[T]) (v T, found bool, err error) {
	v, err = r.GetBy(ctx, where...)
	if fault.KindOf(err) == fault.NotFound {
		return v, false, nil
	}
	return v, err == nil, err
}

// Lock is GetBy for a row that this transaction is going to change: nobody else
// can change it until the transaction ends. Locking says how, if not like this.
func (r Repository[T]) Lock(ctx context.Context, where ...Filter[T]) (T, error) {
	if r.lock == "" {
		r.lock = r.db.dialect.Lock
	}
	return r.GetBy(ctx, where...)
}

func (r Repository[T]) first(ctx context.Context, where Filter[T], suffix string) (T, error) {
	b := newBuilder(r.db.dialect)
	defer b.release()
	b.text("SELECT ").text(r.p.list).text(" FROM ").text(r.p.table)
	if err := b.where(r.scoped(where)); err != nil {
		var zero T
		return zero, err
	}
	b.text(" LIMIT 2").text(suffix)
	return r.one(ctx, r.call(b, r.p.columns))
}

// one reads a single row.
func (r Repository[T]) one(ctx context.Context, c driver.Call) (v T, err error) {
	rows, err := r.c.Query(ctx, c)
	if err != nil {
		return v, classify(err, r.t)
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return v, classify(err, r.t)
		}
		return v, r.notFound()
	}
	if err := rows.Scan(r.t.dest(spare(c.Args, len(r.t.fields)), &v)); err != nil {
		return v, classify(err, r.t)
	}
	if rows.Next() {
		return v, fault.Errorf(fault.Conflict, "%s: several rows where one was expected", r.t.name)
	}
	return v, classify(rows.Err(), r.t)
}

func (r Repository[T]) notFound() error {
	return fault.Errorf(fault.NotFound, "%s: not found", r.t.name)
}

// Exists reports whether any row holds to every filter.
func (r Repository[T]) Exists(ctx context.Context, where ...Filter[T]) (bool, error) {
	b := newBuilder(r.db.dialect)
	defer b.release()
	b.text("SELECT 1 FROM ").text(r.p.table)
	if err := b.where(r.scoped(where...)); err != nil {
		return false, err
	}
	b.text(" LIMIT 1")
	n, err := r.number(ctx, r.call(b, countColumns))
	return n == 1, err
}

// Count returns how many rows hold to every filter.
func (r Repository[T]) Count(ctx context.Context, where ...Filter[T]) (n int, err error) {
	if r.hits, err = r.look(ctx, All(where...), true); err != nil {
		return 0, err
	}
	b := newBuilder(r.db.dialect)
	defer b.release()
	if err := r.count(b, All(where...)); err != nil {
		return 0, err
	}
	return r.number(ctx, r.call(b, countColumns))
}

var countColumns = []driver.Column{{Name: "n", Kind: driver.Int}}

func (r Repository[T]) count(b *builder, where Filter[T]) error {
	b.hits = r.hits
	b.text("SELECT count(*) FROM ").text(r.p.table)
	return b.where(r.scoped(where))
}

// number reads a single number, 0 if there is no row.
func (r Repository[T]) number(ctx context.Context, c driver.Call) (n int, err error) {
	rows, err := r.c.Query(ctx, c)
	if err != nil {
		return 0, classify(err, r.t)
	}
	defer rows.Close()
	if rows.Next() {
		if err := rows.Scan([]any{&n}); err != nil {
			return 0, classify(err, r.t)
		}
	}
	return n, classify(rows.Err(), r.t)
}

// List returns the page of rows that q picks. With Count the page and the total
// are two statements that travel together. A Query.After that is not a cursor
// of the same table and order is fault.Malformed.
func (r Repository[T]) List(ctx context.Context, q Query[T]) (Page[T], error) {
	page, err := r.page(ctx, q)
	if err == nil && len(r.loads)+len(q.Load) > 0 {
		err = r.Load(ctx, page.Items, slices.Concat(r.loads, q.Load)...)
	}
	return page, err
}

func (r Repository[T]) page(ctx context.Context, q Query[T]) (Page[T], error) {
	if q.Limit == 0 {
		q.Limit = DefaultLimit
	}
	page := Page[T]{Limit: max(q.Limit, 0), Offset: max(q.Offset, 0)}
	var err error
	if r.hits, err = r.look(ctx, q.Where, q.Count && !q.Estimate); err != nil {
		return page, err
	}
	if (q.Keyset || q.After != "") && q.Limit > 0 {
		return r.keyset(ctx, q)
	}
	return r.list(ctx, q, page)
}

// keyset reads a row more than the page has, to know whether another follows.
func (r Repository[T]) keyset(ctx context.Context, q Query[T]) (Page[T], error) {
	if r.t.primary == nil {
		panic("data: table " + r.t.name + " has no primary key, and so no certain order")
	}
	page := Page[T]{Limit: q.Limit, Offset: max(q.Offset, 0)}
	if err := certain(q.Order); err != nil {
		return page, err
	}
	q.Limit = min(q.Limit, math.MaxInt32) + 1
	page, err := r.list(ctx, q, page)
	if err != nil || len(page.Items) < q.Limit {
		return page, err
	}
	page.Items = page.Items[:q.Limit-1]
	page.Next, err = r.t.cursor(r.t.keys(nil, q.Order), &page.Items[q.Limit-2])
	return page, err
}

func (r Repository[T]) list(ctx context.Context, q Query[T], page Page[T]) (Page[T], error) {
	sel, err := r.selection(q)
	if err != nil {
		return page, err
	}
	if !q.Count {
		rows, err := r.c.Query(ctx, sel)
		if err != nil {
			return page, classify(err, r.t)
		}
		defer rows.Close()
		page.Items, err = r.t.collect(rows, q.Limit)
		return page, classify(err, r.t)
	}
	if q.Estimate && r.hits.Head == "" { // or counting is as cheap
		return r.listEstimated(ctx, q, sel, page)
	}
	if r.hits.Head != "" { // rare as they are, they mostly fit in the first page
		return r.listFew(ctx, q, sel, page)
	}
	b := newBuilder(r.db.dialect)
	defer b.release()
	if err := r.count(b, q.Where); err != nil {
		return page, err
	}
	err = r.c.Batch(ctx, []driver.Call{sel, r.call(b, countColumns)}, func(i int, rows driver.Rows) (err error) {
		if i == 0 {
			page.Items, err = r.t.collect(rows, q.Limit)
			return err
		}
		for rows.Next() {
			if err := rows.Scan([]any{&page.Total}); err != nil {
				return err
			}
		}
		return rows.Err()
	})
	return page, classify(err, r.t)
}

// listFew counts only if the page does not tell how many rows there are.
func (r Repository[T]) listFew(ctx context.Context, q Query[T], sel driver.Call, page Page[T]) (Page[T], error) {
	rows, err := r.c.Query(ctx, sel)
	if err != nil {
		return page, classify(err, r.t)
	}
	page.Items, err = r.t.collect(rows, q.Limit)
	rows.Close()
	if err != nil {
		return page, classify(err, r.t)
	}
	if n := len(page.Items); q.After == "" && (n > 0 || page.Offset == 0) && (q.Limit < 0 || n < q.Limit) {
		page.Total = page.Offset + n
		return page, nil
	}
	b := newBuilder(r.db.dialect)
	defer b.release()
	if err := r.count(b, q.Where); err != nil {
		return page, err
	}
	page.Total, err = r.number(ctx, r.call(b, countColumns))
	return page, err
}

// Each yields the rows that q picks one by one, without holding them all. Limit
// 0 means all rows here. The database stays busy with it until the loop ends,
// unless relations are loaded: then it holds some hundred rows, which it reads
// by [Query.Keyset] and loads at once.
func (r Repository[T]) Each(ctx context.Context, q Query[T]) iter.Seq2[T, error] {
	if len(r.loads)+len(q.Load) > 0 {
		return r.eachLoaded(ctx, q)
	}
	return func(yield func(T, error) bool) {
		var zero T
		if q.Limit == 0 {
			q.Limit = -1
		}
		sel, err := r.selection(q)
		if err != nil {
			yield(zero, err)
			return
		}
		rows, err := r.c.Query(ctx, sel)
		if err != nil {
			yield(zero, classify(err, r.t))
			return
		}
		defer rows.Close()
		dest := make([]any, len(r.t.fields))
		for rows.Next() {
			var v T
			if err := rows.Scan(r.t.dest(dest, &v)); err != nil {
				yield(zero, classify(err, r.t))
				return
			}
			if !yield(v, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(zero, classify(err, r.t))
		}
	}
}

// maxWritten is the largest limit that is written into the text. PostgreSQL then
// keeps its plan, where it plans each run with LIMIT $1 anew, a fifth of the time
// of a page. This is for queries without a filter only: where values choose the
// rows, a plan for each run is what keeps rare ones fast.
const maxWritten = 128

func (r Repository[T]) selection(q Query[T]) (driver.Call, error) {
	b := newBuilder(r.db.dialect)
	defer b.release()
	if r.hits.Rows <= fewFound {
		b.hits = r.hits
	}
	b.text("SELECT ").text(r.p.list).text(" FROM ").text(r.p.table)
	var some [4]Order[T]
	orders := r.t.keys(some[:0], q.Order)
	plain := q.Where.IsZero() && r.base.IsZero()
	if q.After != "" {
		after, err := r.t.after(orders, q.After)
		if err != nil {
			return driver.Call{}, err
		}
		q.Where = All(q.Where, Filter[T]{after})
	}
	if err := b.where(r.scoped(q.Where)); err != nil {
		return driver.Call{}, err
	}
	for i, o := range orders {
		if i == 0 {
			b.text(" ORDER BY ")
		} else {
			b.text(", ")
		}
		o.write(b)
	}
	if q.Limit <= 0 && q.Offset > 0 {
		q.Limit = math.MaxInt64 // SQLite has no OFFSET without a LIMIT
	}
	if q.Limit > 0 {
		b.text(" LIMIT ")
		if plain && q.Limit <= maxWritten {
			b.text(strconv.Itoa(q.Limit))
		} else {
			b.param(int64(q.Limit))
		}
	}
	if q.Offset > 0 {
		b.text(" OFFSET ")
		b.param(int64(q.Offset))
	}
	b.text(r.lock)
	return r.call(b, r.p.columns), nil
}

func (r Repository[T]) call(b *builder, columns []driver.Column) driver.Call {
	return driver.Call{Statement: r.p.others.get(b.buf, columns), Args: b.args}
}

// dest fills out with the addresses of v's columns.
func (t *Table[T]) dest(out []any, v *T) []any {
	p := unsafe.Pointer(v)
	if t.extra != nil {
		*t.extra.at(p) = Extra{}
	}
	for i, f := range t.fields {
		out[i] = f.at(p)
	}
	return out
}

func (t *Table[T]) collect(rows driver.Rows, limit int) ([]T, error) {
	out := make([]T, 0, min(max(limit, 8), 128))
	dest := make([]any, len(t.fields))
	for rows.Next() {
		var zero T
		out = append(out, zero)
		if err := rows.Scan(t.dest(dest, &out[len(out)-1])); err != nil {
			return nil, err
		}
	}
	return out, rows.Err()
}

func (t *Table[T]) idField() *field {
	if t.id == nil {
		panic("data: table " + t.name + " has no primary key of one column")
	}
	return t.id
}
