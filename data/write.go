package data

import (
	"context"
	"slices"
	"strings"
	"time"
	"unsafe"

	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
)

// Add stores v. A zero ID, whatever its kind, and zero times of Audited or Times
// are filled in. A taken
// unique value is fault.Conflict, a value that breaks the table's rules
// fault.Invalid.
func (r Repository[T]) Add(ctx context.Context, v *T) error {
	r.stamp(v, r.db.Now())
	if one := unsafe.Slice(v, 1); r.t.slugless(v) {
		if r.t.unnumbered(one) {
			return r.numbered(ctx, one, func(r Repository[T]) error { return r.Add(ctx, v) })
		}
		return r.addSlugged(ctx, []*T{v})
	} else if r.t.unnumbered(one) {
		return r.addNumbered(ctx, v)
	}
	args := make([]any, len(r.t.fields))
	if err := r.t.values(r.db.dialect, v, args); err != nil {
		return err
	}
	_, err := r.c.Exec(ctx, driver.Call{Statement: r.p.insert, Args: args})
	return classify(err, r.t)
}

// AddAll stores all of vs or none, as fast as the database can. Each is filled
// in like Add does.
func (r Repository[T]) AddAll(ctx context.Context, vs []T) error {
	if len(vs) == 0 {
		return nil
	}
	if r.t.unnumbered(vs) {
		return r.numbered(ctx, vs, func(r Repository[T]) error { return r.AddAll(ctx, vs) })
	}
	now := r.db.Now()
	var slugless []*T
	for i := range vs {
		r.stamp(&vs[i], now)
		if r.t.slugless(&vs[i]) {
			slugless = append(slugless, &vs[i])
		}
	}
	if len(slugless) > 0 {
		return r.addSome(ctx, vs, slugless)
	}
	err := r.indexing(ctx, len(vs), func(r Repository[T]) error {
		return r.c.Load(ctx, r.t.name, r.p.columns, len(vs), func(i int, args []any) error {
			return r.t.values(r.db.dialect, &vs[i], args)
		})
	})
	return classify(err, r.t)
}

// AddNew stores v unless a row with the same values in the unique columns
// exists, and reports whether it did. It never fails for a taken value of
// those. unique is as match with Upsert.
func (r Repository[T]) AddNew(ctx context.Context, v *T, unique ...string) (bool, error) {
	if one := unsafe.Slice(v, 1); r.t.unnumbered(one) {
		var added bool
		err := r.numbered(ctx, one, func(r Repository[T]) (err error) {
			added, err = r.AddNew(ctx, v, unique...)
			return err
		})
		if !added {
			*r.t.serial(v) = 0
		}
		return added, err
	}
	r.stamp(v, r.db.Now())
	var slugless []*T
	if r.t.slugless(v) {
		slugless = []*T{v}
	}
	var added bool
	err := r.retrySlug(ctx, slugless, func(r Repository[T]) (err error) {
		added, err = r.addNew(ctx, v, unique)
		return err
	})
	return added, err
}

func (r Repository[T]) addNew(ctx context.Context, v *T, unique []string) (bool, error) {
	b := newBuilder(r.db.dialect)
	defer b.release()
	b.text(r.p.insert.SQL).text(" ON CONFLICT (")
	match := r.t.constraint(unique)
	for i, f := range match {
		if i > 0 {
			b.text(", ")
		}
		b.name(f)
	}
	b.text(")")
	if r.t.isAlive(match) {
		b.text(" WHERE ").name(r.t.deleted).text(" IS NULL")
	}
	b.text(" DO NOTHING")
	args := make([]any, len(r.t.fields))
	if err := r.t.values(r.db.dialect, v, args); err != nil {
		return false, err
	}
	b.args = args
	n, err := r.c.Exec(ctx, r.call(b, nil))
	return n == 1, classify(err, r.t)
}

// Update changes the row that key names and returns it as it is now, in one
// statement. UpdatedAt and the number of Versioned move only if a column gets
// another value than it had. No such row is fault.NotFound. Without changes it
// is Get.
func (r Repository[T]) Update(ctx context.Context, key Key[T], changes ...Change[T]) (T, error) {
	return r.UpdateOne(ctx, byKey(r.t, key), changes...)
}

