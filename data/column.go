package data

import (
	"bytes"
	"fmt"
	"reflect"
	"unsafe"

	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/patch"
)

// A Column is one stored column of T, whose values are Vs.
type Column[T, V any] struct{ f *field }

// Col returns the column of t called name, which holds a V, or a *V if it may
// be NULL. It panics if T has no such field: the first test that runs finds
// the mistake.
func Col[V, T any](t *Table[T], name string) Column[T, V] {
	f, want := t.mustField(name), reflect.TypeFor[V]()
	if f.typ != want && !(f.typ.Kind() == reflect.Pointer && f.typ.Elem() == want) {
		panic(fmt.Sprintf("data: %s.%s holds %v, not %v", t.name, name, f.typ, want))
	}
	return Column[T, V]{f}
}

// Name returns the column's name.
func (c Column[T, V]) Name() string { return c.f.column.Name }

// Eq holds for rows whose value is v.
func (c Column[T, V]) Eq(v V) Filter[T] { return c.compare(opEq, v) }

// Ne holds for rows whose value is not v. A NULL is not v.
func (c Column[T, V]) Ne(v V) Filter[T] { return c.compare(opNe, v) }

// Lt holds for rows whose value is less than v.
func (c Column[T, V]) Lt(v V) Filter[T] { return c.compare(opLt, v) }

// Le holds for rows whose value is at most v.
func (c Column[T, V]) Le(v V) Filter[T] { return c.compare(opLe, v) }

// Gt holds for rows whose value is more than v.
func (c Column[T, V]) Gt(v V) Filter[T] { return c.compare(opGt, v) }

// Ge holds for rows whose value is at least v.
func (c Column[T, V]) Ge(v V) Filter[T] { return c.compare(opGe, v) }

// In holds for rows whose value is one of vs: for none if vs is empty. A
// statement takes only so many parameters, PostgreSQL 65,535 and SQLite 32,766:
// more are fault.Internal.
func (c Column[T, V]) In(vs ...V) Filter[T] { return c.list(opIn, vs) }

// NotIn holds for rows whose value is none of vs: for all if vs is empty. A
// NULL is none of them.
func (c Column[T, V]) NotIn(vs ...V) Filter[T] { return c.list(opNotIn, vs) }

// IsNull holds for rows without a value.
func (c Column[T, V]) IsNull() Filter[T] { return Filter[T]{&node{op: opNull, f: c.f}} }

// NotNull holds for rows with a value.
func (c Column[T, V]) NotNull() Filter[T] { return Filter[T]{&node{op: opNotNull, f: c.f}} }

// Asc sorts the smallest value first.
func (c Column[T, V]) Asc() Order[T] { return Order[T]{f: c.f.ordered()} }

// Desc sorts the largest value first.
func (c Column[T, V]) Desc() Order[T] { return Order[T]{f: c.f.ordered(), desc: true} }

// Set changes the value to v.
func (c Column[T, V]) Set(v V) Change[T] { return Change[T]{f: c.f, v: plain(c.f, v), sent: true} }

// SetNull removes the value. A column that may not be NULL refuses it as
// fault.Invalid.
func (c Column[T, V]) SetNull() Change[T] { return Change[T]{f: c.f, sent: true} }

// Plus adds v to the value, which must be a number and not NULL, whatever it is
// by then. A sum that does not fit is fault.Invalid.
func (c Column[T, V]) Plus(v V) Change[T] {
	return Change[T]{f: c.f, v: plain(c.f, v), sent: true, plus: true}
}

// Patch changes what p says: nothing if it is absent.
func (c Column[T, V]) Patch(p patch.Field[V]) Change[T] {
	if v, ok := p.Get(); ok {
		return c.Set(v)
	}
	return Change[T]{f: c.f, sent: p.Sent()}
}

func (c Column[T, V]) compare(o op, v V) Filter[T] {
	return Filter[T]{&node{op: o, f: c.f, v: plain(c.f, v)}}
}

func (c Column[T, V]) list(o op, vs []V) Filter[T] {
	n := &node{op: o, f: c.f, vs: make([]any, len(vs))}
	for i, v := range vs {
		n.vs[i] = plain(c.f, v)
	}
	return Filter[T]{n}
}

// plain returns v as the column's kind knows it: a named string as a string,
// an ID as its bytes. V is the field's type, so it has that kind's layout.
func plain[V any](f *field, v V) any {
	if f.indirect {
		return v
	}
	switch f.column.Kind {
	case driver.UUID:
		return *(*[16]byte)(unsafe.Pointer(&v))
	case driver.Text:
		return *(*string)(unsafe.Pointer(&v))
	case driver.Bool:
		return *(*bool)(unsafe.Pointer(&v))
	case driver.Bytes:
		if f.array > 0 {
			return bytes.Clone(unsafe.Slice((*byte)(unsafe.Pointer(&v)), f.array))
		}
		return *(*[]byte)(unsafe.Pointer(&v))
	case driver.Int:
		if unsafe.Sizeof(v) == 4 {
			return int64(*(*int32)(unsafe.Pointer(&v)))
		}
		return *(*int64)(unsafe.Pointer(&v))
	case driver.Float:
		return *(*float64)(unsafe.Pointer(&v))
	}
	return v
}

// Text is a Column that can be searched.
type Text[T any] struct{ Column[T, string] }

// TextCol returns the text column of t called name. It panics if T has no such
// field.
func TextCol[T any](t *Table[T], name string) Text[T] { return Text[T]{Col[string](t, name)} }

// Contains holds for rows whose text has s in it, exactly. Nothing in s is a
// wildcard.
func (c Text[T]) Contains(s string) Filter[T] { return c.compare(opHas, s) }

// ContainsFold is Contains without regard to the case of the letters A to Z.
func (c Text[T]) ContainsFold(s string) Filter[T] { return c.compare(opHasFold, s) }

// HasPrefix holds for rows whose text starts with s, exactly.
func (c Text[T]) HasPrefix(s string) Filter[T] { return c.compare(opPrefix, s) }

// An Order sorts rows of T by one column, or by chance. Text sorts by its
// bytes, and NULL after every value, the same on every database.
type Order[T any] struct {
	f    *field // nil: by chance
	desc bool
	fold bool // by the text in lower case
}

func (o Order[T]) direction() string {
	switch {
	case o.f.column.Null && o.desc:
		return " DESC NULLS FIRST"
	case o.f.column.Null:
		return " NULLS LAST"
	case o.desc:
		return " DESC"
	}
	return ""
}

// By lists orders, for a Query.
func By[T any](orders ...Order[T]) []Order[T] { return orders }

// A Change gives one column of a row of T a new value. The zero Change changes
// nothing.
type Change[T any] struct {
	f    *field
	v    any // nil means NULL
	sent bool
	plus bool // v is added to the value
}
