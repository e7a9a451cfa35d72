package sessions_test

import (
	"context"
	"net/http/httptest"
	"net/netip"
	"slices"
	"testing"
	"time"

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

// domain returns the domain of sessions, whose service is what requests meet.
func (h *house) domain() domain.Domain {
	return h.domains[slices.IndexFunc(h.domains, func(d domain.Domain) bool { return d.Name == "sessions" })]
}

func (h *house) service() *sessions.Service { return sessions.NewService(h.env.DB, h.env.Keys) }

func (h *house) open(t *testing.T, u users.User, kind sessions.Kind, remember bool) (out sessions.Issued) {
	t.Helper()
	must(t, h.env.DB.Tx(t.Context(), func(tx *data.Tx) (err error) {
		out, err = h.service().Open(t.Context(), tx, sessions.Opening{User: &u, Kind: kind, Remember: remember, Client: web.Client{
			IP: netip.MustParseAddr("192.0.2.77"), UserAgent: "a browser",
		}})
		return err
	}))
	return out
}

// caller returns who a request with the credential of an issued session is.
func (h *house) caller(t *testing.T, i sessions.Issued) (*auth.Principal, error) {
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
	if i.Session.Kind == sessions.Cookie {
		r.AddCookie(i.SetCookie(true))
	} else {
		r.Header.Set("Authorization", "bearer "+i.Access.Reveal())
	}
	return auth.Gate(h.domain().Schemes).Authenticate(r)
}

func (h *house) wantIn(t *testing.T, what string, i sessions.Issued, in bool) {
	t.Helper()
	p, err := h.caller(t, i)
	if in && (err != nil || p.Subject != auth.Subject(i.Session.UserID.String()) || p.Session != i.Session.ID.String()) {
		t.Errorf("%s: %+v, %v, want to be signed in", what, p, err)
	}
	if !in && fault.KindOf(err) != fault.Unauthenticated {
		t.Errorf("%s: %+v, %v, want unauthenticated", what, p, err)
	}
}

// flush does what the domain does in the background.
func (h *house) flush(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	must(t, h.domain().Run(ctx))
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
			onBoth(t, func(t *testing.T, h *house) {
				ada := h.person(t, "ada")
				idle := h.open(t, ada, c.kind, c.remember)
				h.clock.advance(c.idle - time.Microsecond)
				h.wantIn(t, "just before idling out", idle, true)
				h.clock.advance(time.Microsecond)
				h.wantIn(t, "idled out", idle, false)

				busy := h.open(t, ada, c.kind, c.remember)
				for range 3 { // four thirds of the idle time, but never idle
					h.clock.advance(c.idle * 4 / 9)
					h.wantIn(t, "used now and then", busy, true)
					h.flush(t)
				}
				h.clock.advance(c.life - 3*(c.idle*4/9) - time.Microsecond) // still less than the idle time
				h.wantIn(t, "just before its end", busy, true)
				h.flush(t)
				h.clock.advance(time.Microsecond)
				h.wantIn(t, "at its end", busy, false)
			})
		})
	}
	t.Run("access token", func(t *testing.T) {
		onBoth(t, func(t *testing.T, h *house) {
			i := h.open(t, h.person(t, "ada"), sessions.Token, false)
			h.clock.advance(sessions.AccessLife - time.Microsecond)
			h.wantIn(t, "young", i, true)
			h.clock.advance(time.Microsecond)
			h.wantIn(t, "old", i, false)
		})
	})
}

func TestWhatEndsSessions(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		root := h.person(t, "root1")
		ctx := as(t, root, "*")
		for what, end := range map[string]func(users.User, sessions.Issued) error{
			"deactivation": func(u users.User, _ sessions.Issued) error {
				_, err := h.users.SetActive(ctx, u.ID, false)
				return err
			},
			"deactivation and back": func(u users.User, _ sessions.Issued) error {
				_, err := h.users.SetActive(ctx, u.ID, false)
				if err == nil {
					_, err = h.users.SetActive(ctx, u.ID, true)
				}
				return err
			},
			"a new epoch": func(u users.User, _ sessions.Issued) error {
				return h.env.DB.Tx(ctx, func(tx *data.Tx) error { _, err := h.users.EndSessions(ctx, tx, u.ID); return err })
			},
			"an address that is not verified": func(u users.User, _ sessions.Issued) error {
				_, err := h.users.Update(ctx, u.ID, users.Update{EmailVerified: patch.Of(false)})
				return err
			},
			"removal of the account": func(u users.User, _ sessions.Issued) error { return h.users.Delete(ctx, u.ID) },
			"revocation":             func(u users.User, i sessions.Issued) error { return h.service().Revoke(ctx, u.ID, i.Session.ID) },
		} {
			for _, kind := range []sessions.Kind{sessions.Cookie, sessions.Token} {
				u := h.person(t, "u"+secret.NewToken("x").Reveal()[2:12])
				i, other := h.open(t, u, kind, true), h.open(t, root, kind, true)
				h.wantIn(t, "before "+what, i, true)
				must(t, end(u, i))
				h.wantIn(t, "after "+what, i, false)
				h.wantIn(t, "another's session after "+what, other, true)
				if kind == sessions.Token {
					_, err := h.service().Refresh(t.Context(), i.Refresh.Reveal())
					wantRefreshInvalid(t, "renewal after "+what, err)
				}
			}
		}
	})
}

