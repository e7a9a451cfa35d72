package fault_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/manorgo/manor/fault"
)

func Example() {
	err := fmt.Errorf("load profile: %w", &fault.Error{
		Kind: fault.NotFound,
		Msg:  "no such user",
		Err:  errors.New("sql: no rows"),
	})
	if errors.Is(err, fault.NotFound) {
		fmt.Println(fault.KindOf(err))
	}
	// Output: not_found
}

func TestIsFindsKindAndCause(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("list: %w", &fault.Error{Kind: fault.Conflict, Msg: "taken", Err: io.EOF})
	if !errors.Is(err, fault.Conflict) || !errors.Is(err, io.EOF) {
		t.Errorf("%v is neither Conflict nor EOF", err)
	}
	if errors.Is(err, fault.NotFound) {
		t.Errorf("%v is NotFound", err)
	}
	if got := err.Error(); got != "list: taken: EOF" {
		t.Errorf("text %q", got)
	}
}

func TestKindOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want fault.Kind
	}{
		{nil, ""},
		{io.EOF, fault.Internal},
		{fault.Stale, fault.Stale},
		{fault.Errorf(fault.NotFound, "no %s", "x"), fault.NotFound},
		{fault.Wrap(fault.Unavailable, fault.Errorf(fault.NotFound, "inner"), "outer"), fault.Unavailable},
		{fault.Wrap(fault.Invalid, nil, "nothing"), ""},
		{fault.Coded(fault.Malformed, "TOKEN_INVALID", "no"), fault.Malformed},
	} {
		if got := fault.KindOf(c.err); got != c.want {
			t.Errorf("KindOf(%v) = %q, want %q", c.err, got, c.want)
		}
	}
}

func TestFieldsJoins(t *testing.T) {
	t.Parallel()
	if err := fault.Fields(nil, nil); err != nil {
		t.Errorf("no errors gave %v", err)
	}
	if err := fault.Fields(nil, io.EOF); err != io.EOF {
		t.Errorf("a foreign error became %v", err)
	}
	err := fault.Fields(fault.Field("name", "is required"), nil, fault.Field("price", "must be more than %d", 0))
	e, ok := errors.AsType[*fault.Error](err)
	if !ok || len(e.Details) != 2 || e.Details[1] != (fault.Detail{Location: "body.price", Message: "must be more than 0"}) {
		t.Errorf("got %#v", err)
	}
}
