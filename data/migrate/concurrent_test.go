package migrate_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/manortest"
)

func TestRunnersTakeTurns(t *testing.T) {
	t.Parallel()
	manortest.Databases(t, func(t *testing.T, open func() *data.DB) {
		const runners = 8
		var (
			wg      sync.WaitGroup
			done    [runners][]migrate.Revision
			errs    [runners]error
			members []*migrate.Migrator
		)
		for range runners / 2 { // as many processes with two runners each
			db := open()
			for range 2 {
				members = append(members, migrator(t, db, source("x", createA, createB, createC)))
			}
		}
		for i, m := range members {
			wg.Go(func() { done[i], errs[i] = m.Upgrade(t.Context()) })
		}
		wg.Wait()
		if err := errors.Join(errs[:]...); err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, d := range done {
			for _, r := range d {
				all = append(all, r.String())
			}
		}
		slices.Sort(all)
		if got, want := strings.Join(all, " "), "x/0001_step x/0002_step x/0003_step"; got != want {
			t.Errorf("together they ran %s, want %s", got, want)
		}
	})
}

// onRecord calls a function for each log record.
type onRecord struct {
	slog.Handler
	fn func()
}

func (h onRecord) Handle(context.Context, slog.Record) error { h.fn(); return nil }
func (h onRecord) Enabled(context.Context, slog.Level) bool  { return true }
func (h onRecord) WithAttrs([]slog.Attr) slog.Handler        { return h }
func (h onRecord) WithGroup(string) slog.Handler             { return h }

func TestGivingUpLeavesNoTrace(t *testing.T) {
	t.Parallel()
	endless := map[string]string{
		"sqlite":   "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
		"postgres": "SELECT pg_sleep(3600)",
	}
	files := fstest.MapFS{}
	for d, wait := range endless {
		files["0001_quick."+d+".sql"] = &fstest.MapFile{Data: []byte(createA)}
		files["0002_slow."+d+".sql"] = &fstest.MapFile{Data: []byte("-- up\nCREATE TABLE b (n bigint);" + wait + ";CREATE TABLE c (n bigint)")}
	}
	manortest.Databases(t, func(t *testing.T, open func() *data.DB) {
		db := open()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		// The first revision's record is written before the second begins.
		log := slog.New(onRecord{fn: func() { time.AfterFunc(100*time.Millisecond, cancel) }})
		m, err := migrate.New(db, []migrate.Source{{Name: "x", FS: files}}, migrate.Options{Log: log})
		if err != nil {
			t.Fatal(err)
		}
		done, err := m.Upgrade(ctx)
		if !errors.Is(err, fault.Unavailable) || !errors.Is(err, context.Canceled) || names(done) != "x/0001_quick applied" {
			t.Errorf("Upgrade: %s, %v", names(done), err)
		}
		if got, want := tables(t, db), "a manor_revisions"; got != want {
			t.Errorf("tables are %s, want %s", got, want)
		}
		// Neither the lock nor a transaction is left behind, on this pool or another.
		for _, db := range []*data.DB{db, open()} {
			next := migrator(t, db, source("x", createA, createB))
			if _, err := next.Upgrade(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if got, want := tables(t, db), "a b manor_revisions"; got != want {
			t.Errorf("tables are %s, want %s", got, want)
		}
	})
}

// counted counts what a program asks of its database.
type counted struct {
	driver.Driver
	n *atomic.Int64
}

func (c counted) Query(ctx context.Context, call driver.Call) (driver.Rows, error) {
	c.n.Add(1)
	return c.Driver.Query(ctx, call)
}

func (c counted) Native() any {
	c.n.Add(100) // a session
	return c.Driver.Native()
}

func TestUpToDateCostsOneStatement(t *testing.T) {
	t.Parallel()
	manortest.Databases(t, func(t *testing.T, open func() *data.DB) {
		db := open()
		var n atomic.Int64
		m := migrator(t, data.New(counted{db.Driver(), &n}, nil), source("x", createA))
		if _, err := m.Upgrade(t.Context()); err != nil {
			t.Fatal(err)
		}
		n.Store(0)
		if _, err := m.Upgrade(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := n.Load(); got != 1 {
			t.Errorf("cost %d, want 1", got)
		}
	})
}
