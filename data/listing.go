package data

import (
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
)

// A Field is what a request may know of a column.
type Field struct {
	Column string
	JSON   string // the column's name in JSON
	Kind   driver.Kind
	Null   bool
	Enum   []string // the only values, if it has such
	Search bool     // searchString looks here
	Sort   bool     // orderBy may name it
	Filter bool     // it may be matched by value
}

// Fields returns the columns of t, in order. A request may name only those
// with Search, Sort or Filter.
func (t *Table[T]) Fields() []Field {
	out := make([]Field, len(t.fields))
	for i, f := range t.fields {
		out[i] = f.public()
	}
	return out
}

func (f *field) public() Field {
	return Field{f.column.Name, f.json, f.column.Kind, f.column.Null, f.enum, f.search, f.sort, f.filter || f.primary}
}

// A Match is how a column's value is compared with text from a request.
type Match uint8

// The matches.
const (
	OneOf  Match = iota // the value is one of the texts
	NoneOf              // the value is none of the texts
	Before              // the value is less than the text
	After               // the value is more than the text
)

// Matching returns the filter that a request asks for in text. A text that is
// not a value of the column is fault.Malformed.
func (t *Table[T]) Matching(column string, m Match, texts ...string) (Filter[T], error) {
	f := t.mustField(column)
	n := &node{f: f, vs: make([]any, len(texts))}
	for i, s := range texts {
		v, err := f.parse(s)
		if err != nil {
			return Filter[T]{}, err
		}
		n.vs[i] = v
	}
	switch m {
	case OneOf:
		n.op = opIn
		if len(n.vs) == 1 {
			n.op, n.v, n.vs = opEq, n.vs[0], nil
		}
	case NoneOf:
		n.op = opNotIn
	case Before:
		n.op, n.v = opLt, n.vs[0]
	case After:
		n.op, n.v = opGt, n.vs[0]
	}
	return Filter[T]{n}, nil
}

// parse reads a value of the column from a request's text.
func (f *field) parse(s string) (v any, err error) {
	switch f.column.Kind {
	case driver.Text:
		if len(f.enum) > 0 && !slices.Contains(f.enum, s) {
			return nil, fault.Errorf(fault.Malformed, "must be one of %v", f.enum)
		}
		if f.date && !Date(s).Valid() {
			return nil, fault.Errorf(fault.Malformed, notADate)
		}
		if f.nano && !isNanoID(s) {
			return nil, fault.Errorf(fault.Malformed, notANanoID)
		}
		if err := f.text(s); err != nil {
			return nil, fault.Errorf(fault.Malformed, "is not valid text")
		}
		return s, nil
	case driver.UUID:
		var id ID[struct{}]
		err = id.UnmarshalText([]byte(s))
		return [16]byte(id), err
	case driver.Bool:
		switch s {
		case "true":
			return true, nil
		case "false":
			return false, nil
		}
		return nil, fault.Errorf(fault.Malformed, "must be true or false")
	case driver.Int:
		v, err = strconv.ParseInt(s, 10, 64)
	case driver.Float:
		var x float64
		x, err = strconv.ParseFloat(s, 64)
		if v = x; math.IsNaN(x) || math.IsInf(x, 0) {
			err = strconv.ErrRange
		}
	case driver.Time:
		var at time.Time
		at, err = time.Parse(time.RFC3339Nano, s)
		v = at.UTC()
		if err == nil && (at.Year() < 1 || at.Year() > 9999) {
			err = strconv.ErrRange
		}
		if err != nil {
			return nil, fault.Errorf(fault.Malformed, "is not a time with zone, such as 2026-01-31T12:00:00Z")
		}
	case driver.Decimal:
		return f.parseDecimal(s)
	default:
		return nil, fault.Errorf(fault.Malformed, "cannot be compared")
	}
	if err != nil {
		return nil, fault.Errorf(fault.Malformed, "is not a number")
	}
	return v, nil
}

func (f *field) parseDecimal(s string) (any, error) {
	if len(s) > 40 {
		return nil, fault.Errorf(fault.Malformed, "is not a number")
	}
	x, err := decimal.NewFromString(s)
	if err != nil || x.Exponent() > 40 {
		return nil, fault.Errorf(fault.Malformed, "is not a number")
	}
	if x.IsZero() {
		return decimal.Zero, nil // of no exponent: as text, 0e-999999999 is a gigabyte
	}
	if f.fits(x) != nil {
		return nil, fault.Errorf(fault.Malformed, "has more digits than the column")
	}
	return x, nil
}

// Searching returns the filter for rows with text in any of the columns marked
// search. fold ignores the case of A–Z. A table without such columns gives
// Nothing.
func (t *Table[T]) Searching(text string, fold bool) Filter[T] {
	o := opHas
	if fold {
		o = opHasFold
	}
	var any []Filter[T]
	for _, f := range t.fields {
		if f.search {
			any = append(any, Filter[T]{&node{op: o, f: f, v: text}})
		}
	}
	return t.searching(Any(any...), text)
}

// Sorting returns the order by the column that a request names in JSON's way,
// and false if there is none that may be sorted by.
func (t *Table[T]) Sorting(json string, desc bool) (Order[T], bool) {
	for _, f := range t.fields {
		if f.json == json && f.sort {
			return Order[T]{f: f, desc: desc}, true
		}
	}
	return Order[T]{}, false
}
