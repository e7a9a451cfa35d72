package audit

import (
	"context"
	"time"

	"github.com/manorgo/manor/data"
)

const (
	gather    = 200 * time.Millisecond // after the first of several entries
	look      = time.Second            // for those of other processes
	closeWait = 5 * time.Second
)

// Run writes down refusals, chains entries within about a second, and signs
// checkpoints, until ctx ends, and once more then. Every instance of an app does
// so. What fails is tried again with the next.
func (l *Log) Run(ctx context.Context) error {
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		if err := l.turn(ctx); err != nil && ctx.Err() == nil {
			l.c.Log.ErrorContext(ctx, "the audit was not chained, it will be tried again", "error", err)
		}
		select {
		case <-ctx.Done():
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeWait)
			defer cancel()
			return l.turn(ctx)
		case <-tick.C:
		case <-l.wake:
			select {
			case <-ctx.Done():
			case <-time.After(gather):
			}
		}
	}
}

// turn does what there is to do.
func (l *Log) turn(ctx context.Context) error {
	if err := l.Flush(ctx); err != nil {
		return err
	}
	if err := l.Chain(ctx); err != nil {
		return err
	}
	return l.signLate(ctx)
}

// signLate signs a checkpoint of entries that have waited for one.
func (l *Log) signLate(ctx context.Context) error {
	if !l.seen.mayBeDue(l.c.DB.Now()) {
		return nil
	}
	return l.c.DB.Tx(ctx, func(tx *data.Tx) error {
		h, err := l.lock(ctx, tx)
		if err != nil || !l.isDue(h) {
			return err
		}
		_, err = l.checkpoint(ctx, tx, h)
		return err
	})
}

// Settle does at once what Run does in the background, if this process has
// written entries. It is for programs that end before Run would.
func (l *Log) Settle(ctx context.Context) error {
	select {
	case <-l.wake:
		return l.turn(ctx)
	default:
		return nil
	}
}
