package web_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/web"
)

// A tally admits so many requests, and remembers what it was asked.
type tally struct {
	admits   int
	asked    []string
	forgiven int
}

func (t *tally) Limit(_ context.Context, l web.Limited) error {
	t.asked = append(t.asked, l.Tier.Name+" "+l.Route+" "+string(l.Caller.Subject))
	if len(t.asked) > t.admits {
		return web.TooMany(l.Tier.Name, l.Tier.PerMinute, time.Minute, 1500*time.Millisecond)
	}
	return nil
}

func (t *tally) Forgive(context.Context, web.Limited) { t.forgiven++ }

// Every route has a tier, and is counted once the caller is known and before
// anything else of the request is looked at.
func TestLimits(t *testing.T) {
	t.Parallel()
	count := &tally{admits: 100}
	r := web.NewRouter(web.Config{Limiter: count, Gate: auth.Gate{{
		Name: "test",
		Find: func(r *http.Request) (string, bool) { s := r.Header.Get("X-Test"); return s, s != "" },
		Verify: func(_ context.Context, s string) (*auth.Principal, error) {
			if s == "wrong" {
				return nil, fault.Errorf(fault.Unauthenticated, "no")
			}
			return &auth.Principal{Subject: auth.Subject(s)}, nil
		},
	}}})
	nothing := func(context.Context, *web.None) (*web.None, error) { return nil, nil }
	var answer error
	web.Handle(r, "GET /things", nothing, web.Anyone)
	web.Handle(r, "POST /things", nothing, web.SignedIn)
	web.Handle(r, "POST /guess", func(context.Context, *struct{ Body struct{ Name string } }) (*web.None, error) { return nil, answer },
		web.Anyone, web.Stranger(), web.Limit(web.Critical), web.OnlyFailures())
	send := func(method, path, who, body string) *httptest.ResponseRecorder {
		w, req := httptest.NewRecorder(), httptest.NewRequest(method, path, strings.NewReader(body))
		req.Header.Set("X-Test", who)
		if body != "" {
			req.Header.Set("Content-Type", "application/json")
		}
		r.ServeHTTP(w, req)
		return w
	}
	for _, x := range []struct {
		method, path, who, body, counted string
		answer                           error
		status, forgiven                 int
	}{
		{"GET", "/things", "", "", "low GET /things ", nil, 204, 0},
		{"GET", "/things", "ann", "", "low GET /things ann", nil, 204, 0},
		{"POST", "/things", "ann", "", "medium POST /things ann", nil, 204, 0},
		{"POST", "/things", "", "", "medium POST /things ", nil, 401, 0},
		{"POST", "/things", "wrong", "", "low POST /things ", nil, 401, 0},
		{"POST", "/guess", "wrong", `{"Name":"a"}`, "critical POST /guess ", nil, 204, 1},
		{"POST", "/guess", "", `{"Name":"a"}`, "critical POST /guess ", fault.Unauthenticated, 401, 1},
		{"POST", "/guess", "", `{"Name":"a"}`, "critical POST /guess ", fault.Unavailable, 503, 2},
		{"POST", "/guess", "", `nonsense`, "critical POST /guess ", nil, 400, 2},
		{"GET", "/nowhere", "", "", "", nil, 404, 2},
	} {
		count.asked, answer = nil, x.answer
		w := send(x.method, x.path, x.who, x.body)
		if got := strings.Join(count.asked, ","); w.Code != x.status || got != x.counted || count.forgiven != x.forgiven {
			t.Errorf("%s %s of %q: %d, counted %q, forgave %d", x.method, x.path, x.who, w.Code, got, count.forgiven)
		}
	}
	count.admits = 0
	for _, who := range []string{"ann", "wrong"} {
		w := send("POST", "/things", who, "nonsense")
		h := w.Header()
		if w.Code != 429 || h.Get("Retry-After") != "2" || !strings.HasSuffix(h.Get("RateLimit"), `;r=0;t=2`) || !strings.HasSuffix(h.Get("RateLimit-Policy"), ";w=60") ||
			problemOf(t, w).Code != "RATE_LIMITED" {
			t.Errorf("%s: %d %v %s", who, w.Code, h, w.Body)
		}
	}
	for _, route := range r.Routes() {
		if route.Tier.PerMinute == 0 {
			t.Errorf("%s has no limit", route.Path)
		}
	}
	if got := r.OpenAPI().Paths["/guess"].Post; got.Responses["429"] == nil || !slices.Contains([]any{5}, got.Extensions["x-rate-limit"].(map[string]any)["per_minute"]) {
		t.Errorf("OpenAPI says %+v", got)
	}
}

// A handler that is no route has a limit, too.
func TestLimitHandler(t *testing.T) {
	t.Parallel()
	count := &tally{admits: 1}
	next := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) })
	h := web.LimitHandler(count, web.Critical, "forms", next)
	for i, want := range []int{204, 204, 429, 204} {
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, httptest.NewRequest([]string{"GET", "POST", "POST", "HEAD"}[i], "/reset?token=x", nil)); w.Code != want {
			t.Errorf("got %d, want %d", w.Code, want)
		}
	}
	if count.asked[0] != "critical forms " {
		t.Errorf("counted %q", count.asked)
	}
	w := httptest.NewRecorder()
	if web.LimitHandler(nil, web.Critical, "forms", next).ServeHTTP(w, httptest.NewRequest("POST", "/", nil)); w.Code != 204 {
		t.Errorf("without a limiter it is %d", w.Code)
	}
	if err := web.TooMany("low", 1, time.Minute, 0); !errors.Is(err, fault.Limited) {
		t.Errorf("got %v", err)
	}
}
