package audit

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/data/postgres"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/web"
)

// TestConcurrent has eight writers and two that chain at once: two instances
// where the database can have them.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		db := setup(nil).SQLite(t)
		crowd(t, db, db)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		url := setup(nil).PostgresURL(t)
		var dbs [2]*data.DB
		for i := range dbs {
			db, err := postgres.Open(t.Context(), url, postgres.Options{})
			must(t, err)
			t.Cleanup(func() { _ = db.Close() })
			dbs[i] = db
		}
		crowd(t, dbs[0], dbs[1])
	})
}

func crowd(t *testing.T, one, two *data.DB) {
	const writers, each = 8, 25
	logs := []*Log{newLog(t, one), newLog(t, two)}
	one.SetWitness(logs[0])
	two.SetWitness(logs[1])
	var writing, chaining sync.WaitGroup
	var done atomic.Bool
	for i := range writers {
		writing.Go(func() {
			db := logs[i%2].c.DB
			for k := range each {
				err := db.TxWith(t.Context(), data.TxOptions{Retry: true}, func(tx *data.Tx) error {
					return things.On(tx).Add(t.Context(), &thing{Name: fmt.Sprint(i, k)})
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	for _, l := range logs {
		chaining.Go(func() {
			for last := false; !last; {
				last = done.Load()
				if err := l.Chain(t.Context()); err != nil && fault.KindOf(err) != fault.Unavailable {
					t.Error(err)
				}
			}
		})
	}
	writing.Wait()
	done.Store(true)
	chaining.Wait()
	must(t, logs[0].Chain(t.Context()))
	holds(t, logs[1], writers*each)
}

// A dying driver fails at one statement and at all after it, as if its program
// had been killed there.
type dying struct {
	driver.Driver
	left *atomic.Int64 // statements
}

var errDead = errors.New("dead")

func (d dying) die() error {
	if d.left.Add(-1) < 0 {
		return &driver.Error{Class: driver.Down, Err: errDead}
	}
	return nil
}

func (d dying) Begin(ctx context.Context, level driver.Isolation) (driver.Tx, error) {
	if err := d.die(); err != nil {
		return nil, err
	}
	tx, err := d.Driver.Begin(ctx, level)
	return dyingTx{tx, d}, err
}

func (d dying) Query(ctx context.Context, c driver.Call) (driver.Rows, error) {
	if err := d.die(); err != nil {
		return nil, err
	}
	return d.Driver.Query(ctx, c)
}

type dyingTx struct {
	driver.Tx
	d dying
}

func (t dyingTx) Query(ctx context.Context, c driver.Call) (driver.Rows, error) {
	if err := t.d.die(); err != nil {
		return nil, err
	}
	return t.Tx.Query(ctx, c)
}

func (t dyingTx) Exec(ctx context.Context, c driver.Call) (int64, error) {
	if err := t.d.die(); err != nil {
		return 0, err
	}
	return t.Tx.Exec(ctx, c)
}

func (t dyingTx) Commit(ctx context.Context) error {
	if err := t.d.die(); err != nil {
		return errors.Join(err, t.Tx.Rollback(ctx))
	}
	return t.Tx.Commit(ctx)
}

// TestKilled ends the one that chains between any two statements.
func TestKilled(t *testing.T) {
	each(t, func(t *testing.T, l *Log, c *clock) {
		for n := int64(0); ; n++ {
			records(t, l, 3)
			c.advance(2 * time.Minute) // so that there is a checkpoint to be made
			d := dying{l.c.DB.Driver(), new(atomic.Int64)}
			d.left.Store(n)
			err := newLog(t, data.New(d, c.Now)).Chain(t.Context())
			if err != nil && !errors.Is(err, errDead) {
				t.Fatal(err)
			}
			if r, verr := l.Verify(t.Context()); verr != nil || r.Broken != nil || r.Entries+int64(r.Waiting) != 3*(n+1) {
				t.Fatalf("killed at statement %d: %+v, %v", n, r, verr)
			}
			if err == nil {
				if n < 6 {
					t.Fatalf("chaining took %d statements", n)
				}
				holds(t, l, 3*(n+1))
				return
			}
		}
	})
}

// TestPast has the chain go on after somebody has brought back an older state.
func TestPast(t *testing.T) {
	each(t, func(t *testing.T, l *Log, _ *clock) {
		var log strings.Builder
		l.c.Log = textLog(&log)
		records(t, l, 5)
		must(t, l.Chain(t.Context()))
		old, err := heads.On(l.c.DB).Get(t.Context(), headID)
		must(t, err)
		records(t, l, 5)
		must(t, l.Chain(t.Context()))
		must(t, run(t.Context(), l.c.DB, `DELETE FROM audit WHERE seq > 5`))
		_, err = heads.On(l.c.DB).Update(t.Context(), headID, headSeq.Set(old.Seq), headLink.Set(old.Link), headSeal.Set(old.Seal))
		must(t, err)
		records(t, l, 1)
		must(t, l.Chain(t.Context()))
		if !strings.Contains(log.String(), "lost its end") {
			t.Errorf("the log says %q", log.String())
		}
	})
}

func TestPrune(t *testing.T) {
	each(t, func(t *testing.T, l *Log, c *clock) {
		ctx := t.Context()
		var kept []Checkpoint
		l.c.Checkpoints = func(c Checkpoint) error { kept = append(kept, c); return nil }
		start := c.Now()
		records(t, l, 10)
		c.advance(time.Hour)
		records(t, l, 10)
		early, err := l.Checkpoint(ctx)
		must(t, err)
		if n, err := l.Prune(ctx, start); n != 0 || err != nil {
			t.Errorf("pruned %d, %v: there is nothing so old", n, err)
		}
		if n, err := l.Prune(ctx, start.Add(time.Minute)); n != 10 || err != nil {
			t.Fatalf("pruned %d, %v, want 10", n, err)
		}
		must(t, l.Chain(ctx))
		if r := holds(t, l, 11, append(kept, early)...); r.First != 11 || r.Last != 21 {
			t.Errorf("%+v", r)
		}
		if e := all(t, l); e[len(e)-1].Action != "audit.pruned" || e[len(e)-1].Count != 10 {
			t.Errorf("%+v", e[len(e)-1])
		}
		last := kept[len(kept)-1]
		if parsed, err := ParseCheckpoint(last.String()); err != nil || parsed.String() != last.String() || last.Kind != Pruned || last.Seq != 10 {
			t.Errorf("%v, %v", last, err)
		}

		// Whoever writes to the database cannot prune.
		must(t, run(ctx, l.c.DB, `DELETE FROM audit WHERE seq = 11`))
		forged := early
		forged.Kind = Pruned
		if r, err := l.Verify(ctx, forged); err != nil || r.Broken == nil {
			t.Errorf("%+v, %v", r, err)
		}
		if r, err := l.Verify(ctx); err != nil || r.Broken == nil || r.Broken.Seq != 11 {
			t.Errorf("%+v, %v", r, err)
		}
		if n, err := l.Prune(ctx, c.Now().Add(time.Hour)); n != 0 || fault.KindOf(err) != fault.Conflict {
			t.Errorf("pruned %d of what is broken, %v", n, err)
		}
	})
}

// TestPruneAll leaves nothing but the marker, and goes on.
func TestPruneAll(t *testing.T) {
	each(t, func(t *testing.T, l *Log, c *clock) {
		records(t, l, 10)
		if n, err := l.Prune(t.Context(), c.Now().Add(time.Hour)); n != 10 || err != nil {
			t.Fatalf("pruned %d, %v", n, err)
		}
		holds(t, l, 0)
		must(t, l.Chain(t.Context()))
		holds(t, l, 1)
		must(t, run(t.Context(), l.c.DB, `DELETE FROM audit`))
		if r, err := l.Verify(t.Context()); err != nil || r.Broken == nil || r.Broken.Seq != 11 {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

// TestRefused has one attacker be refused often, from one place and from many.
func TestRefused(t *testing.T) {
	each(t, func(t *testing.T, l *Log, c *clock) {
		ctx, refused := t.Context(), fault.Coded(fault.Unauthenticated, "CREDENTIALS_INVALID", "no")
		for range 1000 {
			l.Refused(ctx, web.Route{}, refused)
		}
		must(t, l.Flush(ctx))
		es := all(t, l)
		if len(es) != 1 || es[0].Count != 1000 || es[0].Outcome != Refused || es[0].Reason != "CREDENTIALS_INVALID" {
			t.Fatalf("%+v", es)
		}
		for i := range 10_000 {
			l.Refused(WithActor(ctx, Actor{Kind: User, Name: fmt.Sprint(i)}), web.Route{}, refused)
		}
		must(t, l.Flush(ctx))
		total := 0
		for _, e := range all(t, l) {
			total += e.Count
		}
		if n := len(all(t, l)); n > refusalsMost+1 || total != 11_000 {
			t.Errorf("%d refusals in %d entries, want 11000 in at most %d", total, n, refusalsMost+1)
		}
		c.advance(refusalsWindow)
		l.Refused(WithActor(ctx, Actor{Kind: User, Name: "late"}), web.Route{}, refused)
		must(t, l.Flush(ctx))
		if es := all(t, l); es[len(es)-1].Actor != "late" {
			t.Errorf("%+v", es[len(es)-1])
		}
		must(t, l.Chain(ctx))
		holds(t, l, int64(len(all(t, l))))
	})
}

// TestRun has the background chain what was written, and sign it.
func TestRun(t *testing.T) {
	t.Parallel()
	db := setup(nil).SQLite(t)
	l := newLog(t, db)
	db.SetWitness(l)
	signed := make(chan Checkpoint, 10)
	l.c.Checkpoints = func(c Checkpoint) error { signed <- c; return nil }
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- l.Run(ctx) }()
	must(t, things.On(db).Add(t.Context(), &thing{Name: "one"}))
	if c := <-signed; c.Seq != 1 {
		t.Errorf("%v", c)
	}
	must(t, things.On(db).Add(t.Context(), &thing{Name: "two"}))
	stop()
	must(t, <-ended)
	if r := holds(t, l, 2); r.Waiting != 0 {
		t.Errorf("%+v", r)
	}
}
