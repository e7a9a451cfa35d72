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
// A row that is there keeps its ID and its CreatedAt; every other column takes
// v's value, and UpdatedAt moves on if one of them really changes, whatever it
// is in v. A new row is filled in like Add does. In a table with encrypted
// columns, and by other columns than the primary key, it takes two statements
// in one transaction. One-time codes of a row that is there stay.
//
// match names the columns of one unique constraint of the table, and means the
// primary key if it is empty; others panic, the first test that runs finds the
// mistake. A NULL matches nothing, not even another NULL, so it is
// fault.Invalid in a match column. A taken value of other unique columns is
// fault.Conflict.
func (r Repository[T]) Upsert(ctx context.Context, v *T, match ...string) (created bool, err error) {
	return one(r.upsert(ctx, unsafe.Slice(v, 1), r.t.constraint(match), true))
}

// UpsertAll is Upsert of each of vs, all or none, in a time that grows with
// their number. It reports in the order of vs which are new. Two of vs with the
// same values in the match columns contradict each other: that is
// fault.Invalid. On PostgreSQL two calls that meet in the same rows in another
// order may fail with fault.Unavailable, like any transactions that do.
func (r Repository[T]) UpsertAll(ctx context.Context, vs []T, match ...string) (created []bool, err error) {
	return r.upsert(ctx, vs, r.t.constraint(match), true)
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
	return one(r.upsert(ctx, unsafe.Slice(v, 1), fs, false)) // another may be faster
}

func one(created []bool, err error) (bool, error) { return err == nil && created[0], err }

// upsert stores vs. Rows that are there change only if overwrite says so.
func (r Repository[T]) upsert(ctx context.Context, vs []T, match []*field, overwrite bool) ([]bool, error) {
	if len(vs) == 0 {
		return nil, nil
	}
	if r.t.unnumbered(vs) {
		var created []bool
		err := r.numbered(ctx, vs, func(r Repository[T]) (err error) {
			created, err = r.upsert(ctx, vs, match, overwrite)
			return err
		})
		return created, err
	}
	u := upserting[T]{
		vs: vs, match: match, now: r.db.Now(), width: len(r.t.fields),
		made: make([]bool, len(vs)), created: make([]bool, len(vs)),
	}
	if overwrite {
		u.set = slices.DeleteFunc(r.t.settable(), func(f *field) bool { return slices.Contains(match, f) })
	}
	if err := u.prepare(r); err != nil {
		return nil, err
	}
	var err error
	if later := u.sealedLater(r); later != nil {
		err = r.together(ctx, func(r Repository[T]) error { return u.runSealed(ctx, r, later) })
	} else if len(vs) == 1 {
		err = u.run(ctx, r, 0, 1)
	} else {
		err = r.together(ctx, func(r Repository[T]) error {
			return r.chunks(len(vs), u.width, func(i, n int) error { return u.run(ctx, r, i, n) })
		})
	}
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
	created    []bool    // the row is new
	found      *found[T] // the rows as they are now
}

// prepare finds what is wrong with vs before anything is written.
func (u *upserting[T]) prepare(r Repository[T]) error {
	u.args = make([]any, len(u.vs)*u.width)
	for i := range u.vs {
		v := &u.vs[i]
		for _, f := range u.match {
			if f.column.Null && f.value(unsafe.Pointer(v)) == nil {
				return nullMatch(f)
			}
		}
		u.made[i] = r.stamp(v, u.now)
		if err := r.t.values(r.db.dialect, v, u.args[i*u.width:(i+1)*u.width]); err != nil {
			return err
		}
	}
	var err error
	u.found, err = newFound(r.t, u.vs, u.match)
	return err
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
	if err := u.statement(b, r, u.args[i*u.width:(i+n)*u.width], twice); err != nil {
		return err
	}
	columns := r.p.columns
	inserted := false
	var extra []any
	if told {
		columns = append(slices.Clip(columns), driver.Column{Name: "inserted", Kind: driver.Bool})
		extra = []any{&inserted}
	}
	return u.found.read(ctx, r, r.call(b, columns), i, n, extra, func(k, times int, row *T) {
		switch {
		case told:
			u.created[k] = inserted
		case twice:
			u.created[k] = times == 1
		default:
			u.created[k] = r.t.sameID(row, &u.vs[k])
		}
	})
}

func (u *upserting[T]) statement(b *builder, r Repository[T], args []any, twice bool) error {
	table := quote(r.t.name)
	b.text("INSERT INTO ").text(table).text(" (").text(r.p.list).text(") ")
	if twice {
		b.text("WITH " + sent + " (").text(r.p.list).text(") AS (")
	}
	b.text("VALUES ").tuples(args, u.width)
	if twice {
		b.text(") SELECT * FROM " + sent + " UNION ALL SELECT * FROM " + sent + " WHERE EXISTS (SELECT 1 FROM ").text(table)
		for i, f := range u.match {
			b.text([]string{" WHERE ", " AND "}[min(i, 1)]).text(table).text(".").name(f).text(" = " + sent + ".").name(f)
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
	b.text(") DO UPDATE SET ")
	set := u.set
	if len(set) == 0 {
		set = u.match[:1] // nothing changes, but the row is returned
	}
	cells := make([]cell, len(set))
	for i, f := range set {
		cells[i] = cell{f, `excluded."` + f.column.Name + `"`}
	}
	if err := b.assign(table, cells, r.t.updated, len(u.set) > 0, u.now); err != nil {
		return err
	}
	b.text(" RETURNING ").text(r.p.list)
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
	for _, u := range append([][]string{columnsOf(t.primary)}, t.uniques...) {
		if slices.Equal(slices.Sorted(slices.Values(u)), want) {
			return fs
		}
	}
	panic(fmt.Sprintf("data: table %s: nothing keeps %s unique", t.name, strings.Join(match, ", ")))
}

func nullMatch(f *field) error {
	return fault.Field(f.json, "may not be null, as rows are matched by it")
}
