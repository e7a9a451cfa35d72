package data

import (
	"fmt"
	"slices"
	"strings"

	"github.com/manorgo/manor/data/driver"
)

// A Reference is how rows of T refer to rows of another table: a [Column], or
// what [Refer] makes of columns. Whether the database holds the rows to it, the
// column's tag or [References] says; a relation does not need that.
type Reference[T any] interface {
	pairs(from *Table[T], to columnar) []pair
}

// Refers are columns of T whose values, all together, are those of columns of O.
type Refers[T, O any] struct{ of []pair }

// A pair is a column that refers, and the one it refers to.
type pair struct{ from, to *field }

// columnar is a table whose rows nobody needs to know.
type columnar interface {
	Name() string
	field(column string) *field
	idField() *field
	unique(columns []string) bool
}

// Refer says that rows of T refer to rows of O by the column from, whose value
// is that of the column to: the primary key of O or another column that is
// unique. With And, several columns do so together:
//
//	data.Refer(parcelOrder, lineOrder).And(data.Refer(parcelPlace, linePlace))
//
// A row with NULL in any of them refers to nothing. The columns are IDs, texts or
// whole numbers.
func Refer[T, O, V any](from Column[T, V], to Column[O, V]) Refers[T, O] {
	return Refers[T, O]{[]pair{{from.f, to.f}}}
}

// And adds more columns.
func (r Refers[T, O]) And(more Refers[T, O]) Refers[T, O] {
	return Refers[T, O]{slices.Concat(r.of, more.of)}
}

func (r Refers[T, O]) pairs(*Table[T], columnar) []pair { return r.of }

// pairs lets a column alone refer to what its tag says, or else to the primary
// key.
func (c Column[T, V]) pairs(_ *Table[T], to columnar) []pair {
	if c.f.references != to.Name() {
		return []pair{{c.f, to.idField()}}
	}
	target := to.field(c.f.target)
	if target == nil {
		panic(fmt.Sprintf("data: %s refers to %s.%s, which is no column", c.f.column.Name, to.Name(), c.f.target))
	}
	return []pair{{c.f, target}}
}

// refer returns the columns of from that refer, and those of to that they refer
// to. It panics if they cannot.
func refer[T, O any](from *Table[T], to *Table[O], by Reference[T]) (own, their []*field) {
	pairs := by.pairs(from, to)
	var columns []string
	for _, p := range pairs {
		at := from.name + "." + p.from.column.Name
		switch {
		case !slices.Contains(from.fields, p.from):
			panic(fmt.Sprintf("data: %s is a column of another table than %s", p.from.column.Name, from.name))
		case !slices.Contains(to.fields, p.to):
			panic(fmt.Sprintf("data: %s refers to a column of another table than %s", at, to.name))
		case len(pairs) == 1 && p.from.references != "" && p.from.references != to.name:
			panic(fmt.Sprintf("data: %s refers to %s, not to %s", at, p.from.references, to.name))
		}
		typ := p.from.typ
		if p.from.column.Null {
			typ = typ.Elem()
		}
		if typ != p.to.typ && !(p.to.column.Null && typ == p.to.typ.Elem()) {
			panic(fmt.Sprintf("data: %s holds %v, and %s.%s %v", at, typ, to.name, p.to.column.Name, p.to.typ))
		}
		switch kind := p.to.column.Kind; {
		case p.to.indirect, kind != driver.UUID && kind != driver.Text && kind != driver.Int:
			panic(fmt.Sprintf("data: %s.%s is no key that rows can be found by", to.name, p.to.column.Name))
		}
		own, their = append(own, p.from), append(their, p.to)
		columns = append(columns, p.to.column.Name)
	}
	if !to.unique(columns) {
		panic(fmt.Sprintf("data: table %s: nothing keeps %s unique, to which %s refers", to.name, strings.Join(columns, ", "), from.name))
	}
	return own, their
}

// unique reports whether a constraint keeps the columns together unique, if only
// among rows that are not marked as deleted.
func (t *Table[T]) unique(columns []string) bool {
	columns = slices.Sorted(slices.Values(columns))
	return slices.ContainsFunc(slices.Concat(t.uniques, t.alive, [][]string{columnsOf(t.primary)}), func(set []string) bool {
		return slices.Equal(slices.Sorted(slices.Values(set)), columns)
	})
}
