package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
)

func TestGroup(t *testing.T) { inCrowd(t, "", testGroup) }

func testGroup(c *crowd) {
	t := c.T
	ctx, cancel := context.WithCancel(t.Context())
	failure := errors.New("failure")
	var want []string
	c.gather()
	tx := func(who string, check func(error) bool, fn func(tx *data.Tx) error) {
		durable := false
		c.wait(func() {
			var err error
			func() {
				defer func() {
					if p := recover(); p != nil {
						err = fmt.Errorf("panic: %v", p)
					}
				}()
				use := t.Context()
				if who == "canceled" {
					use = ctx
				}
				err = c.db.Tx(use, func(tx *data.Tx) error {
					tx.AfterCommit(func() {
						n, err := first(t.Context(), c.d, "SELECT count(*) FROM t WHERE who = '"+who+"'", 1)
						durable = n == 2 && err == nil
					})
					if err := c.both(tx, who); err != nil {
						return err
					}
					if n, err := first(t.Context(), c.d, "SELECT count(*) FROM t", 1); n != 0 || err != nil {
						t.Errorf("a reader sees %d rows before the commit, %v", n, err)
					}
					return fn(tx)
				})
			}()
			if !check(err) {
				t.Errorf("%s got %v", who, err)
			}
			if durable != (err == nil) {
				t.Errorf("%s: committed %v, got %v", who, durable, err)
			}
		})
	}
	good := func(who string) {
		want = append(want, who)
		tx(who, func(err error) bool { return err == nil }, func(*data.Tx) error { return nil })
	}
	kind := func(k fault.Kind) func(error) bool {
		return func(err error) bool { return err != nil && fault.KindOf(err) == k }
	}
	tx("first fails", func(err error) bool { return err == failure }, func(*data.Tx) error { return failure })
	good("a")
	tx("fails", func(err error) bool { return err == failure }, func(*data.Tx) error { return failure })
	good("b")
	tx("panics", func(err error) bool { return err != nil && err.Error() == "panic: x" }, func(*data.Tx) error { panic("x") })
	tx("taken", func(err error) bool { return err != nil }, func(tx *data.Tx) error { return c.both(tx, "a") })
	tx("overlooks", func(err error) bool { return err != nil }, func(tx *data.Tx) error { c.both(tx, "a"); return nil })
	good("c")
	tx("dangles", kind(fault.Conflict), func(tx *data.Tx) error { return c.exec(tx, "INSERT INTO r VALUES (7)") })
	tx("canceled", kind(fault.Unavailable), func(*data.Tx) error { cancel(); return nil })
	tx("commits itself", func(err error) bool { return err != nil }, func(tx *data.Tx) error { return tx.Native().(*sql.Tx).Commit() })
	tx("ends it in SQL", func(err error) bool { return err != nil }, func(tx *data.Tx) error { return c.exec(tx, "COMMIT") })
	want = append(want, "leaves a result")
	tx("leaves a result", func(err error) bool { return err == nil }, func(tx *data.Tx) error {
		rows, err := tx.Native().(*sql.Tx).Query("UPDATE t SET part = part RETURNING who")
		rows.Next()
		return err
	})
	good("d")
	c.all()
	c.has(want...)
	if n := c.commits.Load(); n != 1 {
		t.Errorf("%d commits, want 1", n)
	}
	if c.d.writer.open != nil {
		t.Error("a transaction is left open")
	}
}

func TestGroupOfStatements(t *testing.T) { inCrowd(t, "", testGroupOfStatements) }

