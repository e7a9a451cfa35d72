package main

import (
	"context"
	"errors"
	"os"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/manorgo/manor/bench/ent"
	"github.com/manorgo/manor/data/postgres"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/internal/pgtest"
)

// A field is a filled database with those that meet on it.
type field struct {
	entries []entry // the bare driver first
	tidy    func(ctx context.Context) error
	close   func() error
}

// An entry is a contestant that can be opened again and again.
type entry struct {
	name string
	open func(ctx context.Context) (contestant, error)
}

// entryOf makes an entry of what opens a store with n products.
func entryOf[T any, S store[T]](name string, n int, open func(ctx context.Context) (S, error)) entry {
	return entry{name, func(ctx context.Context) (contestant, error) {
		s, err := open(ctx)
		if err != nil {
			return contestant{}, err
		}
		return enter[T](name, s, n), nil
	}}
}

// fill creates the tables and their rows, n of them products.
func fill(ctx context.Context, n int, open func(context.Context) (manorStore, error), run func(statement string) error) (err error) {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	db := s.db
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, s := range statements(db.Dialect()) {
		if err := run(s); err != nil {
			return err
		}
	}
	for at := 0; at < n; at += 10_000 {
		batch := make([]row, min(10_000, n-at))
		for i := range batch {
			batch[i] = s.from(seeded(at + i))
		}
		if err := rows.On(db).AddAll(ctx, batch); err != nil {
			return err
		}
	}
	if err := fillOthers(ctx, db); err != nil {
		return err
	}
	if db.Dialect() == "sqlite" {
		return run(analyzeSQLite)
	}
	return nil // once it is clean
}

// analyzeSQLite is what PRAGMA optimize does. Without the limit it would also
// sample values, and from then on SQLite plans a statement anew whenever a
// parameter that it compares with samples has another value.
const analyzeSQLite = "PRAGMA analysis_limit = 1000; ANALYZE"

func openSQLite(ctx context.Context, path string, n int) (f field, err error) {
	keeper, err := openFiles(path)
	if err != nil {
		return f, err
	}
	run := func(statement string) error {
		_, err := keeper.writes.ExecContext(ctx, statement)
		return err
	}
	openManor := func(ctx context.Context) (manorStore, error) {
		db, err := sqlite.Open(ctx, path, sqlite.Options{})
		return manorStore{db}, err
	}
	if err := fill(ctx, n, openManor, run); err != nil {
		return f, err
	}
	f.entries = []entry{
		entryOf[product]("bare", n, func(context.Context) (*bareSQLite, error) { return openBareSQLite(path) }),
		entryOf[row]("manor", n, openManor),
		entryOf[gormProduct]("gorm", n, func(context.Context) (*gormStore, error) { return openGORMSQLite(path) }),
		entryOf[bunProduct]("bun", n, func(context.Context) (*bunStore, error) { return openBunSQLite(path) }),
		entryOf[*ent.Product]("ent", n, func(context.Context) (*entStore, error) { return openEntSQLite(path) }),
	}
	f.tidy = func(ctx context.Context) error {
		if _, err := keeper.writes.ExecContext(ctx, "DELETE FROM products WHERE owner_id = ?", newcomer[:]); err != nil {
			return err
		}
		if err := run("DELETE FROM tags WHERE name LIKE '" + newTags + "%'"); err != nil {
			return err
		}
		return run("PRAGMA wal_checkpoint(TRUNCATE)")
	}
	f.close = keeper.close
	return f, nil
}

func openPostgres(ctx context.Context, url string, n int) (f field, err error) {
	keeper, err := pgxpool.New(ctx, url)
	if err != nil {
		return f, err
	}
	run := func(statement string) error {
		_, err := keeper.Exec(ctx, statement)
		return err
	}
	openManor := func(ctx context.Context) (manorStore, error) {
		db, err := postgres.Open(ctx, url, postgres.Options{})
		return manorStore{db}, err
	}
	if err := fill(ctx, n, openManor, run); err != nil {
		return f, err
	}
	// Rows that died are removed between measurements, not in the middle of one.
	if err := errors.Join(run("ALTER TABLE products SET (autovacuum_enabled = false)"),
		run("ALTER TABLE tags SET (autovacuum_enabled = false)"), run("VACUUM ANALYZE")); err != nil {
		return f, err
	}
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return f, err
	}
	unprepared := config.Copy()
	unprepared.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol // as bun's pages say
	f.entries = []entry{
		entryOf[product]("bare", n, func(ctx context.Context) (*barePostgres, error) { return openBarePostgres(ctx, url) }),
		entryOf[row]("manor", n, openManor),
		entryOf[gormProduct]("gorm", n, func(context.Context) (*gormStore, error) { return openGORMPostgres(stdlib.OpenDB(*config)) }),
		entryOf[bunProduct]("bun", n, func(context.Context) (*bunStore, error) { return openBunPostgres(stdlib.OpenDB(*unprepared)), nil }),
		entryOf[*ent.Product]("ent", n, func(context.Context) (*entStore, error) { return openEntPostgres(stdlib.OpenDB(*config)), nil }),
	}
	f.tidy = func(ctx context.Context) error {
		if _, err := keeper.Exec(ctx, "DELETE FROM products WHERE owner_id = $1", [16]byte(newcomer)); err != nil {
			return err
		}
		if err := run("DELETE FROM tags WHERE name LIKE '" + newTags + "%'"); err != nil {
			return err
		}
		return errors.Join(run("VACUUM products"), run("VACUUM tags"))
	}
	f.close = func() error { keeper.Close(); return nil }
	return f, nil
}

// throwAway returns the URL of an empty database on the server that url names,
// or on a private one that starts now.
func throwAway(url string) (_ string, drop func(), err error) {
	if url != "" {
		if err := os.Setenv("MANOR_TEST_POSTGRES_URL", url); err != nil {
			return "", nil, err
		}
	}
	tb := &stand{}
	defer func() {
		switch p := recover().(type) {
		case nil:
		case failure:
			err = p
		default:
			panic(p)
		}
	}()
	return pgtest.Database(tb), tb.finish, nil
}
