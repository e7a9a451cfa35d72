package transfer

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
)

// A table is one as the database describes it.
type table struct {
	name    string
	columns []column
	key     []string // the primary key, in order
	refs    []reference
}

// A reference is a foreign key.
type reference struct{ constraint, to string }

// A column is one as the database describes it, with the kind of its values.
type column struct {
	driver.Column
	stored    string // the type's name in the database
	server    bool   // it is PostgreSQL's
	preset    bool   // it has a default
	generated bool   // the database computes it
	always    bool   // an identity that INSERT must override
	sequence  string // where its numbers come from, or ""
	bits      int    // of a bit string
	doubt     bool   // the kind is only what the type suggests
}

func (t *table) own() bool { return slices.Contains(ownTables, t.name) }

func (t *table) column(name string) *column {
	i := slices.IndexFunc(t.columns, func(c column) bool { return c.Name == name })
	if i < 0 {
		return nil
	}
	return &t.columns[i]
}

// carried returns the columns that hold what somebody stored.
func (t *table) carried() []column {
	return slices.DeleteFunc(slices.Clone(t.columns), func(c column) bool { return c.generated })
}

// hint makes the kinds those that the schemas know.
func (h hints) hint(tables []*table) {
	for _, t := range tables {
		for i := range t.columns {
			c := &t.columns[i]
			known, ok := h[t.name][c.Name]
			if ok && kindNames[known.Kind] != "" { // one of its own is told by how it is stored
				c.Kind, c.Scale, c.doubt = known.Kind, known.Scale, false
			}
		}
	}
}

func find(tables []*table, name string) *table {
	i := slices.IndexFunc(tables, func(t *table) bool { return t.name == name })
	if i < 0 {
		return nil
	}
	return tables[i]
}

// catalogue returns the tables of db, by name.
func catalogue(ctx context.Context, db *data.DB) ([]*table, error) {
	if server(db) {
		return postgresTables(ctx, db.Driver())
	}
	return sqliteTables(ctx, db.Driver())
}

func server(db *data.DB) bool { return db.Dialect() == "postgres" }

