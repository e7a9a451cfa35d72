package drivertest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
)

var errUndo = errors.New("datatest: this savepoint cannot be undone")

// A brokenUndo is a driver whose savepoints cannot be undone.
type brokenUndo struct{ driver.Driver }

func (d brokenUndo) Begin(ctx context.Context, level driver.Isolation) (driver.Tx, error) {
	tx, err := d.Driver.Begin(ctx, level)
	if err != nil {
		return nil, err
	}
	return brokenUndoTx{tx}, nil
}

type brokenUndoTx struct{ driver.Tx }

func (brokenUndoTx) Undo(context.Context, int) error {
	return &driver.Error{Class: driver.Down, Err: errUndo}
}

// A losing is a driver on which transactions fail at their beginning or at
// their end, the last after they were committed, as often as it says.
type losing struct {
	driver.Driver
	begins, commits, answers int
	class                    driver.Class
}

func (l *losing) lose(n *int) error {
	if *n == 0 {
		return nil
	}
	*n--
	return &driver.Error{Class: l.class, Err: errors.New("datatest: this transaction is made to lose")}
}

func (l *losing) Begin(ctx context.Context, level driver.Isolation) (driver.Tx, error) {
	if err := l.lose(&l.begins); err != nil {
		return nil, err
	}
	tx, err := l.Driver.Begin(ctx, level)
	if err != nil {
		return nil, err
	}
	return losingTx{tx, l}, nil
}

type losingTx struct {
	driver.Tx
	l *losing
}

func (t losingTx) Commit(ctx context.Context) error {
	if err := t.l.lose(&t.l.commits); err != nil {
		return errors.Join(err, t.Tx.Rollback(ctx))
	}
	return errors.Join(t.Tx.Commit(ctx), t.l.lose(&t.l.answers))
}

var retryTests = []test{
	{"how often", func(s suite) {
		plain := s.db(lamps.Schema())
		lost := &driver.Error{Class: driver.Retryable, Err: errors.New("lost")}
		for i, c := range []struct {
			name   string
			driver losing
			fail   int   // how often fn fails
			err    error // how
			once   bool  // without Retry
			runs   int
			kind   fault.Kind
			rows   int
		}{
			{name: "no race", runs: 1, rows: 1},
			{name: "lost at the beginning", driver: losing{begins: 2, class: driver.Retryable}, runs: 1, rows: 1},
			{name: "lost once", fail: 1, err: lost, runs: 2, rows: 1},
			{name: "lost in words of its own", fail: 2, err: fault.Wrap(fault.Conflict, lost, "sorry"), runs: 3, rows: 1},
			{name: "lost at the commit", driver: losing{commits: 2, class: driver.Retryable}, runs: 3, rows: 1},
			{name: "lost for good", fail: 9, err: fault.Wrap(fault.Unavailable, lost, "busy"), runs: 3, kind: fault.Unavailable},
			{name: "always lost at the commit", driver: losing{commits: 9, class: driver.Retryable}, runs: 3, kind: fault.Unavailable},
			{name: "not declared safe", driver: losing{commits: 1, class: driver.Retryable}, once: true, runs: 1, kind: fault.Unavailable},
			{name: "took too long", driver: losing{commits: 1, class: driver.TimedOut}, runs: 1, kind: fault.Unavailable},
			{name: "perhaps committed", driver: losing{answers: 1, class: driver.Down}, runs: 1, kind: fault.Unavailable, rows: 1},
			{name: "another error", fail: 1, err: fault.Errorf(fault.Invalid, "sorry"), runs: 1, kind: fault.Invalid},
		} {
			c.driver.Driver = plain.Driver()
			db := data.New(&c.driver, nil)
			runs, after, pauses := 0, 0, []time.Duration(nil)
			o := data.TxOptions{Retry: !c.once, Pause: func(_ context.Context, d time.Duration) { pauses = append(pauses, d) }}
			err := db.TxWith(s.ctx, o, func(tx *data.Tx) error {
				runs++
				tx.AfterCommit(func() { after++ })
				if err := lamps.On(tx).Add(s.ctx, &lamp{Name: fmt.Sprint(i)}); err != nil {
					return err
				}
				if runs <= c.fail {
					return c.err
				}
				return nil
			})
			fine := c.kind == ""
			if (err == nil) != fine || err != nil && fault.KindOf(err) != c.kind {
				s.Errorf("%s: %v", c.name, err)
			}
			if runs != c.runs {
				s.Errorf("%s: it ran %d times, want %d", c.name, runs, c.runs)
			}
			if fine != (after == 1) {
				s.Errorf("%s: AfterCommit ran %d times", c.name, after)
			}
			n, err := lamps.On(plain).Count(s.ctx, lampName.Eq(fmt.Sprint(i)))
			s.ok(err)
			s.same(c.name+": rows", n, c.rows)
			for k, d := range pauses {
				if longest := 20 * time.Millisecond << k; d < longest/2 || d >= longest {
					s.Errorf("%s: pause %d is %v", c.name, k, d)
				}
			}
		}
	}},
	{"gives up with its context", func(s suite) {
		db := data.New(&losing{Driver: s.db(lamps.Schema()).Driver(), commits: 9, class: driver.Retryable}, nil)
		ctx, cancel := context.WithCancel(s.ctx)
		runs := 0
		err := db.TxWith(ctx, data.TxOptions{Retry: true, Pause: func(context.Context, time.Duration) { cancel() }}, func(*data.Tx) error { runs++; return nil })
		s.is(err, fault.Unavailable)
		s.same("runs", runs, 1)
		err = db.TxWith(s.ctx, data.TxOptions{Retry: true}, func(*data.Tx) error { runs++; return nil }) // with the timer
		s.is(err, fault.Unavailable)
		s.same("runs", runs, 4)
	}},
	{"levels", func(s suite) {
		db := s.db(lamps.Schema())
		for _, level := range []data.Isolation{data.DefaultIsolation, data.RepeatableRead, data.Serializable} {
			s.ok(db.TxWith(s.ctx, data.TxOptions{Isolation: level}, func(tx *data.Tx) error {
				s.add(tx, fmt.Sprint(level))
				return nil
			}))
		}
		count(s, db, lamps, 3)
	}},
	{"a real race", func(s suite) {
		// Both read before either writes, where the database lets them, so that
		// one has to lose; without a level neither would notice.
		db := s.db(lamps.Schema())
		v := lamp{Name: "a"}
		s.ok(lamps.On(db).Add(s.ctx, &v))
		for _, level := range []data.Isolation{data.RepeatableRead, data.Serializable} {
			_, err := lamps.On(db).Update(s.ctx, v.ID, lampRank.Set(0))
			s.ok(err)
			var both, mu = sync.WaitGroup{}, sync.Mutex{}
			both.Add(2)
			runs := 0
			s.all(2, func(int) error {
				first := true
				return db.TxWith(s.ctx, data.TxOptions{Isolation: level, Retry: true}, func(tx *data.Tx) error {
					now, err := lamps.On(tx).Get(s.ctx, v.ID)
					if err != nil {
						return err
					}
					mu.Lock()
					runs++
					mu.Unlock()
					if first && db.Dialect() == "postgres" {
						both.Done()
						both.Wait()
					}
					first = false
					_, err = lamps.On(tx).Update(s.ctx, v.ID, lampRank.Set(now.Rank+1))
					return err
				})
			})
			got, err := lamps.On(db).Get(s.ctx, v.ID)
			s.ok(err)
			s.same("none overwrote another", got.Rank, 2)
			s.same("runs", runs, map[string]int{"sqlite": 2, "postgres": 3}[db.Dialect()])
		}
	}},
}
