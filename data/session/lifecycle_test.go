package session_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/datatest"
	"github.com/manorgo/manor/data/session"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

func TestLifecycle(t *testing.T) {
	both(t, func(t *testing.T, db *data.DB, c *clock) {
		b := &browser{t: t, st: newStore(t, db, session.Config{})}
		b.set("a", "1", "b", "2")
		first := *b.cookie
		if got := b.get("a") + b.get("b") + b.get("c"); got != "12" {
			t.Errorf("read %q", got)
		}
		c.advance(time.Second)
		b.set("a", "3")
		b.do(func(_ http.ResponseWriter, s *session.Session) {
			if err := s.Delete("b"); err != nil {
				t.Error(err)
			}
		})
		if got := b.get("a") + b.get("b"); got != "3" || b.cookie.Value != first.Value {
			t.Errorf("after changes: %q", got)
		}
		rows := dump(t, db)
		if len(rows) != 1 || !rows[0].Updated.After(rows[0].Created) || rows[0].ID[6]>>4 != 7 {
			t.Errorf("rows: %+v", rows)
		}
		b.do(func(_ http.ResponseWriter, s *session.Session) {
			if err := s.Clear(); err != nil {
				t.Error(err)
			}
			if err := s.Set("d", "4"); err != nil {
				t.Error(err)
			}
		})
		b.do(func(_ http.ResponseWriter, s *session.Session) {
			if diff := cmp.Diff([]string{"d"}, s.Keys()); diff != "" {
				t.Error(diff)
			}
		})
		w := b.do(func(_ http.ResponseWriter, s *session.Session) {
			if err := s.Destroy(); err != nil {
				t.Error(err)
			}
		})
		if b.cookie != nil || len(dump(t, db)) != 0 {
			t.Errorf("after Destroy there is %v, %s", b.cookie, w.Header())
		}
		b.cookie = &first
		if got := b.get("a"); got != "" {
			t.Errorf("the old cookie reads %q", got)
		}
	})
}

type profile struct {
	ID    int64
	Name  string
	Roles []string
	Since time.Time
	Key   []byte
}

// The seed's example: login, profile, logout.
func TestLoginProfileLogout(t *testing.T) {
	both(t, func(t *testing.T, db *data.DB, c *clock) {
		st := newStore(t, db, session.Config{})
		want := profile{ID: 1<<62 + 1, Name: "Zoë <b>", Roles: []string{"a", "b"}, Since: c.now().UTC(), Key: []byte{0, 255}}
		mux := http.NewServeMux()
		mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
			s := session.From(r.Context())
			if err := s.SetOwner("user 123"); err != nil {
				t.Error(err)
			}
			if err := s.Set("user", want); err != nil {
				t.Error(err)
			}
			w.WriteHeader(http.StatusNoContent)
		})
		mux.HandleFunc("GET /profile", func(w http.ResponseWriter, r *http.Request) {
			got, err := session.Get[profile](session.From(r.Context()), "user")
			if fault.KindOf(err) == fault.NotFound {
				http.Error(w, "not logged in", http.StatusUnauthorized)
				return
			}
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Error(diff, err)
			}
		})
		mux.HandleFunc("POST /logout", func(w http.ResponseWriter, r *http.Request) {
			if err := session.From(r.Context()).Destroy(); err != nil {
				t.Error(err)
			}
		})
		srv := httptest.NewTLSServer(st.Middleware(mux))
		defer srv.Close()
		client := srv.Client()
		client.Jar = newJar(t)
		for i, step := range []struct {
			method, path string
			status       int
		}{
			{"GET", "/profile", 401}, {"POST", "/login", 204}, {"GET", "/profile", 200},
			{"POST", "/logout", 200}, {"GET", "/profile", 401}, {"POST", "/logout", 200},
		} {
			r, err := http.NewRequestWithContext(t.Context(), step.method, srv.URL+step.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != step.status {
				t.Errorf("step %d: %s is %d, want %d", i, step.path, resp.StatusCode, step.status)
			}
		}
		if rows := dump(t, db); len(rows) != 0 {
			t.Errorf("rows remain: %+v", rows)
		}
	})
}

