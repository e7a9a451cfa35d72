// Package task does work after the transaction that asked for it.
//
// [Queue.Enqueue] asks for a task in a transaction. The task is stored in the
// same database, and run by a [Worker] soon after if, and only if, the
// transaction commits. So a mail about an order cannot be lost when the process
// dies, nor be sent for an order that was never stored.
//
// A task is run at least once: exactly once as long as no process dies while it
// runs. A worker that fails is tried again later, with growing pauses, so a
// worker must bear being run twice with the same arguments. What can never
// succeed is said with [Permanent].
//
// The tasks of a database may be enqueued and worked on by several processes:
// each is run by one of them. River keeps them, in tables of its own that
// [Queue.Migrate] creates; this package shows nothing of it.
package task

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/manorgo/manor/fault"
)

// Args are what a task is told: a struct that is kept as JSON. They are stored
// as they are for a while after the task is done, so they name secrets by id
// rather than hold them. They are never logged.
type Args interface {
	// Kind returns the stable name of this type's tasks, such as "mail.send". It
	// does not depend on the value: the zero value is asked too.
	Kind() string
}

// Options say how hard a task is tried. The zero Options are the defaults.
type Options struct {
	MaxAttempts int           // attempts before a task is given up; 0 means 10, which spreads over about four hours
	Timeout     time.Duration // when the context of one attempt ends; 0 means a minute
}

const (
	defaultAttempts = 10
	defaultTimeout  = time.Minute
)

// A Worker runs the tasks of one kind. Make one with Work.
type Worker struct {
	kind    string
	options Options
	run     func(ctx context.Context, args []byte) error
}

// kindSyntax is what River accepts and its table holds.
var kindSyntax = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.:/+-]{1,99}$`)

// Work returns a Worker that calls fn for each task whose arguments are an A. It
// panics unless A's kind has 2 to 100 characters, all of them letters, digits or
// _ . : / + -, and the first a letter, a digit or _.
//
// The context ends with the attempt's timeout, or when the queue is stopped and
// does not wait any longer. An error means another attempt, a panic too.
func Work[A Args](fn func(ctx context.Context, a A) error) Worker {
	var zero A
	kind := zero.Kind()
	if !kindSyntax.MatchString(kind) {
		panic(fmt.Sprintf("task: the kind %q of %T is not a name", kind, zero))
	}
	return Worker{kind: kind, run: func(ctx context.Context, args []byte) error {
		var a A
		if err := json.Unmarshal(args, &a); err != nil {
			// Without the cause, which may quote the arguments.
			return fault.Errorf(fault.Internal, "the stored arguments of a %s are not a %T", kind, a)
		}
		return fn(ctx, a)
	}}.With(Options{})
}

// With returns the worker with other options.
func (w Worker) With(o Options) Worker {
	if o.MaxAttempts <= 0 {
		o.MaxAttempts = defaultAttempts
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	w.options = o
	return w
}

// A Schedule asks for the same task again and again: when the first of the
// processes starts, and then every so often. Restarts do not add to it: there is
// one task in each period. It needs no transaction.
type Schedule struct {
	Every time.Duration // at least a second
	Args  Args
}

// Permanent returns err as one that another attempt would not change: the task
// is not tried again. A nil err gives nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &permanent{err}
}

type permanent struct{ err error }

func (p *permanent) Error() string { return p.err.Error() }
func (p *permanent) Unwrap() error { return p.err }

func isPermanent(err error) bool {
	_, ok := errors.AsType[*permanent](err)
	return ok
}

type attemptKey struct{}

type attempt struct {
	n, of int
	kind  string
}

// Attempt returns which attempt, counted from 1, of how many a worker's context
// is. Outside of workers it returns zeros.
func Attempt(ctx context.Context) (n, of int) {
	a, _ := ctx.Value(attemptKey{}).(attempt)
	return a.n, a.of
}

// KindOf returns the kind of the task that a worker's context is of. Outside of
// workers it returns "".
func KindOf(ctx context.Context) string {
	a, _ := ctx.Value(attemptKey{}).(attempt)
	return a.kind
}
