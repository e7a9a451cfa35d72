package web

import (
	"encoding"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/patch"
	"github.com/manorgo/manor/secret"
)

// A registry is a huma.Registry that knows the types of this module. Unlike
// huma's own it takes null only where a pointer or a patch.Field allows it.
type registry struct {
	schemas map[string]*huma.Schema
	types   map[string]reflect.Type
	aliases map[reflect.Type]reflect.Type
	shapes  map[string]*shape // by reference
	members map[reflect.Type]*members
}

var _ huma.Registry = (*registry)(nil)

const schemaPrefix = "#/components/schemas/"

func newRegistry() *registry {
	return &registry{
		schemas: map[string]*huma.Schema{},
		types:   map[string]reflect.Type{},
		aliases: map[reflect.Type]reflect.Type{},
		shapes:  map[string]*shape{},
		members: map[reflect.Type]*members{},
	}
}

// Schema returns the schema of t. With allowRef, that of a struct is a
// reference to a component, which is called hint if the type has no name.
func (g *registry) Schema(t reflect.Type, allowRef bool, hint string) *huma.Schema {
	if alias, ok := g.aliases[t]; ok {
		return g.Schema(alias, allowRef, hint)
	}
	if t.Kind() == reflect.Pointer {
		return nullable(g.Schema(t.Elem(), allowRef, hint))
	}
	if v, ok := patched(t); ok {
		return nullable(g.Schema(v, allowRef, hint))
	}
	if s := known(t); s != nil {
		return s
	}
	switch {
	case implements[huma.SchemaProvider](t):
		return huma.SchemaFromType(g, t)
	case implements[encoding.TextMarshaler](t), implements[encoding.TextUnmarshaler](t):
		return &huma.Schema{Type: huma.TypeString}
	case implements[json.Marshaler](t), implements[json.Unmarshaler](t):
		return &huma.Schema{} // it alone knows
	}
	switch t.Kind() {
	case reflect.Struct:
		return g.structSchema(t, allowRef, hint)
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() != reflect.Uint8 {
			return g.listSchema(t, hint)
		}
	case reflect.Map:
		return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: g.Schema(t.Elem(), true, hint+"Value")}
	}
	return huma.SchemaFromType(g, t)
}

func (g *registry) listSchema(t reflect.Type, hint string) *huma.Schema {
	elem := t.Elem()
	for elem.Kind() == reflect.Pointer {
		elem = elem.Elem() // a list of pointers holds no nulls
	}
	s := &huma.Schema{Type: huma.TypeArray, Items: g.Schema(elem, true, hint+"Item")}
	if t.Kind() == reflect.Array {
		n := t.Len()
		s.MinItems, s.MaxItems = &n, &n
	}
	return s
}

func (g *registry) structSchema(t reflect.Type, allowRef bool, hint string) *huma.Schema {
	name := componentName(t, hint)
	if other, ok := g.types[name]; ok && other != t {
		panic(fmt.Sprintf("web: %v and %v would both be called %s in OpenAPI", other, t, name))
	}
	if g.types[name] == nil {
		g.types[name] = t
		g.schemas[name] = &huma.Schema{} // so that it may refer to itself
		s := huma.SchemaFromType(g, t)
		adjust(t, s)
		if m := g.members[t]; m != nil {
			m.addTo(g, t, s)
		}
		*g.schemas[name] = *s
	}
	if allowRef {
		return &huma.Schema{Ref: schemaPrefix + name}
	}
	return g.schemas[name]
}

// raw adds a schema that stands for no type.
func (g *registry) raw(name string, schema map[string]any) {
	if g.schemas[name] != nil {
		panic(fmt.Sprintf("web: two schemas would be called %s in OpenAPI", name))
	}
	g.schemas[name] = &huma.Schema{Extensions: schema}
}

// adjust corrects what huma says of a struct's fields: a patch.Field may be left
// out and a pointer may be null, omitempty or not. (For omitempty huma thinks of
// answers; requests may say null as well as nothing.)
func adjust(t reflect.Type, s *huma.Schema) {
	for _, f := range jsonFields(t) {
		p := s.Properties[f.name]
		if p == nil {
			continue
		}
		if _, ok := patched(f.typ); ok {
			s.Required = slices.DeleteFunc(s.Required, func(r string) bool { return r == f.name })
		}
		if f.typ.Kind() == reflect.Pointer && f.nullable && p.Type != "" {
			p.Nullable = true
		}
		if p.Nullable && len(p.Enum) > 0 {
			p.Enum = append(p.Enum, nil) // JSON Schema asks enum of null too
		}
	}
}

