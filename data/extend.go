package data

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"unsafe"

	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
)

// An Extra is where a row keeps the columns that an app has added to its table.
// A struct with a field of this type makes a table that [Extend] can extend. The
// zero Extra holds what a new row has.
//
// A copied row shares what its Extra holds, which nobody changes: to give a row
// other values, give it another Extra, by [Extension.Put].
type Extra struct{ row any } // a pointer to the app's struct

// IsZero reports whether x holds nothing but what a new row has.
func (x Extra) IsZero() bool { return x.row == nil }

// Equal reports whether x and y hold the same.
func (x Extra) Equal(y Extra) bool { return reflect.DeepEqual(x.row, y.row) }

// An Extension is what [Extend] makes: a table of somebody else's with columns
// of an app's own, which are the fields of E. It is immutable, and may be a
// package variable.
type Extension[T, E any] struct{ t *Table[T] }

// An Extender is an Extension of whatever table.
type Extender interface {
	Base() Schema   // the table as it is without the columns
	Schema() Schema // and with them, which come last
	extender()
}

// Extend returns base, whose T has a field of type Extra, with a column for each
// field of the struct E that has a db tag. Tags are those of NewTable, and the
// column's own: its name and its name in JSON are small letters, digits and _,
// and nothing in T is called so.
//
// There are rows before there are the columns, so each may be NULL, which
// pointers are, or has a default. That is a number, a text in quotes, true or
// false, since new rows get it from here. A column that is unique or refers to
// another table may be NULL. None is of the primary key, encrypted, a one-time
// code or a Version.
//
// Extend panics if E makes no sense, so the first test that runs finds the
// mistake. Columns of the table come from [Extension.Table] by Col.
func Extend[E, T any](base *Table[T]) *Extension[T, E] {
	bad := func(format string, args ...any) {
		panic(fmt.Sprintf("data: table %s: %v cannot extend it: ", base.name, reflect.TypeFor[E]()) + fmt.Sprintf(format, args...))
	}
	et := reflect.TypeFor[E]()
	place, ok := placeOfExtra(reflect.TypeFor[T]())
	switch {
	case !ok:
		bad("%v has no field of type data.Extra", reflect.TypeFor[T]())
	case base.extra != nil:
		bad("it has the columns of %v already: put them into one struct", base.extra.typ)
	case base.kind != uuidKey:
		bad("its primary key is not an ID")
	case et.Kind() != reflect.Struct:
		bad("it is not a struct")
	}
	x := &extra{typ: et, place: place}
	taken := names(reflect.TypeFor[T](), base.fields)
	initial := new(E)
	for _, f := range parseFields(base.name, et, 0) {
		if err := f.extends(taken); err != nil {
			bad("column %q %s", f.column.Name, err)
		}
		if err := f.initialise(unsafe.Pointer(initial)); err != nil {
			bad("the default of column %q: %v", f.column.Name, err)
		}
		taken[f.column.Name], taken[f.json] = true, true
		x.inner = append(x.inner, f)
		x.fields = append(x.fields, reached[E](f, place, initial))
	}
	if len(x.fields) == 0 {
		bad("it has no db tags")
	}
	x.settle(unsafe.Pointer(initial))
	x.initial = initial
	return &Extension[T, E]{base.with(x)}
}

// Table returns the table with the columns.
func (x *Extension[T, E]) Table() *Table[T] { return x.t }

// Base returns what the table is without the columns.
func (x *Extension[T, E]) Base() Schema { return x.t.extra.base }

// Schema returns what the table is with the columns.
func (x *Extension[T, E]) Schema() Schema { return x.t.Schema() }

func (x *Extension[T, E]) extender() {}

// Of returns the values of a row in the columns. Those of a row that was not
// read by the table, but made or read without the columns, are those of a new
// one. What they refer to, such as a list, is not to be changed.
func (x *Extension[T, E]) Of(v *T) E {
	if e, ok := x.at(v).row.(*E); ok {
		return *e
	}
	return *x.t.extra.initial.(*E)
}

// Put gives a row these values. It stores nothing.
func (x *Extension[T, E]) Put(v *T, values E) { *x.at(v) = x.Extra(values) }

// Extra returns the values as a row keeps them, or a request for one.
func (x *Extension[T, E]) Extra(values E) Extra {
	e := &values
	x.t.extra.settle(unsafe.Pointer(e))
	return Extra{e}
}

func (x *Extension[T, E]) at(v *T) *Extra { return x.t.extra.at(unsafe.Pointer(v)) }

// An extra is what a table knows of the columns that extend it.
type extra struct {
	typ     reflect.Type
	place   uintptr // of the Extra in a row
	inner   []*field
	fields  []*field // the same, reached from the row
	initial any      // a *E with what new rows have
	base    Schema
}

func (x *extra) at(row unsafe.Pointer) *Extra { return (*Extra)(unsafe.Add(row, x.place)) }

