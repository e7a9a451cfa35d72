package web

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

// maxTree is the length of the longest filter tree, in bytes.
const maxTree = 4096

// FilterTree adds the parameter filter to a list: a tree of filters in JSON, as
// data.TreeReader reads it, of at most 4096 bytes. It may name the fields that
// the list's other parameters name, as far as Restrict lets the caller use
// those; paging and order keep their own parameters.
func FilterTree() Option { return func(o *options) { o.tree = true } }

// FilterRelated is FilterTree whose trees may also ask, by exists and not_exists,
// for rows that these relations lead to. Only callers with the permission may,
// all if that is ""; to others the relations are unknown.
func FilterRelated[T any](permission string, relations ...data.TreeRelation[T]) Option {
	return func(o *options) {
		o.tree = true
		for _, r := range relations {
			o.related = append(o.related, treeRelation[T]{r, permission})
		}
	}
}

type treeRelation[T any] struct {
	data.TreeRelation[T]
	permission string // "" lets everybody ask for it
}

// addTree adds the parameter filter. Its schema is a text, which holds JSON of a
// schema whose name begins with the operation's.
func (l *listing[T]) addTree(r *Router, operation string, o *options) {
	most := maxTree
	s := &huma.Schema{Type: huma.TypeString, MaxLength: &most}
	l.add(r, listParam[T]{name: "filter", set: func(s *selection[T], v string) string {
		if s.tree = v; v == "" {
			return "is not JSON"
		}
		return ""
	}}, "", s)
	text := `Only rows for which a tree of filters in JSON holds, such as {"or_":[{"type":"null","field":"a"},{"type":"comparison","field":"b","op":"ge","value":1}]}. ` +
		"Groups are and_, or_ and not_. What may be named alone may be named in it."
	reader := l.treeReader()
	for _, x := range o.related {
		rel, ok := x.(treeRelation[T])
		if !ok {
			panic(fmt.Sprintf("web: a relation of the list of %s is of other rows", l.table.Name()))
		}
		if slices.ContainsFunc(l.related, func(o treeRelation[T]) bool { return o.Name() == rel.Name() }) {
			panic(fmt.Sprintf("web: the list of %s has two relations called %s", l.table.Name(), rel.Name()))
		}
		l.related = append(l.related, rel)
		reader.Relations = append(reader.Relations, rel.TreeRelation)
		if rel.permission != "" {
			text += " To ask for " + rel.Name() + " needs the permission " + rel.permission + "."
		}
	}
	l.params[l.index["filter"]].doc.Description = text
	name := title(operation) + "Filter"
	for name, schema := range reader.Schemas(schemaPrefix, name) {
		r.schemas.raw(name, schema)
	}
	s.Extensions = map[string]any{"contentMediaType": "application/json", "contentSchema": &huma.Schema{Ref: schemaPrefix + name}}
}

func (l *listing[T]) treeReader() data.TreeReader[T] {
	return data.TreeReader[T]{Table: l.table, MaxBytes: maxTree}
}

// restrictTree holds the tree to the permissions of the parameters that do the
// same.
func (l *listing[T]) restrictTree(o *options) {
	if !o.tree {
		return
	}
	l.trees = map[string][]string{}
	for i, f := range l.table.Fields() {
		names := []string{camel(f.JSON), camel(f.JSON) + "In", camel(f.JSON) + "NotIn"}
		if prefix, ok := strings.CutSuffix(f.Column, "_at"); ok {
			names = append(names, prefix+"Before", prefix+"After")
		}
		if l.table.Schema().Columns[i].Primary {
			names = []string{"ids"}
		}
		l.trees[f.JSON] = l.permissions(names...)
	}
	l.trees[""] = l.permissions("searchString")
}

// permissions returns what the parameters need, those that there are.
func (l *listing[T]) permissions(names ...string) (out []string) {
	for _, n := range names {
		if i, ok := l.index[n]; ok && l.params[i].permission != "" {
			out = append(out, l.params[i].permission)
		}
	}
	return out
}

// readTree reads the tree that a request brings.
func (l *listing[T]) readTree(ctx context.Context, s *selection[T]) error {
	if s.tree == "" {
		return nil
	}
	who := auth.From(ctx)
	r := l.treeReader()
	r.Allow = func(f data.Field, use data.Use) bool {
		needs := l.trees[f.JSON]
		if use == data.ToSearch {
			needs = slices.Concat(needs, l.trees[""])
		}
		return !slices.ContainsFunc(needs, func(permission string) bool { return !who.Can(permission) })
	}
	for _, rel := range l.related {
		if rel.permission == "" || who.Can(rel.permission) {
			r.Relations = append(r.Relations, rel.TreeRelation)
		}
	}
	f, err := r.Filter(ctx, []byte(s.tree))
	if e, ok := errors.AsType[*fault.Error](err); ok && e.Kind == fault.Malformed {
		s.refuse("filter", strings.TrimPrefix(e.Msg, "filter: "), "", false)
		return nil
	}
	s.where = append(s.where, f)
	return err
}