// UpdateOne changes the one row that where picks and returns it as it is now.
// None is fault.NotFound. Several are fault.Conflict, and then none has changed,
// unless a transaction goes on in spite of it.
func (r Repository[T]) UpdateOne(ctx context.Context, where Filter[T], changes ...Change[T]) (v T, err error) {
	b := newBuilder(r.db.dialect)
	defer b.release()
	changed, err := r.update(b, where, changes)
	if err != nil {
		return v, err
	}
	if !changed {
		return r.first(ctx, where, r.lock)
	}
	err = r.single(ctx, where, func(r Repository[T]) error {
		v, err = r.one(ctx, r.call(b, r.p.columns))
		return err
	})
	return v, err
}

// GetAndUpdate is UpdateOne that also reports whether a column got another
// value than it had. A row that has all the values already is not written.
func (r Repository[T]) GetAndUpdate(ctx context.Context, where Filter[T], changes ...Change[T]) (v T, changed bool, err error) {
	if where.IsZero() {
		return v, false, r.unfiltered("update")
	}
	other := differs(changes)
	if !other.IsZero() {
		v, err = r.UpdateOne(ctx, All(where, other), changes...)
		if fault.KindOf(err) != fault.NotFound {
			return v, err == nil, err
		}
	}
	v, err = r.GetBy(ctx, where)
	return v, false, err
}

// differs holds for rows that the changes make other than they are.
func differs[T any](changes []Change[T]) Filter[T] {
	var kids []*node
	for _, c := range changes {
		if c.sent {
			if c.f.seal != nil {
				return Filter[T]{&node{op: opAlways}} // only who has the key could tell
			}
			n := &node{op: opDiffers, f: c.f, v: c.v}
			if c.plus {
				n.sql = quote(c.f.column.Name) + " + "
			}
			kids = append(kids, n)
		}
	}
	if len(kids) == 0 {
		return Filter[T]{}
	}
	return Filter[T]{&node{op: opOr, kids: kids}}
}

// changed writes what holds for a row that the changes, which are the first
// parameters of the statement, make another version.
func (r Repository[T]) changed(b *builder, changes []Change[T]) {
	n, or := 0, ""
	for _, c := range changes {
		if !c.sent {
			continue
		}
		n++
		if c.f.quiet {
			continue
		}
		b.text(or).name(c.f).text(" IS DISTINCT FROM ")
		if c.plus {
			b.name(c.f).text(" + ").again(n)
		} else {
			b.againAs(n, r.p.table, c.f)
		}
		or = " OR "
	}
}

// UpdateWhere changes all rows that where picks and returns how many there
// were. A zero filter is refused: say Everything.
func (r Repository[T]) UpdateWhere(ctx context.Context, where Filter[T], changes ...Change[T]) (int, error) {
	b := newBuilder(r.db.dialect)
	defer b.release()
	changed, err := r.update(b, where, changes)
	if err != nil || !changed {
		return 0, err
	}
	b.buf = b.buf[:len(b.buf)-len(" RETURNING ")-len(r.p.list)]
	n, err := r.c.Exec(ctx, r.call(b, nil))
	return int(n), classify(err, r.t)
}

// update writes the statement, and reports whether anything is to change.
func (r Repository[T]) update(b *builder, where Filter[T], changes []Change[T]) (bool, error) {
	if where.IsZero() {
		return false, r.unfiltered("update")
	}
	b.text("UPDATE ").text(r.p.table).text(" SET ")
	m := moves{updated: r.t.updated, version: r.t.version}
	n, loud := 0, false
	for i, c := range changes {
		if !c.sent {
			continue
		}
		if err := r.sensible(c, changes[:i]); err != nil {
			return false, err
		}
		if c.v == nil && !c.f.column.Null {
			return false, fault.Field(c.f.json, "may not be null")
		}
		if n > 0 {
			b.text(", ")
		}
		if c.f == r.t.id && r.t.sealed {
			return false, fault.Errorf(fault.Internal, "%s: the primary key cannot be changed, as values are sealed for it", r.t.name)
		}
		b.name(c.f).text(" = ")
		if c.f.seal != nil && c.v != nil {
			if err := r.t.sealChange(b, where.n, c.f, c.v); err != nil {
				return false, err
			}
		} else if err := b.newValue(c.f, c.v, c.plus); err != nil {
			return false, err
		}
		n++
		m.leave(c.f)
		loud = loud || !c.f.quiet
	}
	if n == 0 {
		return false, nil
	}
	if loud {
		if err := m.write(b, "", r.db.Now(), func() { r.changed(b, changes) }); err != nil {
			return false, err
		}
	}
	if err := b.where(r.scoped(where)); err != nil {
		return false, err
	}
	b.text(" RETURNING ").text(r.p.list)
	return true, nil
}

