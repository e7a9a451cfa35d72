package task

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/riverqueue/river"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/sqlite"
)

type note struct{ Text string }

func (note) Kind() string { return "test.note" }

// counting counts how often tasks are stored.
type counting struct {
	engine
	inserts []int
}

func (c *counting) insert(ctx context.Context, tx *data.Tx, jobs []river.InsertManyParams) error {
	c.inserts = append(c.inserts, len(jobs))
	return c.engine.insert(ctx, tx, jobs)
}

func counted(t *testing.T) (*data.DB, *Queue, *counting) {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "tasks.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	q := New(db, Config{Log: slog.New(slog.DiscardHandler)})
	if err := q.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	q.Add(Work(func(context.Context, note) error { return nil }))
	c := &counting{engine: q.eng}
	q.eng = c
	return db, q, c
}

func TestOneStatementForATransaction(t *testing.T) {
	t.Parallel()
	db, q, c := counted(t)
	err := db.Tx(t.Context(), func(tx *data.Tx) error {
		tx.BeforeCommit(func(ctx context.Context) error { return q.Enqueue(ctx, tx, note{"from a hook before"}) })
		for range 3 {
			if err := q.Enqueue(t.Context(), tx, note{"a"}); err != nil {
				return err
			}
		}
		tx.BeforeCommit(func(ctx context.Context) error { return q.Enqueue(ctx, tx, note{"from a hook after"}) })
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.inserts) != 2 || c.inserts[0] != 4 || c.inserts[1] != 1 {
		t.Errorf("tasks were stored in portions of %v, want 4 and 1", c.inserts)
	}
	if len(q.batches) != 0 {
		t.Errorf("%d batches are kept", len(q.batches))
	}
}

func TestRollbacksAreForgotten(t *testing.T) {
	t.Parallel()
	db, q, c := counted(t)
	for range 10 {
		err := db.Tx(t.Context(), func(tx *data.Tx) error {
			return errors.Join(q.Enqueue(t.Context(), tx, note{"a"}), errors.New("rolled back"))
		})
		if err == nil {
			t.Fatal("committed")
		}
	}
	kept := func() int {
		q.mu.Lock()
		defer q.mu.Unlock()
		return len(q.batches)
	}
	for deadline := time.Now().Add(30 * time.Second); kept() > 0 && time.Now().Before(deadline); {
		runtime.GC()
		runtime.Gosched()
	}
	if kept() > 0 || len(c.inserts) > 0 {
		t.Errorf("%d batches are kept, %d were stored", kept(), len(c.inserts))
	}
}

func TestStoringFails(t *testing.T) {
	t.Parallel()
	db, q, _ := counted(t)
	sorry := errors.New("sorry")
	q.eng = failing{q.eng, sorry}
	err := db.Tx(t.Context(), func(tx *data.Tx) error { return q.Enqueue(t.Context(), tx, note{"a"}) })
	if !errors.Is(err, sorry) {
		t.Errorf("the transaction committed without its tasks: %v", err)
	}
}

type failing struct {
	engine
	err error
}

func (f failing) insert(context.Context, *data.Tx, []river.InsertManyParams) error { return f.err }
