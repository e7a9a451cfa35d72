package secret

import (
	"context"
	"time"

	"github.com/manorgo/manor/fault"
)

// A gate lets a few in at a time and a few more wait. Whoever comes when the
// queue is full is refused at once: a queue without end would only turn a
// flood into memory and answers that nobody waits for any more.
type gate struct {
	places chan struct{} // one for each that works or waits
	slots  chan struct{} // one for each that works
}

func newGate(workers, queue int) *gate {
	return &gate{
		places: make(chan struct{}, workers+queue),
		slots:  make(chan struct{}, workers),
	}
}

// enter waits for a slot and returns the function that frees it.
func (g *gate) enter(ctx context.Context) (leave func(), err error) {
	if ctx.Err() != nil { // a select would choose by chance
		return nil, gaveUp(ctx)
	}
	select {
	case g.places <- struct{}{}:
	default:
		return nil, &fault.Error{Kind: fault.Unavailable, Msg: "too many sign-ins at once: try again", Retry: time.Second}
	}
	select {
	case g.slots <- struct{}{}:
		return g.leave, nil
	case <-ctx.Done():
		<-g.places
		return nil, gaveUp(ctx)
	}
}

// leave frees the slot before the place, so that those waiting are never more
// than the queue holds.
func (g *gate) leave() {
	<-g.slots
	<-g.places
}

func gaveUp(ctx context.Context) error {
	return &fault.Error{Kind: fault.Unavailable, Msg: "the request ended before its turn to sign in", Retry: time.Second, Err: ctx.Err()}
}
