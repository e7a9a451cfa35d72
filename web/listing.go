package web

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
)

const (
	maxPageSize = 100
	maxSearch   = 128 // characters
	maxOrders   = 4   // fields to sort by
)

// A listing is the plan by which a query picks rows of a table. It is made
// once.
type listing[T any] struct {
	table   *data.Table[T]
	params  []listParam[T]
	index   map[string]int    // by name
	orders  map[string]string // permission to sort by a field, where it needs one
	config  *Config
	created bool                // rows can be sorted by created_at, which is the usual order
	queue   queue               // when the oldest of them come first
	trees   map[string][]string // permissions to name a field in a filter tree, and to search, by ""
	related []treeRelation[T]   // that a filter tree may name
}

// A listParam is one parameter of a list. Either set takes its one value, which
// is one after the other if there may be many, or filter all of them. Both
// return what is wrong, set as text.
type listParam[T any] struct {
	name       string
	permission string // "" lets everybody use it
	shape      *shape
	many       bool
	set        func(s *selection[T], value string) string
	filter     func(values []string) (data.Filter[T], error)
	doc        *huma.Param
}

// A selection is what a query has asked for so far.
type selection[T any] struct {
	page, size int
	search     string
	fold       bool
	orderBy    []string
	sortOrder  []string
	counted    bool
	paged      bool // currentPage is given
	exact      bool // a total is asked for
	estimated  bool // which may be a guess
	tree       string
	keyset     bool // cursor is given
	cursor     string
	where      []data.Filter[T]
	given      uint64 // which parameters that take one value; they come first
	repeated   []repeated
	wrong      []ProblemDetail
}

// A repeated is a parameter with all its values.
type repeated struct {
	param  int
	values []string
}

// newListing makes the plan for a table's list, which is an operation of OpenAPI.
// It panics if two parameters would have one name.
func newListing[T any](r *Router, operation string, table *data.Table[T], o *options) *listing[T] {
	l := &listing[T]{table: table, index: map[string]int{}, orders: map[string]string{}, config: &r.config}
	l.addTable(r)
	if o.tree {
		l.addTree(r, operation, o)
	}
	for _, f := range o.filters {
		x, ok := f.(extraFilter[T])
		if !ok {
			panic(fmt.Sprintf("web: a filter of the list of %s is for other rows", table.Name()))
		}
		l.addFilter(r, x.name, &huma.Schema{Type: huma.TypeString}, "", x.parse)
		l.params[l.index[x.name]].permission = x.permission
	}
	for _, f := range table.Fields() {
		if permission := o.fields[f.JSON]; permission != "" && f.Filter && schemaOf(f) != nil {
			o.restricted[camel(f.JSON)] = permission
		}
		if permission := o.fields[f.JSON]; permission != "" && f.Sort {
			o.restricted[orderPrefix+f.JSON] = permission
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o.restricted)) {
		permission, found := o.restricted[name], false
		if field, ok := strings.CutPrefix(name, orderPrefix); ok {
			l.restrictOrder(field, permission)
			continue
		}
		for _, n := range []string{name, name + "In", name + "NotIn"} {
			if i, ok := l.index[n]; ok {
				l.params[i].permission, found = permission, true
			}
		}
		if !found {
			panic(fmt.Sprintf("web: the list of %s has no parameter %s to restrict", table.Name(), name))
		}
	}
	l.restrictTree(o)
	l.addQueue(o.queue)
	for i := range l.params {
		p := &l.params[i]
		if p.permission != "" {
			p.doc.Description += " Needs the permission " + p.permission + "."
			p.doc.Extensions = map[string]any{"x-permission": p.permission}
		}
	}
	return l
}

func (l *listing[T]) docs() (out []*huma.Param) {
	for _, p := range l.params {
		out = append(out, p.doc)
	}
	return out
}

func (l *listing[T]) add(r *Router, p listParam[T], description string, s *huma.Schema) {
	if _, twice := l.index[p.name]; twice {
		panic(fmt.Sprintf("web: the list of %s has two parameters called %s", l.table.Name(), p.name))
	}
	p.shape = r.schemas.compile(s)
	p.doc = &huma.Param{Name: p.name, In: "query", Description: description, Schema: s}
	l.index[p.name] = len(l.params)
	l.params = append(l.params, p)
}

