package data

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/manorgo/manor/data/driver"
)

// A Table binds T, a struct with `db` tags, to its stored columns. It is
// immutable and may be a package variable. The work of reflection is done once,
// by NewTable.
type Table[T any] struct {
	name    string
	fields  []*field
	id      *field // primary key; nil if T has none
	created *field // the columns of Audited; nil if T has none
	updated *field
	uniques [][]string
	plans   sync.Map // *driver.Dialect → *plan
}

// A TableOption adds to a table's schema what a column's tag cannot say.
type TableOption func(*tableOptions)

type tableOptions struct{ uniques [][]string }

// UniqueOn says that the named columns together are unique.
func UniqueOn(columns ...string) TableOption {
	return func(o *tableOptions) { o.uniques = append(o.uniques, columns) }
}

// NewTable returns the table of T called name. It panics if T's tags make no
// sense, so the first test that runs finds the mistake.
func NewTable[T any](name string, opts ...TableOption) *Table[T] {
	var o tableOptions
	for _, opt := range opts {
		opt(&o)
	}
	t := &Table[T]{name: name, uniques: o.uniques}
	rt := reflect.TypeFor[T]()
	if rt.Kind() != reflect.Struct {
		panic(fmt.Sprintf("data: table %s: %v is not a struct", name, rt))
	}
	t.fields = parseFields(name, rt, 0)
	for i, f := range t.fields {
		if t.field(f.column.Name) != t.fields[i] {
			panic(fmt.Sprintf("data: table %s: two fields are column %q", name, f.column.Name))
		}
		switch {
		case f.primary:
			t.id = f
		case f.column.Name == "created_at" && f.column.Kind == driver.Time:
			t.created = f
		case f.column.Name == "updated_at" && f.column.Kind == driver.Time:
			t.updated = f
		}
		if f.unique {
			t.uniques = append(t.uniques, []string{f.column.Name})
		}
	}
	for _, u := range t.uniques {
		for _, c := range u {
			t.mustField(c)
		}
	}
	if len(t.fields) == 0 {
		panic(fmt.Sprintf("data: table %s: %v has no db tags", name, rt))
	}
	return t
}

// Name returns the table's name.
func (t *Table[T]) Name() string { return t.name }

// On returns the table's repository over h, a *DB, a *Tx or *Reads.
func (t *Table[T]) On(h Handle) Repository[T] {
	db := h.database()
	return Repository[T]{t: t, p: t.planFor(db.dialect), db: db, c: h.conn()}
}

func (t *Table[T]) field(column string) *field {
	i := slices.IndexFunc(t.fields, func(f *field) bool { return f.column.Name == column })
	if i < 0 {
		return nil
	}
	return t.fields[i]
}

func (t *Table[T]) mustField(column string) *field {
	f := t.field(column)
	if f == nil {
		panic(fmt.Sprintf("data: table %s has no column %q", t.name, column))
	}
	return f
}

// A plan holds a table's statements in one dialect.
type plan struct {
	columns  []driver.Column
	list     string            // "id", "name", …
	byID     *driver.Statement // SELECT … WHERE id = ?
	insert   *driver.Statement
	deleteID *driver.Statement
	others   statementCache
}

func (t *Table[T]) planFor(d *driver.Dialect) *plan {
	if p, ok := t.plans.Load(d); ok {
		return p.(*plan)
	}
	p := &plan{}
	names := make([]string, len(t.fields))
	params := make([]string, len(t.fields))
	for i, f := range t.fields {
		p.columns = append(p.columns, f.column)
		names[i] = quote(f.column.Name)
		params[i] = param(d, i+1)
	}
	p.list = strings.Join(names, ", ")
	p.insert = &driver.Statement{SQL: "INSERT INTO " + quote(t.name) + " (" + p.list + ") VALUES (" + strings.Join(params, ", ") + ")"}
	if t.id != nil {
		where := " FROM " + quote(t.name) + " WHERE " + quote(t.id.column.Name) + " = " + param(d, 1)
		p.byID = newStatement("SELECT "+p.list+where, p.columns)
		p.deleteID = &driver.Statement{SQL: "DELETE" + where}
	}
	actual, _ := t.plans.LoadOrStore(d, p)
	return actual.(*plan)
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func param(d *driver.Dialect, n int) string {
	if d.Numbered {
		return fmt.Sprintf("$%d", n)
	}
	return "?"
}
