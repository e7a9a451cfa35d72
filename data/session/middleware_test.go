package session_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/datatest"
	"github.com/manorgo/manor/data/session"
	"github.com/manorgo/manor/fault"
)

// A database that fails is never taken for a browser without a session, nor a
// save that failed for one that succeeded.
func TestDatabaseErrors(t *testing.T) {
	both(t, func(t *testing.T, db *data.DB, c *clock) {
		newStore(t, db, session.Config{})
		db, failing := datatest.Failing(db)
		b := &browser{t: t, st: newStore(t, db, session.Config{})}
		b.set("k", "v")
		cookie := *b.cookie
		for name, change := range map[string]func(s *session.Session){
			"set":     func(s *session.Session) { s.Set("k", "w") },
			"rotate":  func(s *session.Session) { s.Rotate() },
			"destroy": func(s *session.Session) { s.Destroy() },
			"replace": func(s *session.Session) { s.Destroy(); s.Set("k", "w") },
		} {
			for _, writes := range []bool{true, false} {
				failing.Fail(true)
				var writeErr error
				w := b.do(func(w http.ResponseWriter, s *session.Session) {
					change(s)
					w.Header().Set("Location", "/welcome")
					w.Header().Set("Content-Length", "7")
					if writes {
						w.WriteHeader(http.StatusSeeOther)
						_, writeErr = io.WriteString(w, "welcome")
					}
				})
				failing.Fail(false)
				if w.Code != http.StatusServiceUnavailable || w.Header().Get("Location") != "" || w.Header().Get("Content-Length") == "7" ||
					len(w.Result().Cookies()) != 0 || strings.Contains(w.Body.String(), "welcome") || w.Header().Get("Retry-After") == "" {
					t.Errorf("%s: %d %v %s", name, w.Code, w.Header(), w.Body)
				}
				if writes && fault.KindOf(writeErr) != fault.Unavailable {
					t.Errorf("%s: the handler is told %v", name, writeErr)
				}
				if b.cookie.Value != cookie.Value || b.get("k") != "v" || len(dump(t, db)) != 1 {
					t.Errorf("%s: something was changed", name)
				}
			}
		}
		failing.Fail(true)
		stranger := &browser{t: t, st: b.st}
		w := stranger.do(func(w http.ResponseWriter, s *session.Session) { s.Set("k", "v"); fmt.Fprint(w, "welcome") })
		if w.Code != http.StatusServiceUnavailable || stranger.cookie != nil {
			t.Errorf("the first value: %d", w.Code)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		w = b.do(func(http.ResponseWriter, *session.Session) { t.Error("the handler runs without its session") })
		if w.Code != http.StatusServiceUnavailable || b.cookie == nil {
			t.Errorf("a closed database: %d", w.Code)
		}
		w = stranger.do(func(w http.ResponseWriter, s *session.Session) {})
		if w.Code != http.StatusOK {
			t.Errorf("without a cookie nobody needs the database: %d", w.Code)
		}
		if _, err := b.st.DeleteExpired(t.Context()); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("DeleteExpired: %v", err)
		}
	})
}

func TestErrorHook(t *testing.T) {
	db, _ := onSQLite(t)
	newStore(t, db, session.Config{})
	db, failing := datatest.Failing(db)
	b := &browser{t: t, st: newStore(t, db, session.Config{Error: func(w http.ResponseWriter, r *http.Request, err error) {
		if session.From(r.Context()) != nil || fault.KindOf(err) != fault.Unavailable {
			t.Errorf("the hook gets %v", err)
		}
		w.WriteHeader(http.StatusTeapot)
	}})}
	failing.Fail(true)
	if w := b.do(func(_ http.ResponseWriter, s *session.Session) { s.Set("k", "v") }); w.Code != http.StatusTeapot {
		t.Errorf("status %d", w.Code)
	}
}

