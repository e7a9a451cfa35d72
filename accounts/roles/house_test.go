package roles_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/manorgo/manor/accounts/groups"
	"github.com/manorgo/manor/accounts/memberships"
	"github.com/manorgo/manor/accounts/roles"
	"github.com/manorgo/manor/accounts/sessions"
	"github.com/manorgo/manor/accounts/tokens"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/data/postgres"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/event"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/internal/pgtest"
	"github.com/manorgo/manor/secret"
	"github.com/manorgo/manor/task"
	"github.com/manorgo/manor/web"
)

// A house is an app of all the domains of accounts on an empty database.
type house struct {
	env     domain.Env
	domains []domain.Domain
	users   *users.Service
}

var quiet = slog.New(slog.DiscardHandler)

// noon is when everything happens.
func noon() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// onBoth runs a test on SQLite and on PostgreSQL.
func onBoth(t *testing.T, test func(t *testing.T, h *house)) {
	t.Parallel()
	for name, open := range map[string]func(*testing.T) (*data.DB, error){
		"sqlite": func(t *testing.T) (*data.DB, error) {
			return sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "test.db"), sqlite.Options{Now: noon})
		},
		"postgres": func(t *testing.T) (*data.DB, error) {
			return postgres.Open(t.Context(), pgtest.Database(t), postgres.Options{Now: noon})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, err := open(t)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			test(t, build(t, db))
		})
	}
}

func build(t *testing.T, db *data.DB) *house {
	t.Helper()
	keys, err := secret.NewKeyring([]byte("0123456789abcdefghijklmnopqrstuv"))
	if err != nil {
		t.Fatal(err)
	}
	queue := task.New(db, task.Config{})
	h := &house{env: domain.Env{
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

// as returns a context whose caller is u with the permissions.
func as(t *testing.T, u users.User, permissions ...string) context.Context {
	return auth.NewContext(t.Context(), &auth.Principal{Subject: u.Subject(), Permissions: permissions})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// want fails the test unless err is of the kind, "" for no error.
func want(t *testing.T, what string, err error, kind fault.Kind) {
	t.Helper()
	if fault.KindOf(err) != kind {
		t.Errorf("%s: %v, want %q", what, err, kind)
	}
}

// An answer is what came back over HTTP.
type answer struct {
	status int
	header http.Header
	body   map[string]any
}

// serve returns a function that calls the house's routes as a user with
// permissions, both of which may be none.
func (h *house) serve(t *testing.T) func(who *users.User, permissions, method, path, body string, header ...string) answer {
	t.Helper()
	gate := auth.Gate{{
		Name: "test",
		Find: func(r *http.Request) (string, bool) { s := r.Header.Get("X-Test"); return s, s != "" },
		Verify: func(_ context.Context, s string) (*auth.Principal, error) {
			subject, permissions, _ := strings.Cut(s, " ")
			return &auth.Principal{Subject: auth.Subject(subject), Permissions: strings.Fields(permissions)}, nil
		},
	}}
	r := web.NewRouter(web.Config{Prefix: "/api/v1"})
	for _, d := range h.domains {
		if d.Mount != nil {
			d.Mount(r)
		}
		gate = append(gate, d.Schemes...)
	}
	r.SetGate(gate)
	return func(who *users.User, permissions, method, path, body string, header ...string) answer {
		t.Helper()
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
		out, b := answer{status: w.Code, header: w.Header()}, w.Body.Bytes()
		if err := r.CheckResponse(req, w.Code, w.Header(), b); err != nil {
			t.Error(err)
		}
		if len(bytes.TrimSpace(b)) > 0 {
			if err := json.Unmarshal(b, &out.body); err != nil {
				t.Fatalf("%s %s: %q is no JSON object: %v", method, path, b, err)
			}
		}
		return out
	}
}

// is fails the test unless the answer has the status, and the code if it is
// not "".
func (a answer) is(t *testing.T, what string, status int, code string) answer {
	t.Helper()
	if a.status != status || code != "" && a.body["code"] != code {
		t.Errorf("%s: %d %v, want %d %s", what, a.status, a.body, status, code)
	}
	return a
}
