package data

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"unsafe"

	"github.com/manorgo/manor/fault"
)

// A Member is a column that extends a table as JSON has it: beside the members
// that a row has anyway.
type Member struct {
	Name   string
	Column Field
	Field  reflect.StructField // of the app's struct; its tags say what it may be and who may see it

	f *field // in the app's struct
}

// Members returns the columns that extend the table, in order, without those
// that JSON does not have, by the tag json:"-". There are none if the table is
// not one of an [Extension].
func (t *Table[T]) Members() (out []Member) {
	if t.extra == nil {
		return nil
	}
	for _, sf := range reflect.VisibleFields(t.extra.typ) {
		column, _, _ := strings.Cut(sf.Tag.Get("db"), ",")
		if !sf.IsExported() || sf.Tag.Get("json") == "-" {
			continue
		}
		for _, f := range t.extra.inner {
			if f.column.Name == column {
				out = append(out, Member{f.json, f.public(), sf, f})
			}
		}
	}
	return out
}

// jsonName returns what a field is called in JSON.
func jsonName(f reflect.StructField) string {
	if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
		return name
	}
	return f.Name
}

// Whole returns what package json encodes as the row v with all members, those
// of columns that extend the table among them. It is v itself if none do.
func (t *Table[T]) Whole(v *T) any {
	if t.extra == nil {
		return v
	}
	return t.Beside(v, *t.extra.at(unsafe.Pointer(v)), t.Members())
}

// Beside returns what package json encodes as v, which it encodes as an object,
// with some members of x after its own. It is v itself if nothing extends t.
func (t *Table[T]) Beside(v any, x Extra, members []Member) any {
	if t.extra == nil {
		return v
	}
	return beside{v, t.extra.of(x), members}
}

// of returns the struct in x, or a new row's.
func (x *extra) of(from Extra) reflect.Value {
	if reflect.TypeOf(from.row) != reflect.PointerTo(x.typ) {
		from.row = x.initial
	}
	return reflect.ValueOf(from.row).Elem()
}

type beside struct {
	v       any
	extra   reflect.Value
	members []Member
}

// MarshalJSON returns one object.
func (b beside) MarshalJSON() ([]byte, error) {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(b.v); err != nil {
		return nil, err
	}
	buf.Truncate(buf.Len() - len("}\n"))
	for _, m := range b.members {
		if buf.Len() > len("{") {
			buf.WriteByte(',')
		}
		buf.WriteString(`"` + m.Name + `":`)
		if err := e.Encode(b.extra.FieldByIndex(m.Field.Index).Interface()); err != nil {
			return nil, err
		}
	}
	buf.WriteByte('}')
	return buf.Bytes(), nil
}

// ReadExtra returns what the members of a JSON object say of columns that extend
// the table, the rest being as in a new row. Other members are passed over. A
// value that a column's type does not take is fault.Invalid.
func (t *Table[T]) ReadExtra(object []byte) (Extra, error) {
	e := reflect.New(t.extra.typ)
	e.Elem().Set(t.extra.of(Extra{}))
	_, err := read(object, t.Members(), e.Elem())
	t.extra.settle(e.UnsafePointer())
	return Extra{e.Interface()}, err
}

// ReadChanges returns the changes that the members of a JSON object ask for, of
// those that are given. Errors are those of ReadExtra.
func (t *Table[T]) ReadChanges(object []byte, members []Member) (out []Change[T], err error) {
	e := reflect.New(t.extra.typ)
	given, err := read(object, members, e.Elem())
	if err != nil {
		return nil, err
	}
	for _, m := range given {
		out = append(out, Change[T]{f: t.mustField(m.f.column.Name), v: m.f.value(e.UnsafePointer()), sent: true})
	}
	return out, nil
}

// read fills a struct with the members that an object has.
func read(object []byte, members []Member, into reflect.Value) (given []Member, err error) {
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(object, &parts); err != nil {
		return nil, fault.Wrap(fault.Malformed, err, "this is no JSON object")
	}
	for _, m := range members {
		text, ok := parts[m.Name]
		if !ok {
			continue
		}
		if err := json.Unmarshal(text, into.FieldByIndex(m.Field.Index).Addr().Interface()); err != nil {
			return nil, &fault.Error{
				Kind: fault.Invalid, Msg: m.Name + ": is not valid", Err: err,
				Details: []fault.Detail{{Location: "body." + m.Name, Message: "is not valid"}},
			}
		}
		given = append(given, m)
	}
	return given, nil
}
