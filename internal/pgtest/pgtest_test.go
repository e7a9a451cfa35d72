package pgtest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/manorgo/manor/internal/pgtest"
)

// A package migrates a template once and gives each of its tests a copy.
func Example() {
	database := func(t *testing.T) string {
		return pgtest.Clone(t, pgtest.Template(t, "shop_1f0c", func(url string) error {
			return run(url, "CREATE TABLE products (name text PRIMARY KEY)")
		}))
	}
	_ = func(t *testing.T) {
		if err := run(database(t), "INSERT INTO products VALUES ('lamp')"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDatabaseIsEmptyPrivateAndDropped(t *testing.T) {
	t.Parallel()
	var first string
	t.Run("lifetime", func(t *testing.T) {
		first = pgtest.Database(t)
		second := pgtest.Database(t)
		mustRun(t, first, "CREATE TABLE lamps ()")
		if got := query[int](t, second, "SELECT count(*)::int FROM pg_tables WHERE schemaname = 'public'"); got != 0 {
			t.Errorf("a new database holds %d tables of another, want 0", got)
		}
		// A connection that a test forgets must not keep the database alive.
		if _, err := pgx.Connect(t.Context(), first); err != nil {
			t.Fatal(err)
		}
	})
	err := run(first, "SELECT 1")
	if missing, ok := errors.AsType[*pgconn.PgError](err); !ok || missing.Code != "3D000" {
		t.Errorf("connecting after the test ended: %v, want SQLSTATE 3D000 (no such database)", err)
	}
}

func TestTemplateIsBuiltOnce(t *testing.T) {
	t.Parallel()
	name := uniqueName(t)
	var builds atomic.Int32
	build := func(url string) error {
		builds.Add(1)
		return run(url, "CREATE TABLE lamps (n int); INSERT INTO lamps VALUES (1), (2)")
	}
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			url := pgtest.Clone(t, pgtest.Template(t, name, build))
			mustRun(t, url, "INSERT INTO lamps VALUES (3)")
			if got := query[int](t, url, "SELECT sum(n)::int FROM lamps"); got != 6 {
				t.Errorf("the clone's rows sum up to %d, want 6: those of the template and our own", got)
			}
		})
	}
	group.Wait()
	if got := builds.Load(); got != 1 {
		t.Errorf("the template was built %d times, want once", got)
	}
}

func TestTemplateThatFailsIsBuiltAgain(t *testing.T) {
	t.Parallel()
	name := uniqueName(t)
	broken := &recorder{TB: t}
	broken.call(func() {
		pgtest.Template(broken, name, func(url string) error {
			if err := run(url, "CREATE TABLE half ()"); err != nil {
				return err
			}
			return errors.New("second revision is broken")
		})
	})
	if !strings.Contains(broken.fatal, "second revision is broken") {
		t.Fatalf("a failing build ended the test with %q, want its error", broken.fatal)
	}
	url := pgtest.Clone(t, pgtest.Template(t, name, func(url string) error { return run(url, "CREATE TABLE whole ()") }))
	if got := query[string](t, url, "SELECT string_agg(tablename, ',') FROM pg_tables WHERE schemaname = 'public'"); got != "whole" {
		t.Errorf("tables after a failed and a good build: %s, want whole", got)
	}
}

func TestTemplateRefusesNamesThatDoNotFit(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", strings.Repeat("x", 41)} {
		refused := &recorder{TB: t}
		refused.call(func() { pgtest.Template(refused, name, nil) })
		if !strings.Contains(refused.fatal, "1 to 40 bytes") {
			t.Errorf("Template(%q) ended the test with %q, want a refusal", name, refused.fatal)
		}
	}
}

func TestServerSortsByLanguage(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	if query[int](t, url, "SELECT current_setting('server_version_num')::int") < 150000 {
		t.Skip("needs PostgreSQL 15: older ones cannot sort a whole database by ICU's rules")
	}
	if got := query[bool](t, pgtest.Database(t), "SELECT 'a' < 'B' AND 'B' < 'c'"); !got {
		t.Error("text sorts by bytes, want by language: queries that lean on byte order would pass here and fail elsewhere")
	}
}

// recorder keeps the message of the Fatalf that ends a test.
type recorder struct {
	testing.TB
	fatal string
}

func (r *recorder) Helper() {}

func (r *recorder) Fatalf(format string, args ...any) {
	r.fatal = fmt.Sprintf(format, args...)
	panic(r)
}

func (r *recorder) call(f func()) {
	defer func() {
		if stopped := recover(); stopped != nil && stopped != any(r) {
			panic(stopped)
		}
	}()
	f()
}

// uniqueName names a template that no earlier run on the same server has built.
func uniqueName(t *testing.T) string {
	return query[string](t, pgtest.URL(t), "SELECT 'self_' || replace(gen_random_uuid()::text, '-', '')")
}

func run(url, statements string) error {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, statements)
	return err
}

func mustRun(t *testing.T, url, statements string) {
	t.Helper()
	if err := run(url, statements); err != nil {
		t.Error(err)
	}
}

func query[T any](t *testing.T, url, sql string) (value T) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if err := conn.QueryRow(t.Context(), sql).Scan(&value); err != nil {
		t.Fatal(err)
	}
	return value
}
