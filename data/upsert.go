package data

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unsafe"

	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
)

// Upsert stores v as a new row, or over the row that has the same values in the
// match columns, and reports whether it is new. It is one statement, so that of
// any number of callers one creates the row and all others find it. Afterwards
// v is the row as it is stored.
//
// A row that is there keeps its ID, its CreatedAt, its slug and its one-time
// codes; every other column takes v's value, and UpdatedAt and the number of
// Versioned move on if one of them really changes, whatever they are in v. A new
// row is filled in like Add does. A row that is out of the scope of r is not
// changed: that is fault.Conflict. A row marked as deleted is in scope
// WithDeleted only. In a table with encrypted columns, and by other columns than
// the primary key, it takes two statements in one transaction, and the number of
// Versioned moves by two if both change something.
//
// match names the columns of one unique constraint of the table, and means the
// primary key if it is empty; others panic, the first test that runs finds the
// mistake. A NULL matches nothing, not even another NULL, so it is
// fault.Invalid in a match column. A taken value of other unique columns is
// fault.Conflict.
func (r Repository[T]) Upsert(ctx context.Context, v *T, match ...string) (created bool, err error) {
	return one(r.upsert(ctx, unsafe.Slice(v, 1), r.t.constraint(match), r.settable()))
}

// UpsertAll is Upsert of each of vs, all or none, in a time that grows with
// their number. It reports in the order of vs which are new. Two of vs with the
// same values in the match columns contradict each other: that is
// fault.Invalid. On PostgreSQL two calls that meet in the same rows in another
// order may fail with fault.Unavailable, like any transactions that do.
func (r Repository[T]) UpsertAll(ctx context.Context, vs []T, match ...string) (created []bool, err error) {
	return r.upsert(ctx, vs, r.t.constraint(match), r.settable())
}

// UpsertOptions say what an upsert matches by and what it overwrites.
type UpsertOptions struct {
	Match []string // the columns of one unique constraint; empty means the primary key
	Set   []string // the columns that a row which is there takes; empty means all, as with Upsert
}

// UpsertWith is UpsertAll that overwrites only the columns o.Set of rows that
// are there. New rows take all columns. A column of Set that does not exist, is
// matched by or is the primary key panics.
func (r Repository[T]) UpsertWith(ctx context.Context, vs []T, o UpsertOptions) (created []bool, err error) {
	match := r.t.constraint(o.Match)
	if len(o.Set) == 0 {
		return r.upsert(ctx, vs, match, r.settable())
	}
	set := make([]*field, len(o.Set))
	for i, c := range o.Set {
		f := r.t.mustField(c)
		if f.primary || f.code || slices.Contains(match, f) || slices.Contains(set[:i], f) {
			panic(fmt.Sprintf("data: table %s: an upsert cannot set %s, or it comes twice", r.t.name, c))
		}
		set[i] = f
	}
	return r.upsert(ctx, vs, match, set)
}

// GetOrAdd fills v with the row that has the same values in the match columns,
// or stores v like Add if there is none, and reports whether it did. It changes
// no row. match is as with Upsert.
func (r Repository[T]) GetOrAdd(ctx context.Context, v *T, match ...string) (created bool, err error) {
	fs := r.t.constraint(match)
	where := make([]Filter[T], len(fs))
	for i, f := range fs {
		x := f.value(unsafe.Pointer(v))
		if x == nil {
			return false, nullMatch(f)
		}
		where[i] = Filter[T]{&node{op: opEq, f: f, v: x}}
	}
	found, err := r.first(ctx, All(where...), "")
	if err == nil {
		r.t.fill(v, &found)
		return false, nil
	}
	if fault.KindOf(err) != fault.NotFound {
		return false, err
	}
	return one(r.upsert(ctx, unsafe.Slice(v, 1), fs, nil)) // another may be faster
}

func one(created []bool, err error) (bool, error) { return err == nil && created[0], err }

