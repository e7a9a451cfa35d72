package data

import (
	"context"
	"fmt"
	"slices"

	"github.com/manorgo/manor/fault"
)

// A TreeReader reads filters and queries of T that are written as data: trees
// in JSON, from a request or a saved search. It takes nothing that it does not
// know: a typing error would widen what is found.
//
// A tree is a group or a leaf. A group is an object with one or more of
//
//	{"and_": [TREE, …]}   all hold; of an empty list: every row
//	{"or_":  [TREE, …]}   at least one holds; of an empty list: no row
//	{"not_": TREE}        it does not hold; a comparison with a NULL holds neither way
//
// which must all hold; {} is every row. A leaf is an object with "type" and the
// arguments of its type, all of which must be given unless it says so:
//
//	before_after      field, before, after (exclusive; one may be left out, null is no limit)
//	on_before_after   field, on_or_before, on_or_after (inclusive; likewise)
//	collection        field, values: a list; null is no filter, [] is no row
//	choices           the same
//	not_in_collection field, values: a list; null is no filter, [] is every row; a NULL is in no list
//	boolean           field, value: true, false, or null for no filter
//	null, not_null    field
//	search            value; field, a name or a list, else all that are searched; ignore_case, else false
//	not_in_search     the same; holds if no field has the value; a NULL has none
//	comparison        field, op, value
//	filter_group      op: "and_" or "or_", filters: a list of trees
//	exists            relation; filter: a tree of the related rows, else {}: at least one holds to it
//	not_exists        the same: none does
//	order_by          field; sort_order: "asc" or "desc", else "asc"
//	limit_offset      limit, offset
//
// The ops of comparison are eq, ne, gt, ge, lt, le; in, notin, with a list;
// between, with a list of two, both inclusive; contains, startswith, endswith
// and icontains, istartswith, iendswith, which ignore the case of A–Z; like and
// ilike, with a pattern as Text.Like has it; and dateeq, with a day or a time: on
// that day in UTC. Nothing in any other text is a wildcard. order_by and limit_offset belong to queries, where they stand at
// the top or in its and_; order_by may be repeated.
//
// A relation is one of Relations, and in its filter the fields are those of the
// related rows. Which of those count is for the relation's rules to say.
//
// Fields are named, and values written, as in the row's JSON. A field must be
// marked filter, or be the primary key or the time of creation or of the last
// change; search for search, not_in_search and the text ops of comparison; sort
// for order_by.
//
// Whatever is wrong is fault.Malformed with the path to it, such as
// and_[1].field, in the message and as the location of its detail.
type TreeReader[T any] struct {
	Table *Table[T]

	// Allow narrows what fields may be named; nil allows what their marks allow.
	// A field that it refuses is unknown.
	Allow func(f Field, use Use) bool

	Relations []TreeRelation[T] // what exists and not_exists may name; of two with one name the first

	MaxBytes   int // 0 means 64 KiB
	MaxDepth   int // groups and exists in each other; 0 means 8
	MaxNodes   int // groups and leaves; 0 means 100
	MaxRelated int // exists and not_exists among them; 0 means 5
	MaxList    int // values of one list; 0 means 200
	MaxLimit   int // rows on a page; 0 means 100
}

// A Use is what a tree names a field for.
type Use uint8

// The uses.
const (
	ToFilter Use = iota
	ToSearch
	ToSort
)

// ParseFilter is TreeReader.Filter with the usual limits and without relations.
func (t *Table[T]) ParseFilter(tree []byte) (Filter[T], error) {
	return TreeReader[T]{Table: t}.Filter(context.Background(), tree)
}

// ParseQuery is TreeReader.Query with the usual limits and without relations.
func (t *Table[T]) ParseQuery(tree []byte) (Query[T], error) {
	return TreeReader[T]{Table: t}.Query(context.Background(), tree)
}

// Filter reads a tree of filters. One of every row is the zero filter. ctx is
// for the rules of relations, whose errors are returned as they are: the filter
// is for the caller that it tells of, and not to be kept.
func (r TreeReader[T]) Filter(ctx context.Context, tree []byte) (Filter[T], error) {
	return r.parser(ctx, nil).read(tree)
}

// Query reads a tree of filters that may have orders, a limit and an offset in
// it. Without a limit Query.Limit is 0. ctx is as with Filter.
func (r TreeReader[T]) Query(ctx context.Context, tree []byte) (q Query[T], err error) {
	q.Where, err = r.parser(ctx, &q).read(tree)
	return q, err
}

