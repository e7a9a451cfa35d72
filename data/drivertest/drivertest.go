// Package drivertest proves that a driver does what package data needs.
//
// A driver's own test opens its database and hands it over:
//
//	func TestDriver(t *testing.T) {
//		drivertest.Run(t, func(t *testing.T) *data.DB { … })
//	}
package drivertest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
)

// Run runs the suite. open returns an empty database of its own for each test
// and has it closed when the test ends.
func Run(t *testing.T, open func(t *testing.T) *data.DB) {
	t.Parallel()
	groups := []struct {
		name  string
		tests []test
	}{
		{"Kinds", kindTests},
		{"Own", ownTests},
		{"TextList", textListTests},
		{"Sealed", sealedTests},
		{"Code", codeTests},
		{"Filter", filterTests},
		{"Movie", movieTests},
		{"List", listTests},
		{"Estimate", estimateTests},
		{"Plan", planTests},
		{"Keyset", keysetTests},
		{"Add", addTests},
		{"Upsert", upsertTests},
		{"Update", updateTests},
		{"Unchanged", unchangedTests},
		{"Bulk", bulkTests},
		{"Delete", deleteTests},
		{"Service", serviceTests},
		{"ServiceMany", serviceManyTests},
		{"Scope", scopeTests},
		{"Lock", lockTests},
		{"Find", findTests},
		{"Words", wordTests},
		{"SoftDelete", softDeleteTests},
		{"Version", versionTests},
		{"Audit", auditTests},
		{"Slug", slugTests},
		{"Select", selectTests},
		{"Tx", txTests},
		{"Read", readTests},
		{"Commit", commitTests},
		{"Key", keyTests},
		{"Serial", serialTests},
		{"Savepoint", savepointTests},
		{"Retry", retryTests},
		{"Error", errorTests},
		{"Relation", relationTests},
		{"Exists", existsTests},
		{"TreeRelations", treeRelationTests},
		{"Reference", referenceTests},
		{"Composite", compositeTests},
		{"Link", linkTests},
		{"Hostile", hostileTests},
		{"Cancel", cancelTests},
		{"Concurrent", concurrentTests},
		{"Driver", driverTests},
		{"Rename", renameTests},
		{"Odd", oddTests},
		{"Pair", pairTests},
		{"Extension", extensionTests},
	}
	for _, g := range groups {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			for _, x := range g.tests {
				t.Run(x.name, func(t *testing.T) {
					t.Parallel()
					x.run(suite{T: t, ctx: t.Context(), open: open})
				})
			}
		})
	}
}

type test struct {
	name string
	run  func(s suite)
}

// A suite is one running test.
type suite struct {
	*testing.T
	ctx  context.Context
	open func(t *testing.T) *data.DB
}

// db opens a database with empty tables.
func (s suite) db(tables ...data.Schema) *data.DB {
	s.Helper()
	db := s.open(s.T)
	for _, t := range tables {
		for sql := range strings.SplitSeq(createTable(t, db.Dialect()), "; ") {
			s.exec(db, sql)
		}
	}
	return db
}

// dbAt is db with a clock that stands still.
func (s suite) dbAt(now time.Time, tables ...data.Schema) *data.DB {
	s.Helper()
	return data.New(s.db(tables...).Driver(), func() time.Time { return now })
}

func (s suite) exec(db *data.DB, sql string) {
	s.Helper()
	if _, err := db.Driver().Exec(s.ctx, driver.Call{Statement: &driver.Statement{SQL: sql}}); err != nil {
		s.Fatalf("%s: %v", sql, err)
	}
}

// ok ends the test if err is not nil.
func (s suite) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// is fails the test if err is not of kind k.
func (s suite) is(err error, k fault.Kind) {
	s.Helper()
	if err == nil || fault.KindOf(err) != k {
		s.Errorf("the error is %v (%s), want %s", err, fault.KindOf(err), k)
	}
}

// mentions fails the test if err has no detail about the field.
func (s suite) mentions(err error, field string) {
	s.Helper()
	for e, ok := asFault(err); ok; e, ok = asFault(e.Err) {
		for _, d := range e.Details {
			if d.Location == "body."+field {
				return
			}
		}
	}
	s.Errorf("%v says nothing about %s", err, field)
}

