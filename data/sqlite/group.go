package sqlite

import (
	"context"
	sqldriver "database/sql/driver"
	"errors"
	"time"

	sqlite3 "modernc.org/sqlite"

	"github.com/manorgo/manor/data/driver"
)

// Transactions that wait for a turn together share one commit, since waiting
// for the disk is what takes long. The first begins a transaction of SQLite.
// When it is to be committed and others wait, it gives its turn to the next,
// which goes on inside as a savepoint, and queues up behind those who wait.
// Whoever gets a turn that way, or finds nobody waiting, commits for all.
//
// A member that fails goes back to its savepoint and the others do not notice.
// What no savepoint survives fails all of them: each gets an error.

// A group is those who have done their work and wait for the same commit. It is
// of whoever has the turn, but for done.
type group struct {
	since   time.Time
	members int
	done    chan struct{} // closed once err says what became of it
	err     error
}

// Nobody joins a group that is as large or as old as this. So who waits for the
// commit waits at most this long, and for one more transaction.
const (
	maxMembers = 64
	maxAge     = 10 * time.Millisecond
)

// grows reports whether the next may join.
func (l *lease) grows() bool {
	return l.group == nil || l.group.members < maxMembers && time.Since(l.group.since) < l.w.maxAge
}

// The savepoint of a member. Those it sets itself have other names.
const (
	enter   = "SAVEPOINT manor_member"
	release = "RELEASE manor_member"
	goBack  = "ROLLBACK TO manor_member"
)

// shares reports whether others wait, so that they are let in before the commit.
func (l *lease) shares() bool {
	return l.w.waiting.Load() > 0 && l.grows()
}

// share gives the turn to whoever is next and waits for the commit. It waits
// even if a context ends, as nothing else tells what became of the transaction.
func (l *lease) share() error {
	if l.group == nil {
		l.group = &group{since: time.Now(), done: make(chan struct{})}
	}
	w, g := l.w, l.group
	g.members++
	l.pass()
	select {
	case <-g.done:
	case w.turn <- struct{}{}:
		if w.open == l { // otherwise it has just been committed
			w.open = nil
			l.commit()
		}
		<-w.turn
	}
	return g.err
}

// pass ends the turn and leaves the transaction open for the next.
func (l *lease) pass() {
	l.w.open = l
	<-l.w.turn
}

// commit commits, tells the group and gives the connection back.
func (l *lease) commit() error {
	err := classify(context.Background(), l.c.run(context.Background(), commit))
	if err != nil {
		l.undo()
	}
	return l.end(err)
}

// end tells the group what became of it and gives the connection back.
func (l *lease) end(err error) error {
	if g := l.group; g != nil {
		err = together(err)
		g.err = err
		close(g.done)
	}
	l.sc.Close() // nothing can fail
	return err
}

// undo undoes everything that is not committed.
func (l *lease) undo() error {
	ctx := context.Background()
	err := l.c.run(ctx, rollback)
	if err != nil && l.c.run(ctx, begin) == nil {
		// A failure had ended the transaction before.
		err = l.c.run(ctx, rollback)
	}
	if err != nil {
		// Nobody knows what state the connection is in: have it closed.
		l.sc.Raw(func(any) error { return sqldriver.ErrBadConn })
	}
	return classify(ctx, err)
}

// dangles reports whether a reference to nothing was left for the commit to
// find, where it would fail everybody.
func (l *lease) dangles() bool {
	n, _, err := l.c.native.(sqlite3.DBStatus).Status(sqlite3.DBStatusDeferredFKs, false)
	return n != 0 || err != nil
}

// dangling is the error of who left such a reference.
func dangling() error {
	return &driver.Error{Class: driver.ForeignKey, Err: errors.New("sqlite: a deferred foreign key refers to nothing at the commit")}
}

// together is the error of each member of a group that could not be committed.
// It was perhaps the fault of none, and none of them happened.
func together(err error) error {
	if err == nil {
		return nil
	}
	out := &driver.Error{Class: driver.Retryable, Err: errTogether{err}}
	if e, ok := errors.AsType[*driver.Error](err); ok && e.Class == driver.Down {
		out.Class = driver.Down
	}
	return out
}

// An errTogether says why a group was not committed. It does not unwrap: it may
// be somebody else's context that ended.
type errTogether struct{ err error }

func (e errTogether) Error() string {
	return "sqlite: the transactions of one commit failed: " + e.err.Error()
}

// crowded reports whether a single statement had better be a transaction, so
// that it shares a commit.
func (l *lease) crowded() bool { return l.group != nil || l.w.waiting.Load() > 0 }

// exec runs a statement as a transaction.
func (l *lease) exec(ctx context.Context, c driver.Call) (int64, error) {
	t, err := l.begin(ctx)
	if err != nil {
		return 0, err
	}
	n, err := t.Exec(ctx, c)
	if err := t.finish(ctx, err); err != nil {
		return 0, err
	}
	return n, nil
}

// query runs a statement as a transaction that ends when the result is closed.
func (l *lease) query(ctx context.Context, c driver.Call) (driver.Rows, error) {
	t, err := l.begin(ctx)
	if err != nil {
		return nil, err
	}
	r, err := t.query(ctx, c)
	if err != nil {
		return nil, t.finish(ctx, err)
	}
	r.whole = true
	return r, nil
}

// finish commits, unless err is not nil.
func (t *tx) finish(ctx context.Context, err error) error {
	if err == nil {
		return t.Commit(ctx)
	}
	if rerr := t.Rollback(ctx); rerr != nil {
		return errors.Join(err, rerr)
	}
	return err
}
