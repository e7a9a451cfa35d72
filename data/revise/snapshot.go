package revise

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/fault"
)

// A Snapshot is the tables of a domain as its revisions leave them.
type Snapshot struct {
	Tables []Table `json:"tables"`
}

// A Table is one table on each database.
type Table struct {
	Name     string `json:"name"`
	SQLite   Form   `json:"sqlite"`
	Postgres Form   `json:"postgres"`

	// Sealed are the columns stored encrypted, and what their values are bound
	// to, which no database could tell and no statement change.
	Sealed map[string]string `json:"sealed,omitempty"`

	// Extended says that the table is another domain's, and that schema.json
	// records only what this one adds to it.
	Extended bool   `json:"extended,omitempty"`
	base     *Table // as the others make it
}

// A Form is how one database defines a table.
type Form struct {
	Columns     []Part `json:"columns"`
	Constraints []Part `json:"constraints,omitempty"`
	Indexes     []Part `json:"indexes,omitempty"`
	Options     string `json:"options,omitempty"` // what follows the parentheses
}

// A Part is a column, constraint or index: its name and what SQL says of it.
type Part struct {
	Name       string `json:"name"`
	Definition string `json:"definition"`
}

// Of returns the tables that structs ask for, as [migrate.DDL] writes them. It
// is an error if a database cannot do them.
func Of(schemas []data.Schema) (Snapshot, error) {
	var s Snapshot
	if err := migrate.CheckReferences(schemas); err != nil {
		return s, err
	}
	for _, schema := range schemas {
		t := Table{Name: schema.Table}
		for _, dialect := range []string{sqlite, postgres} {
			statements, err := ddl(dialect, schema)
			if err != nil {
				return Snapshot{}, err
			}
			if *t.form(dialect), err = read(statements); err != nil {
				return Snapshot{}, fmt.Errorf("revise: %s on %s: %w", schema.Table, dialect, err)
			}
		}
		for _, c := range schema.Columns {
			if c.Sealed != "" {
				t.sealed(c.Name, c.Sealed)
			}
		}
		s.Tables = append(s.Tables, t)
	}
	return s, nil
}

// ddl returns as an error what migrate.DDL finds to be a programmer's mistake:
// here it is one that the programmer is about to be told.
func ddl(dialect string, s data.Schema) (statements []string, err error) {
	defer func() {
		if r := recover(); r != nil {
			mistake, ok := r.(error)
			if !ok {
				panic(r)
			}
			err = mistake
		}
	}()
	return migrate.DDL(dialect, s), nil
}

func (t *Table) form(dialect string) *Form {
	if dialect == postgres {
		return &t.Postgres
	}
	return &t.SQLite
}

func (t *Table) sealed(column, as string) {
	if t.Sealed == nil {
		t.Sealed = map[string]string{}
	}
	t.Sealed[column] = as
}

func (s Snapshot) table(name string) *Table {
	if i := slices.IndexFunc(s.Tables, func(t Table) bool { return t.Name == name }); i >= 0 {
		return &s.Tables[i]
	}
	return nil
}

func (s Snapshot) names() []string {
	out := make([]string, len(s.Tables))
	for i, t := range s.Tables {
		out[i] = t.Name
	}
	return out
}

var (
	createTable = regexp.MustCompile(`(?s)^CREATE TABLE "\w+" \(\n\t(.*)\n\)(?: (\w+))?$`)
	createIndex = regexp.MustCompile(`^CREATE (UNIQUE )?INDEX "(\w+)" ON "\w+" (.*)$`)
	named       = regexp.MustCompile(`(?s)^(CONSTRAINT )?"(\w+)" (.*)$`)
)

// read takes the statements of migrate.DDL apart.
func read(statements []string) (f Form, err error) {
	for i, text := range statements {
		if i > 0 {
			m := createIndex.FindStringSubmatch(text)
			if m == nil {
				return Form{}, fmt.Errorf("this is not an index: %s", text)
			}
			f.Indexes = append(f.Indexes, Part{m[2], m[1] + m[3]})
			continue
		}
		m := createTable.FindStringSubmatch(text)
		if m == nil {
			return Form{}, fmt.Errorf("this is not a table: %s", text)
		}
		f.Options = m[2]
		for line := range strings.SplitSeq(m[1], ",\n\t") {
			p := named.FindStringSubmatch(line)
			switch {
			case p == nil:
				return Form{}, fmt.Errorf("this is neither a column nor a constraint: %s", line)
			case p[1] == "":
				f.Columns = append(f.Columns, Part{p[2], p[3]})
			default:
				f.Constraints = append(f.Constraints, Part{p[2], p[3]})
			}
		}
	}
	return f, nil
}