type treeParser[T any] struct {
	*treeReading
	r     TreeReader[T]
	t     *Table[T]
	query *Query[T] // nil if only filters are read
}

// A treeReading is how far a tree is read, relations included, and how far it
// may go.
type treeReading struct {
	ctx                           context.Context
	nodes, related                int
	maxNodes, maxRelated, maxList int
}

func (r TreeReader[T]) parser(ctx context.Context, q *Query[T]) *treeParser[T] {
	return &treeParser[T]{
		treeReading: &treeReading{ctx: ctx, maxNodes: limit(r.MaxNodes, 100), maxRelated: limit(r.MaxRelated, 5), maxList: limit(r.MaxList, 200)},
		r:           r, t: r.Table, query: q,
	}
}

func (p *treeParser[T]) read(tree []byte) (f Filter[T], err error) {
	if most := limit(p.r.MaxBytes, 64<<10); len(tree) > most {
		return f, badTree("", "is longer than %d bytes", most)
	}
	depth := limit(p.r.MaxDepth, 8)
	// A group is an object and a list, and a leaf an object with a list in it.
	v, err := readJSON(tree, 2*depth+2)
	if err != nil {
		return f, err
	}
	return p.tree(v, "", depth, true)
}

func limit(n, usual int) int {
	if n > 0 {
		return n
	}
	return usual
}

// tree reads a group or a leaf. depth is how many groups may still follow. top
// is whether all of the tree so far must hold, as orders and limits need it.
func (p *treeParser[T]) tree(v any, path string, depth int, top bool) (f Filter[T], err error) {
	if p.nodes++; p.nodes > p.maxNodes {
		return f, badTree(path, "is one more than the %d groups and filters that a tree may have", p.nodes-1)
	}
	o, ok := v.(jsonObject)
	if !ok {
		return f, badTree(path, "must be an object")
	}
	if typ, ok := o.get("type"); ok {
		return p.leaf(o, typ, path, depth, top)
	}
	var all []Filter[T]
	for _, m := range o {
		var part Filter[T]
		here := at(path, m.name)
		switch m.name {
		case "and_", "or_":
			part, err = p.group(m.value, here, depth, m.name == "or_", top)
		case "not_":
			if depth == 0 {
				return f, badTree(here, "is nested too deep")
			}
			if part, err = p.tree(m.value, here, depth-1, false); err == nil {
				part = Not(part)
			}
		default:
			return f, badTree(here, "is not known: a group has and_, or_ and not_, a filter has type")
		}
		if err != nil {
			return f, err
		}
		all = append(all, part)
	}
	return All(all...), nil
}

func (p *treeParser[T]) group(v any, path string, depth int, or, top bool) (f Filter[T], err error) {
	list, ok := v.([]any)
	switch {
	case !ok:
		return f, badTree(path, "must be a list")
	case depth == 0:
		return f, badTree(path, "is nested too deep")
	}
	parts := make([]Filter[T], len(list))
	for i, v := range list {
		if parts[i], err = p.tree(v, fmt.Sprintf("%s[%d]", path, i), depth-1, top && !or); err != nil {
			return f, err
		}
	}
	if or {
		return Any(parts...), nil
	}
	return All(parts...), nil
}

// field returns the column that name means, if the tree may use it so.
func (p *treeParser[T]) field(name any, path string, use Use, also ...Use) (*field, error) {
	s, ok := name.(string)
	if !ok {
		return nil, badTree(path, "must be the name of a field")
	}
	i := slices.IndexFunc(p.t.fields, func(f *field) bool { return f.json == s })
	if i >= 0 {
		f := p.t.fields[i]
		if p.allowed(f, use) || slices.ContainsFunc(also, func(u Use) bool { return p.allowed(f, u) }) {
			return f, nil
		}
	}
	return nil, badTree(path, "is not a field that %s", []string{"can be filtered by", "can be searched", "can be sorted by"}[use])
}

func (p *treeParser[T]) allowed(f *field, use Use) bool {
	switch use {
	case ToFilter:
		if !f.filter && !f.primary && f != p.t.created && f != p.t.updated {
			return false
		}
	case ToSearch:
		if !f.search {
			return false
		}
	case ToSort:
		if !f.sort {
			return false
		}
	}
	return p.r.Allow == nil || p.r.Allow(f.public(), use)
}

// place moves the path of a value's error to its place in the tree.
func place(err error, path string) error {
	if err == nil || fault.KindOf(err) != fault.Malformed {
		return err
	}
	if e, ok := err.(*fault.Error); ok {
		return badTree(path, "%s", e.Msg)
	}
	return badTree(path, "is not valid")
}
