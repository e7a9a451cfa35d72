package data

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/manorgo/manor/data/driver"
)

// A leaf is one filter of a tree while it is read.
type leaf[T any] struct {
	p    *treeParser[T]
	o    jsonObject
	path string
}

// leafArgs names what each type of leaf may have beside "type"; "!" marks what
// it must have.
var leafArgs = map[string]string{
	"before_after":      "field! before after",
	"on_before_after":   "field! on_or_before on_or_after",
	"collection":        "field! values!",
	"choices":           "field! values!",
	"not_in_collection": "field! values!",
	"boolean":           "field! value!",
	"null":              "field!",
	"not_null":          "field!",
	"search":            "field value! ignore_case",
	"not_in_search":     "field value! ignore_case",
	"comparison":        "field! op! value!",
	"filter_group":      "op! filters!",
	"exists":            "relation! filter",
	"not_exists":        "relation! filter",
	"order_by":          "field! sort_order",
	"limit_offset":      "limit! offset!",
}

func (p *treeParser[T]) leaf(o jsonObject, typ any, path string, depth int, top bool) (f Filter[T], err error) {
	name, _ := typ.(string)
	if _, ok := leafArgs[name]; !ok {
		return f, badTree(at(path, "type"), "is not a type of filter")
	}
	l := leaf[T]{p, o, path}
	if err := l.check(leafArgsOf(name)); err != nil {
		return f, err
	}
	switch name {
	case "before_after":
		return l.sides("before", opLt, "after", opGt)
	case "on_before_after":
		return l.sides("on_or_before", opLe, "on_or_after", opGe)
	case "collection", "choices":
		return l.collection(opIn)
	case "not_in_collection":
		return l.collection(opNotIn)
	case "boolean":
		return l.boolean()
	case "null":
		return l.null(opNull)
	case "not_null":
		return l.null(opNotNull)
	case "search", "not_in_search":
		return l.search(name == "not_in_search")
	case "comparison":
		return l.comparison()
	case "filter_group":
		return l.group(depth, top)
	case "exists":
		return l.related(opSome, depth)
	case "not_exists":
		return l.related(opNone, depth)
	}
	switch {
	case p.query == nil:
		return f, badTree(at(path, "type"), "is not a filter: only a query has %s", name)
	case !top:
		return f, badTree(at(path, "type"), "has %s where it would be one choice among others", name)
	case name == "order_by":
		return f, l.order()
	}
	return f, l.page()
}

// A leafArg is an argument of a leaf.
type leafArg struct {
	name string
	must bool
}

func leafArgsOf(typ string) (out []leafArg) {
	for _, a := range strings.Fields(leafArgs[typ]) {
		name, must := strings.CutSuffix(a, "!")
		out = append(out, leafArg{name, must})
	}
	return out
}

// check refuses arguments that are not known, and wants those that must be.
func (l leaf[T]) check(args []leafArg) error {
	for _, m := range l.o {
		if m.name != "type" && !slices.ContainsFunc(args, func(a leafArg) bool { return a.name == m.name }) {
			return badTree(at(l.path, m.name), "is not an argument of this filter")
		}
	}
	for _, a := range args {
		if _, given := l.o.get(a.name); a.must && !given {
			return badTree(at(l.path, a.name), "is missing")
		}
	}
	return nil
}

func (l leaf[T]) arg(name string) any {
	v, _ := l.o.get(name)
	return v
}

func (l leaf[T]) at(name string) string { return at(l.path, name) }

func (l leaf[T]) field(use Use, also ...Use) (*field, error) {
	return l.p.field(l.arg("field"), l.at("field"), use, also...)
}

func (l leaf[T]) sides(first string, a op, second string, b op) (f Filter[T], err error) {
	col, err := l.field(ToFilter)
	if err != nil {
		return f, err
	}
	var all []Filter[T]
	given := false
	for _, side := range []struct {
		name string
		op   op
	}{{first, a}, {second, b}} {
		v, ok := l.o.get(side.name)
		if given = given || ok; v == nil {
			continue
		}
		x, err := col.fromJSON(v, l.at(side.name))
		if err != nil {
			return f, err
		}
		all = append(all, Filter[T]{&node{op: side.op, f: col, v: x}})
	}
	if !given {
		return f, badTree(l.at(first), "is missing, and %s, too", second)
	}
	return All(all...), nil
}

