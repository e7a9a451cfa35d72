// Package event tells other parts of a program what became true, without the
// part that made it true knowing them.
//
// [Bus.Emit] takes a fact in the transaction that makes it true. Handlers made
// by [Inside] run in that transaction: they succeed or nothing happens. Handlers
// made by [On] run after the commit, each as a task of its own that is tried
// again alone when it fails. So an event is never delivered of something that
// did not happen, and never lost of something that did.
package event

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/task"
)

// An Event is a fact: a struct that is kept as JSON until every handler has had
// it. Later changes to the struct must still read what was stored before.
type Event interface {
	// Kind returns the stable name of this type's events, such as
	// "products.created". It does not depend on the value: the zero value is
	// asked too.
	Kind() string
}

// A Handler does something about the events of one type. Make one with On or
// Inside.
type Handler struct {
	kind   string
	event  reflect.Type
	name   string // of an On
	after  func(ctx context.Context, stored []byte) error
	inside func(ctx context.Context, tx *data.Tx, e Event) error
}

// On returns a handler that is called for each E after it was committed, at
// least once and in no particular order. If fn fails, this handler alone is
// called again, as [task.Work] says; task.Permanent ends that.
//
// The name is stored with the event, so it must stay the same while events are
// on their way, and no other handler may have it: "orders.mail_receipt".
func On[E Event](name string, fn func(ctx context.Context, e E) error) Handler {
	h := handler[E]()
	h.name = name
	h.after = func(ctx context.Context, stored []byte) error {
		var e E
		if err := json.Unmarshal(stored, &e); err != nil {
			// Without the cause, which may quote the event.
			return fault.Errorf(fault.Internal, "the stored %s is not a %T", h.kind, e)
		}
		return fn(ctx, e)
	}
	return h
}

// Inside returns a handler that is called for each E in the transaction that
// emits it, in the order in which handlers were registered. If fn fails, Emit
// does, and the transaction should.
func Inside[E Event](fn func(ctx context.Context, tx *data.Tx, e E) error) Handler {
	h := handler[E]()
	h.inside = func(ctx context.Context, tx *data.Tx, e Event) error { return fn(ctx, tx, e.(E)) }
	return h
}

func handler[E Event]() Handler {
	var zero E
	return Handler{kind: zero.Kind(), event: reflect.TypeFor[E]()}
}

// A Bus brings events to their handlers. Register all handlers, then emit.
type Bus struct {
	queue *task.Queue
	kinds map[string][]Handler // in the order of Listen
	names map[string]Handler
}

// NewBus returns a bus that delivers through q, and adds its worker to q.
func NewBus(q *task.Queue) *Bus {
	b := &Bus{queue: q, kinds: map[string][]Handler{}, names: map[string]Handler{}}
	q.Add(task.Work(b.deliver))
	return b
}

// Listen registers handlers. It is not safe for use beside Emit. It panics if a
// name is empty or taken, or if two types of events have the same kind.
func (b *Bus) Listen(handlers ...Handler) {
	for _, h := range handlers {
		if known := b.kinds[h.kind]; len(known) > 0 && known[0].event != h.event {
			panic(fmt.Sprintf("event: %v and %v have the same kind %q", known[0].event, h.event, h.kind))
		}
		if h.after != nil {
			if _, taken := b.names[h.name]; taken || h.name == "" {
				panic(fmt.Sprintf("event: a handler of %s has the name %q, which is empty or taken", h.kind, h.name))
			}
			b.names[h.name] = h
		}
		b.kinds[h.kind] = append(b.kinds[h.kind], h)
	}
}

// Emit calls the handlers inside, and stores e for the others so that they are
// called if, and only if, tx commits. An event that nobody listens to costs
// nothing. The database's witness is told of every event. It returns the first error of a handler; an event that is no JSON is
// fault.Internal.
func (b *Bus) Emit(ctx context.Context, tx *data.Tx, e Event) error {
	handlers := b.kinds[e.Kind()]
	if len(handlers) > 0 && handlers[0].event != reflect.TypeOf(e) {
		return fault.Errorf(fault.Internal, "event: %s is a %v, not a %T", e.Kind(), handlers[0].event, e)
	}
	tx.Note(e)
	var stored json.RawMessage
	for _, h := range handlers {
		if h.inside != nil {
			if err := h.inside(ctx, tx, e); err != nil {
				return err
			}
			continue
		}
		if stored == nil {
			var err error
			if stored, err = json.Marshal(e); err != nil {
				return fault.Wrap(fault.Internal, err, "event: a %s cannot be stored", e.Kind())
			}
		}
		if err := b.queue.Enqueue(ctx, tx, delivery{Handler: h.name, Event: stored}); err != nil {
			return err
		}
	}
	return nil
}

// A delivery is the task of bringing one event to one handler.
type delivery struct {
	Handler string          `json:"handler"`
	Event   json.RawMessage `json:"event"`
}

// Kind returns the name of the task.
func (delivery) Kind() string { return "event.deliver" }

// lookups is how often a delivery looks for its handler, over some six minutes.
// While a new version is rolled out, a process of the old one may get events for
// handlers that it does not have yet.
const lookups = 5

func (b *Bus) deliver(ctx context.Context, d delivery) error {
	h, ok := b.names[d.Handler]
	if !ok {
		err := fault.Errorf(fault.Internal, "no handler is called %q", d.Handler)
		if n, _ := task.Attempt(ctx); n >= lookups {
			err = task.Permanent(err)
		}
		return err
	}
	if err := h.after(ctx, d.Event); err != nil {
		return fmt.Errorf("%s: %w", d.Handler, err)
	}
	return nil
}
