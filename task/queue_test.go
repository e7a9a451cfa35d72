package task_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/manortest"
	"github.com/manorgo/manor/task"
)

// patience bounds every wait of these tests.
const patience = 30 * time.Second

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newQueue returns a migrated queue, which is stopped at the end of the test.
func newQueue(t *testing.T, db *data.DB, cfg task.Config) *task.Queue {
	t.Helper()
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	q := task.New(db, cfg)
	check(t, q.Migrate(t.Context()))
	t.Cleanup(func() { stop(t, q) })
	return q
}

func stop(t *testing.T, q *task.Queue) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	check(t, q.Stop(ctx))
}

// enqueue stores tasks in one transaction.
func enqueue(t *testing.T, q *task.Queue, db *data.DB, all ...task.Args) {
	t.Helper()
	check(t, db.Tx(t.Context(), func(tx *data.Tx) error {
		for _, a := range all {
			if err := q.Enqueue(t.Context(), tx, a); err != nil {
				return err
			}
		}
		return nil
	}))
}

func receive[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

type greet struct {
	Name string `json:"name"`
}

func (greet) Kind() string { return "test.greet" }

// last is enqueued after the tasks that a test is about.
type last struct{}

func (last) Kind() string { return "test.last" }

// finish runs a last task and stops the queue, so that what was stored before
// has been done.
func finish(t *testing.T, q *task.Queue, db *data.DB, done <-chan last) {
	t.Helper()
	enqueue(t, q, db, last{})
	receive(t, done)
	stop(t, q)
}

func send[A task.Args](to chan<- A) task.Worker {
	return task.Work(func(_ context.Context, a A) error {
		to <- a
		return nil
	})
}

func TestRunsIfAndOnlyIfCommitted(t *testing.T) {
	t.Parallel()
	manortest.Databases(t, func(t *testing.T, open func() *data.DB) {
		db := open()
		q := newQueue(t, db, task.Config{})
		greeted, done := make(chan greet, 10), make(chan last, 1)
		q.Add(send(greeted), send(done))
		check(t, q.Start(t.Context()))

		sorry := errors.New("sorry")
		err := db.Tx(t.Context(), func(tx *data.Tx) error {
			check(t, q.Enqueue(t.Context(), tx, greet{"nobody"}))
			return sorry
		})
		if !errors.Is(err, sorry) {
			t.Fatal(err)
		}
		enqueue(t, q, db, greet{"Ana"}, greet{"Ben"})
		finish(t, q, db, done)
		close(greeted)
		var got []string
		for g := range greeted {
			got = append(got, g.Name)
		}
		slices.Sort(got)
		if want := []string{"Ana", "Ben"}; !slices.Equal(got, want) {
			t.Errorf("greeted %v, want %v", got, want)
		}
		if n := count(t, db, "completed"); n != 3 {
			t.Errorf("%d tasks are kept as completed, want 3", n)
		}
	})
}

type number struct {
	N int64 `db:"n"`
}

var byState = data.NewSelect[number]("SELECT count(*) AS n FROM river_job WHERE state = ?", "SELECT count(*) AS n FROM river_job WHERE state::text = ?")

func count(t *testing.T, db *data.DB, state string) int64 {
	t.Helper()
	v, err := byState.One(t.Context(), db, state)
	check(t, err)
	return v.N
}

// Without polls, commits are what starts tasks.
func TestStartsAtOnce(t *testing.T) {
	t.Parallel()
	manortest.Databases(t, func(t *testing.T, open func() *data.DB) {
		db := open()
		q := newQueue(t, db, task.Config{PollInterval: time.Hour})
		greeted := make(chan greet, 100)
		q.Add(send(greeted))
		check(t, q.Start(t.Context()))
		// The first commits may come before PostgreSQL's clients listen. And the
		// first task may be found by the look that every queue starts with.
		deadline := time.Now().Add(patience)
		for came := 0; came < 3; {
			enqueue(t, q, db, greet{"Ana"})
			select {
			case <-greeted:
				came++
			case <-time.After(100 * time.Millisecond):
			}
			if time.Now().After(deadline) {
				t.Fatal("a commit did not start its task")
			}
		}
	})
}

func TestRetries(t *testing.T) {
	t.Parallel()
	manortest.Databases(t, func(t *testing.T, open func() *data.DB) {
		db := open()
		failures := make(chan int, 10)
		q := newQueue(t, db, task.Config{PollInterval: 20 * time.Millisecond, Backoff: func(n int) time.Duration {
			failures <- n
			return time.Millisecond
		}})
		attempts := make(chan [2]int, 10)
		q.Add(task.Work(func(ctx context.Context, g greet) error {
			n, of := task.Attempt(ctx)
			attempts <- [2]int{n, of}
			if n < 3 {
				return errors.New("not yet")
			}
			return nil
		}).With(task.Options{MaxAttempts: 5}))
		check(t, q.Start(t.Context()))
		enqueue(t, q, db, greet{"Ana"})
		for n := 1; n <= 3; n++ {
			if got := receive(t, attempts); got != [2]int{n, 5} {
				t.Errorf("attempt %v, want %d of 5", got, n)
			}
		}
		stop(t, q)
		for n := 1; n <= 2; n++ {
			if got := receive(t, failures); got != n {
				t.Errorf("backoff after %d failures, want %d", got, n)
			}
		}
		if len(failures)+len(attempts) > 0 || count(t, db, "completed") != 1 {
			t.Error("the task was tried again after it had succeeded")
		}
	})
}

func TestFailures(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		work     func() error
		attempts int
		want     string // in the log
		state    string
	}{
		{"error", func() error { return errors.New("broken") }, 2, "task given up after its last attempt", "discarded"},
		{"panic", func() error { panic("broken") }, 2, "task given up after its last attempt", "discarded"},
		{"permanent", func() error { return task.Permanent(errors.New("broken")) }, 1, "task failed for good", "cancelled"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			manortest.Databases(t, func(t *testing.T, open func() *data.DB) {
				db := open()
				var log logs
				q := newQueue(t, db, task.Config{
					PollInterval: 20 * time.Millisecond,
					Backoff:      func(int) time.Duration { return 0 },
					Log:          slog.New(slog.NewTextHandler(&log, nil)),
				})
				tried, done := make(chan int, 10), make(chan last, 1)
				q.Add(send(done), task.Work(func(ctx context.Context, _ greet) error {
					n, _ := task.Attempt(ctx)
					tried <- n
					return test.work()
				}).With(task.Options{MaxAttempts: 2}))
				check(t, q.Start(t.Context()))
				enqueue(t, q, db, greet{"my secret"})
				for n := 1; n <= test.attempts; n++ {
					if got := receive(t, tried); got != n {
						t.Errorf("attempt %d, want %d", got, n)
					}
				}
				finish(t, q, db, done) // the process lives
				text := log.String()
				if strings.Count(text, test.want) != 1 || strings.Count(text, "broken") != test.attempts {
					t.Errorf("want %q once, and the error once for each attempt; the log is\n%s", test.want, text)
				}
				if strings.Contains(text, "my secret") {
					t.Errorf("the log has the arguments:\n%s", text)
				}
				if len(tried) > 0 || count(t, db, test.state) != 1 {
					t.Errorf("the task did not end as %s", test.state)
				}
			})
		})
	}
}

// logs is an io.Writer for loggers.
type logs struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logs) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	// Stacks repeat what panicked.
	line, _, _ := strings.Cut(string(b), " stack=")
	l.text.WriteString(line + "\n")
	return len(b), nil
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
