package data

import (
	"maps"
	"slices"

	"github.com/manorgo/manor/data/driver"
)

// Schemas returns what trees Filter reads, in JSON Schema 2020-12: one schema
// called name, and one for each relation, called by both with a dot between.
// They refer to each other by their names behind prefix. They hold the fields
// that may be named, each for what it may be named, and say little of values.
func (r TreeReader[T]) Schemas(prefix, name string) map[string]map[string]any {
	s := &treeSchemas{prefix: prefix, maxList: limit(r.MaxList, 200), out: map[string]map[string]any{}}
	r.schemas(s, name)
	return s.out
}

type treeSchemas struct {
	prefix  string
	maxList int
	out     map[string]map[string]any
}

func (r TreeReader[T]) schemas(s *treeSchemas, name string) {
	self := jsonMap{"$ref": s.prefix + name}
	trees := jsonMap{"type": "array", "items": self}
	kinds := []jsonMap{
		{"type": "object", "properties": jsonMap{"and_": trees, "or_": trees, "not_": self}, "additionalProperties": false},
		leafSchema("filter_group", jsonMap{"op": oneOf("and_", "or_"), "filters": trees}),
	}
	if names := r.names(ToFilter); names != nil {
		kinds = append(kinds, s.filtering(names)...)
	}
	if names := r.names(ToFilter, holdsFlag); names != nil {
		kinds = append(kinds, leafSchema("boolean", jsonMap{"field": oneOf(names...), "value": jsonMap{"type": []string{"boolean", "null"}}}))
	}
	if names := r.names(ToSearch); names != nil {
		field := jsonMap{"oneOf": []jsonMap{oneOf(names...), {"type": "array", "items": oneOf(names...), "minItems": 1}}}
		for _, typ := range []string{"search", "not_in_search"} {
			kinds = append(kinds, leafSchema(typ, jsonMap{"field": field, "value": ofType("string"), "ignore_case": ofType("boolean")}))
		}
	}
	if names := r.names(ToSearch, holdsText); names != nil || r.names(ToFilter, holdsText) != nil {
		for _, n := range r.names(ToFilter, holdsText) {
			if !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
		ops := slices.Sorted(maps.Keys(textOps))
		kinds = append(kinds, leafSchema("comparison", jsonMap{"field": oneOf(names...), "op": oneOf(ops...), "value": ofType("string")}))
	}
	for _, rel := range r.Relations {
		inner := name + "." + rel.name
		rel.schemas(s, inner)
		for _, typ := range []string{"exists", "not_exists"} {
			kinds = append(kinds, leafSchema(typ, jsonMap{"relation": oneOf(rel.name), "filter": jsonMap{"$ref": s.prefix + inner}}))
		}
	}
	s.out[name] = jsonMap{"oneOf": kinds}
}

// filtering returns the filters that take any field.
func (s *treeSchemas) filtering(names []string) []jsonMap {
	field, any := oneOf(names...), jsonMap{}
	values := jsonMap{"type": []string{"array", "null"}, "maxItems": s.maxList}
	ops := append(slices.Sorted(maps.Keys(valueOps)), "dateeq")
	lists := append(slices.Sorted(maps.Keys(listOps)), "between")
	list := jsonMap{"type": "array", "maxItems": s.maxList}
	return []jsonMap{
		leafSchema("before_after", jsonMap{"field": field, "before": any, "after": any}),
		leafSchema("on_before_after", jsonMap{"field": field, "on_or_before": any, "on_or_after": any}),
		leafSchema("collection", jsonMap{"field": field, "values": values}),
		leafSchema("choices", jsonMap{"field": field, "values": values}),
		leafSchema("not_in_collection", jsonMap{"field": field, "values": values}),
		leafSchema("null", jsonMap{"field": field}),
		leafSchema("not_null", jsonMap{"field": field}),
		leafSchema("comparison", jsonMap{"field": field, "op": oneOf(ops...), "value": any}),
		leafSchema("comparison", jsonMap{"field": field, "op": oneOf(lists...), "value": list}),
	}
}

// leafSchema is the schema of one type of filter.
func leafSchema(typ string, args jsonMap) jsonMap {
	args = maps.Clone(args)
	args["type"] = oneOf(typ)
	required := []string{"type"}
	for _, a := range leafArgsOf(typ) {
		if a.must {
			required = append(required, a.name)
		}
	}
	return jsonMap{"type": "object", "properties": args, "required": required, "additionalProperties": false}
}

func oneOf(names ...string) jsonMap { return jsonMap{"type": "string", "enum": names} }

func ofType(name string) jsonMap { return jsonMap{"type": name} }

func holdsFlag(f *field) bool { return f.column.Kind == driver.Bool }

func holdsText(f *field) bool { return f.column.Kind == driver.Text }

// names returns the fields that trees may name for this, and which hold to all
// conditions.
func (r TreeReader[T]) names(use Use, only ...func(*field) bool) (out []string) {
	p := treeParser[T]{r: r, t: r.Table}
	for _, f := range r.Table.fields {
		if p.allowed(f, use) && !slices.ContainsFunc(only, func(is func(*field) bool) bool { return !is(f) }) {
			out = append(out, f.json)
		}
	}
	return out
}
