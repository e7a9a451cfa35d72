package migrate_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/manortest"
)

// source makes a Source of which each revision is the same on both databases.
func source(name string, texts ...string) migrate.Source {
	files := fstest.MapFS{}
	for i, text := range texts {
		for _, d := range []string{"sqlite", "postgres"} {
			files[fmt.Sprintf("migrations/%04d_step.%s.sql", i+1, d)] = &fstest.MapFile{Data: []byte(text)}
		}
	}
	return migrate.Source{Name: name, FS: files}
}

func migrator(t *testing.T, db *data.DB, sources ...migrate.Source) *migrate.Migrator {
	t.Helper()
	m, err := migrate.New(db, sources, migrate.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func run(t *testing.T, db *data.DB, text string) {
	t.Helper()
	if err := tryRun(t.Context(), db, text); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

func tryRun(ctx context.Context, db *data.DB, text string) error {
	_, err := db.Driver().Exec(ctx, driver.Call{Statement: &driver.Statement{SQL: text}})
	return err
}

var tableNames = data.NewSelect[struct {
	Name string `db:"name"`
}](`SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`,
	`SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename`)

// tables returns the names of a database's tables.
func tables(t *testing.T, db *data.DB) string {
	t.Helper()
	rows, err := tableNames.All(context.WithoutCancel(t.Context()), db)
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, len(rows))
	for i, r := range rows {
		names[i] = r.Name
	}
	return strings.Join(names, " ")
}

// names returns revisions as text.
func names(revisions []migrate.Revision) string {
	out := make([]string, len(revisions))
	for i, r := range revisions {
		out[i] = r.String() + " " + string(r.State)
	}
	return strings.Join(out, ", ")
}

const (
	createA = "-- comment\n-- up\nCREATE TABLE a (n bigint); CREATE INDEX ix_a ON a (n);\n-- down\nDROP TABLE a;\n"
	createB = "-- up\nCREATE TABLE b (n bigint);\n-- down\nDROP TABLE b;\n"
	createC = "-- up\n-- nothing but c; and 'quotes\nCREATE TABLE c (n bigint);\n-- down\nDROP TABLE c;\n"
	nothing = "-- up\n-- nothing to do here\n-- down\n"
)

func TestUpAndDownAgain(t *testing.T) {
	t.Parallel()
	manortest.Databases(t, func(t *testing.T, open func() *data.DB) {
		db := open()
		ctx := t.Context()
		m := migrator(t, db, source("users", createA, nothing), source("products", createB))
		if pending, err := m.Pending(ctx); err != nil || names(pending) != "users/0001_step pending, users/0002_step pending, products/0001_step pending" {
			t.Fatalf("Pending: %s, %v", names(pending), err)
		}
		if got := tables(t, db); got != "" {
			t.Errorf("asking created %s", got)
		}
		done, err := m.Upgrade(ctx)
		if err != nil || names(done) != "users/0001_step applied, users/0002_step applied, products/0001_step applied" {
			t.Fatalf("Upgrade: %s, %v", names(done), err)
		}
		current, err := m.Current(ctx)
		if diff := cmp.Diff(done, current); diff != "" || err != nil {
			t.Errorf("Current: %v\n%s", err, diff)
		}
		if done, err := m.Upgrade(ctx); err != nil || len(done) != 0 {
			t.Errorf("a second Upgrade did %s, %v", names(done), err)
		}

		// A later revision of the first source runs after those of the second.
		m = migrator(t, db, source("users", createA, nothing, createC), source("products", createB))
		if _, err := m.Upgrade(ctx); err != nil {
			t.Fatal(err)
		}
		if got, want := tables(t, db), "a b c manor_revisions"; got != want {
			t.Errorf("tables are %s, want %s", got, want)
		}
		undone, err := m.Downgrade(ctx, 2)
		if err != nil || names(undone) != "users/0003_step pending, products/0001_step pending" {
			t.Fatalf("Downgrade: %s, %v", names(undone), err)
		}
		history, err := m.History(ctx)
		if want := "users/0001_step applied, users/0002_step applied, users/0003_step pending, products/0001_step pending"; err != nil || names(history) != want {
			t.Errorf("History: %s, %v", names(history), err)
		}
		if got, want := tables(t, db), "a manor_revisions"; got != want {
			t.Errorf("tables are %s, want %s", got, want)
		}
		for _, n := range []int{0, -1, 3} {
			if _, err := m.Downgrade(ctx, n); !errors.Is(err, fault.Invalid) {
				t.Errorf("Downgrade(%d): %v", n, err)
			}
		}
		if _, err := m.Downgrade(ctx, 2); err != nil {
			t.Fatal(err)
		}
		if _, err := m.Upgrade(ctx); err != nil {
			t.Fatal(err)
		}
		if got, want := tables(t, db), "a b c manor_revisions"; got != want {
			t.Errorf("tables are %s, want %s", got, want)
		}
	})
}

func TestDowngradeRefusesTheIrreversible(t *testing.T) {
	t.Parallel()
	manortest.Databases(t, func(t *testing.T, open func() *data.DB) {
		db := open()
		m := migrator(t, db, source("x", createA, "-- up\nCREATE TABLE b (n bigint)", createC))
		if _, err := m.Upgrade(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, err := m.Downgrade(t.Context(), 2)
		if !errors.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "x/0002_step") {
			t.Errorf("got %v", err)
		}
		if got, want := tables(t, db), "a b c manor_revisions"; got != want {
			t.Errorf("tables are %s, want %s: something was undone", got, want)
		}
	})
}

func TestFailureLeavesNoTrace(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, bad string }{
		{"statement", "-- up\nCREATE TABLE b (n bigint); CREATE INDEX ix_b ON b (n); DROP TABLE missing;"},
		{"syntax", "-- up\nCREATE TABLE b (n bigint); CREATE nonsense"},
		{"constraint", "-- up\nCREATE TABLE b (n bigint UNIQUE); INSERT INTO b VALUES (1); INSERT INTO b VALUES (1);"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			manortest.Databases(t, func(t *testing.T, open func() *data.DB) {
				db := open()
				_, err := migrator(t, db, source("x", c.bad)).Upgrade(t.Context())
				if !errors.Is(err, fault.Internal) || !strings.Contains(err.Error(), "x/0001_step failed and left no trace") {
					t.Errorf("got %v", err)
				}
				if got := tables(t, db); got != "" {
					t.Errorf("tables are %s", got)
				}
				done, err := migrator(t, db, source("x", createA, c.bad)).Upgrade(t.Context())
				if err == nil || names(done) != "x/0001_step applied" {
					t.Errorf("Upgrade: %s, %v", names(done), err)
				}
				if got, want := tables(t, db), "a manor_revisions"; got != want {
					t.Errorf("tables are %s, want %s", got, want)
				}
				if _, err := migrator(t, db, source("x", createA, createC)).Upgrade(t.Context()); err != nil {
					t.Errorf("the corrected revision: %v", err)
				}
			})
		})
	}
}