// What failed is not saved.
func TestFailuresSaveNothing(t *testing.T) {
	db, _ := onSQLite(t)
	b := &browser{t: t, st: newStore(t, db, session.Config{})}
	b.set("k", "v")
	for name, fail := range map[string]func(w http.ResponseWriter){
		"panic": func(http.ResponseWriter) { panic("boom") },
		"abort": func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
		"500":   func(w http.ResponseWriter) { http.Error(w, "failed", http.StatusInternalServerError) },
		"503":   func(w http.ResponseWriter) { http.Error(w, "failed", http.StatusServiceUnavailable) },
	} {
		func() {
			defer func() {
				if v := recover(); (v != nil) != (name == "panic" || name == "abort") {
					t.Errorf("%s: recovered %v", name, v)
				}
			}()
			b.do(func(w http.ResponseWriter, s *session.Session) {
				s.Set("k", "w")
				s.Rotate()
				fail(w)
				if err := s.Set("k", "late"); fault.KindOf(err) != fault.Internal {
					t.Errorf("%s: changed after the response: %v", name, err)
				}
			})
		}()
		if got := b.get("k"); got != "v" {
			t.Errorf("%s: saved %q", name, got)
		}
	}
	b.do(func(w http.ResponseWriter, s *session.Session) { // the caller's mistake is no failure
		s.Set("tries", "1")
		w.WriteHeader(http.StatusUnprocessableEntity)
	})
	if got := b.get("tries"); got != "1" {
		t.Errorf("after 422: %q", got)
	}
}

// Whichever way a response begins, the session has been saved before.
func TestSavedBeforeTheFirstByte(t *testing.T) {
	db, _ := onSQLite(t)
	st := newStore(t, db, session.Config{})
	for name, begin := range map[string]func(w http.ResponseWriter) error{
		"WriteHeader": func(w http.ResponseWriter) error { w.WriteHeader(201); return nil },
		"Write":       func(w http.ResponseWriter) error { _, err := w.Write([]byte("x")); return err },
		"WriteString": func(w http.ResponseWriter) error { _, err := io.WriteString(w, "x"); return err },
		"Flush":       func(w http.ResponseWriter) error { w.(http.Flusher).Flush(); return nil },
		"control":     func(w http.ResponseWriter) error { return http.NewResponseController(w).Flush() },
		"ReadFrom": func(w http.ResponseWriter) error {
			_, err := w.(io.ReaderFrom).ReadFrom(strings.NewReader("x"))
			return err
		},
		"copy": func(w http.ResponseWriter) error { _, err := io.Copy(w, strings.NewReader("x")); return err },
	} {
		b := &browser{t: t, st: st}
		w := b.do(func(w http.ResponseWriter, s *session.Session) {
			s.Set("k", name)
			before := len(dump(t, db))
			if err := begin(w); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if len(dump(t, db)) != before+1 {
				t.Errorf("%s: not saved", name)
			}
			for what, err := range map[string]error{
				"Set": s.Set("k", "late"), "Delete": s.Delete("k"), "Clear": s.Clear(), "Rotate": s.Rotate(), "Destroy": s.Destroy(), "SetOwner": s.SetOwner("x"),
			} {
				if fault.KindOf(err) != fault.Internal {
					t.Errorf("%s: %s afterwards: %v", name, what, err)
				}
			}
		})
		if b.cookie == nil || b.get("k") != name {
			t.Errorf("%s: %v", name, w.Header())
		}
	}
}

// Early hints are not the response.
func TestEarlyHints(t *testing.T) {
	db, _ := onSQLite(t)
	st := newStore(t, db, session.Config{})
	srv := httptest.NewServer(st.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		if err := session.From(r.Context()).Set("k", "v"); err != nil {
			t.Error(err)
		}
	})))
	defer srv.Close()
	resp, err := srv.Client().Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if len(resp.Cookies()) != 1 || len(dump(t, db)) != 1 {
		t.Errorf("answered with %v", resp.Header)
	}
}

// The server's own abilities stay within reach, and a failed save keeps a
// handler from taking the connection over.
func TestHijack(t *testing.T) {
	db, _ := onSQLite(t)
	newStore(t, db, session.Config{})
	db, failing := datatest.Failing(db)
	st := newStore(t, db, session.Config{})
	srv := httptest.NewServer(st.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		session.From(r.Context()).Set("k", r.URL.Path)
		if err := http.NewResponseController(w).EnableFullDuplex(); err != nil {
			t.Error(err)
		}
		conn, _, err := http.NewResponseController(w).Hijack()
		if r.URL.Path == "/fails" {
			if fault.KindOf(err) != fault.Unavailable {
				t.Errorf("hijacked: %v", err)
			}
			return
		}
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\n\r\n")
	})))
	defer srv.Close()
	for path, want := range map[string]string{"/granted": "101", "/fails": "503"} {
		failing.Fail(path == "/fails")
		conn, err := net.Dial("tcp", srv.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path)
		line, err := bufio.NewReader(conn).ReadString('\n')
		if err != nil || !strings.HasPrefix(line, "HTTP/1.1 "+want) {
			t.Errorf("%s: %q, %v", path, line, err)
		}
	}
	if n := len(dump(t, db)); n != 1 {
		t.Errorf("%d rows", n)
	}
	// A writer that cannot be flushed says so.
	bare := struct{ http.ResponseWriter }{httptest.NewRecorder()}
	st.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := http.NewResponseController(w).Flush(); !errors.Is(err, http.ErrNotSupported) {
			t.Errorf("flushed: %v", err)
		}
	})).ServeHTTP(bare, httptest.NewRequest("GET", "https://example.com/", nil))
}

