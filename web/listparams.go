package web

import (
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
)

// addTable adds the parameters that the table's columns allow.
func (l *listing[T]) addTable(r *Router) {
	fields := l.table.Fields()
	l.addPaging(r)
	l.addTimes(r, fields)
	l.addSearch(r, fields)
	l.addOrder(r, fields)
	for _, s := range l.table.Schema().Columns {
		if s.Primary && l.table.KeyType() != nil {
			l.addMatch(r, "ids", s.Name, data.OneOf, schemaOf(data.Field{Kind: s.Kind}), "Only rows with one of these ids.")
		}
	}
	for i, f := range fields {
		s := schemaOf(f)
		if !f.Filter || l.table.Schema().Columns[i].Primary || s == nil {
			continue
		}
		name := camel(f.JSON)
		l.addMatch(r, name, f.Column, data.OneOf, s, "Only rows whose "+f.JSON+" is this, or one of these.")
		l.addMatch(r, name+"In", f.Column, data.OneOf, s, "Only rows whose "+f.JSON+" is one of these.")
		l.addMatch(r, name+"NotIn", f.Column, data.NoneOf, s, "Only rows whose "+f.JSON+" is none of these.")
	}
}

func (l *listing[T]) addMatch(r *Router, name, column string, m data.Match, s *huma.Schema, description string) {
	l.addFilter(r, name, s, description, func(values []string) (data.Filter[T], error) {
		return l.table.Matching(column, m, values...)
	})
}

// addFilter adds a parameter that may be repeated.
func (l *listing[T]) addFilter(r *Router, name string, item *huma.Schema, description string, filter func([]string) (data.Filter[T], error)) {
	most := maxRepeats
	s := &huma.Schema{Type: huma.TypeArray, Items: item, MaxItems: &most}
	l.add(r, listParam[T]{name: name, filter: filter}, description, s)
}

func (l *listing[T]) addPaging(r *Router) {
	one, most := 1.0, float64(maxPageSize)
	l.add(r, listParam[T]{name: "currentPage", set: func(s *selection[T], v string) string {
		s.paged = true
		return number(v, &s.page)
	}}, "Which page, from 1.", &huma.Schema{Type: huma.TypeInteger, Format: "int32", Minimum: &one, Default: 1})
	l.add(r, listParam[T]{name: "pageSize", set: func(s *selection[T], v string) string {
		return number(v, &s.size)
	}}, "How many items a page has at most.", &huma.Schema{Type: huma.TypeInteger, Format: "int32", Minimum: &one, Maximum: &most, Default: data.DefaultLimit})
	l.add(r, listParam[T]{name: "total", set: func(s *selection[T], v string) string {
		s.counted, s.estimated = v != "none", v == "estimated"
		s.exact = s.counted
		return ""
	}}, "Whether to count the rows on all pages. estimated is as cheap as none; where it is a guess, total_estimated says so.", choices("exact", "exact", "estimated", "none"))
	l.addCursor(r)
}

func (l *listing[T]) addTimes(r *Router, fields []data.Field) {
	for _, f := range fields {
		prefix, ok := strings.CutSuffix(f.Column, "_at")
		if f.Kind != driver.Time || !ok || prefix != "created" && prefix != "updated" {
			continue
		}
		for _, m := range []struct {
			match data.Match
			word  string
		}{{data.Before, "Before"}, {data.After, "After"}} {
			l.add(r, listParam[T]{name: prefix + m.word, set: func(s *selection[T], v string) string {
				filter, err := l.table.Matching(f.Column, m.match, v)
				if err != nil {
					return notATime
				}
				s.where = append(s.where, filter)
				return ""
			}}, "Only rows "+prefix+" "+strings.ToLower(m.word)+" this time.", schemaOf(f))
		}
	}
}

func (l *listing[T]) addSearch(r *Router, fields []data.Field) {
	var names []string
	for _, f := range fields {
		if f.Search {
			names = append(names, f.JSON)
		}
	}
	if names == nil {
		return
	}
	most := maxSearch
	l.add(r, listParam[T]{name: "searchString", set: func(s *selection[T], v string) string {
		s.search = v
		return ""
	}}, "Only rows with this text in "+strings.Join(names, " or ")+". Nothing in it is a wildcard.", &huma.Schema{Type: huma.TypeString, MaxLength: &most})
	l.add(r, listParam[T]{name: "searchIgnoreCase", set: func(s *selection[T], v string) string {
		s.fold = v == "true"
		return ""
	}}, "Whether searchString is found in either case of the letters A to Z.", &huma.Schema{Type: huma.TypeBoolean, Default: false})
}

// choices returns the schema of a text that is one of a few.
func choices(preset string, values ...string) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString}
	for _, v := range values {
		s.Enum = append(s.Enum, v)
	}
	if preset != "" {
		s.Default = preset
	}
	return s
}

// number reads a number that is known to be one.
func number(text string, into *int) string {
	n, err := strconv.Atoi(text)
	if err != nil {
		return "is out of range"
	}
	*into = n
	return ""
}
