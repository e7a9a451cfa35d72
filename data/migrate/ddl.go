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
// SQLite tables are STRICT; there times are microseconds since 1970, decimals
// are integers scaled by their places, booleans are 0 or 1, and checks hold
// what PostgreSQL's types hold by themselves. Text compares by its bytes.
//
// The names are stable: TABLE_pkey, data.UniqueName, ck_TABLE_COLUMN,
// fk_TABLE_COLUMN, and ix_TABLE_COLUMN for indexed columns and for references
// that no unique constraint or primary key starts with.
func DDL(dialect string, s data.Schema) []string {
	t, err := newTable(dialect, s)
	if err != nil {
		panic(err)
	}
	return t.statements(func(data.ColumnSchema) bool { return true })
}

// Draft returns the sections of the first revision of a domain: all tables,
// those referred to first, and their removal. It panics like DDL. Tables that
// refer to each other in a circle get one of the references afterwards.
func Draft(dialect string, schemas []data.Schema) (up, down string) {
	up, down, err := draft(dialect, schemas)
	if err != nil {
		panic(err)
	}
	return up, down
}

func draft(dialect string, schemas []data.Schema) (up, down string, err error) {
	schemas = inOrder(schemas)
	var ups, downs, late, early []string
	for i, s := range schemas {
		t, err := newTable(dialect, s)
		if err != nil {
			return "", "", err
		}
		// SQLite looks for the table when a row refers to it, PostgreSQL now.
		inline := func(c data.ColumnSchema) bool {
			return dialect == sqlite || !slices.ContainsFunc(schemas[i+1:], func(o data.Schema) bool { return o.Table == c.References })
		}
		ups = append(ups, t.statements(inline)...)
		downs = append(downs, "DROP TABLE "+quote(s.Table))
		for _, c := range s.Columns {
			if c.References != "" && !inline(c) {
				late = append(late, "ALTER TABLE "+quote(s.Table)+" ADD "+t.reference(c))
				early = append(early, "ALTER TABLE "+quote(s.Table)+" DROP CONSTRAINT "+quote(t.named("fk", c)))
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
		for _, c := range s.Columns {
			if i := slices.IndexFunc(schemas, func(o data.Schema) bool { return o.Table == c.References }); i >= 0 {
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
	if preset != "" {
		text += " DEFAULT " + preset
	}
	switch {
	case c.OnDelete != "" && actions[c.OnDelete] == "":
		return fmt.Errorf("ondelete is %q and not cascade, restrict or null", c.OnDelete)
	case c.OnDelete == "null" && !c.Null:
		return fmt.Errorf("ondelete is null but the column may not be NULL")
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
func (t *table) statements(inline func(data.ColumnSchema) bool) []string {
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
		name, columns := quote(data.UniqueName(t.Table, u...)), `("`+strings.Join(u, `", "`)+`")`
		if t.dialect == postgres {
			lines = append(lines, "CONSTRAINT "+name+" UNIQUE "+columns)
			continue
		}
		// SQLite forgets a constraint's name, and cannot drop it.
		indexes = append(indexes, "CREATE UNIQUE INDEX "+name+" ON "+quote(t.Table)+" "+columns)
	}
	for _, u := range t.Alive {
		indexes = append(indexes, "CREATE UNIQUE INDEX "+quote(data.UniqueName(t.Table, u...))+" ON "+quote(t.Table)+` ("`+strings.Join(u, `", "`)+`") WHERE "deleted_at" IS NULL`)
	}
	for i, c := range t.Columns {
		if t.checks[i] != "" {
			lines = append(lines, "CONSTRAINT "+quote(t.named("ck", c))+" CHECK ("+t.checks[i]+")")
		}
	}
	for _, c := range t.Columns {
		if c.References != "" && inline(c) {
			lines = append(lines, t.reference(c))
		}
		if c.Index || c.References != "" && !t.leads(c) {
			indexes = append(indexes, "CREATE INDEX "+quote(t.named("ix", c))+" ON "+quote(t.Table)+" ("+quote(c.Name)+")")
		}
	}
	create := "CREATE TABLE " + quote(t.Table) + " (\n\t" + strings.Join(lines, ",\n\t") + "\n)"
	if t.dialect == sqlite {
		create += " STRICT"
	}
	return append([]string{create}, indexes...)
}

// leads reports whether an index of a constraint starts with c.
func (t *table) leads(c data.ColumnSchema) bool {
	first := slices.IndexFunc(t.Columns, func(o data.ColumnSchema) bool { return o.Primary })
	return first >= 0 && t.Columns[first].Name == c.Name ||
		slices.ContainsFunc(t.Uniques, func(u []string) bool { return u[0] == c.Name })
}

var actions = map[string]string{"cascade": "CASCADE", "restrict": "RESTRICT", "null": "SET NULL"}

func (t *table) reference(c data.ColumnSchema) string {
	text := "CONSTRAINT " + quote(t.named("fk", c)) + " FOREIGN KEY (" + quote(c.Name) + ") REFERENCES " + quote(c.References) + ` ("id")`
	if a := actions[c.OnDelete]; a != "" {
		text += " ON DELETE " + a
	}
	return text
}

func (t *table) named(prefix string, c data.ColumnSchema) string {
	return prefix + "_" + t.Table + "_" + c.Name
}

func quote(name string) string { return `"` + name + `"` }

func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// oneOf returns SQL that holds if c is one of its enum's values.
func oneOf(c data.ColumnSchema) string {
	values := make([]string, len(c.Enum))
	for i, v := range c.Enum {
		values[i] = literal(v)
	}
	return quote(c.Name) + " IN (" + strings.Join(values, ", ") + ")"
}
