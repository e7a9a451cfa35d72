package migrate_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/manortest"
)

// called makes a Source of named revisions, each the same on both databases.
func called(name string, pairs ...string) migrate.Source {
	files := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		for _, d := range []string{"sqlite", "postgres"} {
			files[pairs[i]+"."+d+".sql"] = &fstest.MapFile{Data: []byte(pairs[i+1])}
		}
	}
	return migrate.Source{Name: name, FS: files}
}

func TestTargets(t *testing.T) {
	t.Parallel()
	manortest.Databases(t, func(t *testing.T, open func() *data.DB) {
		db, ctx := open(), t.Context()
		m := migrator(t, db,
			called("users", "0001_init", createA, "0002_avatar", createB),
			called("shop", "0001_init", createC, "0002_in", nothing))
		for _, c := range []struct {
			to   migrate.Target
			plan string
			err  fault.Kind
		}{
			{migrate.Target{}, "users/0001_init users/0002_avatar shop/0001_init shop/0002_in", ""},
			{migrate.Target{Revision: "head"}, "users/0001_init users/0002_avatar shop/0001_init shop/0002_in", ""},
			{migrate.Target{Steps: 1}, "users/0001_init", ""},
			{migrate.Target{Steps: 9}, "users/0001_init users/0002_avatar shop/0001_init shop/0002_in", ""},
			{migrate.Target{Steps: -1}, "", fault.Invalid},
			{migrate.Target{Revision: "avatar"}, "users/0001_init users/0002_avatar", ""},
			{migrate.Target{Revision: "users/2"}, "users/0001_init users/0002_avatar", ""},
			{migrate.Target{Revision: "users/head"}, "users/0001_init users/0002_avatar", ""},
			{migrate.Target{Revision: "shop/0001_i"}, "users/0001_init users/0002_avatar shop/0001_init", ""},
			{migrate.Target{Revision: "shop/0002_in"}, "users/0001_init users/0002_avatar shop/0001_init shop/0002_in", ""},
			{migrate.Target{Revision: "0001"}, "", fault.Invalid},
			{migrate.Target{Revision: "shop/in"}, "", fault.Invalid}, // init, too
			{migrate.Target{Revision: "shop/"}, "", fault.NotFound},
			{migrate.Target{Revision: "nope"}, "", fault.NotFound},
			{migrate.Target{Revision: "nope/1"}, "", fault.NotFound},
		} {
			plan, err := m.PlanUpgrade(ctx, c.to)
			var got []string
			for _, r := range plan {
				got = append(got, r.String())
			}
			if strings.Join(got, " ") != c.plan || fault.KindOf(err) != c.err {
				t.Errorf("%+v: %s, %v", c.to, got, err)
			}
		}
		for _, c := range []struct {
			to   migrate.Target
			want string
		}{
			{migrate.Target{Revision: "users/1"}, "users/0001_init applied"},
			{migrate.Target{Revision: "users/1"}, ""},
			{migrate.Target{Steps: 2}, "users/0002_avatar applied, shop/0001_init applied"},
			{migrate.Target{Revision: "avatar"}, ""},
		} {
			if done, err := m.UpgradeTo(ctx, c.to); err != nil || names(done) != c.want {
				t.Errorf("%+v: %s, %v", c.to, names(done), err)
			}
		}
		if heads, err := m.Heads(ctx); err != nil || names(heads) != "users/0002_avatar applied, shop/0002_in pending" {
			t.Errorf("Heads: %s, %v", names(heads), err)
		}
		if d, err := m.Show(ctx, "users/2"); err != nil || d.State != migrate.Applied || d.AppliedAt.IsZero() || d.Up != "CREATE TABLE b (n bigint);" || d.Down != "DROP TABLE b;" || !d.Undoable || len(d.Checksum) != 64 {
			t.Errorf("Show: %+v, %v", d, err)
		}
		if _, err := m.DowngradeTo(ctx, migrate.Target{Revision: "shop/2"}); !errors.Is(err, fault.Conflict) {
			t.Errorf("back to what did not run: %v", err)
		}
		if undone, err := m.DowngradeTo(ctx, migrate.Target{Revision: "shop/1"}); err != nil || len(undone) > 0 {
			t.Errorf("back to where it is: %s, %v", names(undone), err)
		}
		if undone, err := m.DowngradeTo(ctx, migrate.Target{Revision: "users/1"}); err != nil || names(undone) != "shop/0001_init pending, users/0002_avatar pending" {
			t.Errorf("back: %s, %v", names(undone), err)
		}
		if _, err := m.Upgrade(ctx); err != nil {
			t.Fatal(err)
		}
		if undone, err := m.DowngradeTo(ctx, migrate.Target{Revision: migrate.Base}); err != nil || len(undone) != 4 {
			t.Errorf("back to the base: %s, %v", names(undone), err)
		}
		if got := tables(t, db); got != "manor_revisions" {
			t.Errorf("left are %s", got)
		}
	})
}