// upsert stores vs. Rows that are there take the columns of set.
func (r Repository[T]) upsert(ctx context.Context, vs []T, match, set []*field) ([]bool, error) {
	if len(vs) == 0 {
		return nil, nil
	}
	if r.t.unnumbered(vs) {
		var created []bool
		err := r.numbered(ctx, vs, func(r Repository[T]) (err error) {
			created, err = r.upsert(ctx, vs, match, set)
			return err
		})
		return created, err
	}
	u := upserting[T]{
		vs: vs, match: match, now: r.db.Now(), width: len(r.t.fields),
		made: make([]bool, len(vs)), created: make([]bool, len(vs)),
	}
	u.set = slices.DeleteFunc(set, func(f *field) bool { return slices.Contains(match, f) })
	u.alive = r.t.isAlive(match)
	u.hidden = r.scoped() != nil
	slugless, err := u.prepare(r)
	if err != nil {
		return nil, err
	}
	later := u.sealedLater(r)
	err = r.retrySlug(ctx, slugless, func(r Repository[T]) error {
		if err := u.bind(r); err != nil {
			return err
		}
		if later != nil {
			return r.together(ctx, func(r Repository[T]) error { return u.runSealed(ctx, r, later) })
		}
		if len(vs) == 1 && !u.asks(r) {
			return u.run(ctx, r, 0, 1)
		}
		return r.together(ctx, func(r Repository[T]) error {
			return u.runAll(ctx, r)
		})
	})
	if err != nil {
		return nil, err
	}
	for i := range vs {
		r.t.fill(&vs[i], &u.found.rows[i])
	}
	return u.created, nil
}

// An upserting is one call of upsert.
type upserting[T any] struct {
	vs         []T
	match, set []*field
	now        time.Time
	width      int
	args       []any     // the values of all vs
	made       []bool    // the ID was made by this call
	known      []bool    // the row was there, if this was asked
	created    []bool    // the row is new
	found      *found[T] // the rows as they are now
	list       string    // of the columns that come back
	alive      bool      // match is unique among rows that are not marked as deleted
	hidden     bool      // rows may be out of scope
}

// prepare fills vs in, and returns those that need slugs.
func (u *upserting[T]) prepare(r Repository[T]) (slugless []*T, err error) {
	for i := range u.vs {
		v := &u.vs[i]
		for _, f := range u.match {
			if f.column.Null && f.value(unsafe.Pointer(v)) == nil {
				return nil, nullMatch(f)
			}
		}
		u.made[i] = r.stamp(v, u.now)
		if r.t.slugless(v) {
			slugless = append(slugless, v)
		}
	}
	return slugless, nil
}

// bind finds what is wrong with vs before anything is written.
func (u *upserting[T]) bind(r Repository[T]) (err error) {
	u.args = make([]any, len(u.vs)*u.width)
	for i := range u.vs {
		if err := r.t.values(r.db.dialect, &u.vs[i], u.args[i*u.width:(i+1)*u.width]); err != nil {
			return err
		}
	}
	if u.found, err = newFound(r.t, u.vs, u.match); err != nil {
		return err
	}
	if u.hidden {
		u.found.lost = r.errOutOfScope(u.match)
	}
	u.list = r.p.list
	if r.db.dialect.Verbatim {
		u.list = u.found.know(u.set)
	}
	return nil
}

// maxListed is how many rows one statement writes at most as lists.
const maxListed = 1000

// runAll stores all of vs.
func (u *upserting[T]) runAll(ctx context.Context, r Repository[T]) error {
	all := len(u.vs)
	if !r.t.inLists(r.db.dialect, all) {
		return chunks(all, r.perStatement(u.width), func(i, n int) error { return u.run(ctx, r, i, n) })
	}
	for i := 0; i < all; i += maxListed { // the statement is the same for any number
		if err := u.run(ctx, r, i, min(maxListed, all-i)); err != nil {
			return err
		}
	}
	return nil
}

// run stores n of vs from i on, and learns which of them are new.
//
// PostgreSQL tells. SQLite does not, but a row that comes back with an ID that
// this call made can only be the one it added, since nobody else has that ID.
// An ID that the caller chose proves nothing: there, rows that exist before the
// statement are sent twice by it, and so come back twice. SQLite reads them all
// before it writes the first, and nobody writes in between.
func (u *upserting[T]) run(ctx context.Context, r Repository[T], i, n int) error {
	b := newBuilder(r.db.dialect)
	defer b.release()
	told := b.d.Inserted != ""
	twice := !told && slices.Contains(u.made[i:i+n], false)
	if twice && u.hidden {
		// An update may take the row out of scope, so that it comes back once.
		if err := u.ask(ctx, r, i, n); err != nil {
			return err
		}
		twice = false
	}
	if err := u.statement(b, r, u.args[i*u.width:(i+n)*u.width], twice); err != nil {
		return err
	}
	var columns []driver.Column
	for _, f := range u.found.asked {
		columns = append(columns, f.column)
	}
	inserted := false
	var extra []any
	if told {
		columns = append(columns, driver.Column{Name: "inserted", Kind: driver.Bool})
		extra = []any{&inserted}
	}
	return u.found.read(ctx, r, r.call(b, columns), i, n, extra, func(k, times int, row *T) {
		for _, f := range u.found.known {
			f.copyPlain(unsafe.Pointer(row), unsafe.Pointer(&u.vs[k]))
		}
		switch {
		case told:
			u.created[k] = inserted
		case u.known != nil:
			u.created[k] = !u.known[k]
		case twice:
			u.created[k] = times == 1
		default:
			u.created[k] = r.t.sameID(row, &u.vs[k])
		}
	})
}

