package data

import (
	"reflect"
	"strconv"
	"unsafe"

	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
)

// A keyKind is what names the rows of a table.
type keyKind uint8

const (
	keyless keyKind = iota
	uuidKey
	serialKey
	nanoKey
	naturalKey   // one column of any other type
	compositeKey // several columns
)

// jsonKind is told by the tag and not by the type.
const jsonKind = driver.JSON

// setKey finds out what names the rows.
func (t *Table[T]) setKey() {
	if len(t.primary) > 1 {
		t.kind = compositeKey
		return
	}
	if len(t.primary) == 0 {
		return
	}
	t.id = t.primary[0]
	switch {
	case t.id.column.Kind == driver.UUID:
		t.kind = uuidKey
	case t.id.typ == reflect.TypeFor[Serial[T]]():
		t.kind = serialKey
	case t.id.typ == reflect.TypeFor[NanoID[T]]():
		t.kind = nanoKey
	default:
		t.kind = naturalKey
	}
}

// KeyOf returns the key of the row v, whatever its kind, or nil if the table has
// no primary key.
func (t *Table[T]) KeyOf(v *T) Key[T] {
	p := unsafe.Pointer(v)
	switch t.kind {
	case keyless:
		return nil
	case uuidKey:
		return *(*ID[T])(unsafe.Add(p, t.id.offset))
	case serialKey:
		return *(*Serial[T])(unsafe.Add(p, t.id.offset))
	case nanoKey:
		return *(*NanoID[T])(unsafe.Add(p, t.id.offset))
	}
	k := rowKey[T]{of: t, values: make([]any, len(t.primary))}
	for i, f := range t.primary {
		k.values[i] = f.value(p)
	}
	return k
}

// IDOf returns the ID that key is. Any other kind of key is fault.Internal.
func (t *Table[T]) IDOf(key Key[T]) (ID[T], error) {
	id, ok := key.(ID[T])
	if !ok {
		return id, fault.Errorf(fault.Internal, "%s: the key is %v, and not an ID", t.name, reflect.TypeOf(key))
	}
	return id, nil
}

// KeyType returns the Go type of a key that a text can say, as ParseKey reads
// it: that of the primary key's one column. It is nil if there are none or
// several columns, or if the type is neither of the package's own nor a text or
// a number.
func (t *Table[T]) KeyType() reflect.Type {
	switch {
	case t.id == nil:
		return nil
	case t.kind != naturalKey, t.id.column.Kind == driver.Text, t.id.column.Kind == driver.Int:
		return t.id.typ
	}
	return nil
}

// ParseKey reads the key of a row as KeyText writes it. Anything else is
// fault.Malformed. A table without KeyType is fault.Internal.
func (t *Table[T]) ParseKey(text string) (Key[T], error) {
	switch {
	case t.KeyType() == nil:
		return nil, fault.Errorf(fault.Internal, "%s: its key has no text", t.name)
	case t.kind == uuidKey:
		return ParseID[T](text)
	case t.kind == serialKey:
		return ParseSerial[T](text)
	case t.kind == nanoKey:
		return ParseNanoID[T](text)
	}
	v, err := t.id.parse(text)
	if err != nil {
		return nil, err
	}
	return rowKey[T]{of: t, values: []any{v}}, nil
}

// KeyText returns the key of the row v as ParseKey reads it, or "" if the table
// has no KeyType.
func (t *Table[T]) KeyText(v *T) string {
	if t.KeyType() == nil {
		return ""
	}
	switch x := t.id.value(unsafe.Pointer(v)).(type) {
	case [16]byte:
		return ID[T](x).String()
	case string:
		return x
	case int64:
		return strconv.FormatInt(x, 10)
	case int:
		return strconv.Itoa(x)
	case int32:
		return strconv.FormatInt(int64(x), 10)
	}
	return ""
}

