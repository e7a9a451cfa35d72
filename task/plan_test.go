package task_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/manortest"
	"github.com/manorgo/manor/task"
)

func TestEnqueueAt(t *testing.T) {
	t.Parallel()
	manortest.Databases(t, func(t *testing.T, open func() *data.DB) {
		db := open()
		q := newQueue(t, db, task.Config{PollInterval: 20 * time.Millisecond})
		greeted, done := make(chan greet, 10), make(chan last, 1)
		q.Add(send(greeted), send(done))
		check(t, db.Tx(t.Context(), func(tx *data.Tx) error {
			return errors.Join(
				q.EnqueueAt(t.Context(), tx, greet{"later"}, time.Now().Add(time.Hour)),
				q.EnqueueAt(t.Context(), tx, greet{"soon"}, time.Now().Add(time.Millisecond)))
		}))
		check(t, q.Start(t.Context()))
		if got := receive(t, greeted); got.Name != "soon" {
			t.Errorf("greeted %q first", got.Name)
		}
		finish(t, q, db, done)
		if len(greeted) > 0 || count(t, db, "scheduled") != 1 {
			t.Error("the task of the next hour is not waiting")
		}
	})
}

type stubborn struct{ Ch chan int }

func (stubborn) Kind() string { return "test.stubborn" }

func TestEnqueueRefuses(t *testing.T) {
	t.Parallel()
	manortest.Databases(t, func(t *testing.T, open func() *data.DB) {
		db := open()
		q := newQueue(t, db, task.Config{})
		q.Add(task.Work(func(context.Context, stubborn) error { return nil }))
		refused := func(err error, word string) {
			t.Helper()
			if !errors.Is(err, fault.Internal) || !strings.Contains(err.Error(), word) {
				t.Errorf("%v, want fault.Internal with %q", err, word)
			}
		}
		check(t, db.Tx(t.Context(), func(tx *data.Tx) error {
			refused(q.Enqueue(t.Context(), tx, greet{"Ana"}), "test.greet")
			refused(q.Enqueue(t.Context(), tx, stubborn{make(chan int)}), "test.stubborn")
			return nil
		}))
		other := open()
		check(t, other.Tx(t.Context(), func(tx *data.Tx) error {
			refused(q.Enqueue(t.Context(), tx, stubborn{}), "another database")
			return nil
		}))
		q.Plan(task.Schedule{Every: time.Hour, Args: greet{}})
		refused(q.Start(t.Context()), "test.greet")
	})
}

func TestSchedule(t *testing.T) {
	t.Parallel()
	manortest.Databases(t, func(t *testing.T, open func() *data.DB) {
		db := open()
		q := newQueue(t, db, task.Config{PollInterval: 20 * time.Millisecond})
		greeted, hourly := make(chan greet, 10), make(chan last, 10)
		q.Add(send(greeted), send(hourly))
		q.Plan(task.Schedule{Every: time.Second, Args: greet{"Ana"}}, task.Schedule{Every: 1000 * time.Hour, Args: last{}})
		for range 2 { // the second time is a restart
			check(t, q.Start(t.Context()))
			receive(t, greeted)
			receive(t, greeted)
			stop(t, q)
		}
		if len(hourly) != 1 {
			t.Errorf("a task was scheduled %d times in its period", len(hourly))
		}
	})
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	manortest.Databases(t, func(t *testing.T, open func() *data.DB) {
		db := open()
		// A queue without tables does not start, and says so.
		if err := task.New(db, task.Config{Log: slog.New(slog.DiscardHandler)}).Start(t.Context()); err == nil {
			t.Error("a queue started without its tables")
		}
		q := newQueue(t, db, task.Config{})
		q.Add(send(make(chan greet)))
		refused := func(name string, mistake func()) {
			t.Helper()
			defer func() {
				t.Helper()
				if recover() == nil {
					t.Errorf("%s did not panic", name)
				}
			}()
			mistake()
		}
		refused("a kind that is no name", func() { task.Work(func(context.Context, nameless) error { return nil }) })
		refused("a second worker", func() { q.Add(send(make(chan greet))) })
		refused("an empty worker", func() { q.Add(task.Worker{}) })
		refused("an eager schedule", func() { q.Plan(task.Schedule{Every: time.Millisecond, Args: greet{}}) })
		check(t, q.Start(t.Context()))
		refused("a late worker", func() { q.Add(send(make(chan last))) })
		refused("a late schedule", func() { q.Plan(task.Schedule{Every: time.Hour, Args: greet{}}) })
		if err := q.Start(t.Context()); !errors.Is(err, fault.Internal) {
			t.Errorf("a second start: %v, want fault.Internal", err)
		}
	})
}

type nameless struct{}

func (nameless) Kind() string { return "two words" }