// TestEditedIsRefused also wants nothing to run behind an edited file.
func TestEditedIsRefused(t *testing.T) {
	t.Parallel()
	manortest.Databases(t, func(t *testing.T, open func() *data.DB) {
		db, ctx := open(), t.Context()
		if _, err := migrator(t, db, source("x", createA)).Upgrade(ctx); err != nil {
			t.Fatal(err)
		}
		m := migrator(t, db, source("x", createA+"-- edited", createB))
		if _, err := m.Upgrade(ctx); !errors.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "x/0001_step") {
			t.Errorf("Upgrade: %v", err)
		}
		if _, err := m.Downgrade(ctx, 1); !errors.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "x/0001_step") {
			t.Errorf("Downgrade: %v", err)
		}
		if got := tables(t, db); got != "a manor_revisions" {
			t.Errorf("tables are %s", got)
		}
		if _, err := m.Stamp(ctx, "x/1", false); err != nil {
			t.Fatal(err)
		}
		if done, err := m.Upgrade(ctx); err != nil || names(done) != "x/0002_step applied" {
			t.Errorf("after accepting it: %s, %v", names(done), err)
		}
	})
}

// TestNumbersChange gives revisions the numbers that merging two branches does.
func TestNumbersChange(t *testing.T) {
	t.Parallel()
	manortest.Databases(t, func(t *testing.T, open func() *data.DB) {
		db, ctx := open(), t.Context()
		branch := migrator(t, db, called("x", "0001_init", nothing, "0002_b", createB, "0003_step", createC))
		if _, err := branch.Upgrade(ctx); err != nil {
			t.Fatal(err)
		}
		m := migrator(t, db, called("x", "0001_init", nothing, "0002_a", createA, "0003_b", createB, "0004_step", createC))
		if all, err := m.History(ctx); err != nil || names(all) != "x/0001_init applied, x/0003_b applied, x/0004_step applied, x/0002_a pending" {
			t.Errorf("History: %s, %v", names(all), err)
		}
		script, err := m.UpgradeScript(ctx, migrate.Target{})
		if err != nil || !strings.Contains(script, "SET number = -3, name = 'b' WHERE source = 'x' AND number = 2") {
			t.Errorf("%v, %s", err, script)
		}
		if done, err := m.Upgrade(ctx); err != nil || names(done) != "x/0002_a applied" {
			t.Fatalf("Upgrade: %s, %v", names(done), err)
		}
		if report, err := m.Check(ctx, nil); err != nil || !report.OK() {
			t.Errorf("%+v, %v", report, err)
		}
		// The branch's program does not know what ran.
		if _, err := branch.Upgrade(ctx); !errors.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "x/0002_a") {
			t.Errorf("the branch: %v", err)
		}
		if undone, err := m.Downgrade(ctx, 4); err != nil || names(undone) != "x/0002_a pending, x/0004_step pending, x/0003_b pending, x/0001_init pending" {
			t.Errorf("Downgrade: %s, %v", names(undone), err)
		}
	})
}