func sqliteTables(ctx context.Context, on driver.Conn) ([]*table, error) {
	var out []*table
	// An index for searches is kept by triggers, wherever the rows come from.
	err := each(ctx, on, `WITH named AS (SELECT name, type FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual')
			AND substr(name, 1, 7) <> 'sqlite_'),
		indexes AS (SELECT v.name FROM named AS v JOIN named AS k ON k.name = v.name || '_key' WHERE v.type = 'virtual' AND v.name LIKE '%\_search' ESCAPE '\')
		SELECT name, type FROM named WHERE NOT EXISTS (SELECT 1 FROM indexes AS i WHERE named.name IN (i.name, i.name || '_key', i.name || '_word'))
		ORDER BY name`, "tt", nil, func(v []any) error {
		if v[1] == "virtual" {
			return fault.Errorf(fault.Invalid, "the table %s is virtual, and cannot be carried", v[0])
		}
		out = append(out, &table{name: v[0].(string)})
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, t := range out {
		places := map[int64]string{}
		err := each(ctx, on, `SELECT name, upper(type), "notnull", dflt_value IS NOT NULL, pk, hidden FROM pragma_table_xinfo(?)`, "ttiiii",
			[]any{t.name}, func(v []any) error {
				c := column{Column: driver.Column{Name: v[0].(string), Null: v[2] == int64(0) && v[4] == int64(0)}, stored: v[1].(string)}
				c.preset, c.generated = v[3] == int64(1), v[5].(int64) >= 2
				if pk := v[4].(int64); pk > 0 {
					places[pk] = c.Name
					c.preset = c.preset || strings.HasPrefix(c.stored, "INT") // perhaps the row's own number
				}
				c.Kind, c.doubt = sqliteKind(c.stored), true
				t.columns = append(t.columns, c)
				return nil
			})
		if err != nil {
			return nil, err
		}
		for i := range len(places) {
			t.key = append(t.key, places[int64(i+1)])
		}
		err = each(ctx, on, `SELECT DISTINCT "table" FROM pragma_foreign_key_list(?)`, "t", []any{t.name}, func(v []any) error {
			t.refs = append(t.refs, reference{to: v[0].(string)})
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// sqliteKind returns what a declared type suggests.
func sqliteKind(declared string) driver.Kind {
	switch {
	case strings.Contains(declared, "INT"):
		return driver.Int
	case strings.Contains(declared, "REAL"), strings.Contains(declared, "DOUB"), strings.Contains(declared, "FLOA"):
		return driver.Float
	case strings.Contains(declared, "BLOB"):
		return driver.Bytes
	case strings.Contains(declared, "TIMESTAMP"), strings.Contains(declared, "DATETIME"):
		return driver.Time
	case strings.Contains(declared, "JSON"):
		return driver.JSON
	}
	return driver.Text
}

const postgresColumns = `SELECT c.relname::text, a.attname::text, format_type(a.atttypid, NULL), (NOT a.attnotnull)::int::bigint,
	(a.atthasdef OR a.attidentity <> '')::int::bigint, (a.attgenerated <> '')::int::bigint, a.attidentity::text,
	coalesce(pg_get_serial_sequence(format('%I.%I', n.nspname, c.relname), a.attname), ''), a.atttypmod::bigint,
	coalesce(array_position(i.indkey::int2[], a.attnum), -1)::bigint
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY c.relname COLLATE "C", a.attnum`

const postgresReferences = `SELECT c.relname::text, f.conname::text, r.relname::text
FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid JOIN pg_class r ON r.oid = f.confrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE f.contype = 'f' AND n.nspname = current_schema() AND NOT c.relispartition ORDER BY 1, 2`

func postgresTables(ctx context.Context, on driver.Conn) ([]*table, error) {
	var out []*table
	var t *table
	places := map[string]map[int64]string{}
	err := each(ctx, on, postgresColumns, "tttiiittii", nil, func(v []any) error {
		if name := v[0].(string); t == nil || t.name != name {
			t = &table{name: name}
			places[name] = map[int64]string{}
			out = append(out, t)
		}
		c := column{Column: driver.Column{Name: v[1].(string), Null: v[3] == int64(1)}, stored: v[2].(string), server: true}
		c.preset, c.generated, c.always, c.sequence = v[4] == int64(1), v[5] == int64(1), v[6] == "a", v[7].(string)
		c.Kind, c.doubt = postgresKind(c.stored)
		modifier := v[8].(int64)
		switch {
		case c.stored == "bit" && modifier > 0:
			c.bits = int(modifier)
		case c.Kind == driver.Decimal && modifier >= 4:
			c.Scale = int(modifier-4) & 0x7ff
		case c.Kind == driver.Decimal:
			c.Scale = anyScale
		}
		if place := v[9].(int64); place >= 0 {
			places[t.name][place] = c.Name
		}
		t.columns = append(t.columns, c)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, t := range out {
		for i := range len(places[t.name]) {
			t.key = append(t.key, places[t.name][int64(i)]) // indkey counts from 0
		}
	}
	return out, each(ctx, on, postgresReferences, "ttt", nil, func(v []any) error {
		if t := find(out, v[0].(string)); t != nil {
			t.refs = append(t.refs, reference{v[1].(string), v[2].(string)})
		}
		return nil
	})
}

// postgresKind returns what a type holds, and whether that is a guess.
func postgresKind(name string) (driver.Kind, bool) {
	switch name {
	case "smallint", "integer", "bigint", "bit":
		return driver.Int, false
	case "real", "double precision":
		return driver.Float, false
	case "boolean":
		return driver.Bool, false
	case "timestamp with time zone", "timestamp without time zone":
		return driver.Time, false
	case "uuid":
		return driver.UUID, false
	case "numeric":
		return driver.Decimal, false
	case "bytea":
		return driver.Bytes, false
	case "json", "jsonb":
		return driver.JSON, false
	case "text", "character varying", "character":
		return driver.Text, false
	}
	return driver.Text, true // every type has a text form
}

// each runs a query whose columns are texts (t) and integers (i), and calls fn
// for every row.
func each(ctx context.Context, on driver.Conn, sql, kinds string, args []any, fn func(v []any) error) error {
	st := driver.Statement{SQL: sql}
	dest, values := make([]any, len(kinds)), make([]any, len(kinds))
	for i, k := range kinds {
		if k == 'i' {
			dest[i] = new(int64)
			st.Columns = append(st.Columns, driver.Column{Name: fmt.Sprint(i), Kind: driver.Int})
		} else {
			dest[i] = new(string)
			st.Columns = append(st.Columns, driver.Column{Name: fmt.Sprint(i), Kind: driver.Text})
		}
	}
	rows, err := on.Query(ctx, driver.Call{Statement: &st, Args: args})
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(dest); err != nil {
			return err
		}
		for i, d := range dest {
			switch d := d.(type) {
			case *int64:
				values[i] = *d
			case *string:
				values[i] = *d
			}
		}
		if err := fn(values); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return rows.Close()
}

// one returns the one value of a query.
func one[T int64 | string](ctx context.Context, on driver.Conn, kind driver.Kind, sql string) (out T, err error) {
	kinds := "t"
	if kind == driver.Int {
		kinds = "i"
	}
	err = each(ctx, on, sql, kinds, nil, func(v []any) error {
		out = v[0].(T)
		return nil
	})
	return out, err
}

func exec(ctx context.Context, on driver.Conn, sql string, args ...any) error {
	_, err := on.Exec(ctx, driver.Call{Statement: &driver.Statement{SQL: sql}, Args: args})
	return err
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
