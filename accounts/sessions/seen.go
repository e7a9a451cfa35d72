package sessions

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/manorgo/manor/data"
)

// A seenLog gathers when sessions were last used, so that reading a page does
// not write to the database. It is written out now and then.
type seenLog struct {
	mu   sync.Mutex
	seen map[ID]sighting
}

type sighting struct {
	at       time.Time
	remember bool
}

func newSeenLog() *seenLog { return &seenLog{seen: make(map[ID]sighting)} }

func (l *seenLog) note(key ID, at time.Time, remember bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen[key] = sighting{at, remember}
}

func (l *seenLog) take() map[ID]sighting {
	l.mu.Lock()
	defer l.mu.Unlock()
	seen := l.seen
	l.seen = make(map[ID]sighting)
	return seen
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
			// What cannot be written now is written when they are seen again.
			_ = s.writeSeen(ctx)
		}
	}
}

// writeSeen stores the sightings, many sessions a statement: to a minute they
// are all the same time.
func (s *Service) writeSeen(ctx context.Context) error {
	seen := s.seen.take()
	for _, remember := range []bool{false, true} {
		var keys []ID
		var at time.Time
		for key, v := range seen {
			if v.remember == remember {
				keys = append(keys, key)
				if v.at.After(at) {
					at = v.at
				}
			}
		}
		slices.SortFunc(keys, func(a, b ID) int { return slices.Compare(a[:], b[:]) })
		idle := at.Add(s.config.idle(remember))
		for part := range slices.Chunk(keys, 200) {
			_, err := table.On(s.db).UpdateWhere(ctx, data.All(id.In(part...), lastSeenAt.Lt(at), revokedAt.IsNull()),
				lastSeenAt.Set(at), idleExpiresAt.Set(idle))
			if err != nil {
				return err
			}
		}
	}
	return nil
}
