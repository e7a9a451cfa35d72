package web

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/manorgo/manor/fault"
)

// A Problem is the body of every answer that is an error (RFC 9457), of type
// application/problem+json.
type Problem struct {
	Type      string          `json:"type" doc:"about:blank: the status and the code say what it is"`
	Title     string          `json:"title" doc:"the status in words"`
	Status    int             `json:"status"`
	Detail    string          `json:"detail" doc:"what happened, for people"`
	Instance  string          `json:"instance" doc:"the path that was asked for"`
	Code      string          `json:"code" doc:"what happened, for programs"`
	RequestID string          `json:"request_id" doc:"finds the request in the server's log"`
	Errors    []ProblemDetail `json:"errors,omitempty" doc:"what exactly is wrong"`
}

// A ProblemDetail names one thing that is wrong with a request.
type ProblemDetail struct {
	Location string `json:"location" doc:"such as query.pageSize or body.email"`
	Message  string `json:"message"`
	Value    string `json:"value,omitempty" doc:"what was sent, for parameters of path and query only"`
}

const maxValue = 64 // bytes of a parameter that are repeated

// A failure is how a kind of error is told.
type failure struct {
	status int
	code   string
	detail string // if the error has no message
}

var failures = map[fault.Kind]failure{
	fault.Malformed:       {http.StatusBadRequest, "MALFORMED", "the request cannot be read"},
	fault.Invalid:         {http.StatusUnprocessableEntity, "INVALID", "some values are not valid"},
	fault.Unauthenticated: {http.StatusUnauthorized, "UNAUTHENTICATED", "sign in first"},
	fault.Forbidden:       {http.StatusForbidden, "FORBIDDEN", "you may not do this"},
	fault.NotFound:        {http.StatusNotFound, "NOT_FOUND", "not found"},
	fault.Conflict:        {http.StatusConflict, "CONFLICT", "it is in conflict with the present state"},
	fault.Stale:           {http.StatusPreconditionFailed, "STALE", "it has changed since you read it"},
	fault.Limited:         {http.StatusTooManyRequests, "RATE_LIMITED", "too many attempts, wait a while"},
	fault.Unavailable:     {http.StatusServiceUnavailable, "UNAVAILABLE", "not available at the moment, try again"},
	fault.Internal:        {http.StatusInternalServerError, "INTERNAL", "internal error"},
}

// The codes of failures that only HTTP has, and those that package data gives.
const (
	codeMethod      = "METHOD_NOT_ALLOWED"
	codeTooLarge    = "PAYLOAD_TOO_LARGE"
	codeMediaType   = "UNSUPPORTED_MEDIA_TYPE"
	codeMisdirected = "MISDIRECTED"
	codeReference   = "REFERENCE"
)

// A refusal is a request that HTTP itself has a status for.
type refusal struct {
	failure
	allow string // the methods that are allowed, for 405
}

func (e *refusal) Error() string { return e.detail }

func refuse(status int, code, detail string) error {
	return &refusal{failure: failure{status, code, detail}}
}

// A badRequest is fault.Malformed with the parameters that were wrong.
type badRequest struct{ details []ProblemDetail }

func (e *badRequest) Error() string {
	msg := "bad parameters"
	for _, d := range e.details {
		msg += "; " + d.Location + ": " + d.Message
	}
	return msg
}

// Unwrap returns the kind.
func (e *badRequest) Unwrap() error { return fault.Malformed }

// badParam returns the error about one parameter. Its value is repeated if it
// is text and not empty.
func badParam(location, msg, value string) ProblemDetail {
	if len(value) > maxValue || !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
		value = ""
	}
	return ProblemDetail{location, msg, value}
}

func badParams(details ...ProblemDetail) error { return &badRequest{details} }

// WriteError answers a request with the problem that err is. The kind of err
// (see fault.KindOf) decides the status, as the table in the package's OpenAPI
// document says; an error without one is fault.Internal, whose text goes to the
// log and not to the caller. It does nothing for a nil err.
func WriteError(w http.ResponseWriter, r *http.Request, err error) {
	if err == nil {
		return
	}
	p, allow, retry := describe(r, err)
	x := exchangeFrom(r.Context())
	if x == nil {
		x = newExchange(r, nil, nil)
	}
	p.RequestID = x.client.RequestID
	if p.Status >= http.StatusInternalServerError {
		level := slog.LevelError
		if p.Status == http.StatusServiceUnavailable {
			level = slog.LevelWarn
		}
		x.log.LogAttrs(r.Context(), level, "request failed", slog.String("error", err.Error()),
			slog.Int("status", p.Status), slog.String("request_id", p.RequestID))
	}
	body, merr := json.Marshal(p)
	if merr != nil { // a Problem holds only text
		panic(merr)
	}
	h := w.Header()
	setHeaders(h)
	h.Set("X-Request-Id", p.RequestID)
	h.Set("Content-Type", "application/problem+json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	switch p.Status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", "Bearer")
	case http.StatusRequestEntityTooLarge:
		h.Set("Connection", "close") // rather than read on
	case http.StatusMethodNotAllowed:
		h.Set("Allow", allow)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		h.Set("Retry-After", strconv.Itoa(seconds(retry)))
		if p.Status == http.StatusTooManyRequests {
			setLimited(h, err, seconds(retry))
		}
	}
	w.WriteHeader(p.Status)
	_, _ = w.Write(body) // the client is gone if this fails
}

// describe turns an error into a problem.
func describe(r *http.Request, err error) (p Problem, allow string, retry time.Duration) {
	p = Problem{Type: "about:blank", Instance: r.URL.EscapedPath()}
	var f failure
	if e, ok := errors.AsType[*refusal](err); ok {
		f, allow = e.failure, e.allow
	} else if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		f = failure{http.StatusRequestEntityTooLarge, codeTooLarge, "the body is too large"}
	} else {
		kind := fault.KindOf(err)
		if kind == fault.Internal && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
			kind = fault.Unavailable
		}
		if f, ok = failures[kind]; !ok {
			f = failures[fault.Internal]
		}
		if e, ok := errors.AsType[*fault.Error](err); ok && f.status != http.StatusInternalServerError {
			f.code, f.detail = cmp.Or(e.Code, f.code), cmp.Or(e.Msg, f.detail)
			retry = e.Retry
			for _, d := range e.Details {
				p.Errors = append(p.Errors, ProblemDetail{Location: d.Location, Message: d.Message})
			}
		}
		if e, ok := errors.AsType[*badRequest](err); ok {
			p.Errors = e.details
			f.detail = e.details[0].Location + " " + e.details[0].Message
		}
	}
	p.Status, p.Title, p.Code, p.Detail = f.status, http.StatusText(f.status), f.code, f.detail
	return p, allow, retry
}
