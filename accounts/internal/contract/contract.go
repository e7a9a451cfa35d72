// Package contract holds stores to their contracts: checks gather what is wrong,
// so that a suite can fail a test with it, and a test of the suite can ask for it.
package contract

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/manorgo/manor/fault"
)

// A Check is one part of a contract about an S.
type Check[S any] struct {
	Name string
	Do   func(k *Checker[S])
}

// A Checker runs checks of one store and gathers what is wrong.
type Checker[S any] struct {
	Ctx   context.Context
	Store S
	Wrong []error
}

// Run holds stores to the checks, each in a subtest of its own with a new store.
func Run[S any](t *testing.T, checks []Check[S], open func(t *testing.T) S) {
	t.Helper()
	for _, c := range checks {
		t.Run(c.Name, func(t *testing.T) {
			for _, wrong := range Wrong(t.Context(), c, open(t)) {
				t.Error(wrong)
			}
		})
	}
}

// errEnd ends a check that makes no sense any more.
var errEnd = errors.New("contract: end")

// Wrong returns what is wrong with a store.
func Wrong[S any](ctx context.Context, c Check[S], store S) []error {
	k := &Checker[S]{Ctx: ctx, Store: store}
	func() {
		defer func() {
			if end := recover(); end != nil && end != any(errEnd) {
				panic(end)
			}
		}()
		c.Do(k)
	}()
	return k.Wrong
}

// Errorf says that something is wrong.
func (k *Checker[S]) Errorf(format string, args ...any) {
	k.Wrong = append(k.Wrong, fmt.Errorf(format, args...))
}

// Must ends the check if there is an error.
func (k *Checker[S]) Must(what string, err error) {
	if err != nil {
		k.Errorf("%s: %w", what, err)
		panic(errEnd)
	}
}

// Fails wants an error of a kind.
func (k *Checker[S]) Fails(what string, err error, kind fault.Kind) {
	if err == nil || fault.KindOf(err) != kind {
		k.Errorf("%s: the error is %v, want one of kind %s", what, err, kind)
	}
}

// Conflicts wants a conflict with a code.
func (k *Checker[S]) Conflicts(what string, err error, code string) {
	if e, ok := errors.AsType[*fault.Error](err); !ok || e.Kind != fault.Conflict || e.Code != code {
		k.Errorf("%s: the error is %v, want %s with the code %s", what, err, fault.Conflict, code)
	}
}

// Winner wants exactly one of errs to be nil and returns its place; lost is asked
// about the others. Without one the check ends.
func (k *Checker[S]) Winner(what string, errs []error, lost func(error)) int {
	won := -1
	for i, err := range errs {
		switch {
		case err != nil:
			lost(err)
		case won >= 0:
			k.Errorf("%s: two of %d won", what, len(errs))
		default:
			won = i
		}
	}
	if won < 0 {
		k.Must(what, fmt.Errorf("none of %d won", len(errs)))
	}
	return won
}

// Together calls do n times at once and returns the errors.
func Together(n int, do func(i int) error) []error {
	var (
		begin = make(chan struct{})
		group sync.WaitGroup
		errs  = make([]error, n)
	)
	for i := range n {
		group.Go(func() {
			<-begin
			errs[i] = do(i)
		})
	}
	close(begin)
	group.Wait()
	return errs
}