// query reads what a request asks for. Errors are fault.Malformed and name the
// parameters.
func (l *listing[T]) query(ctx context.Context, req *http.Request) (q data.Query[T], err error) {
	s := selection[T]{page: 1, size: data.DefaultLimit, counted: true}
	for qs := (query{req.URL.RawQuery}); len(s.wrong) < maxDetails; {
		name, value, problem, ok := qs.next()
		if !ok {
			break
		}
		if problem != "" {
			s.wrong = append(s.wrong, badParam(queryLocation(name), problem, ""))
		} else {
			l.take(ctx, &s, name, value)
		}
	}
	for _, m := range s.repeated {
		p := &l.params[m.param]
		f, err := p.filter(m.values)
		if err == nil {
			s.where = append(s.where, f)
			continue
		}
		e, ok := errors.AsType[*fault.Error](err)
		if !ok || e.Kind != fault.Malformed && e.Kind != fault.Invalid {
			return q, err
		}
		s.refuse(p.name, e.Msg, m.values[0], len(m.values) == 1)
	}
	if s.page-1 > math.MaxInt32/s.size {
		s.refuse("currentPage", "is out of range", strconv.Itoa(s.page), true)
	}
	l.sorting(ctx, &s, &q)
	q.Limit, q.Offset, q.Count, q.Estimate = s.size, (s.page-1)*s.size, s.counted, s.estimated
	if err := l.readTree(ctx, &s); err != nil {
		return q, err
	}
	l.paging(&s, req, &q)
	if len(s.wrong) > 0 {
		return q, badParams(s.wrong...)
	}
	if s.search != "" {
		s.where = append(s.where, l.table.Searching(s.search, s.fold))
	}
	q.Where = data.All(s.where...)
	return q, nil
}

// take notes one parameter.
func (l *listing[T]) take(ctx context.Context, s *selection[T], name, value string) {
	i, ok := l.index[name]
	if !ok || l.params[i].permission != "" && !auth.From(ctx).Can(l.params[i].permission) {
		s.wrong = append(s.wrong, badParam(queryLocation(name), unknownParam, ""))
		return
	}
	p := &l.params[i]
	if p.set == nil {
		s.repeat(p.name, i, value)
		return
	}
	bit := uint64(1) << (i % maxParams)
	if s.given&bit != 0 && !p.many {
		s.refuse(name, "is given twice", "", false)
		return
	}
	s.given |= bit
	msg := p.shape.checkText(value)
	if msg == "" {
		msg = p.set(s, value)
	}
	if msg != "" {
		s.refuse(name, msg, value, true)
	}
}

func (s *selection[T]) repeat(name string, param int, value string) {
	for i := range s.repeated {
		if m := &s.repeated[i]; m.param == param {
			if len(m.values) == maxRepeats {
				s.refuse(name, fmt.Sprintf("has more than %d values", maxRepeats), "", false)
				return
			}
			m.values = append(m.values, value)
			return
		}
	}
	s.repeated = append(s.repeated, repeated{param, []string{value}})
}

func (s *selection[T]) refuse(name, msg, value string, show bool) {
	if !show {
		value = ""
	}
	s.wrong = append(s.wrong, badParam(queryLocation(name), msg, value))
}

// schemaOf returns the schema of a column's values as parameters have them.
func schemaOf(f data.Field) *huma.Schema {
	switch f.Kind {
	case driver.Text:
		s := &huma.Schema{Type: huma.TypeString}
		for _, v := range f.Enum {
			s.Enum = append(s.Enum, v)
		}
		return s
	case driver.Int:
		return &huma.Schema{Type: huma.TypeInteger, Format: "int64"}
	case driver.Float:
		return &huma.Schema{Type: huma.TypeNumber, Format: "double"}
	case driver.Bool:
		return &huma.Schema{Type: huma.TypeBoolean}
	case driver.Time:
		return &huma.Schema{Type: huma.TypeString, Format: "date-time"}
	case driver.UUID:
		return &huma.Schema{Type: huma.TypeString, Format: "uuid"}
	case driver.Decimal:
		return &huma.Schema{Type: huma.TypeString, Pattern: `^-?[0-9]+(\.[0-9]+)?$`}
	}
	return nil
}