// Signing out is signing out, even for who does not wait for the answer.
func TestGoneBrowser(t *testing.T) {
	both(t, func(t *testing.T, db *data.DB, c *clock) {
		b := &browser{t: t, st: newStore(t, db, session.Config{})}
		b.set("k", "v")
		ctx, cancel := context.WithCancel(t.Context())
		r := httptest.NewRequestWithContext(ctx, "POST", "https://example.com/logout", nil)
		r.AddCookie(b.cookie)
		b.send(r, func(_ http.ResponseWriter, s *session.Session) {
			s.Destroy()
			cancel()
		})
		if n := len(dump(t, db)); n != 0 {
			t.Errorf("%d rows", n)
		}
	})
}

func TestValues(t *testing.T) {
	db, _ := onSQLite(t)
	b := &browser{t: t, st: newStore(t, db, session.Config{})}
	b.do(func(_ http.ResponseWriter, s *session.Session) {
		for name, err := range map[string]error{
			"an empty key": s.Set("", 1), "a long key": s.Set(strings.Repeat("x", 256), 1), "a broken key": s.Set("\xff", 1),
			"a function": s.Set("k", func() {}), "a long owner": s.SetOwner(strings.Repeat("ß", 256)), "a broken owner": s.SetOwner("\xff"), "a NUL": s.SetOwner("a\x00"),
		} {
			if fault.KindOf(err) != fault.Invalid {
				t.Errorf("%s: %v", name, err)
			}
		}
		if len(s.Keys()) != 0 || s.Owner() != "" {
			t.Error("what was refused has changed the session")
		}
		for key, v := range map[string]any{"int": int64(1)<<62 + 1, "zoë ☃ \"": "a\x00b\u2028<&>", strings.Repeat("x", 255): nil, "float": 0.1} {
			if err := s.Set(key, v); err != nil {
				t.Error(err)
			}
		}
	})
	b.do(func(_ http.ResponseWriter, s *session.Session) {
		n, err := session.Get[int64](s, "int")
		if n != 1<<62+1 || err != nil {
			t.Errorf("int: %d, %v", n, err)
		}
		text, err := session.Get[string](s, "zoë ☃ \"")
		if diff := cmp.Diff("a\x00b\u2028<&>", text); diff != "" || err != nil {
			t.Errorf("text: %s, %v", diff, err)
		}
		p, err := session.Get[*int](s, strings.Repeat("x", 255))
		if p != nil || err != nil {
			t.Errorf("nil: %v, %v", p, err)
		}
		if v, err := session.Get[int](s, "float"); v != 0 || fault.KindOf(err) != fault.Internal {
			t.Errorf("a float as an int: %d, %v", v, err)
		}
		if _, err := session.Get[string](s, "int"); fault.KindOf(err) != fault.Internal {
			t.Errorf("an int as a string: %v", err)
		}
		if _, err := session.Get[string](s, "nothing"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("nothing: %v", err)
		}
	})
}

func TestWithoutMiddleware(t *testing.T) {
	t.Parallel()
	s := session.From(t.Context())
	if s != nil || s.Owner() != "" || s.Keys() != nil || !s.ExpiresAt().IsZero() {
		t.Errorf("there is a session: %v", s)
	}
	_, err := session.Get[string](s, "k")
	for _, err := range []error{err, s.Set("k", "v"), s.Delete("k"), s.Clear(), s.Rotate(), s.Destroy(), s.SetOwner("x")} {
		if fault.KindOf(err) != fault.Internal || !strings.Contains(err.Error(), "Middleware") {
			t.Errorf("without the middleware: %v", err)
		}
	}
}
