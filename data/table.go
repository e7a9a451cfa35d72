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
	primary []*field // the primary key
	id      *field   // its column, if it has just one
	kind    keyKind
	uuids   UUIDVersion // of IDs
	created *field      // the columns of Audited; nil if T has none
	updated *field
	version *field // of the type Version; nil if T has none
	deleted *field // of SoftDeleted; nil if T has none
	slug    *field // of Slugged; nil if T has none
	titled  *field // the text that slugs are made from; nil if they are not
	uniques [][]string
	alive   [][]string   // unique among the rows that are not marked as deleted
	foreign []ForeignKey // of several columns
	words   []wording
	index   *driver.SearchIndex // nil if there is none
	pure    bool                // its struct has nothing but columns
	extra   *extra              // the columns that extend it; nil if none do
	sealed  bool                // it has sealed columns
	plans   sync.Map            // *driver.Dialect → *plan
	shapes  sync.Map            // reflect.Type of a key → *keyShape
}

// A TableOption adds to a table's schema what a column's tag cannot say.
type TableOption func(*tableOptions)

type tableOptions struct {
	uniques, alive [][]string
	foreign        []ForeignKey
	titled         string
	words          []wording
	version        UUIDVersion
	renamed        map[string]string
	search         bool
}

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
	t := &Table[T]{name: name, uniques: o.uniques, alive: o.alive, words: o.words, uuids: o.version}
	rt := reflect.TypeFor[T]()
	if rt.Kind() != reflect.Struct {
		panic(fmt.Sprintf("data: table %s: %v is not a struct", name, rt))
	}
	t.fields = parseFields(name, rt, 0)
	t.pure = pure(rt)
	for i, f := range t.fields {
		if t.field(f.column.Name) != t.fields[i] {
			panic(fmt.Sprintf("data: table %s: two fields are column %q", name, f.column.Name))
		}
		switch {
		case f.primary && f.column.Null:
			panic(fmt.Sprintf("data: table %s: %s is of the primary key, and may not be null", name, f.column.Name))
		case f.primary:
			t.primary = append(t.primary, f)
		case f.column.Name == "created_at" && f.column.Kind == driver.Time && !f.indirect:
			t.created = f
		case f.column.Name == "updated_at" && f.column.Kind == driver.Time && !f.indirect:
			t.updated = f
		case f.typ == reflect.TypeFor[Version]():
			t.version = f
		}
		if f.unique {
			t.uniques = append(t.uniques, []string{f.column.Name})
		}
	}
	for _, k := range o.foreign {
		t.foreign = append(t.foreign, k.complete(name))
	}
	t.rename(o.renamed)
	t.setKey()
	switch {
	case o.version != 0 && t.kind != uuidKey:
		panic(fmt.Sprintf("data: table %s: the option IDs is for tables whose primary key is an ID", name))
	case o.version != 0 && o.version != UUIDv4 && o.version != UUIDv6 && o.version != UUIDv7:
		panic(fmt.Sprintf("data: table %s: no UUIDs are made of version %d", name, o.version))
	}
	for _, set := range slices.Concat(t.uniques, t.alive, t.referring()) {
		for _, c := range set {
			t.mustField(c)
		}
	}
	if err := t.checkSpecial(); err != nil {
		panic(fmt.Sprintf("data: table %s: %v", name, err))
	}
	t.embeds(rt, o)
	if o.search {
		if why := t.setSearch(); why != "" {
			panic(fmt.Sprintf("data: table %s: %s", name, why))
		}
	}
	if len(t.fields) == 0 {
		panic(fmt.Sprintf("data: table %s: %v has no db tags", name, rt))
	}
	return t
}

// pure reports whether a struct has nothing but columns.
func pure(rt reflect.Type) bool {
	for i := range rt.NumField() {
		sf := rt.Field(i)
		tag, tagged := sf.Tag.Lookup("db")
		if sf.Type == reflect.TypeFor[Extra]() {
			continue
		}
		embedded := sf.Anonymous && !tagged && sf.Type.Kind() == reflect.Struct
		if embedded && !pure(sf.Type) || !embedded && (!tagged || tag == "-") {
			return false
		}
	}
	return true
}

// Name returns the table's name.
func (t *Table[T]) Name() string { return t.name }

// On returns the table's repository over h, a *DB, a *Tx or *Reads.
func (t *Table[T]) On(h Handle) Repository[T] {
	db := h.database()
	tx, _ := h.(*Tx)
	return Repository[T]{t: t, p: t.planFor(db.dialect), db: db, c: t.sealing(db, h.conn()), tx: tx}
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
	table     string // its name, quoted
	columns   []driver.Column
	list      string            // "id", "name", …
	byKey     *driver.Statement // SELECT … WHERE id = ?
	insert    *driver.Statement
	number    *driver.Statement // INSERT of a row without its Serial, which it returns
	deleteKey *driver.Statement
	others    statementCache
}

func (t *Table[T]) planFor(d *driver.Dialect) *plan {
	if p, ok := t.plans.Load(d); ok {
		return p.(*plan)
	}
	p := &plan{table: quote(t.name)}
	names := make([]string, len(t.fields))
	params := make([]string, len(t.fields))
	for i, f := range t.fields {
		p.columns = append(p.columns, f.column)
		names[i] = quote(f.column.Name)
		params[i] = param(d, i+1)
	}
	p.list = strings.Join(names, ", ")
	p.insert = newStatement("INSERT INTO "+p.table+" ("+p.list+") VALUES ("+strings.Join(params, ", ")+")", nil)
	if t.primary != nil {
		where := " FROM " + p.table + " WHERE "
		for i, f := range t.primary {
			where += []string{"", " AND "}[min(i, 1)] + quote(f.column.Name) + " = " + param(d, i+1)
		}
		p.byKey = newStatement("SELECT "+p.list+where, p.columns)
		p.deleteKey = newStatement("DELETE"+where, nil)
	}
	t.planSerial(d, p)
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
