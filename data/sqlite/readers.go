package sqlite

import (
	"context"
	"errors"
	"sync"
	"time"
)

// readers is a pool of connections that read. The one used last is used next:
// its cache is warm.
//
// Who waits long for a turn gets a connection beyond them, for once. So work
// that reads while it reads goes on, even if such work has taken all turns.
type readers struct {
	connector connector
	turns     chan struct{} // holds a token for each connection in use
	beyond    chan struct{} // likewise
	patience  time.Duration

	mu     sync.Mutex
	idle   []*conn
	closed bool
}

func newReaders(n int, dsn string) *readers {
	return &readers{
		connector: newConnector(dsn),
		turns:     make(chan struct{}, n),
		beyond:    make(chan struct{}, 32*n),
		patience:  5 * time.Second,
	}
}

// get returns a connection, and waits for one if all are in use.
func (p *readers) get(ctx context.Context) (*conn, error) {
	turn := p.turns
	select {
	case turn <- struct{}{}:
	default:
		var err error
		if turn, err = p.wait(ctx); err != nil {
			return nil, err
		}
	}
	c, err := p.take(ctx)
	if err != nil {
		<-turn
		return nil, err
	}
	c.turn = turn
	return c, nil
}

// wait returns where it got a turn.
func (p *readers) wait(ctx context.Context) (chan struct{}, error) {
	timer := time.NewTimer(p.patience)
	defer timer.Stop()
	var beyond chan struct{} // blocks until patience is at its end
	for {
		select {
		case p.turns <- struct{}{}:
			return p.turns, nil
		case beyond <- struct{}{}:
			return beyond, nil
		case <-timer.C:
			beyond = p.beyond
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (p *readers) take(ctx context.Context) (*conn, error) {
	c, err := p.pop()
	if c != nil || err != nil {
		return c, err
	}
	c, err = p.connector.open(ctx)
	return c, classify(ctx, err)
}

// pop returns an idle connection, nil if there is none.
func (p *readers) pop() (*conn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.idle) - 1
	switch {
	case p.closed:
		return nil, closed()
	case n < 0:
		return nil, nil
	}
	c := p.idle[n]
	p.idle = p.idle[:n]
	return c, nil
}

// put takes a connection back.
func (p *readers) put(c *conn) {
	turn := c.turn
	if turn == p.turns && !c.broken && c.IsValid() {
		p.mu.Lock()
		p.idle = append(p.idle, c)
		p.mu.Unlock()
	} else {
		c.Close() // beyond the usual, or interrupted, which would interrupt the next
	}
	<-turn
}

// close waits for the connections in use and closes them all.
func (p *readers) close() error {
	p.mu.Lock()
	done := p.closed
	p.closed = true
	p.mu.Unlock()
	if done {
		return nil
	}
	for _, turns := range []chan struct{}{p.turns, p.beyond} {
		for range cap(turns) {
			turns <- struct{}{}
		}
	}
	var errs []error
	for _, c := range p.idle {
		errs = append(errs, c.Close())
	}
	for range cap(p.turns) { // whoever comes now learns that it is closed
		<-p.turns
	}
	return errors.Join(errs...)
}
