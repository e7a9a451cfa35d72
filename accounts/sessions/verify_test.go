package sessions_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/manorgo/manor/accounts/roles"
	"github.com/manorgo/manor/accounts/sessions"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
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

func (c *counter) Begin(ctx context.Context) (driver.Tx, error) {
	c.n.Add(100)
	return c.Driver.Begin(ctx)
}

func TestVerifyIsOneStatement(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		count := &counter{Driver: h.env.DB.Driver()}
		env := h.env
		env.DB = data.New(count, h.clock.Now)
		gate := auth.Gate(sessions.Domain(env).Schemes)
		ada := h.person(t, "ada", func(c *users.Create) { c.Staff = true })
		for _, i := range []sessions.Issued{h.open(t, ada, sessions.Cookie, false), h.open(t, ada, sessions.Token, false)} {
			h.clock.advance(2 * time.Minute) // so that it is to be noted when it was seen
			r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
			if i.Session.Kind == sessions.Cookie {
				r.AddCookie(&http.Cookie{Name: "manor_session", Value: i.Cookie.Reveal()})
			} else {
				r.Header.Set("Authorization", "Bearer "+i.Access.Reveal())
			}
			count.n.Store(0)
			p, err := gate.Authenticate(r)
			if err != nil || !p.Can("groups:moderate") || count.n.Load() != 1 {
				t.Errorf("%s: %+v, %v after %d statements, want 1", i.Session.Kind, p, err, count.n.Load())
			}
		}
	})
}

func TestPermissions(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		root, ada := h.person(t, "root1"), h.person(t, "ada")
		rolesOf := roles.NewService(h.env.DB, h.users, h.env.Events, func() []string { return []string{"users:read", "users:write", "groups:moderate"} })
		for name, list := range map[string][]string{"writers": {"users:read", "users:write"}, "moderators": {"groups:moderate"}} {
			_, err := rolesOf.Create(as(t, root, "*"), roles.Create{Name: name, Permissions: list})
			must(t, err)
		}
		i := h.open(t, ada, sessions.Token, false)
		check := func(what string, want ...string) {
			t.Helper()
			p, err := h.caller(t, i)
			must(t, err)
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
			must(t, rolesOf.Assign(as(t, root, "*"), role, ada.ID))
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