func TestRevoke(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		s, ada, bob := h.service(), h.person(t, "ada"), h.person(t, "bob")
		one, two, three := h.open(t, ada, sessions.Cookie, false), h.open(t, ada, sessions.Token, false), h.open(t, ada, sessions.Cookie, true)
		bobs := h.open(t, bob, sessions.Cookie, false)

		want(t, "another's session", s.Revoke(t.Context(), ada.ID, bobs.Session.ID), fault.NotFound)
		want(t, "no session", s.Revoke(t.Context(), ada.ID, sessions.ID{1}), fault.NotFound)
		must(t, s.Revoke(t.Context(), ada.ID, three.Session.ID))
		want(t, "an ended session", s.Revoke(t.Context(), ada.ID, three.Session.ID), fault.NotFound)

		if n, err := s.RevokeOthers(t.Context(), ada.ID, one.Session.ID); err != nil || n != 1 {
			t.Errorf("RevokeOthers = %d, %v, want 1", n, err)
		}
		h.wantIn(t, "the one kept", one, true)
		h.wantIn(t, "another", two, false)
		h.wantIn(t, "another's", bobs, true)

		byAccess, byRefresh := h.open(t, ada, sessions.Token, false), h.open(t, ada, sessions.Token, false)
		must(t, s.RevokeToken(t.Context(), byAccess.Access.Reveal()))
		must(t, s.RevokeToken(t.Context(), byRefresh.Refresh.Reveal()))
		h.wantIn(t, "revoked by its access token", byAccess, false)
		h.wantIn(t, "revoked by its refresh token", byRefresh, false)
		for _, unknown := range []string{"", "x", secret.NewToken(secret.AccessToken).Reveal(), secret.NewToken(secret.RefreshToken).Reveal()} {
			must(t, s.RevokeToken(t.Context(), unknown))
		}
	})
}

func TestSeen(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		ada := h.person(t, "ada")
		short, long := h.open(t, ada, sessions.Cookie, false), h.open(t, ada, sessions.Cookie, true)
		ended := h.open(t, ada, sessions.Cookie, false)
		h.clock.advance(time.Minute)
		h.wantIn(t, "within the minute", short, true)
		h.flush(t)
		if at := h.seen(t, short); at != short.Session.LastSeenAt {
			t.Errorf("a minute was written: %v", at)
		}
		h.clock.advance(time.Hour)
		for _, i := range []sessions.Issued{short, long, ended} {
			h.wantIn(t, "later", i, true)
		}
		must(t, h.service().Revoke(t.Context(), ada.ID, ended.Session.ID))
		if at := h.seen(t, short); at != short.Session.LastSeenAt {
			t.Errorf("a request wrote at once: %v", at)
		}
		h.flush(t)
		now := h.env.DB.Now()
		if h.seen(t, short) != now || h.seen(t, long) != now {
			t.Errorf("seen at %v and %v, want %v", h.seen(t, short), h.seen(t, long), now)
		}
		if at := h.seen(t, ended); at != ended.Session.LastSeenAt {
			t.Errorf("an ended session was seen at %v", at)
		}
	})
}

var lastSeen = data.NewSelect[struct {
	At time.Time `db:"last_seen_at"`
}](`SELECT last_seen_at FROM sessions WHERE id = ?`, "")

func (h *house) seen(t *testing.T, i sessions.Issued) time.Time {
	t.Helper()
	row, err := lastSeen.One(t.Context(), h.env.DB, i.Session.ID)
	must(t, err)
	return row.At
}

func TestIPPrefix(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"192.0.2.77": "192.0.2.0/24", "::ffff:192.0.2.77": "192.0.2.0/24",
		"2001:db8:1:2::3": "2001:db8:1::/48", "fe80::1%eth0": "fe80::/48", "::1": "::/48",
	} {
		if got := sessions.IPPrefix(netip.MustParseAddr(in)); got != want {
			t.Errorf("IPPrefix(%s) = %q, want %q", in, got, want)
		}
	}
	if got := sessions.IPPrefix(netip.Addr{}); got != "" {
		t.Errorf("IPPrefix of no address = %q", got)
	}
}

func TestSweep(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		i := h.open(t, h.person(t, "ada"), sessions.Token, false)
		h.clock.advance(60 * 24 * time.Hour)
		must(t, h.service().SweepNow(t.Context()))
		h.seen(t, i) // still there
		h.clock.advance(time.Microsecond)
		must(t, h.service().SweepNow(t.Context()))
		_, err := lastSeen.One(t.Context(), h.env.DB, i.Session.ID)
		want(t, "long after its end", err, fault.NotFound)
	})
}