// sensible refuses a change that databases would take for different things. It
// comes after those in before.
func (r Repository[T]) sensible(c Change[T], before []Change[T]) error {
	for _, o := range before {
		if o.sent && o.f == c.f {
			return fault.Errorf(fault.Internal, "%s: %s is changed twice", r.t.name, c.f.column.Name)
		}
	}
	if c.plus {
		switch c.f.column.Kind {
		case driver.Int, driver.Float, driver.Decimal:
		default:
			return fault.Errorf(fault.Internal, "%s: %s is not a number, so nothing can be added to it", r.t.name, c.f.column.Name)
		}
	}
	return nil
}

// newValue writes what f becomes: v, or v more than it is.
func (b *builder) newValue(f *field, v any, plus bool) error {
	if !plus {
		return b.arg(f, v)
	}
	head, tail := "", ""
	if f.narrow {
		head, tail, _ = strings.Cut(b.d.Narrow, "%s")
	}
	b.text(head).name(f).text(" + ")
	err := b.arg(f, v)
	b.text(tail)
	return err
}

// Delete removes the row that key names, or marks it if T embeds SoftDeleted. No
// such row is fault.NotFound.
func (r Repository[T]) Delete(ctx context.Context, key Key[T]) error {
	if !r.plain() || r.t.deleted != nil {
		n, err := r.DeleteWhere(ctx, byKey(r.t, key))
		if err == nil && n == 0 {
			err = r.notFound()
		}
		return err
	}
	args, err := r.t.keyArgs(r.db.dialect, key)
	if err != nil {
		return err
	}
	n, err := r.c.Exec(ctx, driver.Call{Statement: r.p.deleteKey, Args: args})
	if err == nil && n == 0 {
		return r.notFound()
	}
	return classify(err, r.t)
}

// DeleteOne removes the one row that where picks and returns it as it was, or as
// it is if it was marked. None is fault.NotFound. Several are fault.Conflict,
// and then none is gone, unless a transaction goes on in spite of it.
func (r Repository[T]) DeleteOne(ctx context.Context, where Filter[T]) (v T, err error) {
	b := newBuilder(r.db.dialect)
	defer b.release()
	if err := r.delete(b, where); err != nil {
		return v, err
	}
	err = r.single(ctx, where, func(r Repository[T]) error {
		v, err = r.one(ctx, r.call(b, r.p.columns))
		return err
	})
	return v, err
}

