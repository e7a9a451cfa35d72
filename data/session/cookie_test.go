package session_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/manorgo/manor/data/session"
	"github.com/manorgo/manor/fault"
)

func TestCookieAttributes(t *testing.T) {
	db, _ := onSQLite(t)
	for _, x := range []struct {
		cfg  session.Config
		want string // all but the value and the time
	}{
		{session.Config{}, "session=; Path=/; Max-Age=1209600; HttpOnly; Secure; SameSite=Lax"},
		{session.Config{Name: "sid", Path: "/app", Domain: "example.com", MaxAge: time.Hour, SameSite: http.SameSiteStrictMode, Secure: session.SecureAlways},
			"sid=; Path=/app; Domain=example.com; Max-Age=3600; HttpOnly; Secure; SameSite=Strict"},
		{session.Config{Secure: session.SecureNever}, "session=; Path=/; Max-Age=1209600; HttpOnly; SameSite=Lax"},
		{session.Config{Secure: session.SecureAlways, SameSite: http.SameSiteNoneMode}, "session=; Path=/; Max-Age=1209600; HttpOnly; Secure; SameSite=None"},
		{session.Config{HostPrefix: true, Name: "sid"}, "__Host-sid=; Path=/; Max-Age=1209600; HttpOnly; Secure; SameSite=Lax"},
	} {
		b := &browser{t: t, st: newStore(t, db, x.cfg)}
		b.set("k", "v")
		value := b.cookie.Value
		if len(value) != 53 || !strings.HasPrefix(value, "mnw_") {
			t.Errorf("the id is %q", value)
		}
		c := *b.cookie
		c.Value, c.Expires = "", time.Time{}
		if got := c.String(); got != x.want {
			t.Errorf("%+v:\n got %s\nwant %s", x.cfg, got, x.want)
		}
		if got := b.get("k"); got != "v" {
			t.Errorf("%+v: read %q", x.cfg, got)
		}
		w := b.do(func(_ http.ResponseWriter, s *session.Session) { s.Destroy() })
		gone, want := w.Header().Get("Set-Cookie"), strings.Replace(strings.Replace(x.want, "1209600", "0", 1), "3600", "0", 1)
		if gone != want {
			t.Errorf("%+v:\n got %s\nwant %s", x.cfg, gone, want)
		}
	}
}

func TestSecureButLocal(t *testing.T) {
	db, _ := onSQLite(t)
	st := newStore(t, db, session.Config{HostPrefix: true})
	local := func(change func(r *http.Request)) *http.Request {
		r := httptest.NewRequest("POST", "http://localhost:8080/", nil)
		r.RemoteAddr = "127.0.0.1:4711"
		change(r)
		return r
	}
	for name, x := range map[string]struct {
		secure bool
		change func(r *http.Request)
	}{
		"localhost":          {false, func(r *http.Request) {}},
		"127.0.0.1":          {false, func(r *http.Request) { r.Host = "127.0.0.1" }},
		"::1":                {false, func(r *http.Request) { r.Host, r.RemoteAddr = "[::1]:8080", "[::1]:4711" }},
		"app.localhost":      {false, func(r *http.Request) { r.Host = "App.Localhost.:8080" }},
		"its own page":       {false, func(r *http.Request) { r.Header.Set("Origin", "http://localhost:8080") }},
		"TLS":                {true, func(r *http.Request) { r.TLS = &tls.ConnectionState{} }},
		"another host":       {true, func(r *http.Request) { r.Host = "example.com" }},
		"a host that begins": {true, func(r *http.Request) { r.Host = "127.0.0.1.example.com" }},
		"another machine":    {true, func(r *http.Request) { r.RemoteAddr = "192.0.2.1:4711" }},
		"a proxy":            {true, func(r *http.Request) { r.Header.Set("X-Forwarded-For", "192.0.2.1") }},
		"a standard proxy":   {true, func(r *http.Request) { r.Header.Set("Forwarded", "") }},
		"a silent proxy":     {true, func(r *http.Request) { r.Header.Set("Origin", "https://example.com") }},
		"its page":           {true, func(r *http.Request) { r.Header.Set("Referer", "https://example.com/login") }},
		"no origin":          {true, func(r *http.Request) { r.Header.Set("Origin", "null") }},
	} {
		b := &browser{t: t, st: st}
		b.send(local(x.change), func(_ http.ResponseWriter, s *session.Session) { s.Set("k", "v") })
		want := "session"
		if x.secure {
			want = "__Host-session"
		}
		if b.cookie.Secure != x.secure || b.cookie.Name != want {
			t.Errorf("%s: %s", name, b.cookie)
		}
	}
	// The plain name means nothing where the cookie should be secure.
	b := &browser{t: t, st: st}
	b.send(local(func(*http.Request) {}), func(_ http.ResponseWriter, s *session.Session) { s.Set("k", "v") })
	if got := b.get("k"); got != "" {
		t.Errorf("a cookie that a neighbour may have planted reads %q", got)
	}
}

func TestBadConfig(t *testing.T) {
	db, _ := onSQLite(t)
	keys := newKeys(t, 1)
	for name, cfg := range map[string]session.Config{
		"a negative age":     {MaxAge: -1},
		"a tiny age":         {MaxAge: 1},
		"a negative life":    {MaxLife: -1},
		"a negative size":    {MaxBytes: -1},
		"a negative time":    {SweepEvery: -1},
		"an unknown Secure":  {Secure: 9},
		"an unknown site":    {SameSite: 9},
		"None in the clear":  {SameSite: http.SameSiteNoneMode, Secure: session.SecureNever},
		"None for localhost": {SameSite: http.SameSiteNoneMode},
		"host and domain":    {HostPrefix: true, Domain: "example.com"},
		"host and path":      {HostPrefix: true, Path: "/app"},
		"host in the clear":  {HostPrefix: true, Secure: session.SecureNever},
		"its own prefix":     {Name: "__Secure-x"},
		"a bad name":         {Name: "a b"},
		"a bad path":         {Path: "app"},
		"a broken path":      {Path: "/a;b"},
		"a bad domain":       {Domain: "exa mple.com"},
		"a bad table":        {Table: `x"; DROP TABLE users; --`},
		"a qualified table":  {Table: "app.sessions"},
		"a long table":       {Table: strings.Repeat("x", 60)},
		"a bad column":       {Columns: session.Columns{Data: "a b"}},
		"a long column":      {Columns: session.Columns{Data: strings.Repeat("x", 64)}},
		"one name twice":     {Columns: session.Columns{Data: "owner"}},
		"twice but for case": {Columns: session.Columns{Data: "OWNER"}},
	} {
		if _, err := session.New(db, keys, cfg); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := session.New(nil, keys, session.Config{}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("no database: %v", err)
	}
	if _, err := session.New(db, nil, session.Config{}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("no keys: %v", err)
	}
}
