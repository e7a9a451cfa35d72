package sessions_test

import (
	"context"
	"net/http/httptest"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/manorgo/manor/accounts/internal/accountstest"
	"github.com/manorgo/manor/accounts/sessions"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/patch"
	"github.com/manorgo/manor/secret"
	"github.com/manorgo/manor/web"
)

// sessionsDomain returns the domain of sessions, whose service is what requests meet.
func sessionsDomain(h *accountstest.Harness) domain.Domain {
	return h.Domains[slices.IndexFunc(h.Domains, func(d domain.Domain) bool { return d.Name == "sessions" })]
}

func service(h *accountstest.Harness) *sessions.Service {
	return sessions.NewService(h.Env, sessions.Config{})
}

func open(t *testing.T, h *accountstest.Harness, u users.User, kind sessions.Kind, remember bool) (out sessions.Issued) {
	t.Helper()
	h.Must(h.Env.DB.Tx(t.Context(), func(tx *data.Tx) (err error) {
		out, err = service(h).Open(t.Context(), tx, sessions.Opening{User: &u, Kind: kind, Remember: remember, Client: web.Client{
			IP: netip.MustParseAddr("192.0.2.77"), UserAgent: "a browser",
		}})
		return err
	}))
	return out
}

// caller returns who a request with the credential of an issued session is.
func caller(t *testing.T, h *accountstest.Harness, i sessions.Issued) (*auth.Principal, error) {
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
	if i.Session.Kind == sessions.Cookie {
		r.AddCookie(i.SetCookie(true))
	} else {
		r.Header.Set("Authorization", "bearer "+i.Access.Reveal())
	}
	return auth.Gate(sessionsDomain(h).Schemes).Authenticate(r)
}

func wantIn(t *testing.T, h *accountstest.Harness, what string, i sessions.Issued, in bool) {
	t.Helper()
	p, err := caller(t, h, i)
	if in && (err != nil || p.Subject != auth.Subject(i.Session.UserID.String()) || p.Session != i.Session.ID.String()) {
		t.Errorf("%s: %+v, %v, want to be signed in", what, p, err)
	}
	if !in && fault.KindOf(err) != fault.Unauthenticated {
		t.Errorf("%s: %+v, %v, want unauthenticated", what, p, err)
	}
}

// flush does what the domain does in the background.
func flush(t *testing.T, h *accountstest.Harness) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	h.Must(sessionsDomain(h).Run(ctx))
}

func TestExpiry(t *testing.T) {
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		kind       sessions.Kind
		remember   bool
		idle, life time.Duration
	}{
		"short cookie": {sessions.Cookie, false, 12 * time.Hour, day},
		"long cookie":  {sessions.Cookie, true, 14 * day, 30 * day},
	} {
		t.Run(name, func(t *testing.T) {
			accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
				ada := h.Person("ada")
				idle := open(t, h, ada, c.kind, c.remember)
				h.Clock.Advance(c.idle - time.Microsecond)
				wantIn(t, h, "just before idling out", idle, true)
				h.Clock.Advance(time.Microsecond)
				wantIn(t, h, "idled out", idle, false)

				busy := open(t, h, ada, c.kind, c.remember)
				for range 3 { // four thirds of the idle time, but never idle
					h.Clock.Advance(c.idle * 4 / 9)
					wantIn(t, h, "used now and then", busy, true)
					flush(t, h)
				}
				h.Clock.Advance(c.life - 3*(c.idle*4/9) - time.Microsecond) // still less than the idle time
				wantIn(t, h, "just before its end", busy, true)
				flush(t, h)
				h.Clock.Advance(time.Microsecond)
				wantIn(t, h, "at its end", busy, false)
			})
		})
	}
	t.Run("access token", func(t *testing.T) {
		accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
			i := open(t, h, h.Person("ada"), sessions.Token, false)
			h.Clock.Advance(sessions.AccessLife - time.Microsecond)
			wantIn(t, h, "young", i, true)
			h.Clock.Advance(time.Microsecond)
			wantIn(t, h, "old", i, false)
		})
	})
}

func TestWhatEndsSessions(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		root := h.Person("root1")
		ctx := h.As(root, "*")
		for what, end := range map[string]func(users.User, sessions.Issued) error{
			"deactivation": func(u users.User, _ sessions.Issued) error {
				_, err := h.Users.SetActive(ctx, u.ID, false)
				return err
			},
			"deactivation and back": func(u users.User, _ sessions.Issued) error {
				_, err := h.Users.SetActive(ctx, u.ID, false)
				if err == nil {
					_, err = h.Users.SetActive(ctx, u.ID, true)
				}
				return err
			},
			"a new epoch": func(u users.User, _ sessions.Issued) error {
				return h.Env.DB.Tx(ctx, func(tx *data.Tx) error { _, err := h.Users.EndSessions(ctx, tx, u.ID); return err })
			},
			"an address that is not verified": func(u users.User, _ sessions.Issued) error {
				_, err := h.Users.Update(ctx, u.ID, users.Update{EmailVerified: patch.Of(false)})
				return err
			},
			"removal of the account": func(u users.User, _ sessions.Issued) error { return h.Users.Delete(ctx, u.ID) },
			"revocation":             func(u users.User, i sessions.Issued) error { return service(h).Revoke(ctx, u.ID, i.Session.ID) },
		} {
			for _, kind := range []sessions.Kind{sessions.Cookie, sessions.Token} {
				u := h.Person("u" + secret.NewToken("x").Reveal()[2:12])
				i, other := open(t, h, u, kind, true), open(t, h, root, kind, true)
				wantIn(t, h, "before "+what, i, true)
				h.Must(end(u, i))
				wantIn(t, h, "after "+what, i, false)
				wantIn(t, h, "another's session after "+what, other, true)
				if kind == sessions.Token {
					_, err := service(h).Refresh(t.Context(), i.Refresh.Reveal())
					wantRefreshInvalid(t, "renewal after "+what, err)
				}
			}
		}
	})
}

