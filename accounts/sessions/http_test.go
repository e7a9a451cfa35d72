package sessions_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/manorgo/manor/accounts/internal/accountstest"
	"github.com/manorgo/manor/accounts/sessions"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/web"
)

func ExampleDropCookie() {
	fmt.Println(sessions.DropCookie(true))
	fmt.Println(sessions.DropCookie(false))
	// Output:
	// __Host-manor_session=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax
	// manor_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax
}

func TestCookie(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		ada := h.Person("ada")
		c := open(t, h, ada, sessions.Cookie, false).SetCookie(true)
		if c.Name != "__Host-manor_session" || !c.HttpOnly || !c.Secure || c.Path != "/" || c.Domain != "" || c.SameSite != http.SameSiteLaxMode || !c.Expires.IsZero() {
			t.Errorf("the cookie is %v", c)
		}
		long := open(t, h, ada, sessions.Cookie, true)
		if c := long.SetCookie(false); c.Name != "manor_session" || c.Secure || c.Expires != long.Session.ExpiresAt {
			t.Errorf("the cookie to remember is %v", c)
		}
	})
}

// TestOneCredential holds requests with several or wrong credentials to being
// refused rather than taken for somebody else.
func TestOneCredential(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		ada := h.Person("ada")
		cookie, token := open(t, h, ada, sessions.Cookie, false), open(t, h, ada, sessions.Token, false)
		gate := auth.Gate(sessionsDomain(h).Schemes)
		for what, c := range map[string]struct {
			header, cookie string
			in, anonymous  bool
		}{
			"nothing":                   {anonymous: true},
			"cookie":                    {cookie: cookie.Cookie.Reveal(), in: true},
			"token":                     {header: "Bearer " + token.Access.Reveal(), in: true},
			"token and a cookie":        {header: "Bearer " + token.Access.Reveal(), cookie: "x", in: true},
			"wrong token, good cookie":  {header: "Bearer x", cookie: cookie.Cookie.Reveal()},
			"refresh token":             {header: "Bearer " + token.Refresh.Reveal()},
			"cookie as a token":         {header: "Bearer " + cookie.Cookie.Reveal()},
			"token as a cookie":         {cookie: token.Access.Reveal()},
			"access token, basic":       {header: "Basic " + token.Access.Reveal()},
			"access token with garbage": {header: "Bearer " + token.Access.Reveal() + "x"},
			"cookie with garbage":       {cookie: cookie.Cookie.Reveal() + "x"},
		} {
			r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
			if c.header != "" {
				r.Header.Set("Authorization", c.header)
			}
			if c.cookie != "" {
				r.AddCookie(&http.Cookie{Name: sessions.CookieName(true), Value: c.cookie})
			}
			p, err := gate.Authenticate(r)
			switch {
			case c.in && (err != nil || p.Subject != ada.Subject()):
				t.Errorf("%s: %+v, %v, want ada", what, p, err)
			case c.anonymous && (err != nil || p.SignedIn()):
				t.Errorf("%s: %+v, %v, want nobody", what, p, err)
			case !c.in && !c.anonymous && err == nil:
				t.Errorf("%s: %+v, want to be refused", what, p)
			}
		}
	})
}

// A down driver cannot be asked.
type down struct{ driver.Driver }

func (down) Query(context.Context, driver.Call) (driver.Rows, error) {
	return nil, &driver.Error{Class: driver.Down, Err: errors.New("no connection")}
}

// While nobody can tell who is calling, nobody is told that they are signed out:
// the answer is 503, where no credential is needed, too, and the cookie stays.
func TestDatabaseIsDown(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		ada := h.Person("ada")
		cookie, token := open(t, h, ada, sessions.Cookie, false), open(t, h, ada, sessions.Token, false)
		env := h.Env
		env.DB = data.New(down{h.Env.DB.Driver()}, h.Clock.Now)
		r := web.NewRouter(web.Config{Gate: auth.Gate(sessions.Domain(env).Schemes), SessionCookie: sessions.CookieName(true), Log: slog.New(slog.DiscardHandler)})
		answer := func(context.Context, *web.None) (*web.None, error) { return nil, nil }
		web.Handle(r, "GET /mine", answer, web.SignedIn)
		web.Handle(r, "GET /anyones", answer, web.Anyone)
		for _, path := range []string{"/mine", "/anyones"} {
			for what, credential := range map[string]string{"cookie": cookie.Cookie.Reveal(), "token": token.Access.Reveal()} {
				req, w := httptest.NewRequestWithContext(t.Context(), "GET", path, nil), httptest.NewRecorder()
				if what == "cookie" {
					req.AddCookie(&http.Cookie{Name: sessions.CookieName(true), Value: credential})
				} else {
					req.Header.Set("Authorization", "Bearer "+credential)
				}
				r.ServeHTTP(w, req)
				if w.Code != 503 || w.Header().Get("Retry-After") == "" || w.Header().Get("Set-Cookie") != "" || strings.Contains(w.Body.String(), "connection") {
					t.Errorf("%s with a %s: %d, %v, %s", path, what, w.Code, w.Header(), w.Body)
				}
			}
		}
		wantIn(t, h, "afterwards", cookie, true)
	})
}

func TestRoutes(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		call, ada, bob := h.Serve(), h.Person("ada"), h.Person("bob")
		here, there, bobs := open(t, h, ada, sessions.Token, false), open(t, h, ada, sessions.Cookie, true), open(t, h, bob, sessions.Token, false)
		bearer := func(i sessions.Issued) []string { return []string{"Authorization", "Bearer " + i.Access.Reveal()} }

		call(nil, "", "GET", "/auth/sessions", "").Is("anonymous", 401, "")
		list := call(nil, "", "GET", "/auth/sessions", "", bearer(here)...).Is("list", 200, "")
		if list.Body["total"] != 2.0 {
			t.Errorf("list: %v", list.Body)
		}
		for _, item := range list.Body["items"].([]any) {
			row := item.(map[string]any)
			if row["is_current"] != (row["id"] == here.Session.ID.String()) || row["ip_prefix"] != "192.0.2.0/24" || row["user_agent"] != "a browser" || len(row) != 8 {
				t.Errorf("list: %v", row)
			}
		}
		call(nil, "", "DELETE", "/auth/sessions/"+bobs.Session.ID.String(), "", bearer(here)...).Is("another's", 404, "")
		call(nil, "", "DELETE", "/auth/sessions/"+there.Session.ID.String(), "", bearer(here)...).Is("own", 204, "")
		wantIn(t, h, "ended over HTTP", there, false)
		open(t, h, ada, sessions.Token, false)
		if a := call(nil, "", "POST", "/auth/sessions/revoke-others", "", bearer(here)...).Is("others", 200, ""); a.Body["revoked"] != 1.0 {
			t.Errorf("others: %v", a.Body)
		}
		call(&ada, "", "POST", "/auth/sessions/revoke-others", "").Is("without a session", 409, "")
		call(nil, "", "DELETE", "/auth/sessions/"+here.Session.ID.String(), "", bearer(here)...).Is("itself", 204, "")
		call(nil, "", "GET", "/auth/sessions", "", bearer(here)...).Is("after its end", 401, "")
	})
}
