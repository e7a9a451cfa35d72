package data

import (
	"context"
	"reflect"
	"slices"
	"time"

	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
)

// SoftDeleted makes the rows of a model outlive their deletion. Embed it beside
// Audited:
//
//	type Note struct {
//		data.Audited[Note]
//		data.SoftDeleted
//		Text string `db:"text"`
//	}
//
// Delete, DeleteOne, DeleteWhere, DeleteReturning and DeleteAll mark a row with
// the time instead of removing it. From then on no method finds it: reads,
// lists, cursors, counts, updates and deletes pass over it, one row or many.
// WithDeleted and OnlyDeleted give a repository that finds it, Restore takes the
// mark away, and Purge removes what is marked for good.
//
// Marking and restoring are changes like others: both move UpdatedAt and the
// number of Versioned. Since the row stays, the actions of foreign keys
// (ondelete) happen when it is purged, not when it is marked; rows that refer to
// it go on referring to it.
//
// A marked row keeps its unique values: Add of the same is fault.Conflict, and
// so is an Upsert or GetOrAdd that meets it, which does not change it. In a
// repository WithDeleted, Upsert overwrites it, mark included: with a nil
// DeletedAt it comes back. Where a value may be taken again, declare it with
// UniqueAlive and not as unique.
type SoftDeleted struct {
	DeletedAt *time.Time `json:"deleted_at" db:"deleted_at"`
}

// Deleted reports whether the row is marked as deleted.
func (s SoftDeleted) Deleted() bool { return s.DeletedAt != nil }

// UniqueAlive says that the named columns together are unique among the rows
// that are not marked as deleted. T must embed SoftDeleted. Restoring a row
// whose values are taken by then is fault.Conflict.
func UniqueAlive(columns ...string) TableOption {
	return func(o *tableOptions) { o.alive = append(o.alive, columns) }
}

// rowsSeen says which rows a repository finds, of a table with SoftDeleted.
type rowsSeen uint8

const (
	aliveRows rowsSeen = iota
	allRows
	deletedRows
)

// WithDeleted returns r such that it finds rows that are marked as deleted, too.
// It panics if T does not embed SoftDeleted. Deleting such a row again is
// fault.NotFound.
func (r Repository[T]) WithDeleted() Repository[T] {
	r.t.mustBeSoft()
	r.seen = allRows
	return r
}

// OnlyDeleted returns r such that it finds only rows that are marked as deleted.
// It panics if T does not embed SoftDeleted.
func (r Repository[T]) OnlyDeleted() Repository[T] {
	r.t.mustBeSoft()
	r.seen = deletedRows
	return r
}

// Restore takes the mark off the deleted rows that where picks, within the scope
// of r, and returns how many there were. A unique value that is taken by now is
// fault.Conflict. A zero filter is refused: say Everything. It panics if T does
// not embed SoftDeleted.
func (r Repository[T]) Restore(ctx context.Context, where Filter[T]) (int, error) {
	f := r.t.mustBeSoft()
	r.seen = deletedRows
	return r.UpdateWhere(ctx, where, Change[T]{f: f, sent: true})
}

// Purge removes the deleted rows that where picks for good, within the scope of
// r, and returns how many there were. Rows that are not marked stay. What refers
// to them follows its ondelete now. A zero filter is refused: say Everything, or
// how old they must be:
//
//	rows.Purge(ctx, deletedAt.Lt(db.Now().AddDate(0, 0, -30)))
//
// It panics if T does not embed SoftDeleted.
func (r Repository[T]) Purge(ctx context.Context, where Filter[T]) (int, error) {
	r.t.mustBeSoft()
	if where.IsZero() {
		return 0, r.unfiltered("purge")
	}
	r.seen = deletedRows
	b := newBuilder(r.db.dialect)
	defer b.release()
	b.text("DELETE FROM ").text(r.p.table)
	if err := b.where(r.scoped(where)); err != nil {
		return 0, err
	}
	n, err := r.c.Exec(ctx, r.call(b, nil))
	return int(n), classify(err, r.t)
}

// Marks reports whether what deletes rows of t only marks them, because T embeds
// SoftDeleted.
func (t *Table[T]) Marks() bool { return t.deleted != nil }

func (t *Table[T]) mustBeSoft() *field {
	if t.deleted == nil {
		panic("data: table " + t.name + ": its rows do not embed SoftDeleted")
	}
	return t.deleted
}

// marked is the filter that hides rows by their mark.
func (r Repository[T]) marked() Filter[T] {
	switch {
	case r.t.deleted == nil || r.seen == allRows:
		return Filter[T]{}
	case r.seen == deletedRows:
		return Filter[T]{&node{op: opNotNull, f: r.t.deleted}}
	}
	return Filter[T]{&node{op: opNull, f: r.t.deleted}}
}

// mark writes the statement that marks rows which are not marked.
func (r Repository[T]) mark(b *builder, where Filter[T]) error {
	f := r.t.deleted
	unmarked := Filter[T]{&node{op: opNull, f: f}}
	_, err := r.update(b, All(where, unmarked), []Change[T]{{f: f, v: r.db.Now(), sent: true}})
	return err
}

func (r Repository[T]) unfiltered(what string) error {
	return fault.Errorf(fault.Internal, "%s: a %s without a filter", r.t.name, what)
}

// embeds finds the columns of what T embeds, and holds the options to them.
func (t *Table[T]) embeds(rt reflect.Type, o tableOptions) {
	if embeds[SoftDeleted](rt) {
		t.deleted = t.mustField("deleted_at")
	}
	if embeds[Slugged](rt) {
		t.slug = t.mustField("slug")
	}
	for _, u := range o.alive {
		t.mustBeSoft()
		if slices.ContainsFunc(t.uniques, func(other []string) bool { return UniqueName(t.name, other...) == UniqueName(t.name, u...) }) {
			panic("data: table " + t.name + ": " + u[0] + " is unique both among all rows and among those not deleted")
		}
	}
	if o.titled != "" {
		t.titled = t.mustField(o.titled)
		if t.slug == nil || t.titled.column.Kind != driver.Text || t.titled == t.slug {
			panic("data: table " + t.name + ": SlugFrom needs Slugged and a column of text")
		}
	}
	for _, w := range o.words {
		for _, c := range w.columns {
			t.mustField(c)
		}
	}
}

// embeds reports whether the struct t embeds an E, at any depth.
func embeds[E any](t reflect.Type) bool {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous && f.Type.Kind() == reflect.Struct && (f.Type == reflect.TypeFor[E]() || embeds[E](f.Type)) {
			return true
		}
	}
	return false
}