// settle makes values what a read would return.
func (x *extra) settle(e unsafe.Pointer) {
	for _, f := range x.inner {
		_ = f.value(e) // which makes a list of a missing one
		if !f.indirect && f.column.Kind == driver.Time {
			f.truncate(e)
		}
	}
}

// placeOfExtra returns where a struct has its Extra.
func placeOfExtra(t reflect.Type) (uintptr, bool) {
	for i := range t.NumField() {
		if f := t.Field(i); f.Type == reflect.TypeFor[Extra]() {
			return f.Offset, true
		}
	}
	return 0, false
}

// names returns the columns of a struct, and what its fields are called in JSON.
func names(t reflect.Type, fields []*field) map[string]bool {
	out := map[string]bool{}
	for _, f := range fields {
		out[f.column.Name], out[f.json] = true, true
	}
	for _, f := range reflect.VisibleFields(t) {
		out[jsonName(f)] = true
	}
	return out
}

var ownName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,49}$`)

// extends returns why a column cannot extend a table where names are taken.
func (f *field) extends(taken map[string]bool) error {
	switch {
	case taken[f.column.Name], taken[f.json]:
		return fmt.Errorf("has a name that the table has already, in SQL or in JSON")
	case !ownName.MatchString(f.column.Name), !ownName.MatchString(f.json):
		return fmt.Errorf("is not called by up to 50 small letters, digits and _, in SQL and in JSON")
	case f.primary, f.seal != nil, f.code, f.typ == reflect.TypeFor[Version]():
		return fmt.Errorf("is of the primary key, encrypted, a one-time code or a Version")
	case !f.column.Null && f.preset == "":
		return fmt.Errorf("has no default, which rows that are there need: say one, as in default=0, or make the field a pointer")
	case !f.column.Null && f.unique, f.references != "" && !f.column.Null:
		return fmt.Errorf("is unique, or refers to another table, and would be the same in all rows that are there: make the field a pointer")
	}
	return nil
}

// reached returns the column f of an E as one of the rows that keep an E in the
// Extra at place.
func reached[E any](f *field, place uintptr, initial *E) *field {
	out := *f
	out.reach = func(row unsafe.Pointer) unsafe.Pointer {
		if e, ok := (*Extra)(unsafe.Add(row, place)).row.(*E); ok {
			return unsafe.Pointer(e)
		}
		return unsafe.Pointer(initial)
	}
	out.value = func(row unsafe.Pointer) any { return f.value(out.reach(row)) }
	// What reads rows begins with an empty Extra, so this is nobody else's.
	out.at = func(row unsafe.Pointer) any {
		x := (*Extra)(unsafe.Add(row, place))
		e, ok := x.row.(*E)
		if !ok {
			e = new(E)
			x.row = e
		}
		return f.at(unsafe.Pointer(e))
	}
	return &out
}

// with returns the table with further columns.
func (t *Table[T]) with(x *extra) *Table[T] {
	x.base = t.Schema()
	out := &Table[T]{
		name: t.name, fields: slices.Concat(t.fields, x.fields), primary: t.primary, id: t.id, kind: t.kind, uuids: t.uuids,
		created: t.created, updated: t.updated, version: t.version, deleted: t.deleted, slug: t.slug, titled: t.titled,
		uniques: slices.Clone(t.uniques), alive: t.alive, foreign: t.foreign, words: t.words, index: t.index, pure: t.pure, sealed: t.sealed, extra: x,
	}
	for _, f := range x.fields {
		if f.search {
			out.index = nil // which does not know the column
		}
		if f.unique {
			out.uniques = append(out.uniques, []string{f.column.Name})
		}
	}
	if err := out.checkSpecial(); err != nil {
		panic(fmt.Sprintf("data: table %s: %v", t.name, err))
	}
	return out
}

// CheckExtends returns fault.Conflict, which names the first column that a table
// lacks, unless it has all that x adds to it.
func CheckExtends(ctx context.Context, db *DB, x Extender) error {
	base, table := len(x.Base().Columns), quote(x.Base().Table)
	for _, c := range x.Schema().Columns[base:] {
		// SQLite takes an unknown name in quotes for a text, unless it is one of a table's.
		st := newStatement("SELECT "+table+"."+quote(c.Name)+" FROM "+table+" WHERE 1 = 0", []driver.Column{c.Column})
		rows, err := db.conn().Query(ctx, driver.Call{Statement: st})
		if err == nil {
			rows.Next()
			err = errors.Join(rows.Err(), rows.Close())
		}
		switch {
		case err == nil:
		case fault.KindOf(classify(err, nil)) == fault.Unavailable:
			return classify(err, nil)
		default:
			return fault.Wrap(fault.Conflict, err, "%s has no column %s", x.Base().Table, c.Name)
		}
	}
	return nil
}