// same fails the test if got is not want.
func (s suite) same(what string, got, want any) {
	s.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		s.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// count fails the test if t does not have want rows.
func count[T any](s suite, h data.Handle, t *data.Table[T], want int) {
	s.Helper()
	n, err := t.On(h).Count(s.ctx)
	s.ok(err)
	if n != want {
		s.Errorf("%s has %d rows, want %d", t.Name(), n, want)
	}
}

// createTable writes the table in SQL, with the names that revisions give.
func createTable(t data.Schema, dialect string) string {
	types := map[string]map[driver.Kind]string{
		"sqlite": {
			driver.Text: "TEXT", driver.Int: "INTEGER", driver.Float: "REAL", driver.Bool: "INTEGER", driver.Time: "INTEGER",
			driver.UUID: "BLOB", driver.Decimal: "INTEGER", driver.Bytes: "BLOB", driver.JSON: "TEXT", driver.Other: "TEXT",
		},
		"postgres": {
			driver.Text: `text COLLATE "C"`, driver.Int: "bigint", driver.Float: "double precision", driver.Bool: "boolean", driver.Time: "timestamptz",
			driver.UUID: "uuid", driver.Decimal: "numeric", driver.Bytes: "bytea", driver.JSON: "jsonb", driver.Other: `text COLLATE "C"`,
		},
	}[dialect]
	var parts, primary []string
	for _, c := range t.Columns {
		part := fmt.Sprintf("%q %s", c.Name, types[c.Kind])
		if c.Kind == driver.Decimal && dialect == "postgres" {
			part += fmt.Sprintf("(%d, %d)", c.Digits, c.Scale)
		}
		if c.Kind == driver.Text && c.Size > 0 && dialect == "postgres" { // another type than text, to the database
			part = fmt.Sprintf(`%q varchar(%d) COLLATE "C"`, c.Name, c.Size)
		}
		if !c.Null {
			part += " NOT NULL"
		}
		if c.Identity && dialect == "postgres" {
			part += " GENERATED BY DEFAULT AS IDENTITY"
		}
		if c.Primary {
			primary = append(primary, fmt.Sprintf("%q", c.Name))
		}
		if c.Kind == driver.Decimal && dialect == "sqlite" && c.Check == "" {
			part += fmt.Sprintf(" CONSTRAINT %q CHECK (abs(%q) < 1%0*d)", "ck_"+t.Table+"_"+c.Name, c.Name, c.Digits, 0)
		}
		if c.Check != "" {
			part += fmt.Sprintf(" CONSTRAINT %q CHECK (%s)", "ck_"+t.Table+"_"+c.Name, c.Check)
		}
		parts = append(parts, part)
	}
	if primary != nil {
		parts = append(parts, fmt.Sprintf("CONSTRAINT %q PRIMARY KEY (%s)", t.Table+"_pkey", strings.Join(primary, ", ")))
	}
	for _, u := range t.Uniques {
		parts = append(parts, fmt.Sprintf("CONSTRAINT %q UNIQUE (%s)", data.UniqueName(t.Table, u...), `"`+strings.Join(u, `", "`)+`"`))
	}
	for _, k := range t.Foreign {
		part := fmt.Sprintf(`CONSTRAINT %q FOREIGN KEY ("%s") REFERENCES %q ("%s")`, k.Name(t.Table), strings.Join(k.Columns, `", "`), k.Table, strings.Join(k.Targets, `", "`))
		switch k.OnDelete {
		case "cascade", "restrict":
			part += " ON DELETE " + strings.ToUpper(k.OnDelete)
		case "null":
			part += " ON DELETE SET NULL"
		default:
			part += " DEFERRABLE INITIALLY DEFERRED"
		}
		parts = append(parts, part)
	}
	create := fmt.Sprintf("CREATE TABLE %q (%s)", t.Table, strings.Join(parts, ", "))
	if dialect == "sqlite" {
		create += " STRICT"
	}
	for _, u := range t.Alive {
		create += fmt.Sprintf("; CREATE UNIQUE INDEX %q ON %q (%s) WHERE deleted_at IS NULL", data.UniqueName(t.Table, u...), t.Table, `"`+strings.Join(u, `", "`)+`"`)
	}
	return create
}
