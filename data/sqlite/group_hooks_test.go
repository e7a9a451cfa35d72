package sqlite

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/manorgo/manor/data"
)

// Hooks run once the group's one commit is there: those of a savepoint that was
// undone never, those of a member that failed never, and none if the commit fails.
func TestGroupHooks(t *testing.T) {
	inCrowd(t, "committed", func(c *crowd) { testGroupHooks(c, true) })
	inCrowd(t, "lost", func(c *crowd) { testGroupHooks(c, false) })
}

func testGroupHooks(c *crowd, committed bool) {
	t, ctx := c.T, c.Context()
	failure := errors.New("failure")
	var mu sync.Mutex
	heard := map[string][]string{}
	member := func(who string, fails error) {
		var mine []string
		note := func(tx *data.Tx, what string) {
			tx.BeforeCommit(func(context.Context) error { mine = append(mine, "before "+what); return nil })
			tx.AfterCommit(func() {
				if n := c.commits.Load(); n != 1 {
					t.Errorf("%s: after %d commits", who, n)
				}
				mine = append(mine, "after "+what)
			})
		}
		c.wait(func() {
			err := c.db.Tx(ctx, func(tx *data.Tx) error {
				note(tx, "all")
				undone := tx.Nested(ctx, func(tx *data.Tx) error {
					note(tx, "undone")
					return errors.Join(c.both(tx, who), failure)
				})
				kept := tx.Nested(ctx, func(tx *data.Tx) error {
					note(tx, "kept")
					return c.both(tx, who)
				})
				if !errors.Is(undone, failure) || kept != nil {
					t.Errorf("%s: savepoints: %v, %v", who, undone, kept)
				}
				return fails
			})
			if (err == nil) != (fails == nil && committed) {
				t.Errorf("%s got %v", who, err)
			}
			mu.Lock()
			defer mu.Unlock()
			heard[who] = mine
		})
	}
	c.gather()
	member("a", nil)
	member("fails", failure)
	member("b", nil)
	c.fail.Store(!committed)
	c.all()
	want := []string{"before all", "before kept", "after all", "after kept"}
	if !committed {
		want = want[:2]
	}
	for who, want := range map[string][]string{"a": want, "b": want, "fails": nil} {
		if !slices.Equal(heard[who], want) {
			t.Errorf("%s heard %v, want %v", who, heard[who], want)
		}
	}
	c.fail.Store(false)
	if committed {
		c.has("a", "b")
	} else {
		c.has()
	}
}
