package sessions_test

import (
	"cmp"
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/manorgo/manor/accounts/internal/accountstest"
	"github.com/manorgo/manor/accounts/roles"
	"github.com/manorgo/manor/accounts/sessions"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
)

// A counter counts statements.
type counter struct {
	driver.Driver
	n atomic.Int32
}

func (c *counter) Query(ctx context.Context, call driver.Call) (driver.Rows, error) {
	c.n.Add(1)
	return c.Driver.Query(ctx, call)
}

func (c *counter) Exec(ctx context.Context, call driver.Call) (int64, error) {
	c.n.Add(1)
	return c.Driver.Exec(ctx, call)
}

func (c *counter) Batch(ctx context.Context, calls []driver.Call, read func(int, driver.Rows) error) error {
	c.n.Add(int32(len(calls)))
	return c.Driver.Batch(ctx, calls, read)
}

func (c *counter) Begin(ctx context.Context, level driver.Isolation) (driver.Tx, error) {
	c.n.Add(100)
	return c.Driver.Begin(ctx, level)
}

func TestVerifyIsOneStatement(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		count := &counter{Driver: h.Env.DB.Driver()}
		env := h.Env
		env.DB = data.New(count, h.Clock.Now)
		gate := auth.Gate(sessions.Domain(env).Schemes)
		ada := h.Person("ada", func(c *users.Create) { c.Staff = true })
		for _, i := range []sessions.Issued{open(t, h, ada, sessions.Cookie, false), open(t, h, ada, sessions.Token, false)} {
			h.Clock.Advance(2 * time.Minute) // so that it is to be noted when it was seen
			r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
			if i.Session.Kind == sessions.Cookie {
				r.AddCookie(&http.Cookie{Name: sessions.CookieName(true), Value: i.Cookie.Reveal()})
			} else {
				r.Header.Set("Authorization", "Bearer "+i.Access.Reveal())
			}
			count.n.Store(0)
			p, err := gate.Authenticate(r)
			if err != nil || !p.Can("groups:moderate") || count.n.Load() != 1 {
				t.Errorf("%s: %+v, %v after %d statements, want 1", i.Session.Kind, p, err, count.n.Load())
			}
		}

		// What cannot be a credential costs none.
		count.n.Store(0)
		s, tried := sessions.NewService(env, sessions.Config{}), 0
		token, cookie := open(t, h, ada, sessions.Token, false), open(t, h, ada, sessions.Cookie, false).Cookie.Reveal()
		count.n.Store(0)
		for _, good := range []string{token.Access.Reveal(), token.Refresh.Reveal(), cookie} {
			for i := range len(good) {
				for _, bad := range []string{good[:i], good[i+1:], good[:i] + string('0'+(good[i]-'0'+1)%10) + good[i+1:], good + good[i:i+1]} {
					if bad == good {
						continue
					}
					tried++
					r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
					if tried%2 == 0 {
						r.AddCookie(&http.Cookie{Name: sessions.CookieName(true), Value: cmp.Or(bad, "x")})
					} else {
						r.Header.Set("Authorization", "Bearer "+bad)
					}
					if _, err := gate.Authenticate(r); fault.KindOf(err) != fault.Unauthenticated {
						t.Errorf("%q is taken: %v", bad, err)
					}
					_, err := s.Refresh(t.Context(), bad)
					wantRefreshInvalid(t, bad, err)
				}
			}
		}
		if n := count.n.Load(); n > 0 || tried < 600 {
			t.Errorf("%d changed credentials cost %d statements", tried, n)
		}
	})
}

func TestPermissions(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		root, ada := h.Person("root1"), h.Person("ada")
		rolesOf := roles.NewService(h.Env, h.Users, func() []string { return []string{"users:read", "users:write", "groups:moderate"} })
		for name, list := range map[string][]string{"writers": {"users:read", "users:write"}, "moderators": {"groups:moderate"}} {
			_, err := rolesOf.Create(h.As(root, "*"), roles.Create{Name: name, Permissions: list})
			h.Must(err)
		}
		i := open(t, h, ada, sessions.Token, false)
		check := func(what string, want ...string) {
			t.Helper()
			p, err := caller(t, h, i)
			h.Must(err)
			if p.Scheme != "bearer" || p.Since != i.Session.AuthenticatedAt {
				t.Errorf("%s: %+v", what, p)
			}
			got := slices.Compact(slices.Sorted(slices.Values(p.Permissions)))
			if !slices.Equal(got, want) {
				t.Errorf("%s: %q, want %q", what, got, want)
			}
		}
		grant := func(role string) {
			t.Helper()
			h.Must(rolesOf.Assign(h.As(root, "*"), role, ada.ID))
		}
		check("nothing granted")
		grant("writers")
		check("one role", "users:read", "users:write")
		grant("moderators")
		check("two roles", "groups:moderate", "users:read", "users:write")
		grant(roles.Staff)
		check("staff too", "groups:moderate", "memberships:read", "users:read", "users:write")
		grant(roles.Superuser)
		check("superuser", "*")
	})
}
