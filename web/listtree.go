package web

import (
	"context"
	"errors"
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

func (l *listing[T]) addTree(r *Router) {
	most := maxTree
	l.add(r, listParam[T]{name: "filter", set: func(s *selection[T], v string) string {
		if s.tree = v; v == "" {
			return "is not JSON"
		}
		return ""
	}}, `Only rows for which a tree of filters in JSON holds, such as {"or_":[{"type":"null","field":"a"},{"type":"comparison","field":"b","op":"ge","value":1}]}. `+
		"Groups are and_, or_ and not_. What may be named alone may be named in it.",
		&huma.Schema{Type: huma.TypeString, MaxLength: &most})
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
	f, err := data.TreeReader[T]{Table: l.table, MaxBytes: maxTree, Allow: func(f data.Field, use data.Use) bool {
		needs := l.trees[f.JSON]
		if use == data.ToSearch {
			needs = slices.Concat(needs, l.trees[""])
		}
		return !slices.ContainsFunc(needs, func(permission string) bool { return !who.Can(permission) })
	}}.Filter([]byte(s.tree))
	if e, ok := errors.AsType[*fault.Error](err); ok && e.Kind == fault.Malformed {
		s.refuse("filter", strings.TrimPrefix(e.Msg, "filter: "), "", false)
		return nil
	}
	s.where = append(s.where, f)
	return err
}
