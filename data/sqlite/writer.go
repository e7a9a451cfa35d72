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
	pool   *sql.DB
	turn   chan struct{} // holds a token while somebody writes; first come, first served
	closed atomic.Bool

	patience time.Duration
}

func newWriter(dsn string) *writer {
	w := &writer{pool: sql.OpenDB(newConnector(dsn)), turn: make(chan struct{}, 1), patience: 30 * time.Second}
	w.pool.SetMaxOpenConns(1)
	w.pool.SetMaxIdleConns(1)
	return w
}

// A lease is the right to use the writer's connection, until release.
type lease struct {
	w  *writer
	sc *sql.Conn
	c  *conn
}

// take waits for a turn.
func (w *writer) take(ctx context.Context) (*lease, error) {
	if err := w.wait(ctx); err != nil {
		return nil, err
	}
	if w.closed.Load() {
		<-w.turn
		return nil, closed()
	}
	l := &lease{w: w}
	var err error
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
	return w.pool.Close()
}
