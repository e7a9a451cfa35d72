package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/fault"
)

// A Tier says how many requests one caller may send in a minute. The number is
// that of callers who are not signed in, whom their address tells apart; what
// those get who are is for the Limiter to say.
type Tier struct {
	Name      string // in the RateLimit fields of an answer: "critical"
	PerMinute int    // all of them may come at once

	// Exact tiers count each of their routes alone, and every request to it: two
	// instances admit together what one may, and nobody is admitted who cannot be
	// counted. They are for routes that guessing or repeating could harm. Other
	// tiers count all their routes together, and may count roughly.
	Exact bool
}

// The tiers. A route that says nothing about it has Low if it reads, and Medium
// if it writes.
var (
	Critical = Tier{"critical", 5, true}
	High     = Tier{"high", 20, true}
	Medium   = Tier{"medium", 60, false}
	Low      = Tier{"low", 120, false}
)

// Limit sets the tier of a route.
func Limit(t Tier) Option { return func(o *options) { o.tier = t } }

// OnlyFailures takes a request that succeeds off the count again, and one that
// the server has no room for. So people behind one address may all sign in, and
// nobody can guess for long.
func OnlyFailures() Option { return func(o *options) { o.onlyFailures = true } }

// tierOf returns the tier of a route by its method.
func (o *options) tierOf(method string) Tier {
	switch {
	case o.tier.PerMinute > 0:
		return o.tier
	case isWrite(method):
		return Medium
	}
	return Low
}

// A Limited is a request that a Limiter counts.
type Limited struct {
	Tier   Tier
	Route  string          // its pattern: "POST /api/v1/auth/login"
	Caller *auth.Principal // anonymous if nobody is signed in
	Client Client
}

// A Limiter counts requests. It must be safe for concurrent use.
type Limiter interface {
	// Limit counts a request and returns nil if it may be served. One too many is
	// an error from TooMany; one of an exact tier that cannot be counted is
	// fault.Unavailable.
	Limit(ctx context.Context, l Limited) error
	// Forgive takes a request off the count again.
	Forgive(ctx context.Context, l Limited)
}

// TooMany returns the error, fault.Limited, that says after how long another
// request may be sent, and tells of the limit in the RateLimit fields of the
// answer: name, and how many requests in which time.
func TooMany(name string, requests int, window, retry time.Duration) error {
	e := &fault.Error{Kind: fault.Limited, Msg: "too many requests, wait a while", Retry: retry}
	return &tooMany{e, fmt.Sprintf("%q;q=%d;w=%d", name, requests, seconds(window)), name}
}

// A tooMany is a fault.Limited with what the RateLimit-Policy field says.
type tooMany struct {
	error
	policy, name string
}

// Unwrap returns the *fault.Error.
func (e *tooMany) Unwrap() error { return e.error }

// setLimited sets the fields of an answer to a request that came too early (RFC
// 9110 §10.2.3, and draft-ietf-httpapi-ratelimit-headers).
func setLimited(h http.Header, err error, retry int) {
	name := "request"
	if e, ok := errors.AsType[*tooMany](err); ok {
		name = e.name
		h.Set("RateLimit-Policy", e.policy)
	}
	h.Set("RateLimit", fmt.Sprintf("%q;r=0;t=%d", name, retry))
}

// seconds returns d in whole seconds, rounded up, and at least one.
func seconds(d time.Duration) int { return max(1, int((d+time.Second-1)/time.Second)) }

// LimitHandler holds what changes something by a handler that is no route of a
// Router to a tier, by the caller's address. All of it is counted together, as
// the route of this name. A nil Limiter admits everything.
func LimitHandler(limiter Limiter, t Tier, name string, next http.Handler) http.Handler {
	if limiter == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isWrite(r.Method) {
			next.ServeHTTP(w, r)
			return
		}
		if err := LimitRequest(r.Context(), limiter, t, name); err != nil {
			WriteError(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// LimitRequest counts one request as LimitHandler does, for handlers that answer
// in a form of their own. The error is as Limiter has it.
func LimitRequest(ctx context.Context, limiter Limiter, t Tier, name string) error {
	if limiter == nil {
		return nil
	}
	return limiter.Limit(ctx, Limited{Tier: t, Route: name, Caller: &auth.Principal{}, Client: ClientFrom(ctx)})
}

// SetRetry says in the fields of an answer when to come again: Retry-After for
// what was too much or is not available for now, and RateLimit for the former.
func SetRetry(h http.Header, err error) {
	kind := fault.KindOf(err)
	if kind != fault.Limited && kind != fault.Unavailable {
		return
	}
	retry := 1
	if e, ok := errors.AsType[*fault.Error](err); ok {
		retry = seconds(e.Retry)
	}
	h.Set("Retry-After", strconv.Itoa(retry))
	if kind == fault.Limited {
		setLimited(h, err, retry)
	}
}

// limit counts a request to ep.
func (r *Router) limit(ctx context.Context, ep *endpoint, caller *auth.Principal) error {
	if r.config.Limiter == nil {
		return nil
	}
	return r.config.Limiter.Limit(ctx, ep.limited(ctx, caller))
}

// limitRefused counts a request whose credential is wrong, which no route's
// tier holds back, and returns why it was refused.
func (r *Router) limitRefused(ctx context.Context, ep *endpoint, refused error) error {
	if r.config.Limiter == nil || !errors.Is(refused, fault.Unauthenticated) {
		return refused
	}
	l := ep.limited(ctx, &auth.Principal{})
	l.Tier = Low
	if err := r.config.Limiter.Limit(ctx, l); err != nil {
		return err
	}
	return refused
}

// forgive takes a request off the count, if its route counts failures only.
func (r *Router) forgive(ctx context.Context, ep *endpoint, caller *auth.Principal, err error) {
	if r.config.Limiter == nil || !ep.onlyFailures || err != nil && !errors.Is(err, fault.Unavailable) {
		return
	}
	r.config.Limiter.Forgive(context.WithoutCancel(ctx), ep.limited(ctx, caller))
}

func (ep *endpoint) limited(ctx context.Context, caller *auth.Principal) Limited {
	return Limited{Tier: ep.Tier, Route: ep.pattern, Caller: caller, Client: ClientFrom(ctx)}
}
