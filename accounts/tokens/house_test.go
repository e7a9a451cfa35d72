package tokens_test

import (
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/manorgo/manor/accounts/groups"
	"github.com/manorgo/manor/accounts/memberships"
	"github.com/manorgo/manor/accounts/roles"
	"github.com/manorgo/manor/accounts/sessions"
	"github.com/manorgo/manor/accounts/tokens"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/data/postgres"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/event"
	"github.com/manorgo/manor/internal/pgtest"
	"github.com/manorgo/manor/secret"
	"github.com/manorgo/manor/task"
)

// A house is an app of all the domains of accounts on an empty database.
type house struct {
	env     domain.Env
	domains []domain.Domain
	clock   *clock
	users   *users.Service
}

var quiet = slog.New(slog.DiscardHandler)

// A clock stands still unless it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// onBoth runs a test on SQLite and on PostgreSQL.
func onBoth(t *testing.T, test func(t *testing.T, h *house)) {
	t.Parallel()
	for name, open := range map[string]func(*testing.T, *clock) (*data.DB, error){
		"sqlite": func(t *testing.T, c *clock) (*data.DB, error) {
			return sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "test.db"), sqlite.Options{Now: c.Now})
		},
		"postgres": func(t *testing.T, c *clock) (*data.DB, error) {
			return postgres.Open(t.Context(), pgtest.Database(t), postgres.Options{Now: c.Now})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
			db, err := open(t, c)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			test(t, build(t, db, c))
		})
	}
}

func build(t *testing.T, db *data.DB, c *clock) *house {
	t.Helper()
	keys, err := secret.NewKeyring([]byte("0123456789abcdefghijklmnopqrstuv"))
	if err != nil {
		t.Fatal(err)
	}
	queue := task.New(db, task.Config{})
	h := &house{clock: c, env: domain.Env{
		DB: db, Keys: keys, Hasher: &secret.Hasher{Params: secret.Params{Memory: 8, Time: 1}},
		Tasks: queue, Events: event.NewBus(queue),
	}}
	catalogue := func() (all []string) {
		for _, d := range h.domains {
			all = append(all, d.Permissions...)
		}
		return all
	}
	var sources []migrate.Source
	for _, d := range []domain.Func{
		users.Domain, tokens.Domain, sessions.Domain, roles.Domain(catalogue), memberships.Domain, groups.Domain,
	} {
		made := d(h.env)
		h.domains = append(h.domains, made)
		sources = append(sources, migrate.Source{Name: made.Name, FS: made.Migrations})
	}
	m, err := migrate.New(db, sources, migrate.Options{Log: quiet})
	if err == nil {
		_, err = m.Upgrade(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	h.users = users.NewService(db, h.env.Hasher, h.env.Events)
	return h
}

// person adds an account that may sign in. Mod may change the request.
func (h *house) person(t *testing.T, name string, mod ...func(*users.Create)) users.User {
	t.Helper()
	in := users.Create{Email: name + "@example.com", Username: name, EmailVerified: true}
	for _, m := range mod {
		m(&in)
	}
	var u users.User
	must(t, h.env.DB.Tx(t.Context(), func(tx *data.Tx) (err error) {
		u, err = h.users.Add(t.Context(), tx, in, nil)
		return err
	}))
	return u
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