func testGroupOfStatements(c *crowd) {
	t := c.T
	c.gather()
	run := func(returning bool, sql string) func() error {
		return func() error {
			if !returning {
				_, err := c.d.Exec(t.Context(), statement(sql))
				return err
			}
			rows, err := c.d.Query(t.Context(), statement(sql+" RETURNING 1"))
			if err != nil {
				return err
			}
			for rows.Next() {
			}
			return errors.Join(rows.Err(), rows.Close())
		}
	}
	for i := range 20 {
		insert := run(i%2 == 0, fmt.Sprintf("INSERT INTO t (who, part) VALUES ('%d', 1), ('%[1]d', 2)", i))
		orphan := run(i%2 == 0, "INSERT INTO r VALUES (7)")
		taken := run(i%2 == 0, "INSERT INTO t (who, part) VALUES ('x', 1), ('0', 1)")
		c.wait(func() {
			if err := insert(); err != nil {
				t.Error(err)
			}
		})
		c.wait(func() {
			if e, ok := errors.AsType[*driver.Error](orphan()); !ok || e.Class != driver.ForeignKey {
				t.Errorf("an orphan got %v", e)
			}
		})
		c.wait(func() {
			if e, ok := errors.AsType[*driver.Error](taken()); !ok || e.Class != driver.Unique {
				t.Errorf("a taken value got %v", e)
			}
		})
	}
	c.all()
	var want []string
	for i := range 20 {
		want = append(want, fmt.Sprint(i))
	}
	c.has(want...)
	if n := c.commits.Load(); n != 1 {
		t.Errorf("%d commits, want 1", n)
	}
}

func TestGroupIsBounded(t *testing.T) {
	t.Parallel()
	inCrowd(t, "by number", func(c *crowd) { testBounds(c, 2*maxMembers+5, 0, 3) })
	inCrowd(t, "by time", func(c *crowd) { testBounds(c, 6, maxAge/2, 2) })
}

func testBounds(c *crowd, n int, takes time.Duration, commits int32) {
	t := c.T
	c.gather()
	var want []string
	for i := range n {
		who := fmt.Sprint(i)
		want = append(want, who)
		c.wait(func() {
			if err := c.db.Tx(t.Context(), func(tx *data.Tx) error { <-time.After(takes); return c.both(tx, who) }); err != nil {
				t.Error(err)
			}
		})
	}
	c.all()
	c.has(want...) // in order
	if n := c.commits.Load(); n != commits {
		t.Errorf("%d commits, want %d", n, commits)
	}
}

func TestGroupThatIsNotCommitted(t *testing.T) { inCrowd(t, "", testGroupThatIsNotCommitted) }

func testGroupThatIsNotCommitted(c *crowd) {
	t := c.T
	c.fail.Store(true)
	c.gather()
	for i := range 10 {
		c.wait(func() {
			err := c.db.Tx(t.Context(), func(tx *data.Tx) error {
				tx.AfterCommit(func() { t.Error("AfterCommit without a commit") })
				return c.both(tx, fmt.Sprint(i))
			})
			if !errors.Is(err, fault.Unavailable) {
				t.Errorf("%d got %v", i, err)
			}
		})
	}
	c.all()
	c.has()
	c.fail.Store(false)
	if err := c.db.Tx(t.Context(), func(tx *data.Tx) error { return c.both(tx, "after") }); err != nil {
		t.Error(err)
	}
	c.has("after")
}

// A member's own savepoints are undone without the others, or the rest of it,
// noticing.
func TestGroupWithInnerSavepoints(t *testing.T) { inCrowd(t, "", testGroupWithInnerSavepoints) }

func testGroupWithInnerSavepoints(c *crowd) {
	t := c.T
	failure := errors.New("failure")
	ctx := t.Context()
	// nests adds its rows by two savepoints, among others that are undone.
	nests := func(tx *data.Tx, who string) error {
		undone := func(what string, fn func(tx *data.Tx) error) {
			if err := tx.Nested(ctx, fn); err == nil {
				t.Errorf("%s: %s got no error", who, what)
			}
		}
		part := func(tx *data.Tx, n int) error {
			return c.exec(tx, "INSERT INTO t (who, part) VALUES (?, ?)", who, n)
		}
		undone("a failure", func(tx *data.Tx) error { return errors.Join(c.both(tx, who), failure) })
		undone("a taken value", func(tx *data.Tx) error { return errors.Join(c.both(tx, who), c.both(tx, who)) })
		undone("an overlooked error", func(tx *data.Tx) error { c.both(tx, who); c.both(tx, who); return nil })
		undone("a reference", func(tx *data.Tx) error { return errors.Join(c.exec(tx, "INSERT INTO r VALUES (7)"), failure) })
		undone("an end", func(tx *data.Tx) error { return c.exec(tx, "COMMIT") })
		return tx.Nested(ctx, func(tx *data.Tx) error {
			err := part(tx, 1)
			undone("an inner failure", func(tx *data.Tx) error { return errors.Join(part(tx, 1), part(tx, 2)) })
			return errors.Join(err, tx.Nested(ctx, func(tx *data.Tx) error { return part(tx, 2) }))
		})
	}
	ends := func(tx *data.Tx, who string) error {
		err := c.both(tx, who)
		tx.Nested(ctx, func(tx *data.Tx) error { return tx.Native().(*sql.Tx).Commit() })
		return err // what ended its *sql.Tx does not go on
	}
	c.gather()
	add := func(who string, ok bool, fn func(tx *data.Tx, who string) error) {
		c.wait(func() {
			if err := c.db.Tx(ctx, func(tx *data.Tx) error { return fn(tx, who) }); (err == nil) != ok {
				t.Errorf("%s got %v", who, err)
			}
		})
	}
	add("first nests", true, nests)
	add("a", true, c.both)
	add("nests", true, nests)
	add("b", true, c.both)
	add("ends", false, ends)
	add("fails", false, func(tx *data.Tx, who string) error { return errors.Join(nests(tx, who), failure) })
	add("nests too", true, nests)
	add("c", true, c.both)
	c.all()
	c.has("first nests", "a", "nests", "b", "nests too", "c")
	if n := c.commits.Load(); n != 1 {
		t.Errorf("%d commits, want 1", n)
	}
}