// nullable lets s be null, too.
func nullable(s *huma.Schema) *huma.Schema {
	switch {
	case s.Ref != "":
		return &huma.Schema{OneOf: []*huma.Schema{s, {Type: typeNull}}}
	case s.Type != "":
		s.Nullable = true
	}
	return s
}

// patched returns the V of a patch.Field[V].
func patched(t reflect.Type) (reflect.Type, bool) {
	if t.PkgPath() != reflect.TypeFor[patch.Field[int]]().PkgPath() || !strings.HasPrefix(t.Name(), "Field[") {
		return nil, false
	}
	get, ok := t.MethodByName("Get")
	return get.Type.Out(0), ok
}

// known returns the schemas of types that say less about themselves than we
// know.
func known(t reflect.Type) *huma.Schema {
	switch t {
	case reflect.TypeFor[time.Time]():
		return &huma.Schema{Type: huma.TypeString, Format: "date-time"}
	case reflect.TypeFor[decimal.Decimal]():
		return &huma.Schema{Type: huma.TypeString, Pattern: `^-?[0-9]{1,30}(\.[0-9]{1,20})?$`, PatternDescription: "a decimal number in a string, such as \"12.50\""}
	case reflect.TypeFor[data.Date]():
		return &huma.Schema{Type: huma.TypeString, Format: "date"}
	case reflect.TypeFor[secret.Text]():
		return &huma.Schema{Type: huma.TypeString, Format: "password", WriteOnly: true}
	case reflect.TypeFor[IfMatch]():
		return &huma.Schema{Type: huma.TypeString}
	case reflect.TypeFor[json.RawMessage]():
		return &huma.Schema{}
	case reflect.TypeFor[json.Number]():
		return &huma.Schema{Type: huma.TypeNumber}
	}
	if t.PkgPath() == reflect.TypeFor[data.Version]().PkgPath() {
		return keySchema(t.Name())
	}
	return nil
}

// keySchema returns the schema of a key of package data, or nil.
func keySchema(name string) *huma.Schema {
	kind, _, generic := strings.Cut(name, "[")
	switch {
	case generic && kind == "ID":
		return &huma.Schema{Type: huma.TypeString, Format: "uuid"}
	case generic && kind == "Serial":
		one := 1.0
		return &huma.Schema{Type: huma.TypeInteger, Format: "int64", Minimum: &one}
	case generic && kind == "NanoID":
		return &huma.Schema{Type: huma.TypeString, Pattern: "^[A-Za-z0-9_-]{21}$", PatternDescription: "an ID of 21 letters, digits, _ or -"}
	}
	return nil
}

func implements[I any](t reflect.Type) bool {
	i := reflect.TypeFor[I]()
	return t.Implements(i) || t.Kind() != reflect.Interface && reflect.PointerTo(t).Implements(i)
}

type jsonField struct {
	name     string
	typ      reflect.Type
	nullable bool // its tag does not say otherwise
}

// jsonFields returns the fields of a struct by the names they have in JSON.
func jsonFields(t reflect.Type) (out []jsonField) {
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" {
			name = f.Name
		}
		if f.IsExported() && name != "-" {
			out = append(out, jsonField{name, f.Type, f.Tag.Get("nullable") != "false"})
		}
	}
	return out
}

// SchemaFromRef returns the component that ref refers to, or nil.
func (g *registry) SchemaFromRef(ref string) *huma.Schema {
	return g.schemas[strings.TrimPrefix(ref, schemaPrefix)]
}

// TypeFromRef returns the type of the component that ref refers to, or nil.
func (g *registry) TypeFromRef(ref string) reflect.Type {
	return g.types[strings.TrimPrefix(ref, schemaPrefix)]
}

// Map returns the components by name.
func (g *registry) Map() map[string]*huma.Schema { return g.schemas }

// RegisterTypeAlias makes t look like alias.
func (g *registry) RegisterTypeAlias(t, alias reflect.Type) { g.aliases[t] = alias }

// MarshalJSON returns the components.
func (g *registry) MarshalJSON() ([]byte, error) { return json.Marshal(g.schemas) }

// reachable returns the names of the components that s refers to, directly or
// not.
func (g *registry) reachable(s *huma.Schema, into map[string]bool) {
	if s == nil {
		return
	}
	if s.Ref != "" {
		name := strings.TrimPrefix(s.Ref, schemaPrefix)
		if into[name] {
			return
		}
		into[name] = true
		s = g.schemas[name]
	}
	extra, _ := s.AdditionalProperties.(*huma.Schema)
	for _, kid := range append([]*huma.Schema{s.Items, extra}, slices.Concat(s.OneOf, s.AnyOf, s.AllOf)...) {
		g.reachable(kid, into)
	}
	for kid := range maps.Values(s.Properties) {
		g.reachable(kid, into)
	}
}
