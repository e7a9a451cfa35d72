// Package fault classifies errors by what a caller can do about them.
//
// An error has a [Kind], and a Kind is itself an error, so callers ask
//
//	errors.Is(err, fault.NotFound)
//
// whatever wrapped it. The message of an [Error] is safe to show to whoever
// caused it; its cause is for the log and is never shown.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// A Kind is a class of failure.
type Kind string

// The kinds, and what the caller can do.
const (
	Malformed       Kind = "malformed"       // the request cannot be read: correct its form
	Invalid         Kind = "invalid"         // it reads well but breaks a rule: correct its values
	Unauthenticated Kind = "unauthenticated" // no valid credential: sign in
	Forbidden       Kind = "forbidden"       // signed in, but the permission is missing
	NotFound        Kind = "not_found"       // no such thing, or none the caller may see
	Conflict        Kind = "conflict"        // a unique value is taken, or the state forbids it
	Stale           Kind = "stale"           // the thing changed since the caller read it
	Limited         Kind = "limited"         // too many attempts: wait
	Unavailable     Kind = "unavailable"     // a dependency is down or busy: try again
	Internal        Kind = "internal"        // a bug; nothing the caller can do
)

// Error returns the kind's name.
func (k Kind) Error() string { return string(k) }

// A Detail names one thing that is wrong with a request.
type Detail struct {
	Location string // "query.pageSize", "body.email"
	Message  string // safe to show
}

// An Error is a failure of one kind, with a message for the caller and a
// cause for the log. Only Kind is required.
type Error struct {
	Kind    Kind
	Code    string        // stable and upper-case, such as TOKEN_INVALID; "" means the kind says enough
	Msg     string        // shown to the caller
	Details []Detail      // what exactly is wrong, for Malformed and Invalid
	Retry   time.Duration // when trying again makes sense, for Limited and Unavailable; 0 means unsaid
	Err     error         // logged, never shown; nil is fine
}

// Error returns the message and the cause, for the log.
func (e *Error) Error() string {
	msg := e.Msg
	if msg == "" {
		msg = string(e.Kind)
	}
	for _, d := range e.Details {
		msg += "; " + d.Location + ": " + d.Message
	}
	if e.Err != nil {
		msg += ": " + e.Err.Error()
	}
	return msg
}

// Unwrap returns the kind and the cause, so that errors.Is finds both.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}

// Errorf returns an error of kind k whose text the caller may see.
func Errorf(k Kind, format string, args ...any) error {
	return &Error{Kind: k, Msg: fmt.Sprintf(format, args...)}
}

// Coded returns an error of kind k with a stable code; the caller may see the text.
func Coded(k Kind, code, format string, args ...any) error {
	return &Error{Kind: k, Code: code, Msg: fmt.Sprintf(format, args...)}
}

// Field returns an Invalid error about one field of a request's body. The name
// is the one the caller knows, such as "email".
func Field(name, format string, args ...any) error {
	msg := fmt.Sprintf(format, args...)
	return &Error{Kind: Invalid, Msg: name + ": " + msg, Details: []Detail{{"body." + name, msg}}}
}

// Wrap returns an error of kind k with a message for the caller and err as its
// cause. A nil err gives nil.
func Wrap(k Kind, err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return &Error{Kind: k, Msg: fmt.Sprintf(format, args...), Err: err}
}

// KindOf returns the kind of err: that of the outermost *Error in its chain,
// else a bare Kind, else Internal. A nil err has the kind "".
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	if k, ok := errors.AsType[Kind](err); ok {
		return k
	}
	return Internal
}

// Fields joins the errors of several fields into one Invalid error with all
// their details, or returns nil if there are none. Nil errors are skipped; an
// error that is not Invalid is returned as it is.
func Fields(errs ...error) error {
	out := &Error{Kind: Invalid, Msg: "some fields are not valid"}
	for _, err := range errs {
		if err == nil {
			continue
		}
		e, ok := errors.AsType[*Error](err)
		if !ok || e.Kind != Invalid || len(e.Details) == 0 {
			return err
		}
		out.Details = append(out.Details, e.Details...)
	}
	if len(out.Details) == 0 {
		return nil
	}
	return out
}