// Who has no session costs nothing, and who reads one costs one SELECT.
func TestStatements(t *testing.T) {
	both(t, func(t *testing.T, db *data.DB, c *clock) {
		newStore(t, db, session.Config{})
		db, counter := datatest.Count(db)
		st, err := session.New(db, newKeys(t, 1), session.Config{})
		if err != nil {
			t.Fatal(err)
		}
		b := &browser{t: t, st: st}
		count := func(what string, want int, fn func(w http.ResponseWriter, s *session.Session)) *httptest.ResponseRecorder {
			t.Helper()
			counter.Reset()
			w := b.do(fn)
			if got := counter.Statements(); len(got) != want {
				t.Errorf("%s: %d statements, want %d: %q", what, len(got), want, got)
			}
			return w
		}
		read := func(_ http.ResponseWriter, s *session.Session) {
			if _, err := session.Get[string](s, "k"); err != nil && fault.KindOf(err) != fault.NotFound {
				t.Error(err)
			}
		}
		nothing := func(_ http.ResponseWriter, s *session.Session) {
			for _, err := range []error{s.Delete("k"), s.Clear(), s.Rotate(), s.Destroy()} {
				if err != nil {
					t.Error(err)
				}
			}
		}
		w := count("an anonymous read", 0, read)
		if len(w.Result().Cookies()) != 0 || w.Header().Get("Cache-Control") != "" || w.Header().Get("Vary") != "Cookie" {
			t.Errorf("an anonymous read is answered with %v", w.Header())
		}
		w = count("an anonymous request that keeps nothing", 0, nothing)
		if len(w.Result().Cookies()) != 0 {
			t.Errorf("it is answered with %v", w.Header())
		}
		b.cookie = &http.Cookie{Name: "session", Value: "guess"}
		count("a cookie that was not made here", 0, read)
		b.cookie = nil
		w = count("the first value", 1, func(_ http.ResponseWriter, s *session.Session) { s.Set("k", "v") })
		if w.Header().Get("Cache-Control") != "no-store" || len(w.Result().Cookies()) != 1 {
			t.Errorf("the first value is answered with %v", w.Header())
		}
		w = count("a read", 1, read)
		if len(w.Result().Cookies()) != 0 {
			t.Errorf("a read is answered with %v", w.Header())
		}
		count("a change", 3, func(_ http.ResponseWriter, s *session.Session) { s.Set("k", "w") })
		c.advance(8 * 24 * time.Hour)
		w = count("a read in the second half", 2, read)
		if len(w.Result().Cookies()) != 1 {
			t.Errorf("it is answered with %v", w.Header())
		}
		count("a read after that", 1, read)
	})
}

func TestForeignIDs(t *testing.T) {
	both(t, func(t *testing.T, db *data.DB, c *clock) {
		st := newStore(t, db, session.Config{})
		wellMade := secret.NewToken(secret.BrowserCookie).Reveal()
		for name, id := range map[string]string{
			"unknown": wellMade, "empty": "", "unicode": "zoë-☃-\u202e", "quoted": `"quoted"`, "null": "null", "SQL": "' OR 1=1 --",
			"255": strings.Repeat("x", 255), "256": strings.Repeat("x", 256), "300": strings.Repeat("x", 300),
			"a longer one with the same beginning": wellMade + strings.Repeat("x", 300),
		} {
			var got []string
			r := httptest.NewRequest("GET", "https://example.com/", nil)
			r.Header.Set("Cookie", "session="+id)
			b := &browser{t: t, st: st}
			w := b.send(r, func(_ http.ResponseWriter, s *session.Session) {
				got = s.Keys()
				if err := s.Set("who", name); err != nil {
					t.Error(err)
				}
			})
			if w.Code != http.StatusOK || len(got) != 0 {
				t.Errorf("%s: %d with %v", name, w.Code, got)
			}
			if b.cookie == nil || b.cookie.Value == id {
				t.Fatalf("%s was adopted: %v", name, b.cookie)
			}
			if got := b.get("who"); got != name {
				t.Errorf("%s: read %q", name, got)
			}
		}
		// A longer id is another id: nothing is cut.
		b := &browser{t: t, st: st}
		b.set("k", "v")
		b.cookie.Value += "x"
		if got := b.get("k"); got != "" {
			t.Errorf("a longer id reads %q", got)
		}
	})
}