// What SQLite answers by undoing everything is an error for all who waited, and
// for nobody else.
func TestGroupThatIsLost(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(tx *data.Tx, c *crowd) error{
		"and it says so": func(tx *data.Tx, c *crowd) error {
			return c.exec(tx, "INSERT OR ROLLBACK INTO t (who, part) VALUES ('a', 1)")
		},
		"and it is overlooked": func(tx *data.Tx, c *crowd) error {
			c.exec(tx, "INSERT OR ROLLBACK INTO t (who, part) VALUES ('a', 1)")
			c.both(tx, "half") // would be committed at once, one by one
			return nil
		},
		"and nothing shows it": func(tx *data.Tx, c *crowd) error {
			return c.exec(tx, "SAVEPOINT x; ROLLBACK")
		},
		"in an inner savepoint": func(tx *data.Tx, c *crowd) error {
			tx.Nested(c.Context(), func(tx *data.Tx) error {
				return c.exec(tx, "INSERT OR ROLLBACK INTO t (who, part) VALUES ('a', 1)")
			})
			c.both(tx, "half")
			return nil
		},
		"in an inner savepoint and nothing shows it": func(tx *data.Tx, c *crowd) error {
			tx.Nested(c.Context(), func(tx *data.Tx) error { return c.exec(tx, "SAVEPOINT x; ROLLBACK") })
			c.both(tx, "half")
			return nil
		},
	} {
		inCrowd(t, name, func(c *crowd) {
			t := c.T
			c.gather()
			add := func(who string, check func(error) bool, then func(tx *data.Tx, c *crowd) error) {
				c.wait(func() {
					err := c.db.Tx(t.Context(), func(tx *data.Tx) error {
						return errors.Join(c.both(tx, who), then(tx, c))
					})
					if !check(err) {
						t.Errorf("%s got %v", who, err)
					}
				})
			}
			nothing := func(*data.Tx, *crowd) error { return nil }
			lost := func(err error) bool { return errors.Is(err, fault.Unavailable) }
			add("a", lost, nothing)
			add("b", lost, nothing)
			add("loses", func(err error) bool { return err != nil }, lose)
			add("c", func(err error) bool { return err == nil }, nothing)
			add("d", func(err error) bool { return err == nil }, nothing)
			c.all()
			c.has("c", "d")
		})
	}
}

// SQLite undoes everything when it interrupts a write.
func TestGroupOutlivesTheContextOfOne(t *testing.T) { inCrowd(t, "", testGroupOutlivesTheContextOfOne) }

