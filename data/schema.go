package data

import (
	"strings"

	"github.com/manorgo/manor/data/driver"
)

// A Schema is what a struct says of its table, for whoever creates or compares
// tables.
type Schema struct {
	Table   string
	Columns []ColumnSchema
	Uniques [][]string // sets of columns that are unique together
	Alive   [][]string // and those that are unique among rows whose deleted_at is NULL
	Foreign []ForeignKey
	Search  *driver.SearchIndex // what SearchIndex asks for, or nil
}

// A ColumnSchema is what a field's tag says of its column.
type ColumnSchema struct {
	driver.Column
	Primary  bool
	Identity bool     // the database numbers the rows
	Size     int      // code points, for text; 0 means no limit
	Digits   int      // all digits, for decimals
	Default  string   // SQL, or ""
	Check    string   // SQL, or ""
	Enum     []string // the only values, for text
	Index    bool
	Sealed   string // what values are sealed for, if the column is stored encrypted: see Schema.Reseal; or ""
}

// Schema returns what T says of its table.
func (t *Table[T]) Schema() Schema {
	s := Schema{Table: t.name, Uniques: t.uniques, Alive: t.alive, Search: t.index}
	for _, f := range t.fields {
		sealed := ""
		if f.seal != nil {
			sealed = f.seal.as
		}
		s.Columns = append(s.Columns, ColumnSchema{
			Column: f.column, Primary: f.primary, Identity: f == t.id && t.kind == serialKey, Size: f.size, Digits: f.digits, Default: f.preset,
			Check: f.check, Enum: f.enum, Index: f.index, Sealed: sealed,
		})
		if f.references != "" {
			s.Foreign = append(s.Foreign, ForeignKey{[]string{f.column.Name}, f.references, []string{f.target}, f.ondelete})
		}
	}
	s.Foreign = append(s.Foreign, t.foreign...)
	return s
}

// UniqueName returns the name of the constraint that keeps the columns of a
// table unique.
func UniqueName(table string, columns ...string) string {
	return "uq_" + table + "_" + strings.Join(columns, "_")
}