// keyValues fills out, which is as long as the primary key, with what a key
// says.
func (t *Table[T]) keyValues(key Key[T], out []any) error {
	switch k := key.(type) {
	case ID[T]:
		if t.kind == uuidKey {
			out[0] = [16]byte(k)
			return nil
		}
	case Serial[T]:
		if t.kind == serialKey {
			out[0] = int64(k)
			return nil
		}
	case NanoID[T]:
		if t.kind == nanoKey {
			out[0] = ""
			if isNanoID(string(k)) { // no row has another
				out[0] = string(k)
			}
			return nil
		}
	case nil:
	case rowKey[T]:
		if k.of == t {
			copy(out, k.values)
			return nil
		}
	default:
		return t.structValues(key, out)
	}
	return t.wrongKey(reflect.TypeOf(key))
}

// byKey returns the filter for the row that key names.
func byKey[T any](t *Table[T], key Key[T]) Filter[T] {
	if t.id != nil {
		n := &node{op: opEq, f: t.id}
		if err := t.keyValues(key, unsafe.Slice(&n.v, 1)); err != nil {
			return bad[T](err)
		}
		return Filter[T]{n}
	}
	values := make([]any, len(t.primary))
	if err := t.keyValues(key, values); err != nil {
		return bad[T](err)
	}
	n := &node{op: opAnd}
	for i, f := range t.primary {
		n.kids = append(n.kids, &node{op: opEq, f: f, v: values[i]})
	}
	return Filter[T]{n}
}

// bad is a filter that fails.
func bad[T any](err error) Filter[T] { return Filter[T]{&node{op: opBad, v: err}} }

// KeysIn holds for the rows of t that keys name: for none if there are no keys.
// It is one part of one statement, which has only so many parameters; GetAll
// and DeleteAll have no such limit. A key of the wrong kind makes the
// statement fail with fault.Internal.
func KeysIn[T any, K Key[T]](t *Table[T], keys ...K) Filter[T] {
	return keysIn(t, Keys(keys...))
}

func keysIn[T any](t *Table[T], keys []Key[T]) Filter[T] {
	width := len(t.primary)
	if width == 0 {
		return bad[T](t.wrongKey(nil))
	}
	n := &node{op: opIn, f: t.id, vs: make([]any, len(keys)*width)}
	for i, k := range keys {
		if err := t.keyValues(k, n.vs[i*width:(i+1)*width]); err != nil {
			return bad[T](err)
		}
	}
	if width == 1 {
		return Filter[T]{n}
	}
	n.op, n.sql = opKeys, quote(t.name)
	for _, f := range t.primary {
		n.kids = append(n.kids, &node{f: f})
	}
	return Filter[T]{n}
}

// keysIn writes the comparison of several columns with a list of rows.
func (b *builder) keysIn(n *node) error {
	if len(n.vs) == 0 {
		b.text("1 = 0")
		return nil
	}
	fs := make([]*field, len(n.kids))
	for i, k := range n.kids {
		fs[i] = k.f
	}
	return b.oneOf(n.sql, fs, n.vs)
}

// oneOf writes that the columns together are one of the rows that vs are, one
// after another.
func (b *builder) oneOf(table string, fs []*field, vs []any) error {
	args := make([]any, len(vs))
	for i, v := range vs {
		var err error
		if args[i], err = fs[i%len(fs)].bind(b.d, v); err != nil {
			return err
		}
	}
	b.bound(table, fs, args)
	return nil
}

// keyArgs returns what the driver binds for the columns of a key, with room
// behind for the addresses of a row's columns.
func (t *Table[T]) keyArgs(d *driver.Dialect, key Key[T]) ([]any, error) {
	args := make([]any, len(t.primary), len(t.primary)+len(t.fields))
	if id, ok := key.(ID[T]); ok && t.kind == uuidKey {
		at := [16]byte(id)
		var err error
		args[0], err = t.primary[0].bind(d, &at) // which makes no copy of its own
		return args, err
	}
	if err := t.keyValues(key, args); err != nil {
		return nil, err
	}
	for i, f := range t.primary {
		var err error
		if args[i], err = f.bind(d, args[i]); err != nil {
			return nil, err
		}
	}
	return args, nil
}

// spare returns n places behind what is used of args, if it has as many. So a
// read by key allocates once for both.
func spare(args []any, n int) []any {
	if used := len(args); cap(args)-used >= n {
		return args[used:][:n:n]
	}
	return make([]any, n)
}

func columnsOf(fs []*field) []string {
	out := make([]string, len(fs))
	for i, f := range fs {
		out[i] = f.column.Name
	}
	return out
}
