// Package accountstest gives the tests of the domains of accounts what they
// share: these domains on an empty database, people, and the two ways in, by
// service and by HTTP.
package accountstest

import (
	"context"
	"log/slog"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/manorgo/manor/accounts/apikeys"
	"github.com/manorgo/manor/accounts/groups"
	"github.com/manorgo/manor/accounts/identities"
	"github.com/manorgo/manor/accounts/memberships"
	"github.com/manorgo/manor/accounts/roles"
	"github.com/manorgo/manor/accounts/sessions"
	"github.com/manorgo/manor/accounts/tokens"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/event"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/manortest"
	"github.com/manorgo/manor/secret"
	"github.com/manorgo/manor/task"
	"github.com/manorgo/manor/web"
)

// A Harness holds all the domains of accounts on a database of one test's own,
// without the flows that join them, as of an app at https://example.com. Nothing
// runs in the background.
type Harness struct {
	Env     domain.Env
	Clock   *Clock // of the database
	Domains []domain.Domain
	Users   *users.Service
	t       *testing.T
}

// A Clock stands still unless it is advanced.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now returns the time, which at first is noon on 1 March 2026.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance makes it later by d.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Each runs a test in parallel with others, on SQLite and on PostgreSQL.
func Each(t *testing.T, test func(t *testing.T, h *Harness)) {
	t.Helper()
	t.Parallel()
	manortest.Databases(t, func(t *testing.T, open func() *data.DB) { test(t, build(t, open())) })
}

func build(t *testing.T, db *data.DB) *Harness {
	t.Helper()
	keys, err := secret.NewKeyring([]byte("0123456789abcdefghijklmnopqrstuv"))
	if err != nil {
		t.Fatal(err)
	}
	clock := &Clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	db = data.New(db.Driver(), clock.Now)
	db.SetKeys(keys)
	queue := task.New(db, task.Config{})
	h := &Harness{t: t, Clock: clock, Env: domain.Env{
		DB: db, Keys: keys, Hasher: &secret.Hasher{Params: secret.Params{Memory: 8, Time: 1}},
		Tasks: queue, Events: event.NewBus(queue), Links: web.NewLinks(&url.URL{Scheme: "https", Host: "example.com"}),
	}}
	h.Env.Domains = func() []domain.Domain { return h.Domains }
	catalogue := func() (all []string) {
		for _, d := range h.Domains {
			all = append(all, d.Permissions...)
		}
		return all
	}
	for _, d := range []domain.Func{
		users.Domain, identities.Domain, tokens.Domain, sessions.Domain, roles.Domain(catalogue), memberships.Domain, groups.Domain, apikeys.Domain,
	} {
		h.Domains = append(h.Domains, d(h.Env))
	}
	_, err = h.migrator().Upgrade(t.Context())
	h.Must(err)
	h.Users = users.NewService(h.Env)
	return h
}

func (h *Harness) migrator() *migrate.Migrator {
	h.t.Helper()
	var sources []migrate.Source
	for _, d := range h.Domains {
		sources = append(sources, migrate.Source{Name: d.Name, FS: d.Migrations})
	}
	m, err := migrate.New(h.Env.DB, sources, migrate.Options{Log: slog.New(slog.DiscardHandler)})
	h.Must(err)
	return m
}

// Person adds an account that may sign in, of name@example.com. Mod may change
// the request.
func (h *Harness) Person(name string, mod ...func(*users.Create)) users.User {
	h.t.Helper()
	in := users.Create{Email: name + "@example.com", Username: name, EmailVerified: true}
	for _, m := range mod {
		m(&in)
	}
	return h.tx(func(tx *data.Tx) (users.User, error) { return h.Users.Add(h.t.Context(), tx, in, nil) })
}

// Superuser is Person for somebody who can do everything.
func (h *Harness) Superuser(name string) users.User {
	h.t.Helper()
	u := h.Person(name)
	return h.tx(func(tx *data.Tx) (users.User, error) { return h.Users.SetSuperuser(h.t.Context(), tx, u.ID, true) })
}

func (h *Harness) tx(do func(tx *data.Tx) (users.User, error)) (u users.User) {
	h.t.Helper()
	h.Must(h.Env.DB.Tx(h.t.Context(), func(tx *data.Tx) (err error) {
		u, err = do(tx)
		return err
	}))
	return u
}

// As returns a context whose caller is u with the permissions.
func (h *Harness) As(u users.User, permissions ...string) context.Context {
	return auth.NewContext(h.t.Context(), &auth.Principal{Subject: u.Subject(), Permissions: permissions})
}

// Must ends the test if there is an error.
func (h *Harness) Must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// Want fails the test unless err is of the kind, "" for no error.
func (h *Harness) Want(what string, err error, kind fault.Kind) {
	h.t.Helper()
	if fault.KindOf(err) != kind {
		h.t.Errorf("%s: %v, want %q", what, err, kind)
	}
}