func TestRotation(t *testing.T) {
	both(t, func(t *testing.T, db *data.DB, c *clock) {
		st := newStore(t, db, session.Config{})
		for name, change := range map[string]func(s *session.Session) error{
			"Rotate":   (*session.Session).Rotate,
			"SetOwner": func(s *session.Session) error { return s.SetOwner("zoë") },
		} {
			b := &browser{t: t, st: st}
			b.set("basket", "lamp")
			attacker := &browser{t: t, st: st, cookie: b.cookie}
			before := len(dump(t, db))
			b.do(func(_ http.ResponseWriter, s *session.Session) {
				if err := change(s); err != nil {
					t.Error(err)
				}
			})
			if b.cookie.Value == attacker.cookie.Value {
				t.Errorf("%s: the id is the same", name)
			}
			if got := b.get("basket"); got != "lamp" {
				t.Errorf("%s: the new id reads %q", name, got)
			}
			if got := attacker.get("basket"); got != "" {
				t.Errorf("%s: the old id reads %q", name, got)
			}
			if n := len(dump(t, db)); n != before {
				t.Errorf("%s: %d rows", name, n)
			}
		}
		// The same owner again is no change of rights.
		b := &browser{t: t, st: st}
		b.do(func(_ http.ResponseWriter, s *session.Session) { s.SetOwner("zoë") })
		w := b.do(func(_ http.ResponseWriter, s *session.Session) { s.SetOwner("zoë") })
		if len(w.Result().Cookies()) != 0 {
			t.Error("the same owner rotates the id")
		}
	})
}

func TestDestroyThenBegin(t *testing.T) {
	both(t, func(t *testing.T, db *data.DB, c *clock) {
		b := &browser{t: t, st: newStore(t, db, session.Config{})}
		b.set("a", "1")
		old := *b.cookie
		b.do(func(_ http.ResponseWriter, s *session.Session) {
			s.SetOwner("zoë")
			s.Destroy()
			s.Set("flash", "bye")
		})
		if len(dump(t, db)) != 1 || dump(t, db)[0].Owner != "" || b.get("flash") != "bye" || b.get("a") != "" || b.cookie.Value == old.Value {
			t.Errorf("rows: %+v", dump(t, db))
		}
		b.cookie = &old
		if got := b.get("a") + b.get("flash"); got != "" {
			t.Errorf("the old id reads %q", got)
		}
	})
}

func TestDestroyMany(t *testing.T) {
	both(t, func(t *testing.T, db *data.DB, c *clock) {
		st := newStore(t, db, session.Config{})
		signIn := func(owner string) *browser {
			b := &browser{t: t, st: st}
			b.do(func(_ http.ResponseWriter, s *session.Session) { s.SetOwner(owner); s.Set("who", owner) })
			return b
		}
		phone, laptop, other := signIn("zoë"), signIn("zoë"), signIn("bob")
		nobody := &browser{t: t, st: st}
		nobody.set("who", "nobody")
		if n, err := st.DestroyOwned(t.Context(), db, ""); n != 0 || fault.KindOf(err) != fault.Invalid {
			t.Errorf("nobody's sessions: %d, %v", n, err)
		}
		// Everywhere but here, with a new id for this one.
		w := laptop.do(func(_ http.ResponseWriter, s *session.Session) {
			if s.Owner() != "zoë" {
				t.Errorf("the owner is %q", s.Owner())
			}
			err := db.Tx(t.Context(), func(tx *data.Tx) error {
				n, err := st.DestroyOwned(t.Context(), tx, "zoë", s)
				if n != 1 {
					t.Errorf("%d sessions ended, want 1", n)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
			s.Rotate()
		})
		if w.Code != 200 || phone.get("who") != "" || laptop.get("who") != "zoë" || other.get("who") != "bob" || nobody.get("who") != "nobody" {
			t.Errorf("status %d; the wrong sessions ended", w.Code)
		}
		if n, err := st.DestroyOwned(t.Context(), db, "zoë"); n != 1 || err != nil || laptop.get("who") != "" {
			t.Errorf("%d ended, %v", n, err)
		}
		if n, err := st.DestroyAll(t.Context(), db); n != 2 || err != nil || other.get("who") != "" || len(dump(t, db)) != 0 {
			t.Errorf("%d ended, %v", n, err)
		}
	})
}
