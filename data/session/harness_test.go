package session_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/data/postgres"
	"github.com/manorgo/manor/data/session"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/internal/pgtest"
	"github.com/manorgo/manor/secret"
)

// both runs fn on an empty database of each kind, with a clock of its own.
func both(t *testing.T, fn func(t *testing.T, db *data.DB, c *clock)) {
	t.Parallel()
	open := map[string]func(t *testing.T) (*data.DB, error){
		"sqlite": func(t *testing.T) (*data.DB, error) {
			return sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "sessions.db"), sqlite.Options{})
		},
		"postgres": func(t *testing.T) (*data.DB, error) {
			return postgres.Open(t.Context(), pgtest.Database(t), postgres.Options{})
		},
	}
	for name, open := range open {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, err := open(t)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { db.Close() })
			c := &clock{at: time.Date(2026, 11, 21, 12, 0, 0, 0, time.FixedZone("", 5*3600+1800))}
			fn(t, data.New(db.Driver(), c.now), c)
		})
	}
}

// onSQLite is both for what has nothing to do with the database.
func onSQLite(t *testing.T) (*data.DB, *clock) {
	t.Helper()
	t.Parallel()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "sessions.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	c := &clock{at: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	return data.New(db.Driver(), c.now), c
}

// A clock stands still until it is moved.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func newKeys(t testing.TB, seeds ...byte) *secret.Keyring {
	t.Helper()
	var masters [][]byte
	for _, seed := range seeds {
		master := bytes.Repeat([]byte{seed, seed + 1}, secret.KeySize/2)
		masters = append(masters, master)
	}
	k, err := secret.NewKeyring(masters...)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// newStore returns a store on db and makes its table if there is none.
func newStore(t testing.TB, db *data.DB, cfg session.Config) *session.Store {
	t.Helper()
	return newStoreWith(t, db, newKeys(t, 1), cfg)
}

func newStoreWith(t testing.TB, db *data.DB, keys *secret.Keyring, cfg session.Config) *session.Store {
	t.Helper()
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	st, err := session.New(db, keys, cfg)
	if err != nil {
		t.Fatal(err)
	}
	m, err := migrate.New(db, []migrate.Source{{Name: "session", FS: st.Migrations()}}, migrate.Options{Log: slog.New(slog.DiscardHandler)})
	if err == nil {
		_, err = m.Upgrade(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// A browser keeps the store's cookie.
type browser struct {
	t      testing.TB
	st     *session.Store
	cookie *http.Cookie
}

// do makes a request to a handler that does fn, keeps the cookie and returns
// the response.
func (b *browser) do(fn func(w http.ResponseWriter, s *session.Session)) *httptest.ResponseRecorder {
	b.t.Helper()
	r := httptest.NewRequest("GET", "https://example.com/", nil)
	if b.cookie != nil {
		r.AddCookie(&http.Cookie{Name: b.cookie.Name, Value: b.cookie.Value})
	}
	return b.send(r, fn)
}

func (b *browser) send(r *http.Request, fn func(w http.ResponseWriter, s *session.Session)) *httptest.ResponseRecorder {
	b.t.Helper()
	w := httptest.NewRecorder()
	b.st.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fn(w, session.From(r.Context()))
	})).ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if b.cookie = c; c.MaxAge < 0 {
			b.cookie = nil
		}
	}
	return w
}

// set sets values in a request of its own and wants it to succeed.
func (b *browser) set(pairs ...string) {
	b.t.Helper()
	w := b.do(func(_ http.ResponseWriter, s *session.Session) {
		for i := 0; i < len(pairs); i += 2 {
			if err := s.Set(pairs[i], pairs[i+1]); err != nil {
				b.t.Error(err)
			}
		}
	})
	if w.Code != http.StatusOK {
		b.t.Errorf("status %d: %s", w.Code, w.Body)
	}
}

// get reads a text in a request of its own, "" if there is none.
func (b *browser) get(key string) (v string) {
	b.t.Helper()
	w := b.do(func(_ http.ResponseWriter, s *session.Session) {
		var err error
		if v, err = session.Get[string](s, key); err != nil && fault.KindOf(err) != fault.NotFound {
			b.t.Error(err)
		}
	})
	if w.Code != http.StatusOK {
		b.t.Errorf("status %d: %s", w.Code, w.Body)
	}
	return v
}

// A stored is a row as the database has it.
type stored struct {
	ID      []byte    `db:"id"`
	Hash    string    `db:"session_id"`
	Data    []byte    `db:"data"`
	Owner   string    `db:"owner"`
	Expires time.Time `db:"expires_at"`
	Created time.Time `db:"created_at"`
	Updated time.Time `db:"updated_at"`
}

var dumps = data.NewSelect[stored](
	`SELECT id, session_id, data, owner, expires_at, created_at, updated_at FROM http_sessions ORDER BY created_at, id`,
	`SELECT uuid_send(id), session_id, data, owner, expires_at, created_at, updated_at FROM http_sessions ORDER BY created_at, id`)

func dump(t testing.TB, db *data.DB) []stored {
	t.Helper()
	rows, err := dumps.All(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func exec(t testing.TB, db *data.DB, sql string, args ...any) {
	t.Helper()
	if db.Dialect() == "postgres" {
		for i := range args {
			sql = strings.Replace(sql, "?", fmt.Sprintf("$%d", i+1), 1)
		}
	}
	if _, err := db.Driver().Exec(context.Background(), driver.Call{Statement: &driver.Statement{SQL: sql}, Args: args}); err != nil {
		t.Fatal(err)
	}
}

func newJar(t testing.TB) http.CookieJar {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return jar
}
