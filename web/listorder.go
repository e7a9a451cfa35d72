package web

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
)

// The ways to sort.
const (
	ascending  = "asc"
	descending = "desc"
)

func (l *listing[T]) addOrder(r *Router, fields []data.Field) {
	var names []string
	usual := "the id"
	for _, f := range fields {
		if f.Sort {
			names = append(names, f.JSON)
		}
		if f.Sort && f.JSON == "created_at" {
			l.created, usual = true, f.JSON
		}
	}
	if names == nil {
		return
	}
	orderBy, sortOrder := orderSchema(names...), orderSchema(ascending, descending)
	orderBy.UniqueItems, sortOrder.Default = true, []string{descending}
	l.add(r, listParam[T]{name: "orderBy", many: true, set: func(s *selection[T], v string) string {
		return addOrders(&s.orderBy, v, orderBy.Items, "fields")
	}}, "What rows are sorted by, the first field first: repeated, or with commas between; "+usual+
		" if it is not said. Rows that are equal in all of them are sorted by the id.", orderBy)
	l.add(r, listParam[T]{name: "sortOrder", many: true, set: func(s *selection[T], v string) string {
		return addOrders(&s.sortOrder, v, sortOrder.Items, "values")
	}}, "Whether the smallest or the largest value comes first: one for all fields of orderBy, or as many as those.", sortOrder)
}

func orderSchema(names ...string) *huma.Schema {
	most := maxOrders
	return &huma.Schema{Type: huma.TypeArray, Items: choices("", names...), MaxItems: &most}
}

// addOrders takes one or more choices with commas between.
func addOrders(into *[]string, value string, choice *huma.Schema, what string) string {
	for v := range strings.SplitSeq(value, ",") {
		switch {
		case !slices.Contains(choice.Enum, any(v)):
			return "must be one of " + (&shape{Schema: choice}).choicesText()
		case len(*into) == maxOrders:
			return fmt.Sprintf("has more than %d %s", maxOrders, what)
		}
		*into = append(*into, v)
	}
	return ""
}

// sorting completes q with the order that is asked for.
func (l *listing[T]) sorting(ctx context.Context, s *selection[T], q *data.Query[T]) {
	names := s.orderBy
	if len(names) == 0 && l.created {
		names = []string{"created_at"}
		if len(s.sortOrder) == 0 && l.queue.asked(s.repeated) {
			s.sortOrder = []string{ascending}
		}
	}
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			s.refuse("orderBy", "names "+name+" twice", "", false)
		}
		if permission := l.orders[name]; permission != "" && len(s.orderBy) > 0 && !auth.From(ctx).Can(permission) {
			s.refuse("orderBy", "is not one of the fields to sort by", name, true)
		}
		order, _ := l.table.Sorting(name, s.direction(i) == descending)
		q.Order = append(q.Order, order)
	}
	if n := len(s.sortOrder); n > 1 && n != len(names) {
		s.refuse("sortOrder", "must be one for all fields of orderBy, or one for each", "", false)
	}
}

// direction returns which way the field at i is sorted.
func (s *selection[T]) direction(i int) string {
	switch n := len(s.sortOrder); {
	case n == 0:
		return descending
	case i < n:
		return s.sortOrder[i]
	}
	return s.sortOrder[0]
}

// A queue says when the oldest rows come first: a parameter has one value.
type queue struct {
	on    bool
	param int
	value string
}

// addQueue plans a Queue. It panics if the list is not one that can be.
func (l *listing[T]) addQueue(of [2]string) {
	if of[0] == "" {
		return
	}
	i, ok := l.index[of[0]]
	if !ok || !l.created || l.params[i].filter == nil {
		panic(fmt.Sprintf("web: the list of %s cannot be a queue by %s", l.table.Name(), of[0]))
	}
	l.queue = queue{true, i, of[1]}
	l.params[l.index["sortOrder"]].doc.Description += fmt.Sprintf(" With %s=%s, and if no order is said, the oldest rows come first.", of[0], of[1])
}

// asked reports whether the parameter has the value.
func (q queue) asked(given []repeated) bool {
	return q.on && slices.ContainsFunc(given, func(r repeated) bool { return r.param == q.param && slices.Equal(r.values, []string{q.value}) })
}

const orderPrefix = "orderBy="

// restrictOrder lets only callers with the permission sort by a field.
func (l *listing[T]) restrictOrder(field, permission string) {
	if _, ok := l.table.Sorting(field, false); !ok {
		panic(fmt.Sprintf("web: the list of %s cannot be sorted by %s", l.table.Name(), field))
	}
	l.orders[field] = permission
	l.params[l.index["orderBy"]].doc.Description += " To sort by " + field + " needs the permission " + permission + "."
}
