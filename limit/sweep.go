package limit

import (
	"context"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/secret"
	"github.com/manorgo/manor/task"
)

// A sweep asks for the removal of counters that say nothing any more.
type sweep struct{}

// Kind names the task.
func (sweep) Kind() string { return "limits.sweep" }

const (
	sweepEvery = 10 * time.Minute

	// kept is how long counters stay that are dead by this instance's clock, which
	// may differ from the database's.
	kept = int64(time.Minute / time.Microsecond)
)

// Sweep removes counters that say no more than none would.
func (l *Limiter) Sweep(ctx context.Context) error {
	_, err := table.On(l.db).DeleteWhere(ctx, deadAt.Lt(l.now()-kept))
	return err
}

// Worker returns what sweeps in the background.
func (l *Limiter) Worker() task.Worker {
	return task.Work(func(ctx context.Context, _ sweep) error { return l.Sweep(ctx) })
}

// Schedule returns how often it does.
func (l *Limiter) Schedule() task.Schedule { return task.Schedule{Every: sweepEvery, Args: sweep{}} }

// A State is a counter as operators see it.
type State struct {
	Limit string    `json:"limit"`
	Used  int       `json:"used"`           // places taken of a rate; failures in a row of a lock
	Of    int       `json:"of"`             // places of a rate; failures of a lock before it closes
	Until time.Time `json:"until,omitzero"` // when a rate that is used up has a place again, or a lock that is closed opens
}

// Show returns the counters about somebody that are in use, in the order of
// their names.
func (l *Limiter) Show(ctx context.Context, whom ...string) ([]State, error) {
	now := l.now()
	page, err := table.On(l.db).List(ctx, data.Query[Counter]{
		Where: data.All(about.In(l.abouts(whom)...), deadAt.Gt(now)), Order: data.By(name.Asc()), Limit: -1,
	})
	out := make([]State, len(page.Items))
	for i, c := range page.Items {
		out[i] = c.state(now)
	}
	return out, err
}

func (c *Counter) state(now int64) State {
	s := State{Limit: c.Name}
	opens := c.Until
	if c.Stop > 0 {
		s.Used, s.Of = int(c.Hits), int(c.Free)
	} else {
		s.Of = int(c.Room / max(1, c.Step))
		s.Used = int((max(0, c.Until-now) + c.Step - 1) / max(1, c.Step))
		opens = c.Until + c.Step - c.Room
	}
	if opens > now {
		s.Until = time.UnixMicro(opens).UTC()
	}
	return s
}

// Forget removes all counters about somebody, and says how many. It is part of
// the transaction if h is one. Instances that have just refused somebody may do
// so for another second.
func (l *Limiter) Forget(ctx context.Context, h data.Handle, whom ...string) (int, error) {
	if l == nil {
		return 0, nil
	}
	n, err := table.On(h).DeleteWhere(ctx, about.In(l.abouts(whom)...))
	return int(n), err
}

func (l *Limiter) abouts(whom []string) []data.ID[aboutWhom] {
	out := make([]data.ID[aboutWhom], len(whom))
	for i, w := range whom {
		d := l.keys.Digest(secret.LabelLimit, []byte(w))
		copy(out[i][:], d[:16])
	}
	return out
}
