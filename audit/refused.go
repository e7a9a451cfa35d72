package audit

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/web"
)

const (
	refusalsWindow = time.Minute
	refusalsMost   = 100 // entries of refusals that one process writes in a window
)

// refusals gathers who was refused until it is written. An attacker decides how
// many there are, so equal ones are counted, and when a window has had its
// number of entries the rest are counted by route alone.
type refusals struct {
	mu      sync.Mutex
	waiting map[Entry]int // with how often each happened
	since   time.Time     // when the window began
	room    int
}

func newRefusals() *refusals { return &refusals{waiting: map[Entry]int{}} }

// add counts one more.
func (r *refusals) add(e Entry, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.since) >= refusalsWindow || now.Before(r.since) {
		r.since, r.room = now, refusalsMost
	}
	if r.waiting[e] == 0 {
		if r.room > 0 {
			r.room--
		} else {
			e = Entry{ActorKind: Anonymous, Action: e.Action, Outcome: e.Outcome, Reason: e.Reason, Via: e.Via}
		}
	}
	r.waiting[e]++
}

// take returns what waits, and forgets it.
func (r *refusals) take() (out []Entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for e, n := range r.waiting {
		e.Count = n
		out = append(out, e)
	}
	clear(r.waiting)
	return out
}

// Refused counts a request that may not change what it asks for: see
// [web.Refused]. It is written within about a second, by Run or Flush. An err
// that has a method AuditObject() (kind, id string) says what it was about.
func (l *Log) Refused(ctx context.Context, _ web.Route, err error) {
	e := Entry{Action: "requests.refused", Outcome: Refused}
	e.sign(ctx)
	e.RequestID = "" // equal ones are one
	if f, ok := errors.AsType[*fault.Error](err); ok {
		e.Reason = cmp.Or(f.Code, string(f.Kind))
	}
	var about interface{ AuditObject() (kind, id string) }
	if errors.As(err, &about) {
		e.ObjectType, e.ObjectID = about.AuditObject()
	}
	l.refusals.add(e, l.c.DB.Now())
	l.signal()
}

// Flush writes down the refusals that wait. What cannot be written is logged
// and lost.
func (l *Log) Flush(ctx context.Context) error {
	es := l.refusals.take()
	if len(es) == 0 {
		return nil
	}
	err := l.c.DB.Tx(ctx, func(tx *data.Tx) error { return l.write(ctx, tx, es) })
	if err != nil {
		l.c.Log.ErrorContext(ctx, "refused requests were not written to the audit", "entries", len(es), "error", err)
	}
	return err
}
