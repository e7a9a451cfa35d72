package accountstest

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/web"
)

// An Answer is what came back over HTTP.
type Answer struct {
	Status int
	Header http.Header
	Body   map[string]any // nil if there was none
	t      *testing.T
}

// A Call sends a request, as a user with permissions, to a path below /api/v1.
// Without a user, nil, nobody in particular calls. Headers are names and values.
// An answer that is not as documented fails the test.
type Call func(who *users.User, permissions, method, path, body string, header ...string) Answer

// Serve returns a Call to the routes of the domains, which says itself who is
// calling. Credentials that the domains know count, too.
func (h *Harness) Serve() Call {
	gate := auth.Gate{{
		Name: "test",
		Find: func(r *http.Request) (string, bool) { s := r.Header.Get("X-Test"); return s, s != "" },
		Verify: func(_ context.Context, s string) (*auth.Principal, error) {
			subject, permissions, _ := strings.Cut(s, " ")
			return &auth.Principal{
				Subject: auth.Subject(subject), Permissions: strings.Fields(permissions), Session: "test", Since: h.Clock.Now(),
			}, nil
		},
	}}
	r := web.NewRouter(web.Config{Prefix: "/api/v1", Now: h.Clock.Now})
	for _, d := range h.Domains {
		if d.Mount != nil {
			d.Mount(r)
		}
		gate = append(gate, d.Schemes...)
	}
	r.SetGate(gate)
	return func(who *users.User, permissions, method, path, body string, header ...string) Answer {
		h.t.Helper()
		req := httptest.NewRequest(method, "/api/v1"+path, strings.NewReader(body))
		if body != "" {
			req.Header.Set("Content-Type", "application/json")
		}
		if who != nil {
			req.Header.Set("X-Test", string(who.Subject())+" "+permissions)
		}
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		r.ServeHTTP(w, req)
		out, b := Answer{t: h.t, Status: w.Code, Header: w.Header()}, w.Body.Bytes()
		if err := r.CheckResponse(req, w.Code, w.Header(), b); err != nil {
			h.t.Error(err)
		}
		if len(bytes.TrimSpace(b)) > 0 {
			if err := json.Unmarshal(b, &out.Body); err != nil {
				h.t.Fatalf("%s %s: %q is no JSON object: %v", method, path, b, err)
			}
		}
		return out
	}
}

// Is fails the test unless the answer has the status, and the code if it is
// not "".
func (a Answer) Is(what string, status int, code string) Answer {
	a.t.Helper()
	if a.Status != status || code != "" && a.Body["code"] != code {
		a.t.Errorf("%s: %d %v, want %d %s", what, a.Status, a.Body, status, code)
	}
	return a
}