func testGroupOutlivesTheContextOfOne(c *crowd) {
	t := c.T
	const endless = "INSERT INTO t (who, part) WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x WHERE n < 100000) SELECT 'canceled', n FROM x"
	c.gather()
	c.wait(func() {
		if err := c.db.Tx(t.Context(), func(tx *data.Tx) error { return c.both(tx, "a") }); err != nil {
			t.Error(err)
		}
	})
	for _, native := range []bool{false, true} {
		c.wait(func() {
			ctx, cancel := context.WithCancel(t.Context())
			err := func() error {
				tx, err := c.d.Begin(t.Context(), driver.DefaultIsolation)
				if err != nil {
					return err
				}
				go cancel()
				if native {
					_, err = tx.Native().(*sql.Tx).ExecContext(ctx, endless)
				} else {
					_, err = tx.Exec(ctx, statement(endless))
				}
				<-ctx.Done()
				return errors.Join(err, tx.Commit(ctx))
			}()
			if !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
	}
	c.wait(func() {
		if err := c.db.Tx(t.Context(), func(tx *data.Tx) error { return c.both(tx, "b") }); err != nil {
			t.Error(err)
		}
	})
	c.all()
	c.has("a", "b")
}

// A reference that the commit would refuse, and a setting that lasts until the
// commit, stay with whom they are of.
func TestGroupGoesOnAfter(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		sql     string
		class   driver.Class
		want    []string
		commits int32
	}{
		"a reference":  {"INSERT INTO r VALUES (7)", driver.ForeignKey, []string{"b", "c"}, 1},
		"a setting":    {"PRAGMA defer_foreign_keys = on", 0, []string{"a", "b", "c"}, 2},
		"a new table":  {"CREATE TABLE x (y)", 0, []string{"a", "b", "c"}, 2},
		"a savepoint":  {"SAVEPOINT x", 0, []string{"a", "b", "c"}, 1},
		"another undo": {"SAVEPOINT x; ROLLBACK TO x; RELEASE x", 0, []string{"a", "b", "c"}, 1},
	} {
		inCrowd(t, name, func(c *crowd) {
			c.gather()
			for _, who := range []string{"a", "b", "c"} {
				c.wait(func() {
					err := c.db.Tx(c.Context(), func(tx *data.Tx) error {
						err := c.both(tx, who)
						if who == "a" {
							err = errors.Join(err, c.exec(tx, x.sql))
						}
						return err
					})
					e, _ := errors.AsType[*driver.Error](err)
					if who != "a" && err != nil || who == "a" && x.class != 0 && (e == nil || e.Class != x.class) {
						c.Errorf("%s got %v", who, err)
					}
				})
			}
			c.all()
			c.has(x.want...)
			if n := c.commits.Load(); n != x.commits {
				c.Errorf("%d commits, want %d", n, x.commits)
			}
		})
	}
}

// A result that a member forgot does not keep the others from going on.
func TestGroupAfterAForgottenResult(t *testing.T) {
	inCrowd(t, "", func(c *crowd) {
		c.gather()
		add := func(who string) {
			c.wait(func() {
				if err := c.db.Tx(c.Context(), func(tx *data.Tx) error { return c.both(tx, who) }); err != nil {
					c.Error(err)
				}
			})
		}
		add("a")
		c.wait(func() {
			tx, err := c.d.Begin(c.Context(), driver.DefaultIsolation)
			if err != nil {
				c.Error(err)
				return
			}
			rows, err := tx.Query(c.Context(), statement("UPDATE t SET who = 'x' RETURNING n"))
			if err != nil || !rows.Next() {
				c.Error(err)
			}
			if err := tx.Commit(c.Context()); err == nil {
				c.Error("committed while a result was being read")
			}
			if err := rows.Close(); err != nil {
				c.Error(err)
			}
		})
		add("b")
		c.all()
		c.has("a", "b")
		if n := c.commits.Load(); n != 1 {
			c.Errorf("%d commits, want 1", n)
		}
	})
}

// Close waits for the group, and what comes later is refused.
func TestGroupAtClose(t *testing.T) { inCrowd(t, "", testGroupAtClose) }

func testGroupAtClose(c *crowd) {
	t := c.T
	c.gather()
	for i := range 5 {
		c.wait(func() {
			err := c.db.Tx(t.Context(), func(tx *data.Tx) error { return c.both(tx, fmt.Sprint(i)) })
			if err != nil && !errors.Is(err, fault.Unavailable) {
				t.Error(err)
			}
		})
	}
	c.wg.Go(func() {
		if err := c.d.Close(); err != nil {
			t.Error(err)
		}
	})
	c.all()
	if _, err := c.d.Begin(t.Context(), driver.DefaultIsolation); err == nil {
		t.Error("a transaction began after Close")
	}
}
