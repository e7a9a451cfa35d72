package web_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/web"
)

// Only people get to routes for people, and to sensitive ones only with a fresh
// proof. A cookie that was renewed by another request is not dropped.
func TestSensitive(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	callers := map[string]auth.Principal{
		"key":   {Subject: "ann", Since: now},
		"fresh": {Subject: "ann", Session: "1", Since: now.Add(-10 * time.Minute)},
		"stale": {Subject: "ann", Session: "1", Since: now.Add(-10*time.Minute - time.Nanosecond)},
		"never": {Subject: "ann", Session: "1"},
		"moved": {Subject: "ann", Session: "1", Since: now, Renewed: &http.Cookie{Name: "s", Value: "new"}},
	}
	gate := auth.Gate{{
		Name: "session",
		Find: func(r *http.Request) (string, bool) {
			c, err := r.Cookie("s")
			return strings.TrimPrefix(c.String(), "s="), err == nil
		},
		Verify: func(_ context.Context, s string) (*auth.Principal, error) {
			p, ok := callers[s]
			if s == "late" {
				return nil, fault.Coded(fault.Unauthenticated, auth.CodeRenewed, "again")
			}
			if !ok {
				return nil, fault.Unauthenticated
			}
			return &p, nil
		},
	}}
	r := web.NewRouter(web.Config{Gate: gate, SessionCookie: "s", Now: func() time.Time { return now }})
	web.Handle(r, "POST /plain", nothing, web.SignedIn)
	web.Handle(r, "POST /people", nothing, web.SignedIn, web.ForPeople())
	web.Handle(r, "POST /sensitive", nothing, web.SignedIn, web.Sensitive())
	for _, c := range []struct {
		caller, path string
		status       int
		code, cookie string // the latter is a part of what is set
	}{
		{"", "/sensitive", 401, "UNAUTHENTICATED", ""},
		{"gone", "/plain", 401, "UNAUTHENTICATED", "s=; Path=/; Max-Age=0"},
		{"late", "/plain", 401, "SESSION_RENEWED", ""},
		{"key", "/plain", 204, "", ""},
		{"key", "/people", 403, "SESSION_REQUIRED", ""},
		{"key", "/sensitive", 403, "SESSION_REQUIRED", ""},
		{"stale", "/people", 204, "", ""},
		{"stale", "/sensitive", 403, "STEP_UP_REQUIRED", ""},
		{"never", "/sensitive", 403, "STEP_UP_REQUIRED", ""},
		{"fresh", "/sensitive", 204, "", ""},
		{"moved", "/sensitive", 204, "", "s=new"},
	} {
		req := httptest.NewRequest("POST", c.path, nil)
		if c.caller != "" {
			req.AddCookie(&http.Cookie{Name: "s", Value: c.caller})
		}
		w := httptest.NewRecorder()
		r.ServeHTTP(w, req)
		set := w.Header().Get("Set-Cookie")
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.code) || !strings.HasPrefix(set, c.cookie) || (c.cookie == "") != (set == "") {
			t.Errorf("%s by %q: %d %s, cookie %q", c.path, c.caller, w.Code, w.Body, set)
		}
		if err := r.CheckResponse(req, w.Code, w.Header(), w.Body.Bytes()); err != nil {
			t.Error(err)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a route for anyone is sensitive")
		}
	}()
	web.Handle(r, "POST /anyone", nothing, web.Anyone, web.Sensitive())
}
