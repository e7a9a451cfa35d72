package data

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"unsafe"

	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
)

// A List is a column of lists of texts: a field of type []string, or of a
// slice of named strings. It is stored as a JSON array. A nil list is stored as
// an empty one, and reads as a list that is empty and not nil; a pointer to a
// list may be NULL. The option size=N limits each text.
type List[T any, V ~string] struct{ Column[T, []V] }

// ListCol returns the column of t called name, which holds a []V, or a *[]V. It
// panics if T has no such field.
func ListCol[V ~string, T any](t *Table[T], name string) List[T, V] {
	c := Col[[]V](t, name)
	if !c.f.list {
		panic(fmt.Sprintf("data: %s.%s is stored as any JSON, not as a list: drop the option json", t.name, name))
	}
	return List[T, V]{c}
}

// Has holds for rows whose list has v in it, exactly.
func (c List[T, V]) Has(v V) Filter[T] {
	return Filter[T]{&node{op: opMember, f: c.f, v: string(v)}}
}

// HasAny holds for rows whose list has at least one of vs in it: for none if vs
// is empty.
func (c List[T, V]) HasAny(vs ...V) Filter[T] { return Any(c.each(vs)...) }

// HasAll holds for rows whose list has every one of vs in it: for all if vs is
// empty.
func (c List[T, V]) HasAll(vs ...V) Filter[T] {
	if len(vs) == 0 {
		return Everything[T]()
	}
	return All(c.each(vs)...)
}

func (c List[T, V]) each(vs []V) []Filter[T] {
	out := make([]Filter[T], len(vs))
	for i, v := range vs {
		out[i] = c.Has(v)
	}
	return out
}

// member writes that a list has a text in it. A list that is NULL neither has
// nor lacks it.
func (b *builder) member(n *node) error {
	s := n.v.(string)
	if err := n.f.text(s); err != nil {
		return err
	}
	if n.f.column.Null {
		b.text("CASE WHEN ").name(n.f).text(" IS NOT NULL THEN ")
	}
	head, rest, _ := strings.Cut(b.d.Member, "%s")
	mid, tail, _ := strings.Cut(rest, "%s")
	b.text(head).name(n.f).text(mid)
	v, err := b.d.Encode(driver.Column{Name: n.f.column.Name, Kind: driver.Text}, s)
	if err != nil {
		return err
	}
	b.param(v)
	b.text(tail)
	if n.f.column.Null {
		b.text(" END")
	}
	return nil
}

func (f *field) listAccess(slice reflect.Type) {
	f.list, f.indirect = true, true
	f.column.Kind, f.column.Null = driver.JSON, f.typ.Kind() == reflect.Pointer
	typ, off := f.typ, f.offset
	f.at = func(p unsafe.Pointer) any { return &listCell{reflect.NewAt(typ, unsafe.Add(p, off)).Elem(), slice} }
	f.value = func(p unsafe.Pointer) any {
		v := reflect.NewAt(typ, unsafe.Add(p, off)).Elem()
		if typ.Kind() == reflect.Pointer {
			if v.IsNil() {
				return nil
			}
			v = v.Elem()
		}
		if v.IsNil() {
			v.Set(reflect.MakeSlice(slice, 0, 0)) // as a read would return it
		}
		return v.Interface()
	}
}

// texts turns a list into JSON's strings.
func (f *field) texts(v any) (any, error) {
	list := reflect.ValueOf(v)
	out := make([]string, list.Len())
	for i := range out {
		out[i] = list.Index(i).String()
		if err := f.text(out[i]); err != nil {
			return nil, &fault.Error{
				Kind: fault.Invalid, Msg: fmt.Sprintf("%s: number %d is too long, or not valid text", f.json, i+1),
				Details: []fault.Detail{{Location: fmt.Sprintf("body.%s[%d]", f.json, i), Message: "is too long, or not valid text"}},
			}
		}
	}
	return out, nil
}

// A listCell is a sql.Scanner that decodes a list of texts.
type listCell struct {
	into  reflect.Value // the field
	slice reflect.Type
}

// Scan decodes a column's JSON.
func (c *listCell) Scan(src any) error {
	if src == nil {
		c.into.SetZero()
		return nil
	}
	list := reflect.New(c.slice)
	var err error
	switch v := src.(type) {
	case []byte:
		err = json.Unmarshal(v, list.Interface())
	case string:
		err = json.Unmarshal([]byte(v), list.Interface())
	default:
		err = fmt.Errorf("a list holds %T", src)
	}
	if err != nil {
		return err
	}
	if list.Elem().IsNil() {
		list.Elem().Set(reflect.MakeSlice(c.slice, 0, 0))
	}
	if c.into.Kind() == reflect.Pointer {
		c.into.Set(list)
		return nil
	}
	c.into.Set(list.Elem())
	return nil
}
