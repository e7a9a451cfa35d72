package data

import (
	"maps"
	"slices"
	"strings"

	"github.com/manorgo/manor/data/driver"
)

// The ops of a comparison in a tree.
var (
	valueOps = map[string]op{"eq": opEq, "ne": opNe, "gt": opGt, "ge": opGe, "lt": opLt, "le": opLe}
	listOps  = map[string]op{"in": opIn, "notin": opNotIn}
	textOps  = map[string]op{
		"like": opLike, "ilike": opLikeFold,
		"contains": opHas, "startswith": opPrefix, "endswith": opSuffix,
		"icontains": opHasFold, "istartswith": opPrefixFold, "iendswith": opSuffixFold,
	}
)

func opNames() string {
	names := []string{"between", "dateeq"}
	for _, m := range []map[string]op{valueOps, listOps, textOps} {
		names = slices.AppendSeq(names, maps.Keys(m))
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func (l leaf[T]) comparison() (f Filter[T], err error) {
	name, _ := l.arg("op").(string)
	if o, ok := textOps[name]; ok {
		return l.textual(o)
	}
	col, err := l.field(ToFilter)
	if err != nil {
		return f, err
	}
	if o, ok := valueOps[name]; ok {
		v, err := col.fromJSON(l.arg("value"), l.at("value"))
		return Filter[T]{&node{op: o, f: col, v: v}}, err
	}
	if o, ok := listOps[name]; ok {
		vs, err := l.list(col, "value")
		return Filter[T]{&node{op: o, f: col, vs: vs}}, err
	}
	switch name {
	case "between":
		return l.between(col)
	case "dateeq":
		return l.dateeq(col)
	}
	return f, badTree(l.at("op"), "must be one of %s", opNames())
}

func (l leaf[T]) textual(o op) (f Filter[T], err error) {
	col, err := l.field(ToSearch, ToFilter)
	if err != nil {
		return f, err
	}
	text, ok := l.arg("value").(string)
	switch {
	case col.column.Kind != driver.Text:
		return f, badTree(l.at("field"), "is not a text")
	case !ok:
		return f, badTree(l.at("value"), "must be a text")
	}
	if why := badPattern(text); why != "" && (o == opLike || o == opLikeFold) {
		return f, badTree(l.at("value"), "%s", why)
	}
	return Filter[T]{&node{op: o, f: col, v: text}}, nil
}

func (l leaf[T]) between(col *field) (f Filter[T], err error) {
	vs, err := l.list(col, "value")
	if err == nil && len(vs) != 2 {
		err = badTree(l.at("value"), "must be a list of two")
	}
	if err != nil {
		return f, err
	}
	return All(Filter[T]{&node{op: opGe, f: col, v: vs[0]}}, Filter[T]{&node{op: opLe, f: col, v: vs[1]}}), nil
}

func (l leaf[T]) dateeq(col *field) (f Filter[T], err error) {
	switch {
	case col.column.Kind == driver.Time:
		day, err := col.dayFromJSON(l.arg("value"), l.at("value"))
		return Filter[T]{onDay(col, day)}, err
	case col.date:
		v, err := col.fromJSON(l.arg("value"), l.at("value"))
		return Filter[T]{&node{op: opEq, f: col, v: v}}, err
	}
	return f, badTree(l.at("field"), "is not a time nor a day")
}
