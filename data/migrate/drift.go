package migrate

import (
	"context"
	"crypto/rand"
	"database/sql"
	sqldriver "database/sql/driver"
	"fmt"
	"slices"

	atlaspostgres "ariga.io/atlas/sql/postgres"
	"ariga.io/atlas/sql/schema"
	atlassqlite "ariga.io/atlas/sql/sqlite"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

// Drift returns how the live tables differ from schemas, a sentence each, or
// nothing. Other tables are left alone, and so are further indexes that are not
// unique, or that hold for some rows only, other than those not deleted, or for
// expressions: no struct can ask for them. What SQLite stores alike, such as an integer and a time, it cannot
// tell apart. It changes nothing.
//
// It creates the tables that the structs ask for in a database in memory
// (SQLite) or in a schema that is rolled back (PostgreSQL, where the role needs
// the right to create schemas), and compares what the database says of both.
// A schema that the dialect cannot do is an error.
func Drift(ctx context.Context, db *data.DB, schemas []data.Schema) ([]string, error) {
	if len(schemas) == 0 {
		return nil, nil
	}
	create, _, err := draft(db.Dialect(), schemas)
	if err != nil {
		return nil, err
	}
	tables := make([]string, len(schemas))
	for i, s := range schemas {
		tables[i] = s.Table
	}
	return Compare(ctx, db, create, tables)
}

// Compare does for statements that create tables what Drift does for structs.
// It speaks of the tables that are named, in that order.
func Compare(ctx context.Context, db *data.DB, create string, tables []string) ([]string, error) {
	if len(tables) == 0 {
		return nil, nil
	}
	c := comparison{create: create, tables: tables}
	var err error
	switch native := db.Driver().Native().(type) {
	case *sql.DB:
		err = c.sqlite(ctx, native)
	case *pgxpool.Pool:
		err = c.postgres(ctx, native)
	default:
		err = fmt.Errorf("migrate: cannot compare tables on %T", native)
	}
	if err != nil {
		return nil, failed(ctx, err, "the tables cannot be compared")
	}
	return c.report()
}

// A comparison holds the same tables twice: as they are and as they should be.
type comparison struct {
	create     string   // the statements that create them
	tables     []string // their names
	live, want *schema.Schema
	differ     schema.Differ
	typeOf     func(*schema.Column) string
}

func (c *comparison) sqlite(ctx context.Context, db *sql.DB) error {
	scratch := sql.OpenDB(memory{db.Driver()})
	defer scratch.Close()
	scratch.SetMaxOpenConns(1) // each connection would be a database of its own
	if _, err := scratch.ExecContext(ctx, c.create); err != nil {
		return err
	}
	for _, side := range []struct {
		db   *sql.DB
		into **schema.Schema
	}{{db, &c.live}, {scratch, &c.want}} {
		inspector, err := atlassqlite.Open(side.db)
		if err != nil {
			return err
		}
		if *side.into, err = c.inspect(ctx, inspector, "main"); err != nil {
			return err
		}
	}
	c.differ = atlassqlite.DefaultDiff
	c.typeOf = func(col *schema.Column) string { return col.Type.Raw }
	return nil
}

// memory opens a new database in memory with the library that the live one
// uses, under whatever name it is registered.
type memory struct{ driver sqldriver.Driver }

func (m memory) Connect(context.Context) (sqldriver.Conn, error) { return m.driver.Open(":memory:") }
func (m memory) Driver() sqldriver.Driver                        { return m.driver }

func (c *comparison) postgres(ctx context.Context, pool *pgxpool.Pool) error {
	db := stdlib.OpenDBFromPool(pool)
	defer db.Close() // not the pool
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	var live string
	if err := tx.QueryRowContext(ctx, "SELECT current_schema()").Scan(&live); err != nil {
		return err
	}
	inspector, err := atlaspostgres.Open(tx)
	if err != nil {
		return err
	}
	if c.live, err = c.inspect(ctx, inspector, live); err != nil {
		return err
	}
	// What is not among the schemas is found, and referred to, where it is.
	scratch := "manor_drift_" + rand.Text()
	if _, err := tx.ExecContext(ctx, fmt.Sprintf(`CREATE SCHEMA "%s"; SET LOCAL search_path TO "%s", "%s"`, scratch, scratch, live)); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, c.create); err != nil {
		return err
	}
	if c.want, err = c.inspect(ctx, inspector, scratch); err != nil {
		return err
	}
	// Some comparisons of defaults ask the database, and the transaction ends
	// here, so that the text of a default has to do.
	c.differ = atlaspostgres.DefaultDiff
	c.typeOf = postgresType
	return nil
}

func (c *comparison) inspect(ctx context.Context, from schema.Inspector, name string) (*schema.Schema, error) {
	return from.InspectSchema(ctx, name, &schema.InspectOptions{Mode: schema.InspectTables, Tables: c.tables})
}

// report puts the differences in words.
func (c *comparison) report() ([]string, error) {
	var out []string
	for _, name := range c.tables {
		want, ok := c.want.Table(name)
		if !ok {
			return nil, fault.Errorf(fault.Internal, "the table %s was not created for comparison", name)
		}
		live, ok := c.live.Table(name)
		if !ok {
			out = append(out, name+": the table is missing")
			continue
		}
		changes, err := c.differ.TableDiff(live, want, schema.DiffNormalized())
		if err != nil {
			return nil, fault.Wrap(fault.Internal, err, "the table %s cannot be compared", name)
		}
		var lines []string
		for _, change := range changes {
			for _, text := range c.words(change) {
				lines = append(lines, name+": "+text)
			}
		}
		lines = append(lines, c.types(live, want)...)
		slices.Sort(lines)
		out = append(out, slices.Compact(lines)...)
	}
	return out, nil
}

// types compares the types of columns as they are written, because the diff
// does not look at collations, nor on SQLite at more than their affinity.
func (c *comparison) types(live, want *schema.Table) (out []string) {
	for _, w := range want.Columns {
		l, ok := live.Column(w.Name)
		if !ok {
			continue
		}
		if is, should := c.typeOf(l), c.typeOf(w); is != should {
			out = append(out, fmt.Sprintf("%s: column %s has type %s, not %s", live.Name, w.Name, is, should))
		}
	}
	return out
}
