package data

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/manorgo/manor/fault"
)

// Composite makes a struct a [Key] of T. The struct's fields name the columns of
// T's primary key by their `db` tags, all of them, and have the types that the
// columns have in T:
//
//	type SeatKey struct {
//		data.Composite[Seat]
//		Hall data.ID[Hall] `db:"hall_id"`
//		Row  int           `db:"row"`
//	}
//
// So the compiler knows how many values a key has and of which types. A single
// column that is none of the package's own kinds, such as the code of a country,
// is a Composite of one. [Table.KeyOf] makes a key without a struct.
type Composite[T any] struct{}

// A rowKey is the key of a row that there is.
type rowKey[T any] struct {
	Composite[T]
	of     *Table[T]
	values []any // of the columns of the primary key
}

// A keyShape says where a struct keeps the columns of a table's primary key.
type keyShape struct {
	fields []*field // as the primary key's columns, in their order
	err    error
}

// structValues fills out with the values of a key that is a struct.
func (t *Table[T]) structValues(key Key[T], out []any) error {
	v := reflect.ValueOf(key)
	if v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		return t.wrongKey(reflect.TypeOf(key))
	}
	shape := t.keyShape(v.Type())
	if shape.err != nil {
		return shape.err
	}
	copied := reflect.New(v.Type())
	copied.Elem().Set(v)
	for i, f := range shape.fields {
		out[i] = f.value(copied.UnsafePointer())
	}
	return nil
}

func (t *Table[T]) keyShape(typ reflect.Type) *keyShape {
	if s, ok := t.shapes.Load(typ); ok {
		return s.(*keyShape)
	}
	s := &keyShape{fields: make([]*field, len(t.primary))}
	s.err = t.fit(s.fields, typ, 0)
	for i, f := range s.fields {
		if f == nil && s.err == nil {
			s.err = fault.Errorf(fault.Internal, "%s: the key %v lacks the column %s", t.name, typ, t.primary[i].column.Name)
		}
	}
	actual, _ := t.shapes.LoadOrStore(typ, s)
	return actual.(*keyShape)
}

// fit finds the columns of the primary key in a struct.
func (t *Table[T]) fit(out []*field, typ reflect.Type, base uintptr) error {
	for i := range typ.NumField() {
		sf := typ.Field(i)
		tag, tagged := sf.Tag.Lookup("db")
		if sf.Anonymous && !tagged && sf.Type.Kind() == reflect.Struct {
			if err := t.fit(out, sf.Type, base+sf.Offset); err != nil {
				return err
			}
		}
		if !tagged || tag == "-" {
			continue
		}
		name, _, _ := strings.Cut(tag, ",")
		at := -1
		for j, f := range t.primary {
			if f.column.Name == name {
				at = j
			}
		}
		switch {
		case at < 0:
			return fault.Errorf(fault.Internal, "%s: the key %v has the column %q, which is not of the primary key", t.name, typ, name)
		case out[at] != nil:
			return fault.Errorf(fault.Internal, "%s: the key %v has the column %q twice", t.name, typ, name)
		case sf.Type != t.primary[at].typ:
			return fault.Errorf(fault.Internal, "%s: the key %v has %v as %s, and not %v", t.name, typ, sf.Type, name, t.primary[at].typ)
		}
		f := *t.primary[at]
		f.offset = base + sf.Offset
		if err := f.setKind(f.column.Kind == jsonKind, f.as); err != nil {
			return fault.Errorf(fault.Internal, "%s: the key %v: %v", t.name, typ, err)
		}
		out[at] = &f
	}
	return nil
}

// wrongKey says what kind of key the table takes.
func (t *Table[T]) wrongKey(typ reflect.Type) error {
	columns := make([]string, len(t.primary))
	for i, f := range t.primary {
		columns[i] = f.column.Name
	}
	is := "an ID"
	switch t.kind {
	case keyless:
		is = "none: it has no primary key"
	case serialKey:
		is = "a Serial"
	case nanoKey:
		is = "a NanoID"
	case naturalKey, compositeKey:
		is = fmt.Sprintf("a struct with Composite and the columns %s", strings.Join(columns, ", "))
	}
	if typ == nil {
		return fault.Errorf(fault.Internal, "%s: no key was given, where it takes %s", t.name, is)
	}
	return fault.Errorf(fault.Internal, "%s: the key is %v, where it takes %s", t.name, typ, is)
}
