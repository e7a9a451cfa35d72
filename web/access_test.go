package web_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/web"
)

func ExampleGuard() {
	// Such a function may ask the database: it costs only the routes with it.
	weekday := web.Guard("weekdays", func(context.Context) (bool, error) { return true, nil })
	fmt.Println(web.AnyOf(web.Superuser, web.AllOf(weekday, web.Require("products:write"))))
	// Output: superuser or (weekdays and products:write)
}

// askers are told apart by a header.
var askers = map[string]*auth.Principal{
	"nobody":     {},
	"somebody":   {Subject: "somebody"},
	"verified":   {Subject: "verified", Verified: true},
	"reader":     {Subject: "reader", Permissions: auth.Permissions{"a:read"}},
	"writer":     {Subject: "writer", Permissions: auth.Permissions{"a:write", "ab:*"}},
	"all of a":   {Subject: "all of a", Permissions: auth.Permissions{"a:*"}},
	"staff":      {Subject: "staff", Roles: []string{"staff"}, Permissions: auth.Permissions{"a:read"}},
	"editor":     {Subject: "editor", Roles: []string{"editors", "staffs"}},
	"superuser":  {Subject: "superuser", Roles: []string{"superuser"}, Permissions: auth.Permissions{"*"}},
	"no subject": {Roles: []string{"staff", "superuser"}, Permissions: auth.Permissions{"*"}, Verified: true},
}

func TestAccess(t *testing.T) {
	t.Parallel()
	asked := 0
	odd := web.Guard("odd", func(ctx context.Context) (bool, error) {
		asked++
		return len(auth.From(ctx).Subject)%2 == 1, nil
	})
	down := web.Guard("down", func(context.Context) (bool, error) {
		return false, fault.Wrap(fault.Unavailable, errors.New("no database"), "not now")
	})
	for _, tt := range []struct {
		access web.Access
		text   string
		may    string
	}{
		{web.SignedIn, "signed in", "all of a,editor,reader,somebody,staff,superuser,verified,writer"},
		{web.Verified, "verified", "verified"},
		{web.Staff, "role staff", "staff"},
		{web.Superuser, "superuser", "superuser"},
		{web.AnyOf(web.Staff, web.Superuser), "role staff or superuser", "staff,superuser"},
		{web.Role("editors"), "role editors", "editor"},
		{web.AnyOf(web.Role("editors"), web.Staff), "role editors or role staff", "editor,staff"},
		{web.AllOf(web.Role("editors"), web.Staff), "role editors and role staff", ""},
		{web.AllOf(web.Role("editors"), web.Role("staffs")), "role editors and role staffs", "editor"},
		{web.Require("a:read"), "a:read", "all of a,reader,staff,superuser"},
		{web.RequireAny("a:read", "a:write"), "a:read or a:write", "all of a,reader,staff,superuser,writer"},
		{web.RequireAll("a:read", "a:write"), "a:read and a:write", "all of a,superuser"},
		{web.RequireAny("a:read"), "a:read", "all of a,reader,staff,superuser"},
		{web.AllOf(web.Staff, web.RequireAny("a:read", "b:read")), "role staff and (a:read or b:read)", "staff"},
		{odd, "odd", "staff,superuser"}, // the names of odd length
		{web.AnyOf(odd, web.Verified), "odd or verified", "staff,superuser,verified"},
		{web.AnyOf(web.Verified, down), "verified or down", "verified"},
	} {
		r := web.NewRouter(web.Config{Gate: auth.Gate{{
			Name: "test",
			Find: func(r *http.Request) (string, bool) { s := r.Header.Get("X-Test"); return s, s != "" },
			Verify: func(_ context.Context, s string) (*auth.Principal, error) {
				p := *askers[s]
				return &p, nil
			},
		}}})
		web.Handle(r, "GET /x", nothing, tt.access)
		if got := r.Routes()[0].Access.String(); got != tt.text {
			t.Errorf("%s is called %q", tt.text, got)
		}
		may := strings.Split(tt.may, ",")
		refusals := map[int]string{}
		for name := range askers {
			req := httptest.NewRequest("GET", "/x", nil)
			req.Header.Set("X-Test", name)
			w := httptest.NewRecorder()
			r.ServeHTTP(w, req)
			want := 403
			switch {
			case slices.Contains(may, name):
				want = 204
			case name == "nobody" || name == "no subject":
				want = 401
			case strings.Contains(tt.text, "down"):
				want = 503
			}
			if w.Code != want {
				t.Errorf("%s: %s gets %d, want %d", tt.text, name, w.Code, want)
			}
			if want != 401 && want != 403 {
				continue
			}
			// Every refusal is the same, and names nothing that was missing.
			_, body, _ := strings.Cut(strings.Replace(w.Body.String(), w.Header().Get("X-Request-Id"), "", 1), `"title"`)
			if refusals[want] != "" && refusals[want] != body {
				t.Errorf("%s: %s is told %s, and somebody else %s", tt.text, name, body, refusals[want])
			}
			refusals[want] = body
			for word := range strings.FieldsSeq(strings.NewReplacer("(", "", ")", "", " and ", " ", " or ", " ").Replace(tt.text)) {
				if word != "in" && word != "signed" && strings.Contains(body, word) {
					t.Errorf("%s: %s is told %s", tt.text, name, body)
				}
			}
		}
	}
	if want := 2 * (len(askers) - 2); asked != want {
		t.Errorf("the guard was asked %d times, want %d: each route that has it, and nobody but the signed-in", asked, want)
	}
}

func TestAccessMakesSense(t *testing.T) {
	t.Parallel()
	pass := func(context.Context) (bool, error) { return true, nil }
	for name, makes := range map[string]func(){
		"blank":             func() { web.Require(" ") },
		"everything":        func() { web.Require("*") },
		"wildcard":          func() { web.Require("users:*") },
		"upper case":        func() { web.Require("Users:read") },
		"no action":         func() { web.Require("users:") },
		"no resource":       func() { web.Require(":read") },
		"two actions":       func() { web.Require("users:read:write") },
		"long":              func() { web.Require("users:" + strings.Repeat("a", 255)) },
		"any of none":       func() { web.RequireAny() },
		"all of none":       func() { web.RequireAll() },
		"any of a blank":    func() { web.RequireAny("users:read", "") },
		"all of a wildcard": func() { web.RequireAll("users:read", "*") },
		"any of nothing":    func() { web.AnyOf() },
		"all of nothing":    func() { web.AllOf() },
		"any with anyone":   func() { web.AnyOf(web.Staff, web.Anyone) },
		"all with the zero": func() { web.AllOf(web.Staff, web.Access{}) },
		"no role":           func() { web.Role("") },
		"a loud role":       func() { web.Role("Staff") },
		"a long role":       func() { web.Role(strings.Repeat("a", 256)) },
		"no name":           func() { web.Guard(" ", pass) },
		"no guard":          func() { web.Guard("x", nil) },
		"a bad restriction": func() { web.Restrict("users:*", "ids") },
		"a bad filter":      func() { web.FilterBy[int]("x", "*", nil) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if p := fmt.Sprint(recover()); !strings.HasPrefix(p, "web: ") {
					t.Errorf("panicked with %q", p)
				}
			}()
			makes()
		})
	}
}