// create returns the statements that create the table, without the constraints
// that leave names.
func (f Form) create(table string, leave func(Part) bool) []string {
	var lines []string
	for _, c := range f.Columns {
		lines = append(lines, quote(c.Name)+" "+c.Definition)
	}
	for _, c := range f.Constraints {
		if !leave(c) {
			lines = append(lines, "CONSTRAINT "+quote(c.Name)+" "+c.Definition)
		}
	}
	out := []string{f.body(table, lines)}
	for _, i := range f.Indexes {
		out = append(out, i.index(table))
	}
	return out
}

func (f Form) body(table string, lines []string) string {
	text := "CREATE TABLE " + quote(table) + " (\n\t" + strings.Join(lines, ",\n\t") + "\n)"
	if f.Options != "" {
		text += " " + f.Options
	}
	return text
}

// index returns the statement that creates the index.
func (p Part) index(table string) string {
	columns, unique := strings.CutPrefix(p.Definition, "UNIQUE ")
	kind := "INDEX "
	if unique {
		kind = "UNIQUE INDEX "
	}
	return "CREATE " + kind + quote(p.Name) + " ON " + quote(table) + " " + columns
}

var references = regexp.MustCompile(` REFERENCES "(\w+)"`)

// refersTo returns the table that a constraint refers to, or "".
func (p Part) refersTo() string {
	if !strings.HasPrefix(p.Definition, "FOREIGN KEY ") {
		return ""
	}
	m := references.FindStringSubmatch(p.Definition)
	if m == nil {
		return ""
	}
	return m[1]
}

func (f Form) column(name string) *Part { return part(f.Columns, name) }

func part(parts []Part, name string) *Part {
	if i := slices.IndexFunc(parts, func(p Part) bool { return p.Name == name }); i >= 0 {
		return &parts[i]
	}
	return nil
}

// ordered returns the tables with those referred to first, where that can be.
func ordered(tables []Table) []Table {
	out := make([]Table, 0, len(tables))
	visited := map[string]bool{}
	var visit func(Table)
	visit = func(t Table) {
		if visited[t.Name] {
			return
		}
		visited[t.Name] = true
		for _, c := range t.Postgres.Constraints {
			if i := slices.IndexFunc(tables, func(o Table) bool { return o.Name == c.refersTo() }); i >= 0 {
				visit(tables[i])
			}
		}
		out = append(out, t)
	}
	for _, t := range tables {
		visit(t)
	}
	return out
}

// sql returns the statements that create the tables on an empty database.
func (s Snapshot) sql(dialect string) string {
	p := &planner{dialect: dialect, to: s}
	p.creations()
	return script(p.statements())
}

func script(statements []string) string {
	if len(statements) == 0 {
		return ""
	}
	return strings.Join(statements, ";\n\n") + ";\n"
}

func quote(name string) string { return `"` + name + `"` }

// Recorded returns fault.Conflict unless schema.json among the files, which are
// a domain's revisions, records the tables that its structs ask for, and the
// columns that it adds to tables of others. A test
// with it holds whoever changes a struct to making the revision, too. That the
// revisions make these tables, migrate.Drift tells.
func Recorded(files fs.FS, schemas []data.Schema, extends ...data.Extender) error {
	d := Domain{Schemas: schemas, Extends: extends}
	want, err := d.target()
	if err != nil {
		return err
	}
	text, err := encode(want)
	if err != nil {
		return err
	}
	for _, path := range []string{snapshotFile, "migrations/" + snapshotFile} {
		have, err := fs.ReadFile(files, path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return err
		case string(have) == string(text):
			return nil
		default:
			return fault.Errorf(fault.Conflict, "%s does not record what the structs ask for: make a revision", path)
		}
	}
	return fault.Errorf(fault.Conflict, "there is no %s: make-migrations writes it", snapshotFile)
}
