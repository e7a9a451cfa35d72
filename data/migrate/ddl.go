package migrate

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/manorgo/manor/data"
)

// DDL returns the statements that create the table of s, "sqlite" or "postgres",
// with its constraints and indexes. It panics if s asks for what the dialect
// cannot do, so the first test that runs finds the mistake.
//
// A primary key is made of all columns marked so, in their order; one of the
// type data.Serial is numbered by the database.
//
// SQLite tables are STRICT; there times are microseconds since 1970, decimals
// are integers scaled by their places, booleans are 0 or 1, and checks hold
// what PostgreSQL's types hold by themselves. Text compares by its bytes.
//
// The names are stable: TABLE_pkey, data.UniqueName, ck_TABLE_COLUMN,
// fk_TABLE_COLUMN, and ix_TABLE_COLUMN for indexed columns and for references
// that no unique constraint or primary key starts with. Those of references of
// several columns name all of them.
func DDL(dialect string, s data.Schema) []string {
	t, err := newTable(dialect, s)
	if err != nil {
		panic(err)
	}
	return t.statements(func(data.ForeignKey) bool { return true })
}

// Draft returns the sections of the first revision of a domain: all tables,
// those referred to first, and their removal. It panics like DDL, and if a
// reference is to columns of these tables that are not there, have another type
// or are not unique together. Tables that refer to each other in a circle get
// one of the references afterwards.
func Draft(dialect string, schemas []data.Schema) (up, down string) {
	up, down, err := draft(dialect, schemas)
	if err != nil {
		panic(err)
	}
	return up, down
}

func draft(dialect string, schemas []data.Schema) (up, down string, err error) {
	if err := CheckReferences(schemas); err != nil {
		return "", "", err
	}
	schemas = inOrder(schemas)
	var ups, downs, late, early []string
	for i, s := range schemas {
		t, err := newTable(dialect, s)
		if err != nil {
			return "", "", err
		}
		// SQLite looks for the table when a row refers to it, PostgreSQL now.
		inline := func(k data.ForeignKey) bool {
			return dialect == sqlite || !slices.ContainsFunc(schemas[i+1:], func(o data.Schema) bool { return o.Table == k.Table })
		}
		ups = append(ups, t.statements(inline)...)
		downs = append(downs, "DROP TABLE "+quote(s.Table))
		for _, k := range s.Foreign {
			if !inline(k) {
				late = append(late, "ALTER TABLE "+quote(s.Table)+" ADD "+t.reference(k))
				early = append(early, "ALTER TABLE "+quote(s.Table)+" DROP CONSTRAINT "+quote(k.Name(s.Table)))
			}
		}
	}
	slices.Reverse(downs)
	return script(append(ups, late...)), script(append(early, downs...)), nil
}

// script joins statements.
func script(statements []string) string {
	if len(statements) == 0 {
		return ""
	}
	return strings.Join(statements, ";\n\n") + ";\n"
}

// inOrder returns the schemas with those referred to first, where that can be.
func inOrder(schemas []data.Schema) []data.Schema {
	out := make([]data.Schema, 0, len(schemas))
	visited := map[string]bool{}
	var visit func(data.Schema)
	visit = func(s data.Schema) {
		if visited[s.Table] {
			return
		}
		visited[s.Table] = true
		for _, k := range s.Foreign {
			if i := slices.IndexFunc(schemas, func(o data.Schema) bool { return o.Table == k.Table }); i >= 0 {
				visit(schemas[i])
			}
		}
		out = append(out, s)
	}
	for _, s := range schemas {
		visit(s)
	}
	return out
}

// A table writes the statements of one schema in one dialect.
type table struct {
	data.Schema
	dialect string
	columns []string // their definitions
	checks  []string // SQL for each column, or ""
}

var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func newTable(dialect string, s data.Schema) (*table, error) {
	t := &table{Schema: s, dialect: dialect}
	if dialect != sqlite && dialect != postgres {
		return nil, fmt.Errorf("migrate: no statements for the dialect %q", dialect)
	}
	for _, c := range s.Columns {
		if err := t.add(c); err != nil {
			return nil, fmt.Errorf("migrate: %s.%s on %s: %w", s.Table, c.Name, dialect, err)
		}
	}
	names := []string{s.Table}
	for _, u := range slices.Concat(s.Uniques, s.Alive) {
		names = append(names, data.UniqueName(s.Table, u...))
	}
	for _, c := range s.Columns {
		names = append(names, c.Name, t.named("ck", c))
	}
	for i, k := range s.Foreign {
		names = append(append(names, k.Name(s.Table), k.Table), k.Targets...)
		same := func(o data.ForeignKey) bool { return o.Name(s.Table) == k.Name(s.Table) }
		if slices.ContainsFunc(s.Foreign[:i], same) {
			return nil, fmt.Errorf("migrate: table %s: two references are called %s", s.Table, k.Name(s.Table))
		}
		if err := t.action(k); err != nil {
			return nil, fmt.Errorf("migrate: %s (%s): %w", s.Table, strings.Join(k.Columns, ", "), err)
		}
	}
	for _, n := range names {
		const longest = 63 // PostgreSQL cuts the rest off
		if !identifier.MatchString(n) || len(n) > longest {
			return nil, fmt.Errorf("migrate: table %s: the name %q has other characters than letters, digits and _, or more than %d", s.Table, n, longest)
		}
	}
	return t, nil
}

