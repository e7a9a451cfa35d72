package postgres_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
)

func TestIsolation(t *testing.T) {
	t.Parallel()
	db := open(t)
	for level, want := range map[data.Isolation]string{
		data.DefaultIsolation: "read committed", data.RepeatableRead: "repeatable read", data.Serializable: "serializable",
	} {
		err := db.TxWith(t.Context(), data.TxOptions{Isolation: level}, func(tx *data.Tx) error {
			var got string
			err := tx.Native().(pgx.Tx).QueryRow(t.Context(), "SHOW transaction_isolation").Scan(&got)
			if got != want {
				t.Errorf("level %d is %q, want %q", level, got, want)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// Two transactions lock two rows in opposite order: the server ends one.
func TestDeadlock(t *testing.T) {
	t.Parallel()
	db := openURL(t, with(t, "deadlock_timeout", "100ms"))
	exec(t, db, createNotes)
	rows := []note{{Text: "a"}, {Text: "b"}}
	if err := notes.On(db).AddAll(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
	meet := func(o data.TxOptions) (runs int32, lost []error) {
		var n atomic.Int32
		var both, done sync.WaitGroup
		var mu sync.Mutex
		both.Add(2)
		for i := range 2 {
			done.Go(func() {
				first := true
				err := db.TxWith(t.Context(), o, func(tx *data.Tx) error {
					n.Add(1)
					if _, err := notes.On(tx).Lock(t.Context(), noteText.Eq(rows[i].Text)); err != nil {
						return err
					}
					if first {
						first = false
						both.Done()
						both.Wait()
					}
					_, err := notes.On(tx).Lock(t.Context(), noteText.Eq(rows[1-i].Text))
					return err
				})
				if err != nil {
					mu.Lock()
					lost = append(lost, err)
					mu.Unlock()
				}
			})
		}
		done.Wait()
		return n.Load(), lost
	}
	runs, lost := meet(data.TxOptions{})
	if runs != 2 || len(lost) != 1 {
		t.Fatalf("%d runs, errors %v", runs, lost)
	}
	if e, ok := errors.AsType[*driver.Error](lost[0]); !ok || e.Class != driver.Retryable {
		t.Errorf("a deadlock is %v", lost[0])
	}
	if runs, lost := meet(data.TxOptions{Retry: true}); runs != 3 || len(lost) != 0 {
		t.Errorf("with retries: %d runs, errors %v", runs, lost)
	}
}

// A statement that is given up fails its savepoint and nothing else.
func TestInterruptedInSavepoint(t *testing.T) {
	t.Parallel()
	db := open(t)
	exec(t, db, createNotes)
	err := db.Tx(t.Context(), func(tx *data.Tx) error {
		if err := notes.On(tx).Add(t.Context(), &note{Text: "a"}); err != nil {
			return err
		}
		err := tx.Nested(t.Context(), func(tx *data.Tx) error {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			_, err := data.NewSelect[struct {
				N string `db:"n"`
			}]("SELECT pg_sleep(60)::text", "").One(ctx, tx)
			return err
		})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the savepoint failed with %v", err)
		}
		return notes.On(tx).Add(t.Context(), &note{Text: "b"})
	})
	if err != nil {
		t.Error(err)
	}
	if n, err := notes.On(db).Count(t.Context()); n != 2 || err != nil {
		t.Errorf("%d rows, %v", n, err)
	}
}