// asks reports whether run asks which rows are there before it writes, which
// must be one transaction.
func (u *upserting[T]) asks(r Repository[T]) bool {
	return u.hidden && r.db.dialect.Inserted == "" && slices.Contains(u.made, false)
}

// ask finds out which of n of vs from i on are there, in any scope.
func (u *upserting[T]) ask(ctx context.Context, r Repository[T], i, n int) error {
	r.base, r.lock = Filter[T]{}, ""
	if r.t.deleted != nil && !u.alive {
		r.seen = allRows
	}
	if u.known == nil {
		u.known = make([]bool, len(u.vs))
	}
	where := make([]Filter[T], len(u.match))
	for k := i; k < i+n; k++ {
		for m, f := range u.match {
			where[m] = Filter[T]{&node{op: opEq, f: f, v: f.value(unsafe.Pointer(&u.vs[k]))}}
		}
		var err error
		if u.known[k], err = r.Exists(ctx, where...); err != nil {
			return err
		}
	}
	return nil
}

func (u *upserting[T]) statement(b *builder, r Repository[T], args []any, twice bool) error {
	table := r.p.table
	b.text("INSERT INTO ").text(table).text(" (").text(r.p.list).text(") ")
	if twice {
		b.text("WITH " + sent + " (").text(r.p.list).text(") AS (")
	}
	r.t.sentRows(b, args)
	if twice {
		b.text(") SELECT * FROM " + sent + " UNION ALL SELECT * FROM " + sent + " WHERE EXISTS (SELECT 1 FROM ").text(table)
		for i, f := range u.match {
			b.text([]string{" WHERE ", " AND "}[min(i, 1)]).text(table).text(".").name(f).text(" = " + sent + ".").name(f)
		}
		if u.alive {
			b.text(" AND ").text(table).text(".").name(r.t.deleted).text(" IS NULL")
		}
		b.text(")")
	}
	b.text(" ON CONFLICT (")
	for i, f := range u.match {
		if i > 0 {
			b.text(", ")
		}
		b.name(f)
	}
	b.text(")")
	if u.alive {
		b.text(" WHERE ").name(r.t.deleted).text(" IS NULL")
	}
	b.text(" DO UPDATE SET ")
	set := u.set
	if len(set) == 0 {
		set = u.match[:1] // nothing changes, but the row is returned
	}
	cells := make([]cell, len(set))
	for i, f := range set {
		cells[i] = cell{f, `excluded."` + f.column.Name + `"`}
	}
	if err := r.assign(b, cells, len(u.set) > 0, u.now); err != nil {
		return err
	}
	if err := r.inScope(b); err != nil {
		return err
	}
	b.text(" RETURNING ").text(u.list)
	if b.d.Inserted != "" {
		b.text(", ").text(b.d.Inserted)
	}
	return nil
}

// constraint returns the columns that an upsert matches by.
func (t *Table[T]) constraint(match []string) []*field {
	if len(match) == 0 {
		if t.primary == nil {
			panic(fmt.Sprintf("data: table %s has no primary key to match by", t.name))
		}
		return t.primary
	}
	fs := make([]*field, len(match))
	for i, c := range match {
		fs[i] = t.mustField(c)
	}
	if len(fs) == 1 && fs[0] == t.id {
		return fs
	}
	want := slices.Sorted(slices.Values(match))
	for _, u := range slices.Concat([][]string{columnsOf(t.primary)}, t.uniques, t.alive) {
		if slices.Equal(slices.Sorted(slices.Values(u)), want) {
			return fs
		}
	}
	panic(fmt.Sprintf("data: table %s: nothing keeps %s unique", t.name, strings.Join(match, ", ")))
}

// isAlive reports whether the columns are unique only among the rows that are
// not marked as deleted.
func (t *Table[T]) isAlive(match []*field) bool {
	same := func(u []string) bool {
		return len(u) == len(match) && !slices.ContainsFunc(match, func(f *field) bool { return !slices.Contains(u, f.column.Name) })
	}
	return !(len(match) == 1 && match[0] == t.id) && !slices.ContainsFunc(t.uniques, same) && slices.ContainsFunc(t.alive, same)
}

func nullMatch(f *field) error {
	return fault.Field(f.json, "may not be null, as rows are matched by it")
}