// DeleteReturning is DeleteWhere that returns the rows, in no particular order,
// as they were, or as they are if they were marked. A list of more values than a
// statement may have parameters is worked off in parts, all or none.
func (r Repository[T]) DeleteReturning(ctx context.Context, where Filter[T]) (out []T, err error) {
	n, width := where.n, 1
	if n != nil && n.op == opKeys {
		width = len(n.kids)
	}
	size := r.db.listSize(width) * width
	if n == nil || n.op != opIn && n.op != opKeys || len(n.vs) <= size {
		return r.deleteReturning(ctx, where)
	}
	err = r.together(ctx, func(r Repository[T]) error {
		for some := range slices.Chunk(n.vs, size) {
			part := *n
			part.vs = some
			rows, err := r.deleteReturning(ctx, Filter[T]{&part})
			if err != nil {
				return err
			}
			out = append(out, rows...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (r Repository[T]) deleteReturning(ctx context.Context, where Filter[T]) ([]T, error) {
	b := newBuilder(r.db.dialect)
	defer b.release()
	if err := r.delete(b, where); err != nil {
		return nil, err
	}
	rows, err := r.c.Query(ctx, r.call(b, r.p.columns))
	if err != nil {
		return nil, classify(err, r.t)
	}
	defer rows.Close()
	out, err := r.t.collect(rows, 0)
	if err != nil {
		return nil, classify(err, r.t)
	}
	return out, classify(rows.Close(), r.t) // a write may fail at its very end
}

// DeleteWhere removes all rows that where picks and returns how many there
// were. A zero filter is refused: say Everything.
func (r Repository[T]) DeleteWhere(ctx context.Context, where Filter[T]) (int, error) {
	b := newBuilder(r.db.dialect)
	defer b.release()
	if err := r.delete(b, where); err != nil {
		return 0, err
	}
	b.buf = b.buf[:len(b.buf)-len(" RETURNING ")-len(r.p.list)]
	n, err := r.c.Exec(ctx, r.call(b, nil))
	return int(n), classify(err, r.t)
}

// delete writes the statement, which returns the rows.
func (r Repository[T]) delete(b *builder, where Filter[T]) error {
	if where.IsZero() {
		return r.unfiltered("delete")
	}
	if r.t.deleted != nil {
		return r.mark(b, where)
	}
	b.text("DELETE FROM ").text(r.p.table)
	err := b.where(r.scoped(where))
	b.text(" RETURNING ").text(r.p.list)
	return err
}

// later writes the next value of a time column: now, or just after the stored
// value if that is not before now. prefix is what the column's name needs in
// front of it.
func (b *builder) later(prefix string, f *field, now time.Time) error {
	head, rest, _ := strings.Cut(b.d.Later, "%s")
	mid, tail, _ := strings.Cut(rest, "%s")
	b.text(head)
	if err := b.arg(f, now); err != nil {
		return err
	}
	b.text(mid).text(prefix).name(f).text(tail)
	return nil
}

// stamp fills in what Add makes up: the ID and the times. It reports whether it
// made the ID.
func (r Repository[T]) stamp(v *T, now time.Time) (made bool) {
	p := unsafe.Pointer(v)
	switch f := r.t.id; r.t.kind {
	case uuidKey:
		if id := (*[16]byte)(unsafe.Add(p, f.offset)); *id == [16]byte{} {
			*id, made = r.db.newID(r.t.uuids, now), true
		}
	case nanoKey:
		if id := (*string)(unsafe.Add(p, f.offset)); *id == "" {
			*id, made = newNanoID(), true
		}
	}
	for _, f := range [...]*field{r.t.created, r.t.updated} {
		if f != nil && !f.column.Null {
			at := (*time.Time)(unsafe.Add(p, f.offset))
			if at.IsZero() {
				*at = now
			}
		}
	}
	if f := r.t.version; f != nil {
		if n := (*Version)(unsafe.Add(p, f.offset)); n.IsZero() {
			*n = 1
		}
	}
	return made
}

// values fills args with the values of v's columns. Times are cut to what the
// database stores in v too, so that v is what a read would return.
func (t *Table[T]) values(d *driver.Dialect, v *T, args []any) (err error) {
	p := unsafe.Pointer(v)
	for i, f := range t.fields {
		if i > 0 && f.isPlainTime() && t.fields[i-1].isPlainTime() && *f.plainTime(p) == *t.fields[i-1].plainTime(p) {
			args[i] = args[i-1] // new rows have two times that are one
			continue
		}
		if args[i], err = f.bindAt(d, p); err != nil {
			return err
		}
	}
	return nil
}

// isPlainTime reports whether the value in a struct is a time.Time as it is.
func (f *field) isPlainTime() bool {
	return f.column.Kind == driver.Time && !f.column.Null && !f.indirect && f.own == nil && f.reach == nil
}

// plainTime returns that time in the struct at p.
func (f *field) plainTime(p unsafe.Pointer) *time.Time {
	return (*time.Time)(unsafe.Add(p, f.offset))
}

// versioned adds that the row must be in the state v.
func versioned[T any](t *Table[T], where Filter[T], v Version) Filter[T] {
	switch {
	case v.IsZero():
		return where
	case t.version != nil:
		return All(where, Filter[T]{&node{op: opEq, f: t.version, v: int64(v)}})
	case t.updated == nil:
		return where
	}
	return All(where, Filter[T]{&node{op: opEq, f: t.updated, v: time.UnixMicro(int64(v)).UTC()}})
}
