package event_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/event"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/manortest"
	"github.com/manorgo/manor/task"
)

const patience = 30 * time.Second

// A stage is a database with a bus, whose queue start starts.
type stage struct {
	*event.Bus
	t     *testing.T
	db    *data.DB
	queue *task.Queue
	log   *bytes.Buffer // to be read after stop
}

func each(t *testing.T, test func(t *testing.T, s *stage)) {
	t.Helper()
	manortest.Databases(t, func(t *testing.T, open func() *data.DB) {
		s := onStage(t, open())
		check(t, s.queue.Migrate(t.Context()))
		test(t, s)
	})
}

// onStage returns what a process of its own would have.
func onStage(t *testing.T, db *data.DB) *stage {
	s := &stage{t: t, db: db, log: &bytes.Buffer{}}
	s.queue = task.New(db, task.Config{
		Log:          slog.New(slog.NewTextHandler(s.log, nil)),
		PollInterval: 20 * time.Millisecond,
		Backoff:      func(int) time.Duration { return 0 },
	})
	s.Bus = event.NewBus(s.queue)
	t.Cleanup(s.stop)
	return s
}

func (s *stage) start() {
	s.t.Helper()
	check(s.t, s.queue.Start(s.t.Context()))
}

func (s *stage) stop() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	check(s.t, s.queue.Stop(ctx))
}

func (s *stage) emit(e event.Event) error {
	return s.db.Tx(s.t.Context(), func(tx *data.Tx) error { return s.Emit(s.t.Context(), tx, e) })
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
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

type sold struct {
	Item  string    `json:"item"`
	Count int       `json:"count"`
	At    time.Time `json:"at"`
}

func (sold) Kind() string { return "test.sold" }

type other struct{ Item string }

func (other) Kind() string { return "test.other" }

func TestDeliversAfterTheCommit(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		got := make(chan sold, 10)
		s.Listen(event.On("stock.count", func(_ context.Context, e sold) error {
			got <- e
			return nil
		}))
		s.start()
		sorry := errors.New("sorry")
		err := s.db.Tx(t.Context(), func(tx *data.Tx) error {
			return errors.Join(s.Emit(t.Context(), tx, sold{Item: "table"}), sorry)
		})
		if !errors.Is(err, sorry) {
			t.Fatal(err)
		}
		want := sold{Item: "lamp", Count: 2, At: time.Date(2026, 1, 31, 12, 0, 0, 1, time.UTC)}
		check(t, s.emit(want))
		check(t, s.emit(other{"nobody listens"}))
		if diff := cmp.Diff(want, receive(t, got)); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		s.stop()
		if len(got) > 0 {
			t.Errorf("%v was delivered, too", <-got)
		}
	})
}

func TestEachHandlerIsRetriedAlone(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		good, bad := make(chan sold, 10), make(chan int, 10)
		s.Listen(
			event.On("good", func(_ context.Context, e sold) error {
				good <- e
				return nil
			}),
			event.On("bad", func(ctx context.Context, e sold) error {
				n, _ := task.Attempt(ctx)
				bad <- n
				if n < 3 {
					return errors.New("not yet")
				}
				return nil
			}))
		s.start()
		check(t, s.emit(sold{Item: "lamp"}))
		receive(t, good)
		for n := 1; n <= 3; n++ {
			if got := receive(t, bad); got != n {
				t.Errorf("attempt %d, want %d", got, n)
			}
		}
		s.stop()
		if len(good)+len(bad) > 0 {
			t.Errorf("the good handler was called %d times more, the bad one %d", len(good), len(bad))
		}
		if text := s.log.String(); strings.Count(text, "bad: not yet") != 2 {
			t.Errorf("the log does not name the handler twice:\n%s", text)
		}
	})
}

func TestInside(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		refusal := fault.Errorf(fault.Conflict, "sold out")
		var order []string
		inside := func(name string, err error) event.Handler {
			return event.Inside(func(ctx context.Context, tx *data.Tx, e sold) error {
				if tx.DB() != s.db {
					t.Error("the handler got another transaction")
				}
				order = append(order, name+" "+e.Item)
				if e.Item == "lamp" {
					return err
				}
				return nil
			})
		}
		after := make(chan sold, 10)
		s.Listen(
			event.On("after", func(_ context.Context, e sold) error {
				after <- e
				return nil
			}),
			inside("first", nil), inside("second", refusal), inside("third", nil))
		s.start()
		if err := s.emit(sold{Item: "lamp"}); !errors.Is(err, refusal) {
			t.Errorf("emit: %v, want the handler's error", err)
		}
		check(t, s.emit(sold{Item: "table"}))
		if got := receive(t, after); got.Item != "table" {
			t.Errorf("%v was delivered although a handler refused it", got)
		}
		want := []string{"first lamp", "second lamp", "first table", "second table", "third table"}
		if diff := cmp.Diff(want, order); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
}

func TestUnknownHandler(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		s.Listen(event.On("gone", func(context.Context, sold) error { return nil }))
		check(t, s.emit(sold{Item: "my secret"})) // and this process never starts

		next := onStage(t, s.db)
		known := make(chan sold, 10)
		next.Listen(event.On("known", func(_ context.Context, e sold) error {
			known <- e
			return nil
		}))
		next.start()
		check(t, next.emit(sold{Item: "lamp"}))
		receive(t, known)
		left := data.NewSelect[number]("SELECT count(*) AS n FROM river_job WHERE state IN ('available', 'running', 'retryable', 'scheduled')", "")
		for deadline := time.Now().Add(patience); ; {
			v, err := left.One(t.Context(), s.db)
			check(t, err)
			if v.N == 0 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatal("the delivery is tried for ever")
			}
		}
		next.stop()
		text := next.log.String()
		if strings.Count(text, `called \"gone\"`) != 5 || strings.Count(text, "failed for good") != 1 || strings.Contains(text, "my secret") {
			t.Errorf("the log does not say that the handler is missing, or too much:\n%s", text)
		}
	})
}

type number struct {
	N int64 `db:"n"`
}

// A twin has the kind of another type.
type twin struct{ Item string }

func (twin) Kind() string { return "test.sold" }

// A pipe is no JSON.
type pipe struct{ C chan int }

func (pipe) Kind() string { return "test.pipe" }

func TestMistakes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		s.Listen(
			event.On("taken", func(context.Context, sold) error { return nil }),
			event.On("pipes", func(context.Context, pipe) error { return nil }))
		for name, h := range map[string]event.Handler{
			"a name twice":    event.On("taken", func(context.Context, other) error { return nil }),
			"no name":         event.On("", func(context.Context, other) error { return nil }),
			"a kind twice":    event.On("new", func(context.Context, twin) error { return nil }),
			"... even inside": event.Inside(func(context.Context, *data.Tx, twin) error { return nil }),
		} {
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("%s did not panic", name)
					}
				}()
				s.Listen(h)
			}()
		}
		for _, e := range []event.Event{twin{"lamp"}, &sold{}, pipe{make(chan int)}} {
			if err := s.emit(e); !errors.Is(err, fault.Internal) {
				t.Errorf("emitting a %T: %v, want fault.Internal", e, err)
			}
		}
	})
}
