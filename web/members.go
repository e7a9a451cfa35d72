package web

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/manorgo/manor/data"
)

// Members are what JSON objects of the type B have beside B's own fields: the
// columns that an app adds to a table. See AddMembers.
type Members[B any] struct {
	List   []data.Member
	Always bool // an answer has them all

	// Answer returns what is encoded in place of b; nil if B is not in answers.
	Answer func(b *B) any

	// Request takes the members from a whole body, which has no others than are
	// listed, with values as their tags say; nil if B is no body of requests.
	Request func(b *B, body []byte) error
}

// AddMembers adds members to the objects of the type B of a router: to a body of
// requests, and wherever answers have a B, by itself, in a list or as a field of
// a struct. OpenAPI has them with what the tags of their fields say, such as
// maxLength, minimum, enum and doc, to which requests are held. AddMembers must
// come before the routes. It panics after one with B, and if B has a field of
// one of the names.
func AddMembers[B any](r *Router, m Members[B]) {
	t := reflect.TypeFor[B]()
	if _, late := r.schemas.types[componentName(t, "")]; late || r.schemas.members[t] != nil {
		panic(fmt.Sprintf("web: %v has been in a route already, and cannot get members", t))
	}
	further := &members{list: m.List, always: m.Always}
	if m.Answer != nil {
		further.answer = func(v reflect.Value) any { return m.Answer(v.Interface().(*B)) }
	}
	if m.Request != nil {
		further.request = func(v any, body []byte) error { return m.Request(v.(*B), body) }
	}
	r.schemas.members[t] = further
}

// members are Members of whatever type.
type members struct {
	list    []data.Member
	always  bool
	answer  func(v reflect.Value) any
	request func(v any, body []byte) error
}

// addTo adds the members to the schema of the type that has them.
func (m *members) addTo(g *registry, t reflect.Type, s *huma.Schema) {
	for _, x := range m.list {
		if s.Properties[x.Name] != nil {
			panic(fmt.Sprintf("web: %v has a field %s already, as the app's own column is called", t, x.Name))
		}
		p := huma.SchemaFromField(g, x.Field, x.Field.Name)
		if len(p.Enum) == 0 {
			for _, v := range x.Column.Enum {
				p.Enum = append(p.Enum, v)
			}
		}
		if p.Nullable = p.Type != "" && x.Column.Null; p.Nullable && len(p.Enum) > 0 {
			p.Enum = append(p.Enum, nil)
		}
		s.Properties[x.Name] = p
		if m.always {
			s.Required = append(s.Required, x.Name)
		}
	}
}

// An opener copies a value to one of another type, in which what has members is
// encoded with them.
type opener struct {
	to   reflect.Type
	copy func(to, from reflect.Value)
}

// open notes how bodies of the type t are opened, if anything in them has members.
func (ep *endpoint) open(g *registry, t reflect.Type) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if o := g.opener(t, nil); o != nil {
		if ep.openers == nil {
			ep.openers = map[reflect.Type]*opener{}
		}
		ep.openers[t] = o
	}
}

// opened returns what is encoded for the body of an answer.
func (ep *endpoint) opened(body any) any {
	if ep.openers == nil || body == nil {
		return body
	}
	v := reflect.ValueOf(body)
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	o := ep.openers[v.Type()]
	if o == nil {
		return body
	}
	to := reflect.New(o.to).Elem()
	o.copy(to, v)
	return to.Interface()
}

// opener returns how values of t are opened, or nil. Types that encode
// themselves know how.
func (g *registry) opener(t reflect.Type, above []reflect.Type) *opener {
	if len(g.members) == 0 || slices.Contains(above, t) {
		return nil
	}
	if m := g.members[t]; m != nil && m.answer != nil {
		return &opener{reflect.TypeFor[any](), func(to, from reflect.Value) {
			if !from.CanAddr() {
				v := reflect.New(t)
				v.Elem().Set(from)
				from = v.Elem()
			}
			to.Set(reflect.ValueOf(m.answer(from.Addr())))
		}}
	}
	if implements[json.Marshaler](t) {
		return nil
	}
	above = append(above, t)
	switch t.Kind() {
	case reflect.Pointer:
		if o := g.opener(t.Elem(), above); o != nil {
			return &opener{reflect.PointerTo(o.to), func(to, from reflect.Value) {
				if !from.IsNil() {
					to.Set(reflect.New(o.to))
					o.copy(to.Elem(), from.Elem())
				}
			}}
		}
	case reflect.Slice:
		if o := g.opener(t.Elem(), above); o != nil {
			return &opener{reflect.SliceOf(o.to), func(to, from reflect.Value) {
				if !from.IsNil() {
					to.Set(reflect.MakeSlice(to.Type(), from.Len(), from.Len()))
				}
				for i := range from.Len() {
					o.copy(to.Index(i), from.Index(i))
				}
			}}
		}
	case reflect.Struct:
		return g.structOpener(t, above)
	}
	return nil
}

func (g *registry) structOpener(t reflect.Type, above []reflect.Type) *opener {
	var fields []reflect.StructField
	var from []int
	openers := map[int]*opener{} // by the field in what is copied to
	embeds := false
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() {
			continue
		}
		if o := g.opener(f.Type, above); o != nil {
			openers[len(fields)], f.Type = o, o.to
		}
		embeds = embeds || f.Anonymous
		fields, from = append(fields, reflect.StructField{Name: f.Name, Type: f.Type, Tag: f.Tag}), append(from, i)
	}
	if len(openers) == 0 {
		return nil
	}
	if embeds {
		panic(fmt.Sprintf("web: %v embeds a struct, and what is in it has members", t))
	}
	return &opener{reflect.StructOf(fields), func(to, v reflect.Value) {
		for i, j := range from {
			if o := openers[i]; o != nil {
				o.copy(to.Field(i), v.Field(j))
			} else {
				to.Field(i).Set(v.Field(j))
			}
		}
	}}
}
