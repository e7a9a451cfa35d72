package web

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/manorgo/manor/data"
)

// readAfter is the header of requests and answers with a data.Token. Browsers
// bring the token back by a cookie.
const readAfter = "Manor-Read-After"

const (
	readAfterCookie = "manor_read_after"
	readAfterLife   = 5 * time.Minute // longer than replicas are behind
	maxReadAfter    = 512
	tokenTimeout    = 2 * time.Second
)

// cookieName returns the name of the cookie. A prefix keeps neighbours from
// setting it, where there is TLS.
func (f *frame) cookieName() string {
	if f.secure() {
		return "__Host-" + readAfterCookie
	}
	return readAfterCookie
}

func (f *frame) secure() bool { return f.PublicURL != nil && f.PublicURL.Scheme == "https" }

// unit makes the request a unit, whose token the answer will have.
func (f *frame) unit(r *http.Request, rec *recorder, log *slog.Logger) *http.Request {
	u := &data.Unit{After: f.tokenOf(r)}
	ctx := r.Context()
	rec.begins = func() {
		rec.begins = nil
		asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), tokenTimeout)
		defer cancel()
		token, err := u.Token(asking)
		if err != nil {
			log.LogAttrs(ctx, slog.LevelWarn, "an answer has no token for reads after it", slog.Any("error", err))
		}
		if token == "" || len(token) > maxReadAfter {
			return
		}
		rec.Header().Set(readAfter, string(token))
		http.SetCookie(rec, &http.Cookie{
			Name: f.cookieName(), Value: string(token), Path: "/", MaxAge: int(readAfterLife.Seconds()),
			HttpOnly: true, Secure: f.secure(), SameSite: http.SameSiteLaxMode,
		})
	}
	return r.WithContext(data.WithUnit(ctx, u))
}

// tokenOf returns the token that a request brings, "" if there is none. What is
// no token means nothing to a database.
func (f *frame) tokenOf(r *http.Request) data.Token {
	var tokens []string
	if h := r.Header.Get(readAfter); h != "" {
		tokens = append(tokens, h)
	}
	if c, err := r.Cookie(f.cookieName()); err == nil && c.Value != "" {
		tokens = append(tokens, c.Value)
	}
	token := strings.Join(tokens, ",")
	if len(token) > 2*maxReadAfter {
		return ""
	}
	return data.Token(token)
}

// onReplicas lets a route that only reads read replicas. Who calls, and whether
// they may, was read from the primary.
func (r *Router) onReplicas(ctx context.Context, ep *endpoint) context.Context {
	if !r.config.Replicas || ep.primary || ep.Method != http.MethodGet && ep.Method != http.MethodHead {
		return ctx
	}
	return data.WithReplicas(ctx)
}

// Primary keeps the reads of a GET route off replicas, for routes whose answer
// must never be behind.
func Primary() Option { return func(o *options) { o.primary = true } }