func (l leaf[T]) collection(o op) (f Filter[T], err error) {
	col, err := l.field(ToFilter)
	if err != nil || l.arg("values") == nil {
		return f, err
	}
	vs, err := l.list(col, "values")
	if err != nil {
		return f, err
	}
	return Filter[T]{&node{op: o, f: col, vs: vs}}, nil
}

// list reads a list of the column's values.
func (l leaf[T]) list(col *field, name string) ([]any, error) {
	list, ok := l.arg(name).([]any)
	if !ok {
		return nil, badTree(l.at(name), "must be a list")
	}
	if len(list) > l.p.maxList {
		return nil, badTree(l.at(name), "has more than %d values", l.p.maxList)
	}
	out := make([]any, len(list))
	for i, v := range list {
		x, err := col.fromJSON(v, l.at(name)+"["+strconv.Itoa(i)+"]")
		if err != nil {
			return nil, err
		}
		out[i] = x
	}
	return out, nil
}

func (l leaf[T]) boolean() (f Filter[T], err error) {
	col, err := l.field(ToFilter)
	switch {
	case err != nil:
		return f, err
	case col.column.Kind != driver.Bool:
		return f, badTree(l.at("field"), "is not a field of true and false")
	case l.arg("value") == nil:
		return f, nil
	}
	v, err := col.fromJSON(l.arg("value"), l.at("value"))
	return Filter[T]{&node{op: opEq, f: col, v: v}}, err
}

func (l leaf[T]) null(o op) (f Filter[T], err error) {
	col, err := l.field(ToFilter)
	return Filter[T]{&node{op: o, f: col}}, err
}

func (l leaf[T]) search(not bool) (f Filter[T], err error) {
	text, ok := l.arg("value").(string)
	if !ok {
		return f, badTree(l.at("value"), "must be a text")
	}
	o := opHas
	switch fold, given := l.o.get("ignore_case"); {
	case fold == true:
		o = opHasFold
	case given && fold != false:
		return f, badTree(l.at("ignore_case"), "must be true or false")
	}
	fields, err := l.searched()
	if err != nil {
		return f, err
	}
	if not {
		return lackingIn[T](o, fields, text), nil
	}
	some := make([]Filter[T], len(fields))
	for i, col := range fields {
		some[i] = Filter[T]{&node{op: o, f: col, v: text}}
	}
	return Any(some...), nil
}

func (l leaf[T]) searched() (out []*field, err error) {
	v, given := l.o.get("field")
	list, isList := v.([]any)
	switch {
	case !given:
		for _, f := range l.p.t.searched() {
			if l.p.allowed(f, ToSearch) {
				out = append(out, f)
			}
		}
	case !isList:
		f, err := l.field(ToSearch)
		return []*field{f}, err
	}
	if given && len(list) == 0 {
		return nil, badTree(l.at("field"), "names no field")
	}
	for i, name := range list {
		f, err := l.p.field(name, l.at("field")+"["+strconv.Itoa(i)+"]", ToSearch)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	if len(out) == 0 {
		return nil, badTree(l.path, "has no field that can be searched")
	}
	return out, nil
}

func (l leaf[T]) group(depth int, top bool) (f Filter[T], err error) {
	word := l.arg("op")
	if word != "and_" && word != "or_" {
		return f, badTree(l.at("op"), "must be one of and_, or_")
	}
	return l.p.group(l.arg("filters"), l.at("filters"), depth, word == "or_", top)
}

func (l leaf[T]) order() error {
	f, err := l.field(ToSort)
	if err != nil {
		return err
	}
	order, given := l.o.get("sort_order")
	if given && order != "asc" && order != "desc" {
		return badTree(l.at("sort_order"), "must be one of asc, desc")
	}
	l.p.query.Order = append(l.p.query.Order, Order[T]{f: f, desc: order == "desc"})
	return nil
}

func (l leaf[T]) page() error {
	if l.p.query.Limit != 0 {
		return badTree(l.path, "is a second limit_offset")
	}
	for _, x := range []struct {
		name        string
		least, most int64
		into        *int
	}{{"limit", 1, int64(limit(l.p.r.MaxLimit, 100)), &l.p.query.Limit}, {"offset", 0, math.MaxInt32, &l.p.query.Offset}} {
		text, _ := l.arg(x.name).(json.Number)
		n, err := strconv.ParseInt(text.String(), 10, 64)
		if err != nil || n < x.least || n > x.most {
			return badTree(l.at(x.name), "must be a whole number from %d to %d", x.least, x.most)
		}
		*x.into = int(n)
	}
	return nil
}
