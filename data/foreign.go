package data

import (
	"fmt"
	"slices"
	"strings"
)

// A ForeignKey says that the values of Columns, unless one of them is NULL, are
// those of Targets in a row of Table. In Table, Targets are the primary key or a
// unique constraint: all its columns, in any order.
type ForeignKey struct {
	Columns  []string
	Table    string
	Targets  []string // nil means that they are called as Columns are
	OnDelete string   // cascade, restrict or null, which empties all Columns; "" refuses what leaves a reference to nothing
}

// References adds a reference of several columns together, which no tag of one
// column can say. A reference of one column is said by its tag:
//
//	db:"owner_id,references=users,ondelete=cascade"   to the column id
//	db:"sku,references=products.sku"                  to any unique column
//
// As with one column, an index goes with the reference if no constraint starts
// with its columns.
func References(k ForeignKey) TableOption {
	return func(o *tableOptions) { o.foreign = append(o.foreign, k) }
}

// Name returns what the constraint is called in the table whose columns refer:
// fk_TABLE_COLUMN, with all Columns.
func (k ForeignKey) Name(table string) string {
	return "fk_" + table + "_" + strings.Join(k.Columns, "_")
}

// refersTo reads the value of the option references: TABLE or TABLE.COLUMN.
func (f *field) refersTo(val string) error {
	table, column, given := strings.Cut(val, ".")
	if !given {
		column = "id"
	}
	if table == "" || column == "" {
		return fmt.Errorf("it names no TABLE or TABLE.COLUMN")
	}
	f.references, f.target = table, column
	return nil
}

// complete returns k with its targets, and panics if it makes no sense in the
// table.
func (k ForeignKey) complete(table string) ForeignKey {
	if k.Targets == nil {
		k.Targets = k.Columns
	}
	distinct := func(names []string) bool {
		sorted := slices.Sorted(slices.Values(names))
		return len(slices.Compact(sorted)) == len(names) && !slices.Contains(names, "")
	}
	if len(k.Columns) < 2 || len(k.Columns) != len(k.Targets) || k.Table == "" || !distinct(k.Columns) || !distinct(k.Targets) {
		panic(fmt.Sprintf("data: table %s: the reference of (%s) to %s (%s) needs several columns and as many there, each once", table,
			strings.Join(k.Columns, ", "), k.Table, strings.Join(k.Targets, ", ")))
	}
	return k
}

// referring returns the columns of each reference of several.
func (t *Table[T]) referring() [][]string {
	out := make([][]string, len(t.foreign))
	for i, k := range t.foreign {
		out[i] = k.Columns
	}
	return out
}
