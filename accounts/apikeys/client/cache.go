package client

import (
	"context"
	"crypto/sha256"
	"sync"
	"time"

	"github.com/manorgo/manor/fault"
)

// maxKnown is how many answers are kept. Who sends more different keys than that in
// a second gets each asked about.
const maxKnown = 10_000

// A cache keeps answers about keys, by the digests of these, and asks about a key
// once at a time, however many requests bring it.
type cache struct {
	mu    sync.Mutex
	known map[[sha256.Size]byte]*known
	swept time.Time
}

type known struct {
	done   chan struct{} // closed when there is an answer
	caller *Caller
	err    error
	until  time.Time
}

// get returns what is known, or asks. The answer is as old as the question: what
// Manor revokes while it is on its way is not known for longer.
func (c *cache) get(ctx context.Context, sum [sha256.Size]byte, keep time.Duration, ask func(context.Context) (*Caller, error)) (*Caller, error) {
	if keep < 0 {
		return ask(ctx)
	}
	now := time.Now()
	c.mu.Lock()
	k, ok := c.known[sum]
	if !ok || !k.until.After(now) {
		c.sweep(now, keep)
		k = &known{done: make(chan struct{}), until: now.Add(keep)}
		if len(c.known) < maxKnown {
			c.known[sum] = k
		}
		go c.fill(context.WithoutCancel(ctx), sum, k, ask) // the one who asks may go away, and others wait
	}
	c.mu.Unlock()
	select {
	case <-k.done:
		return k.caller, k.err
	case <-ctx.Done():
		return nil, unreachable(ctx.Err())
	}
}

func (c *cache) fill(ctx context.Context, sum [sha256.Size]byte, k *known, ask func(context.Context) (*Caller, error)) {
	k.caller, k.err = ask(ctx)
	if k.err != nil && fault.KindOf(k.err) != fault.Unauthenticated { // no answer is none to keep
		c.mu.Lock()
		if c.known[sum] == k {
			delete(c.known, sum)
		}
		c.mu.Unlock()
	}
	close(k.done)
}

// sweep forgets what is over, now and then. The caller holds mu.
func (c *cache) sweep(now time.Time, every time.Duration) {
	if c.known == nil {
		c.known = map[[sha256.Size]byte]*known{}
	}
	if now.Sub(c.swept) < every {
		return
	}
	c.swept = now
	for sum, k := range c.known {
		if !k.until.After(now) {
			delete(c.known, sum)
		}
	}
}
