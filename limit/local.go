package limit

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	// maxBuckets bounds what an instance remembers, a hundred bytes for each
	// caller. Some are forgotten if there are more.
	maxBuckets = 100_000

	// believed is how long an instance refuses by what the database said last,
	// so that a flood does not reach it, in microseconds.
	believed = int64(time.Second / time.Microsecond)

	// tenth of a rate is what an instance admits before it tells the database.
	tenth = 10
)

// A local is what an instance counts for itself.
type local struct {
	mu      sync.Mutex
	buckets map[string]bucket // by Ask.id
}

// A bucket is a counter as an instance knows it, in microseconds by its own
// clock.
type bucket struct {
	until int64 // when all places are free again, as far as is known here
	told  int64 // when the database last said so, or failed to
	owed  int   // attempts admitted here that the database has not heard of
}

// get returns a bucket. One whose places are all free owes nothing: the database
// would have forgotten it, too.
func (l *local) get(id string, now int64) bucket {
	b := l.buckets[id]
	if b.until <= now {
		return bucket{until: now, told: b.told}
	}
	return b
}

func (l *local) put(id string, b bucket, now int64) {
	if _, ok := l.buckets[id]; !ok && len(l.buckets) >= maxBuckets {
		l.shrink(now)
	}
	l.buckets[id] = b
}

// shrink makes room: for a tenth at least, in whatever order.
func (l *local) shrink(now int64) {
	for id, b := range l.buckets {
		if b.until <= now {
			delete(l.buckets, id)
		}
	}
	for id := range l.buckets {
		if len(l.buckets) <= maxBuckets-maxBuckets/tenth {
			return
		}
		delete(l.buckets, id)
	}
}

func (l *local) forget(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.buckets, id)
}

// Exactly counts an attempt by the rate of a, as Take does. While the database
// has said in the last second that there is no place, it is not asked again.
func (l *Limiter) Exactly(ctx context.Context, a Ask) (Verdict, error) {
	if !l.On() {
		return Verdict{Allowed: true}, nil
	}
	step, room := l.shape(a.Rate)
	id, now := a.id(), l.now()
	l.local.mu.Lock()
	b := l.local.get(id, now)
	l.local.mu.Unlock()
	if b.until+step > now+room && now-b.told < believed {
		return Verdict{Retry: micros(b.until + step - now - room)}, nil
	}
	rows, err := l.ask(ctx, []Ask{a}, []int{0})
	if err != nil {
		return Verdict{}, err
	}
	v := rows[0].verdict()
	if !v.Allowed {
		l.local.mu.Lock()
		l.local.put(id, bucket{until: now + rows[0].Until - rows[0].At, told: now}, now)
		l.local.mu.Unlock()
	}
	return v, nil
}

// Roughly counts an attempt by the rate of a, on this instance. It asks the
// database once in a tenth of the rate and, at most once a second, before it
// refuses. So several instances together admit what one would, and each at most
// a tenth more of it, once; the rate in the long run is the same. If the
// database cannot be asked, it goes by what is known here.
func (l *Limiter) Roughly(ctx context.Context, a Ask) Verdict {
	if !l.On() {
		return Verdict{Allowed: true}
	}
	step, room := l.shape(a.Rate)
	id, now := a.id(), l.now()
	l.local.mu.Lock()
	b := l.local.get(id, now)
	fits, fresh := b.until+step <= now+room, now-b.told < believed
	enough := b.owed+1 >= max(1, int(room/step)/tenth)
	owed := b.owed
	switch {
	case !fits && fresh:
		l.local.mu.Unlock()
		return Verdict{Retry: micros(b.until + step - now - room)}
	case fits && (!enough || now-l.failed.Load() < believed):
		b.until, b.owed = b.until+step, b.owed+1
		l.local.put(id, b, now)
		l.local.mu.Unlock()
		return Verdict{Allowed: true}
	}
	b.told, b.owed = now, 0 // others go on meanwhile
	l.local.put(id, b, now)
	l.local.mu.Unlock()
	return l.tell(ctx, a, owed, now)
}

// tell asks the database for a place, and tells it of those taken before.
func (l *Limiter) tell(ctx context.Context, a Ask, owed int, now int64) Verdict {
	step, room := l.shape(a.Rate)
	rows, err := l.ask(ctx, []Ask{a}, []int{owed})
	l.local.mu.Lock()
	defer l.local.mu.Unlock()
	b := l.local.get(a.id(), now)
	if err == nil {
		b.until = now + rows[0].Until - rows[0].At + int64(b.owed)*step
		l.local.put(a.id(), b, now)
		return rows[0].verdict()
	}
	l.failed.Store(now)
	b.owed += owed
	v := Verdict{Allowed: b.until+step <= now+room}
	if v.Allowed {
		b.until, b.owed = b.until+step, b.owed+1
	} else {
		v.Retry = micros(b.until + step - now - room)
	}
	l.local.put(a.id(), b, now)
	return v
}

// shape returns the time between two places of a rate, and that of all of them,
// in microseconds.
func (l *Limiter) shape(r Rate) (step, room int64) {
	n := l.scaled(r)
	step = max(1, r.Per.Microseconds()/n)
	return step, step * n
}

// warn logs, at most once in ten seconds, that the database cannot be asked.
func (l *Limiter) warn(ctx context.Context, err error) {
	now := l.now()
	last := l.told.Load()
	if now-last < 10*believed || !l.told.CompareAndSwap(last, now) {
		return
	}
	l.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "limits cannot be checked: exact ones refuse, others go by this instance alone", slog.Any("error", err))
}
