package task_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/manortest"
	"github.com/manorgo/manor/task"
)

func TestStopWaits(t *testing.T) {
	t.Parallel()
	manortest.Databases(t, func(t *testing.T, open func() *data.DB) {
		db := open()
		q := newQueue(t, db, task.Config{})
		started, release := make(chan struct{}), make(chan struct{})
		var finished atomic.Bool
		q.Add(task.Work(func(ctx context.Context, _ greet) error {
			close(started)
			<-release
			// It may still enqueue and write.
			err := db.Tx(ctx, func(tx *data.Tx) error { return q.EnqueueAt(ctx, tx, greet{"Ben"}, time.Now().Add(time.Hour)) })
			finished.Store(err == nil)
			return err
		}))
		check(t, q.Start(t.Context()))
		enqueue(t, q, db, greet{"Ana"})
		receive(t, started)
		stopped := make(chan error)
		go func() {
			close(release)
			stopped <- q.Stop(context.Background())
		}()
		check(t, receive(t, stopped))
		if !finished.Load() || count(t, db, "completed") != 1 || count(t, db, "scheduled") != 1 {
			t.Error("the queue stopped before its task had finished")
		}
	})
}

func TestStopGivesUpWaiting(t *testing.T) {
	t.Parallel()
	manortest.Databases(t, func(t *testing.T, open func() *data.DB) {
		db := open()
		q := newQueue(t, db, task.Config{})
		attempts, wait := make(chan int, 2), make(chan bool, 2)
		wait <- true
		wait <- false
		q.Add(task.Work(func(ctx context.Context, _ greet) error {
			n, _ := task.Attempt(ctx)
			attempts <- n
			if <-wait {
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		}))
		check(t, q.Start(t.Context()))
		enqueue(t, q, db, greet{"Ana"})
		receive(t, attempts)
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		check(t, q.Stop(ended))

		check(t, q.Start(t.Context()))
		if n := receive(t, attempts); n != 1 {
			t.Errorf("attempt %d after the interruption, want 1", n)
		}
	})
}

// Tasks that write and enqueue take turns with the queue on SQLite's one
// connection.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	manortest.Databases(t, func(t *testing.T, open func() *data.DB) {
		db := open()
		q := newQueue(t, db, task.Config{})
		const n = 100
		done := make(chan last, n)
		q.Add(send(done), task.Work(func(ctx context.Context, g greet) error {
			return db.Tx(ctx, func(tx *data.Tx) error { return q.Enqueue(ctx, tx, last{}) })
		}))
		check(t, q.Start(t.Context()))
		var all sync.WaitGroup
		for range n {
			all.Go(func() {
				err := db.Tx(context.Background(), func(tx *data.Tx) error { return q.Enqueue(context.Background(), tx, greet{}) })
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		for range n {
			receive(t, done)
		}
	})
}

// Several processes share a database: each task runs once.
func TestSeveralQueues(t *testing.T) {
	t.Parallel()
	manortest.Databases(t, func(t *testing.T, open func() *data.DB) {
		const n = 60
		ran := make(chan greet, 2*n)
		var all sync.WaitGroup
		var queues [3]*task.Queue
		var dbs [3]*data.DB
		for i := range queues {
			dbs[i] = open()
			queues[i] = task.New(dbs[i], task.Config{Log: slog.New(slog.DiscardHandler), MaxWorkers: 3, PollInterval: 20 * time.Millisecond})
			queues[i].Add(send(ran))
			all.Go(func() { // all at the same time
				if err := errors.Join(queues[i].Migrate(context.Background()), queues[i].Start(context.Background())); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		for i := range n {
			enqueue(t, queues[i%3], dbs[i%3], greet{Name: string(rune('A' + i))})
		}
		runs := map[string]int{}
		for range n {
			runs[receive(t, ran).Name]++
		}
		for _, q := range queues {
			stop(t, q)
		}
		if len(runs) != n || len(ran) > 0 {
			t.Errorf("%d different tasks ran, want %d; %d ran twice", len(runs), n, n-len(runs)+len(ran))
		}
	})
}
