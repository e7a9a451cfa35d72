package data

import (
	"context"
	"fmt"
	"regexp"
	"slices"
)

// A TreeRelation lets trees of filters ask for rows of P by rows that are
// related to them. Get one from [ToOne.InTrees] or [ToMany.InTrees], and give it
// to a [TreeReader]. It is immutable.
type TreeRelation[P any] struct {
	name    string
	read    func(in *treeReading, o op, tree any, path string, depth int) (Filter[P], error)
	schemas func(in *treeSchemas, name string)
}

// Name returns what trees call the relation.
func (r TreeRelation[P]) Name() string { return r.name }

// InTrees lets trees ask by exists and not_exists whether a row has a related
// row. See [ToMany.InTrees].
func (r ToOne[P, C]) InTrees(name string, visible func(context.Context) (Filter[C], error), fields []string, relations ...TreeRelation[C]) TreeRelation[P] {
	return r.x.inTrees(name, visible, fields, relations)
}

// InTrees lets trees ask by exists and not_exists for related rows, under this
// name.
//
// Only rows that hold to the rule count, which is asked for each tree: it is the
// Visible of the [Service] of those rows, and nil if everybody may see them all.
// Only and Visible of the relation hold, too. Whoever may ask for rows by their
// fields can find out what is in those, one question after the other, whether
// they are shown or not. So fields lists by their names in JSON which ones may be
// named, of those that are marked filter or search, or are the primary key or
// the time of creation or of the last change; without any a tree can ask only
// whether there are related rows. With relations it can go on from them.
//
// InTrees panics if the name is not of small letters, digits and _, a field cannot be asked for, or two
// relations have one name.
func (r ToMany[P, C]) InTrees(name string, visible func(context.Context) (Filter[C], error), fields []string, relations ...TreeRelation[C]) TreeRelation[P] {
	return r.x.inTrees(name, visible, fields, relations)
}

var relationName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

func (x relation[P, C]) inTrees(name string, visible func(context.Context) (Filter[C], error), fields []string, relations []TreeRelation[C]) TreeRelation[P] {
	x.rules = append(slices.Clip(x.rules), visible)
	fields = slices.Clone(fields)
	r := TreeReader[C]{Table: x.to, Relations: slices.Clone(relations), Allow: func(f Field, _ Use) bool { return slices.Contains(fields, f.JSON) }}
	if !relationName.MatchString(name) {
		panic(fmt.Sprintf("data: the relation from %s to %s cannot be called %q in trees: use small letters, digits and _", x.from.name, x.to.name, name))
	}
	may := append(r.names(ToFilter), r.names(ToSearch)...)
	for _, f := range fields {
		if !slices.Contains(may, f) {
			panic(fmt.Sprintf("data: table %s has no field %s that can be filtered by or searched", x.to.name, f))
		}
	}
	for i, other := range relations {
		if slices.ContainsFunc(relations[:i], func(o TreeRelation[C]) bool { return o.name == other.name }) {
			panic(fmt.Sprintf("data: two relations of %s are called %s", x.to.name, other.name))
		}
	}
	return TreeRelation[P]{name: name, schemas: r.schemas, read: func(in *treeReading, o op, tree any, path string, depth int) (f Filter[P], err error) {
		p := treeParser[C]{treeReading: in, r: r, t: r.Table}
		where, err := p.tree(tree, path, depth, false)
		if err != nil {
			return f, err
		}
		only, err := x.picked(in.ctx)
		if err != nil {
			return f, err
		}
		return Filter[P]{&node{op: o, sql: name, link: x.link, kids: []*node{only.n, where.n}}}, nil
	}}
}

// related reads exists and not_exists.
func (l leaf[T]) related(o op, depth int) (f Filter[T], err error) {
	name, _ := l.arg("relation").(string)
	i := slices.IndexFunc(l.p.r.Relations, func(r TreeRelation[T]) bool { return r.name == name })
	if i < 0 {
		return f, badTree(l.at("relation"), "is not a relation that can be asked for")
	}
	if l.p.related++; l.p.related > l.p.maxRelated {
		return f, badTree(l.path, "is one more than the %d filters over relations that a tree may have", l.p.maxRelated)
	}
	if depth == 0 {
		return f, badTree(l.path, "is nested too deep")
	}
	tree, given := l.o.get("filter")
	if !given {
		tree = jsonObject{}
	}
	return l.p.r.Relations[i].read(l.p.treeReading, o, tree, l.at("filter"), depth-1)
}

// relatedTree writes exists or not_exists.
func (n *node) relatedTree() (jsonMap, error) {
	if n.sql == "" {
		return nil, notData()
	}
	where, err := n.kids[1].tree()
	typ := "exists"
	if n.op == opNone {
		typ = "not_exists"
	}
	return jsonMap{"type": typ, "relation": n.sql, "filter": where}, err
}