func TestRevoke(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		s, ada, bob := service(h), h.Person("ada"), h.Person("bob")
		one, two, three := open(t, h, ada, sessions.Cookie, false), open(t, h, ada, sessions.Token, false), open(t, h, ada, sessions.Cookie, true)
		bobs := open(t, h, bob, sessions.Cookie, false)

		h.Want("another's session", s.Revoke(t.Context(), ada.ID, bobs.Session.ID), fault.NotFound)
		h.Want("no session", s.Revoke(t.Context(), ada.ID, sessions.ID{1}), fault.NotFound)
		h.Must(s.Revoke(t.Context(), ada.ID, three.Session.ID))
		h.Want("an ended session", s.Revoke(t.Context(), ada.ID, three.Session.ID), fault.NotFound)

		if n, err := s.RevokeOthers(t.Context(), ada.ID, one.Session.ID); err != nil || n != 1 {
			t.Errorf("RevokeOthers = %d, %v, want 1", n, err)
		}
		wantIn(t, h, "the one kept", one, true)
		wantIn(t, h, "another", two, false)
		wantIn(t, h, "another's", bobs, true)

		byAccess, byRefresh := open(t, h, ada, sessions.Token, false), open(t, h, ada, sessions.Token, false)
		h.Must(s.RevokeToken(t.Context(), byAccess.Access.Reveal()))
		h.Must(s.RevokeToken(t.Context(), byRefresh.Refresh.Reveal()))
		wantIn(t, h, "revoked by its access token", byAccess, false)
		wantIn(t, h, "revoked by its refresh token", byRefresh, false)
		for _, unknown := range []string{"", "x", secret.NewToken(secret.AccessToken).Reveal(), secret.NewToken(secret.RefreshToken).Reveal()} {
			h.Must(s.RevokeToken(t.Context(), unknown))
		}
	})
}

func TestSeen(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		ada := h.Person("ada")
		short, long := open(t, h, ada, sessions.Cookie, false), open(t, h, ada, sessions.Cookie, true)
		ended := open(t, h, ada, sessions.Cookie, false)
		h.Clock.Advance(time.Minute)
		wantIn(t, h, "within the minute", short, true)
		flush(t, h)
		if at := seen(t, h, short); at != short.Session.LastSeenAt {
			t.Errorf("a minute was written: %v", at)
		}
		h.Clock.Advance(time.Hour)
		for _, i := range []sessions.Issued{short, long, ended} {
			wantIn(t, h, "later", i, true)
		}
		h.Must(service(h).Revoke(t.Context(), ada.ID, ended.Session.ID))
		if at := seen(t, h, short); at != short.Session.LastSeenAt {
			t.Errorf("a request wrote at once: %v", at)
		}
		flush(t, h)
		now := h.Env.DB.Now()
		if seen(t, h, short) != now || seen(t, h, long) != now {
			t.Errorf("seen at %v and %v, want %v", seen(t, h, short), seen(t, h, long), now)
		}
		if at := seen(t, h, ended); at != ended.Session.LastSeenAt {
			t.Errorf("an ended session was seen at %v", at)
		}
	})
}

var lastSeen = data.NewSelect[struct {
	At time.Time `db:"last_seen_at"`
}](`SELECT last_seen_at FROM sessions WHERE id = ?`, "")

func seen(t *testing.T, h *accountstest.Harness, i sessions.Issued) time.Time {
	t.Helper()
	row, err := lastSeen.One(t.Context(), h.Env.DB, i.Session.ID)
	h.Must(err)
	return row.At
}

func TestIPPrefix(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"192.0.2.77": "192.0.2.0/24", "::ffff:192.0.2.77": "192.0.2.0/24",
		"2001:db8:1:2::3": "2001:db8:1::/48", "fe80::1%eth0": "fe80::/48", "::1": "::/48",
	} {
		if got := web.PrefixOf(netip.MustParseAddr(in)); got != want {
			t.Errorf("IPPrefix(%s) = %q, want %q", in, got, want)
		}
	}
	if got := web.PrefixOf(netip.Addr{}); got != "" {
		t.Errorf("IPPrefix of no address = %q", got)
	}
}

func TestSweep(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		i := open(t, h, h.Person("ada"), sessions.Token, false)
		h.Clock.Advance(60 * 24 * time.Hour)
		h.Must(service(h).SweepNow(t.Context()))
		seen(t, h, i) // still there
		h.Clock.Advance(time.Microsecond)
		h.Must(service(h).SweepNow(t.Context()))
		_, err := lastSeen.One(t.Context(), h.Env.DB, i.Session.ID)
		h.Want("long after its end", err, fault.NotFound)
	})
}