func TestStamp(t *testing.T) {
	t.Parallel()
	manortest.Databases(t, func(t *testing.T, open func() *data.DB) {
		db, ctx := open(), t.Context()
		m := migrator(t, db, source("x", createA, createB), source("y", createC))
		for _, c := range []struct {
			to    string
			purge bool
			want  string
		}{
			{"x/1", false, "x/0001_step applied"},
			{"y/1", false, "x/0001_step applied, y/0001_step applied"},
			{"x/2", false, "x/0001_step applied, y/0001_step applied, x/0002_step applied"},
			{"x/base", false, "y/0001_step applied"},
			{"head", false, "y/0001_step applied, x/0001_step applied, x/0002_step applied"},
			{"head", true, "x/0001_step applied, x/0002_step applied, y/0001_step applied"},
			{"x/1", true, "x/0001_step applied"},
			{"base", false, ""},
		} {
			if noted, err := m.Stamp(ctx, c.to, c.purge); err != nil || names(noted) != c.want {
				t.Errorf("%s: %s, %v", c.to, names(noted), err)
			}
		}
		if got := tables(t, db); got != "manor_revisions" {
			t.Errorf("it made %s", got)
		}
		if _, err := m.Stamp(ctx, "x/3", false); !errors.Is(err, fault.NotFound) {
			t.Errorf("got %v", err)
		}
		if _, err := m.Stamp(ctx, "head", false); err != nil {
			t.Fatal(err)
		}
		older := migrator(t, db, source("x", createA))
		if _, err := older.Stamp(ctx, "x/1", false); !errors.Is(err, fault.Conflict) {
			t.Errorf("forgetting what is not known: %v", err)
		}
		if noted, err := older.Stamp(ctx, "x/1", true); err != nil || names(noted) != "x/0001_step applied" {
			t.Errorf("purging: %s, %v", names(noted), err)
		}
	})
}

// runAsShell runs a script as the shell of the database does.
func runAsShell(t *testing.T, db *data.DB, script string) {
	t.Helper()
	var err error
	switch native := db.Driver().Native().(type) {
	case *sql.DB:
		_, err = native.ExecContext(t.Context(), script)
	case *pgxpool.Pool:
		var conn *pgxpool.Conn
		if conn, err = native.Acquire(t.Context()); err == nil {
			_, err = conn.Conn().PgConn().Exec(t.Context(), script).ReadAll()
			conn.Release()
		}
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, script)
	}
}

// TestScriptsDoTheSame wants the printed SQL to do what the commands do, and
// printing it to do nothing.
func TestScriptsDoTheSame(t *testing.T) {
	t.Parallel()
	manortest.Databases(t, func(t *testing.T, open func() *data.DB) {
		db, ctx := open(), t.Context()
		m := migrator(t, db, source("x", createA, nothing), source("y's", createC))
		up, err := m.UpgradeScript(ctx, migrate.Target{})
		if err != nil {
			t.Fatal(err)
		}
		if got := tables(t, db); got != "" {
			t.Errorf("printing made %s", got)
		}
		runAsShell(t, db, up)
		if report, err := m.Check(ctx, nil); err != nil || !report.OK() {
			t.Errorf("%+v, %v", report, err)
		}
		if got := tables(t, db); got != "a c manor_revisions" {
			t.Errorf("tables are %s", got)
		}
		down, err := m.DowngradeScript(ctx, migrate.Target{Revision: "x/1"})
		if err != nil {
			t.Fatal(err)
		}
		runAsShell(t, db, down)
		if all, err := m.History(ctx); err != nil || names(all) != "x/0001_step applied, x/0002_step pending, y's/0001_step pending" {
			t.Errorf("%s, %v", names(all), err)
		}
		stamp, err := m.StampScript(ctx, "head", true)
		if err != nil {
			t.Fatal(err)
		}
		runAsShell(t, db, stamp)
		if all, err := m.History(ctx); err != nil || names(all) != "x/0001_step applied, x/0002_step applied, y's/0001_step applied" {
			t.Errorf("%s, %v", names(all), err)
		}
		if none, err := m.UpgradeScript(ctx, migrate.Target{}); none != "" || err != nil {
			t.Errorf("with nothing to do: %q, %v", none, err)
		}
		run(t, db, "SELECT 1") // the connection is none of a transaction
	})
}

// ExampleMigrator_UpgradeTo goes a step at a time.
func ExampleMigrator_UpgradeTo() {
	dir, err := os.MkdirTemp("", "steps")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	db, err := sqlite.Open(context.Background(), filepath.Join(dir, "steps.db"), sqlite.Options{})
	if err != nil {
		panic(err)
	}
	defer db.Close()
	m, err := migrate.New(db, []migrate.Source{source("books", createA, createB)}, migrate.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		panic(err)
	}
	ran, err := m.UpgradeTo(context.Background(), migrate.Target{Steps: 1})
	fmt.Println(ran, err)
	ran, err = m.UpgradeTo(context.Background(), migrate.Target{Revision: "books/2"})
	fmt.Println(ran, err)
	// Output:
	// [books/0001_step] <nil>
	// [books/0002_step] <nil>
}
