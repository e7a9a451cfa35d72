package apikeys

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/manorgo/manor/data"
)

// A seenLog gathers when keys were last used, so that reading a page does not write
// to the database. It is written out now and then.
type seenLog struct {
	mu   sync.Mutex
	seen map[ID]sighting
}

func newSeenLog() *seenLog { return &seenLog{seen: make(map[ID]sighting)} }

func (l *seenLog) note(s sighting) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen[s.id] = s
}

// take returns what was gathered, in an order that is the same for all instances, so
// that none waits for another that waits for it.
func (l *seenLog) take() (out []sighting) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.seen {
		out = append(out, s)
	}
	clear(l.seen)
	slices.SortFunc(out, func(a, b sighting) int { return slices.Compare(a.id[:], b.id[:]) })
	return out
}

// writeEvery is how long a sighting waits at most. A crash loses that much.
const writeEvery = 20 * time.Second

// run writes sightings out until ctx ends, and once more then.
func (s *Service) run(ctx context.Context) error {
	tick := time.NewTicker(writeEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			return s.writeSeen(ctx)
		case <-tick.C:
			// What cannot be written now is written when they are used again.
			_ = s.writeSeen(ctx)
		}
	}
}

// writeSeen stores the sightings, each by one statement that does nothing if another
// instance was first.
func (s *Service) writeSeen(ctx context.Context) error {
	for part := range slices.Chunk(s.seen.take(), 100) {
		err := s.db.Tx(ctx, func(tx *data.Tx) error {
			for _, use := range part {
				noted, err := sawUse(ctx, tx, s.db.Now(), use, s.config.SeenEvery)
				if err != nil {
					return err
				}
				if !noted {
					continue
				}
				if err := s.emit(ctx, tx, Used{use.id, use.keyID, use.owner, use.at}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