// add writes one column's definition and check.
func (t *table) add(c data.ColumnSchema) error {
	describe := describeSQLite
	if t.dialect == postgres {
		describe = describePostgres
	}
	typ, checks, err := describe(c)
	if err != nil {
		return err
	}
	preset, err := defaultOf(t.dialect, c)
	if err != nil {
		return err
	}
	text := quote(c.Name) + " " + typ
	if !c.Null {
		text += " NOT NULL"
	}
	if c.Identity && t.dialect == postgres { // SQLite numbers an integer that is the primary key by itself
		text += " GENERATED BY DEFAULT AS IDENTITY"
	}
	if preset != "" {
		text += " DEFAULT " + preset
	}
	if c.Check != "" {
		checks = append(checks, c.Check)
	}
	if len(checks) > 1 {
		for i := range checks {
			checks[i] = "(" + checks[i] + ")"
		}
	}
	t.columns = append(t.columns, text)
	t.checks = append(t.checks, strings.Join(checks, " AND "))
	return nil
}

// statements returns CREATE TABLE and CREATE INDEX statements, with the
// references that inline asks for.
func (t *table) statements(inline func(data.ForeignKey) bool) []string {
	lines := slices.Clone(t.columns)
	var primary, indexes []string
	for _, c := range t.Columns {
		if c.Primary {
			primary = append(primary, quote(c.Name))
		}
	}
	if primary != nil {
		lines = append(lines, "CONSTRAINT "+quote(t.Table+"_pkey")+" PRIMARY KEY ("+strings.Join(primary, ", ")+")")
	}
	for _, u := range t.Uniques {
		name, columns := quote(data.UniqueName(t.Table, u...)), list(u)
		if t.dialect == postgres {
			lines = append(lines, "CONSTRAINT "+name+" UNIQUE "+columns)
			continue
		}
		// SQLite forgets a constraint's name, and cannot drop it.
		indexes = append(indexes, "CREATE UNIQUE INDEX "+name+" ON "+quote(t.Table)+" "+columns)
	}
	for _, u := range t.Alive {
		indexes = append(indexes, "CREATE UNIQUE INDEX "+quote(data.UniqueName(t.Table, u...))+" ON "+quote(t.Table)+" "+list(u)+` WHERE "deleted_at" IS NULL`)
	}
	for i, c := range t.Columns {
		if t.checks[i] != "" {
			lines = append(lines, "CONSTRAINT "+quote(t.named("ck", c))+" CHECK ("+t.checks[i]+")")
		}
	}
	index := func(columns ...string) {
		indexes = append(indexes, "CREATE INDEX "+quote("ix_"+t.Table+"_"+strings.Join(columns, "_"))+" ON "+quote(t.Table)+" "+list(columns))
	}
	for _, k := range t.Foreign {
		if inline(k) {
			lines = append(lines, t.reference(k))
		}
	}
	for _, c := range t.Columns {
		refers := slices.ContainsFunc(t.Foreign, func(k data.ForeignKey) bool { return slices.Equal(k.Columns, []string{c.Name}) })
		if c.Index || refers && !t.leads(c.Name) {
			index(c.Name)
		}
	}
	for _, k := range t.Foreign {
		if len(k.Columns) > 1 && !t.leads(k.Columns...) {
			index(k.Columns...)
		}
	}
	create := "CREATE TABLE " + quote(t.Table) + " (\n\t" + strings.Join(lines, ",\n\t") + "\n)"
	if t.dialect == sqlite {
		create += " STRICT"
	}
	return append([]string{create}, indexes...)
}

func (t *table) named(prefix string, c data.ColumnSchema) string {
	return prefix + "_" + t.Table + "_" + c.Name
}

func quote(name string) string { return `"` + name + `"` }

func list(columns []string) string { return `("` + strings.Join(columns, `", "`) + `")` }

func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// oneOf returns SQL that holds if c is one of its enum's values.
func oneOf(c data.ColumnSchema) string {
	values := make([]string, len(c.Enum))
	for i, v := range c.Enum {
		values[i] = literal(v)
	}
	return quote(c.Name) + " IN (" + strings.Join(values, ", ") + ")"
}
