package data

import (
	"context"
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
	if r.t.unnumbered(unsafe.Slice(v, 1)) {
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
	for i := range vs {
		r.stamp(&vs[i], now)
	}
	err := r.c.Load(ctx, r.t.name, r.p.columns, len(vs), func(i int, args []any) error {
		return r.t.values(r.db.dialect, &vs[i], args)
	})
	return classify(err, r.t)
}

// AddNew stores v unless a row with the same values in the unique columns
// exists, and reports whether it did. It never fails for a taken value.
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
	b := newBuilder(r.db.dialect)
	defer b.release()
	b.text(r.p.insert.SQL).text(" ON CONFLICT (")
	for i, c := range unique {
		if i > 0 {
			b.text(", ")
		}
		b.name(r.t.mustField(c))
	}
	b.text(") DO NOTHING")
	args := make([]any, len(r.t.fields))
	if err := r.t.values(r.db.dialect, v, args); err != nil {
		return false, err
	}
	b.args = args
	n, err := r.c.Exec(ctx, r.call(b, nil))
	return n == 1, classify(err, r.t)
}

// Update changes the row that key names and returns it as it is now,
// in one statement. No such row is fault.NotFound. Without changes it is Get.
func (r Repository[T]) Update(ctx context.Context, key Key[T], changes ...Change[T]) (T, error) {
	return r.UpdateOne(ctx, byKey(r.t, key), changes...)
}

// UpdateOne changes the one row that where picks and returns it as it is now.
// None is fault.NotFound.
func (r Repository[T]) UpdateOne(ctx context.Context, where Filter[T], changes ...Change[T]) (T, error) {
	b := newBuilder(r.db.dialect)
	defer b.release()
	changed, err := r.update(b, where, changes)
	if err != nil {
		var zero T
		return zero, err
	}
	if !changed {
		return r.first(ctx, where, "")
	}
	return r.one(ctx, r.call(b, r.p.columns))
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
		return false, fault.Errorf(fault.Internal, "%s: an update without a filter", r.t.name)
	}
	b.text("UPDATE ").text(quote(r.t.name)).text(" SET ")
	n, moved, loud := 0, false, false
	for _, c := range changes {
		if !c.sent {
			continue
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
		if c.plus {
			b.name(c.f).text(" + ")
		}
		if c.f.seal != nil && c.v != nil {
			if err := r.t.sealChange(b, where.n, c.f, c.v, c.plus); err != nil {
				return false, err
			}
		} else if err := b.arg(c.f, c.v); err != nil {
			return false, err
		}
		n++
		moved = moved || c.f == r.t.updated
		loud = loud || !c.f.quiet
	}
	if n == 0 {
		return false, nil
	}
	if f := r.t.updated; f != nil && !moved && loud {
		b.text(", ").name(f).text(" = ")
		if err := b.later("", f, r.db.Now()); err != nil {
			return false, err
		}
	}
	if err := b.where(where.n); err != nil {
		return false, err
	}
	b.text(" RETURNING ").text(r.p.list)
	return true, nil
}

// Delete removes the row that key names. No such row is fault.NotFound.
func (r Repository[T]) Delete(ctx context.Context, key Key[T]) error {
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

// DeleteOne removes the one row that where picks and returns it as it was. None
// is fault.NotFound.
func (r Repository[T]) DeleteOne(ctx context.Context, where Filter[T]) (T, error) {
	b := newBuilder(r.db.dialect)
	defer b.release()
	if err := r.delete(b, where); err != nil {
		var zero T
		return zero, err
	}
	b.text(" RETURNING ").text(r.p.list)
	return r.one(ctx, r.call(b, r.p.columns))
}

// DeleteWhere removes all rows that where picks and returns how many there
// were. A zero filter is refused: say Everything.
func (r Repository[T]) DeleteWhere(ctx context.Context, where Filter[T]) (int, error) {
	b := newBuilder(r.db.dialect)
	defer b.release()
	if err := r.delete(b, where); err != nil {
		return 0, err
	}
	n, err := r.c.Exec(ctx, r.call(b, nil))
	return int(n), classify(err, r.t)
}

func (r Repository[T]) delete(b *builder, where Filter[T]) error {
	if where.IsZero() {
		return fault.Errorf(fault.Internal, "%s: a delete without a filter", r.t.name)
	}
	b.text("DELETE FROM ").text(quote(r.t.name))
	return b.where(where.n)
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
			*id, made = r.db.newID(r.t.version, now), true
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
	return made
}

// values fills args with the values of v's columns. Times are cut to what the
// database stores in v too, so that v is what a read would return.
func (t *Table[T]) values(d *driver.Dialect, v *T, args []any) (err error) {
	p := unsafe.Pointer(v)
	for i, f := range t.fields {
		if args[i], err = f.bindAt(d, p); err != nil {
			return err
		}
	}
	return nil
}

// versioned adds that the row must be in the state v.
func versioned[T any](t *Table[T], where Filter[T], v Version) Filter[T] {
	if v.IsZero() || t.updated == nil {
		return where
	}
	return All(where, Filter[T]{&node{op: opEq, f: t.updated, v: time.Time(v)}})
}