func TestFailingDowngradeLeavesNoTrace(t *testing.T) {
	t.Parallel()
	manortest.Databases(t, func(t *testing.T, open func() *data.DB) {
		db := open()
		m := migrator(t, db, source("x", "-- up\nCREATE TABLE a (n bigint)\n-- down\nDROP TABLE a; DROP TABLE missing"))
		if _, err := m.Upgrade(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := m.Downgrade(t.Context(), 1); !errors.Is(err, fault.Internal) {
			t.Errorf("got %v", err)
		}
		if got, want := tables(t, db), "a manor_revisions"; got != want {
			t.Errorf("tables are %s, want %s", got, want)
		}
		if current, err := m.Current(t.Context()); err != nil || len(current) != 1 {
			t.Errorf("Current: %s, %v", names(current), err)
		}
	})
}

func TestScriptMustNotEndItsTransaction(t *testing.T) {
	t.Parallel()
	manortest.Databases(t, func(t *testing.T, open func() *data.DB) {
		db := open()
		for _, text := range []string{"COMMIT", "COMMIT; BEGIN", "ROLLBACK; BEGIN"} {
			m := migrator(t, db, source("x", "-- up\nCREATE TABLE IF NOT EXISTS a (n bigint); "+text))
			if _, err := m.Upgrade(t.Context()); err == nil || !strings.Contains(err.Error(), "must not begin or end a transaction") {
				t.Errorf("%s: %v", text, err)
			}
			if current, err := m.Current(t.Context()); err != nil || len(current) > 0 {
				t.Errorf("%s: noted as applied: %v", text, err)
			}
		}
	})
}

func TestChangedAndUnknown(t *testing.T) {
	t.Parallel()
	manortest.Databases(t, func(t *testing.T, open func() *data.DB) {
		db := open()
		ctx := t.Context()
		if _, err := migrator(t, db, source("x", createA, createB), source("y", nothing)).Upgrade(ctx); err != nil {
			t.Fatal(err)
		}
		crlf := strings.ReplaceAll(createA, "\n", "\r\n") // the same revision
		report, err := migrator(t, db, source("x", crlf, createB+"-- more"), source("y", nothing, createC)).Check(ctx, nil)
		want := migrate.Report{
			Pending: []migrate.Revision{{Source: "y", Number: 2, Name: "step", State: migrate.Pending}},
			Changed: []migrate.Revision{{Source: "x", Number: 2, Name: "step", State: migrate.Changed}},
		}
		if diff := cmp.Diff(want, report, cmpopts.IgnoreFields(migrate.Revision{}, "AppliedAt")); diff != "" || err != nil || report.OK() {
			t.Errorf("Check: %v\n%s", err, diff)
		}

		older := migrator(t, db, source("x", createA), source("z", createC))
		done, err := older.Upgrade(ctx)
		if !errors.Is(err, fault.Conflict) || len(done) > 0 || !strings.Contains(err.Error(), "x/0002_step, y/0001_step") {
			t.Errorf("Upgrade by an older program: %s, %v", names(done), err)
		}
		if got, want := tables(t, db), "a b manor_revisions"; got != want {
			t.Errorf("tables are %s, want %s", got, want)
		}
		if _, err := older.Downgrade(ctx, 1); !errors.Is(err, fault.Conflict) {
			t.Errorf("Downgrade by an older program: %v", err)
		}
		report, err = older.Check(ctx, nil)
		if err != nil || names(report.Unknown) != "x/0002_step unknown, y/0001_step unknown" {
			t.Errorf("Check: %s, %v", names(report.Unknown), err)
		}
	})
}
