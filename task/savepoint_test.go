package task_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/manortest"
	"github.com/manorgo/manor/task"
)

// A task that an undone savepoint asked for does not run, whichever of the
// open transactions it was asked of.
func TestSavepoints(t *testing.T) {
	t.Parallel()
	manortest.Databases(t, func(t *testing.T, open func() *data.DB) {
		db := open()
		q := newQueue(t, db, task.Config{})
		greeted, done := make(chan greet, 20), make(chan last, 1)
		q.Add(send(greeted), send(done))
		check(t, q.Start(t.Context()))
		ask := func(tx *data.Tx, name string) { check(t, q.Enqueue(t.Context(), tx, greet{name})) }
		sorry := errors.New("sorry")
		check(t, db.Tx(t.Context(), func(tx *data.Tx) error {
			ask(tx, "first")
			err := tx.Nested(t.Context(), func(undone *data.Tx) error {
				ask(undone, "undone")
				ask(tx, "undone, asked of the transaction")
				check(t, undone.Nested(t.Context(), func(in *data.Tx) error { ask(in, "undone with the one outside"); return nil }))
				return sorry
			})
			if err != sorry {
				t.Errorf("Nested returned %v", err)
			}
			var kept *data.Tx
			check(t, tx.Nested(t.Context(), func(in *data.Tx) error {
				kept = in
				ask(in, "kept")
				ask(tx, "kept, asked of the transaction")
				return nil
			}))
			ask(kept, "after its savepoint") // late, but not lost
			tx.BeforeCommit(func(ctx context.Context) error {
				return tx.Nested(ctx, func(in *data.Tx) error { ask(in, "from a hook"); return nil })
			})
			ask(tx, "last")
			return nil
		}))
		finish(t, q, db, done)
		close(greeted)
		var got []string
		for g := range greeted {
			got = append(got, g.Name)
		}
		slices.Sort(got)
		want := []string{"after its savepoint", "first", "from a hook", "kept", "kept, asked of the transaction", "last"}
		if !slices.Equal(got, want) {
			t.Errorf("ran %q, want %q", got, want)
		}
	})
}
