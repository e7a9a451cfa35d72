package sqlite

import (
	"context"
	"database/sql"
	"sync/atomic"
	"time"
)

// A writer is the one connection that writes. It stands in a *sql.DB so that
// libraries can use it as well.
type writer struct {
	pool    *sql.DB
	begin   string        // how a transaction starts
	turn    chan struct{} // holds a token while somebody writes; first come, first served
	waiting atomic.Int32  // how many wait to begin
	open    *lease        // a group that is not committed; of whoever has the turn
	closed  atomic.Bool

	patience time.Duration
	maxAge   time.Duration
}

func newWriter(dsn, begin string) *writer {
	w := &writer{pool: sql.OpenDB(newConnector(dsn)), begin: begin, turn: make(chan struct{}, 1), patience: 30 * time.Second, maxAge: maxAge}
	w.pool.SetMaxOpenConns(1)
	w.pool.SetMaxIdleConns(1)
	return w
}

// A lease is the right to use the writer's connection, until release.
type lease struct {
	w     *writer
	sc    *sql.Conn
	c     *conn
	group *group // who waits for the commit of the transaction that is open, or nil
}

// take waits for a turn. The lease has a group only if it may be joined.
func (w *writer) take(ctx context.Context, join bool) (*lease, error) {
	if err := w.wait(ctx); err != nil {
		return nil, err
	}
	if w.closed.Load() {
		<-w.turn
		return nil, closed()
	}
	err := ctx.Err()
	if err != nil {
		<-w.turn
		return nil, err
	}
	if l := w.open; l != nil {
		w.open = nil
		if join && l.grows() {
			return l, nil
		}
		l.commit() // who waits for it is told
	}
	l := &lease{w: w}
	if l.sc, err = w.pool.Conn(ctx); err != nil {
		<-w.turn
		return nil, classify(ctx, err)
	}
	// The connection is used outside of Raw, which is sound while sc is held:
	// database/sql gives it to nobody else.
	err = l.sc.Raw(func(c any) error {
		l.c = c.(*conn)
		return nil
	})
	if err != nil {
		l.release()
		return nil, classify(ctx, err)
	}
	return l, nil
}

// wait waits for a turn, but not for ever: a transaction whose function waits
// for another one ends in an error.
func (w *writer) wait(ctx context.Context) error {
	select {
	case w.turn <- struct{}{}:
		return nil
	default:
	}
	w.waiting.Add(1)
	defer w.waiting.Add(-1)
	timer := time.NewTimer(w.patience)
	defer timer.Stop()
	select {
	case w.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return busy()
	}
}

func (l *lease) release() {
	l.sc.Close() // returns the connection; nothing can fail
	<-l.w.turn
}

// close waits for whoever is writing.
func (w *writer) close() error {
	if w.closed.Swap(true) {
		return nil
	}
	w.turn <- struct{}{}
	defer func() { <-w.turn }()
	if l := w.open; l != nil {
		w.open = nil
		l.commit()
	}
	return w.pool.Close()
}
