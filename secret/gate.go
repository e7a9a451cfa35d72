package secret

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/manorgo/manor/fault"
)

// A gate lets a few in at a time, with so much memory between them, and a few
// more wait. Whoever comes when the queue is full is refused at once: a queue
// without end would only turn a flood into memory and answers that nobody waits
// for any more.
type gate struct {
	queue  int    // how many may wait
	budget uint32 // KiB in all

	mu      sync.Mutex
	workers int       // that are free
	memory  uint32    // KiB that are free
	waiting []*waiter // in the order in which they came
}

type waiter struct {
	memory uint32
	turn   chan struct{} // closed when it is let in
}

func newGate(workers, queue int, budget uint32) *gate {
	return &gate{queue: queue, budget: budget, workers: workers, memory: budget}
}

// enter waits for a worker and for memory, in KiB, and returns the function that
// gives both back. Who asks for more than there is gets all of it. Nobody
// overtakes, so that one who needs much is not kept waiting by many who do not.
func (g *gate) enter(ctx context.Context, memory uint32) (leave func(), err error) {
	if ctx.Err() != nil { // a select would choose by chance
		return nil, gaveUp(ctx)
	}
	w := &waiter{min(memory, g.budget), make(chan struct{})}
	leave = func() { g.leave(w) }
	g.mu.Lock()
	g.waiting = append(g.waiting, w)
	g.admit()
	full := len(g.waiting) > g.queue
	if full { // then w is the last of them
		g.waiting = g.waiting[:len(g.waiting)-1]
	}
	g.mu.Unlock()
	if full {
		return nil, &fault.Error{Kind: fault.Unavailable, Msg: "too many sign-ins at once: try again", Retry: time.Second}
	}
	select {
	case <-w.turn:
		return leave, nil
	case <-ctx.Done():
		g.forget(w)
		return nil, gaveUp(ctx)
	}
}

// admit lets in whoever is first, as long as there is room. The caller holds mu.
func (g *gate) admit() {
	for len(g.waiting) > 0 && g.workers > 0 && g.waiting[0].memory <= g.memory {
		w := g.waiting[0]
		g.waiting = slices.Delete(g.waiting, 0, 1)
		g.workers--
		g.memory -= w.memory
		close(w.turn)
	}
}

func (g *gate) leave(w *waiter) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.workers++
	g.memory += w.memory
	g.admit()
}

// forget takes one who gave up out of the queue, or out of the room, if it was
// let in at that moment.
func (g *gate) forget(w *waiter) {
	g.mu.Lock()
	at := slices.Index(g.waiting, w)
	if at >= 0 {
		g.waiting = slices.Delete(g.waiting, at, at+1)
		g.admit() // it may have stood in the way
	}
	g.mu.Unlock()
	if at < 0 {
		g.leave(w)
	}
}

func gaveUp(ctx context.Context) error {
	return &fault.Error{Kind: fault.Unavailable, Msg: "the request ended before its turn to sign in", Retry: time.Second, Err: ctx.Err()}
}
