package web_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/manorgo/manor/web"
)

func parseURL(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestFrameHosts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		public, host string
		ok           bool
	}{
		{"", "localhost", true},
		{"", "LOCALHOST:8080", true},
		{"", "127.0.0.1:1", true},
		{"", "127.9.9.9", true},
		{"", "[::1]:8080", true},
		{"", "[::1]", true},
		{"", "[::ffff:127.0.0.1]:80", true},
		{"", "example.com", false},
		{"", "localhost.example.com", false},
		{"", "10.0.0.1", false},
		{"", "", false},
		{"https://shop.example", "shop.example", true},
		{"https://shop.example", "SHOP.example:443", true},
		{"https://shop.example", "shop.example:80", false},
		{"https://shop.example", "shop.example.evil.example", false},
		{"https://shop.example", "localhost", false},
		{"http://shop.example:8080", "shop.example:8080", true},
		{"http://shop.example:8080", "shop.example", false},
		{"http://shop.example", "shop.example:80", true},
	} {
		c := web.FrameConfig{Log: quiet, AnyHost: func(path string) bool { return path == "/livez" }}
		if tt.public != "" {
			c.PublicURL = parseURL(t, tt.public)
		}
		h := web.Frame(c, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		for path, ok := range map[string]bool{"/x": tt.ok, "/livez": true} {
			r := httptest.NewRequest("GET", path, nil)
			r.Host = tt.host
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if (w.Code == 200) != ok || !ok && (w.Code != 421 || problemOf(t, w).Code != "MISDIRECTED") {
				t.Errorf("%q at %q%s: %d", tt.public, tt.host, path, w.Code)
			}
		}
	}
}

func TestFrameClient(t *testing.T) {
	t.Parallel()
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for _, tt := range []struct {
		name, peer string
		forwarded  []string
		want       string
	}{
		{"no proxy", "203.0.113.9:1234", nil, "203.0.113.9"},
		{"a stranger's header", "203.0.113.9:1234", []string{"1.1.1.1"}, "203.0.113.9"},
		{"mapped", "[::ffff:203.0.113.9]:1234", nil, "203.0.113.9"},
		{"zone", "[fe80::1%eth0]:1234", nil, "fe80::1"},
		{"one proxy", "10.0.0.1:1", []string{"198.51.100.7"}, "198.51.100.7"},
		{"with port", "10.0.0.1:1", []string{"198.51.100.7:5555"}, "198.51.100.7"},
		{"v6 with port", "10.0.0.1:1", []string{"[2001:db8::1]:5555"}, "2001:db8::1"},
		{"v6", "10.0.0.1:1", []string{"2001:db8::1"}, "2001:db8::1"},
		{"forged first hop", "10.0.0.1:1", []string{"1.1.1.1, 198.51.100.7"}, "198.51.100.7"},
		{"two proxies", "10.0.0.1:1", []string{"198.51.100.7, 10.0.0.2"}, "198.51.100.7"},
		{"several headers", "[fd00::1]:1", []string{"198.51.100.7", "10.0.0.2"}, "198.51.100.7"},
		{"mapped proxy", "[::ffff:10.0.0.1]:1", []string{"198.51.100.7, ::ffff:10.0.0.2"}, "198.51.100.7"},
		{"all trusted", "10.0.0.1:1", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"nonsense", "10.0.0.1:1", []string{"1.1.1.1, unknown, 10.0.0.2"}, "10.0.0.2"},
		{"nothing", "10.0.0.1:1", nil, "10.0.0.1"},
		{"no address", "@", nil, "invalid IP"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got web.Client
			h := web.Frame(web.FrameConfig{Log: quiet, TrustedProxies: trusted}, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				got = web.ClientFrom(r.Context())
			}))
			r := httptest.NewRequest("GET", "http://localhost/", nil)
			r.RemoteAddr = tt.peer
			r.Header["X-Forwarded-For"] = tt.forwarded
			h.ServeHTTP(httptest.NewRecorder(), r)
			if got.IP.String() != tt.want {
				t.Errorf("got %v, want %s", got.IP, tt.want)
			}
		})
	}
}

func TestFrameRequestID(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		peer, id string
		keep     bool
	}{
		{"10.0.0.1:1", "abc.DEF_123-x", true},
		{"10.0.0.1:1", strings.Repeat("a", 64), true},
		{"10.0.0.1:1", "short", false},
		{"10.0.0.1:1", strings.Repeat("a", 65), false},
		{"10.0.0.1:1", "with space!", false},
		{"203.0.113.9:1", "abc.DEF_123-x", false},
	} {
		h := web.Frame(web.FrameConfig{Log: quiet, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}, newServer(t).Router)
		r := httptest.NewRequest("GET", "http://localhost/nothing", nil)
		r.RemoteAddr = tt.peer
		r.Header.Set("X-Request-Id", tt.id)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		got := w.Header().Get("X-Request-Id")
		if (got == tt.id) != tt.keep || len(got) < 8 || problemOf(t, w).RequestID != got {
			t.Errorf("%s from %s became %s: %s", tt.id, tt.peer, got, w.Body)
		}
	}
}

func TestUserAgent(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"curl/8":                     "curl/8",
		"a\x00b\r\nc\x7f\u202ed\xff": "abcd",
		strings.Repeat("é", 200):     strings.Repeat("é", 127),
		strings.Repeat("a", 300):     strings.Repeat("a", 255),
	} {
		var got web.Client
		h := web.Frame(web.FrameConfig{Log: quiet}, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = web.ClientFrom(r.Context()) }))
		r := httptest.NewRequest("GET", "http://localhost/", nil)
		r.Header["User-Agent"] = []string{in}
		h.ServeHTTP(httptest.NewRecorder(), r)
		if got.UserAgent != want {
			t.Errorf("%q became %q", in, got.UserAgent)
		}
	}
}

func TestFrameHeaders(t *testing.T) {
	t.Parallel()
	h := web.Frame(web.FrameConfig{Log: quiet, PublicURL: parseURL(t, "https://shop.example")}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/own" {
			w.Header().Set("Content-Security-Policy", "default-src 'self'")
		}
	}))
	for path, csp := range map[string]string{"/": "default-src 'none'; frame-ancestors 'none'", "/own": "default-src 'self'"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "https://shop.example"+path, nil))
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY", "Content-Security-Policy": csp,
			"Cross-Origin-Opener-Policy": "same-origin", "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
		} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
	}
	w := httptest.NewRecorder()
	web.Frame(web.FrameConfig{Log: quiet}, http.NotFoundHandler()).ServeHTTP(w, httptest.NewRequest("GET", "http://localhost/", nil))
	if w.Header().Get("Strict-Transport-Security") != "" {
		t.Error("HSTS without HTTPS")
	}
}

func TestFrameOrigins(t *testing.T) {
	t.Parallel()
	h := web.Frame(web.FrameConfig{Log: quiet, PublicURL: parseURL(t, "https://shop.example")}, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for _, tt := range []struct {
		method, name, value string
		status              int
	}{
		{"POST", "Sec-Fetch-Site", "cross-site", 403},
		{"POST", "Sec-Fetch-Site", "same-site", 403},
		{"POST", "Sec-Fetch-Site", "same-origin", 200},
		{"POST", "Origin", "https://evil.example", 403},
		{"POST", "Origin", "https://shop.example", 200},
		{"POST", "Origin", "null", 403},
		{"POST", "X", "", 200}, // not a browser
		{"GET", "Sec-Fetch-Site", "cross-site", 200},
	} {
		r := httptest.NewRequest(tt.method, "https://shop.example/", nil)
		r.Header.Set(tt.name, tt.value)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != tt.status || tt.status == 403 && problemOf(t, w).Code != "FORBIDDEN" {
			t.Errorf("%s %s: %s: %d %s", tt.method, tt.name, tt.value, w.Code, w.Body)
		}
	}
}

func TestFramePaths(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux() // would redirect
	mux.HandleFunc("/a/b", func(http.ResponseWriter, *http.Request) {})
	h := web.Frame(web.FrameConfig{Log: quiet}, mux)
	for path, status := range map[string]int{"/a/b": 200, "//a/b": 404, "/a//b": 404, "/a/./b": 404, "/a/../a/b": 404, "/a/%2e%2e/a/b": 404, "/a/b/..": 404, "/a/..b": 404} {
		r := httptest.NewRequest("GET", "http://localhost/", nil)
		r.URL, r.RequestURI = parseURL(t, "http://localhost"+path), path
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != status {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

func TestFrameLog(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	var seen []web.Observation
	s := newServer(t)
	mux := http.NewServeMux()
	mux.Handle("/api/", s)
	mux.HandleFunc("GET /page/{id}", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	h := web.Frame(web.FrameConfig{Log: slog.New(slog.NewTextHandler(&log, nil)), Observe: func(o web.Observation) { seen = append(seen, o) }}, mux)
	for _, tt := range []struct {
		method, target, pattern string
		status                  int
	}{
		{"GET", "/api/v1/echo/topsecret?must=topsecret", "/api/v1/echo/{name}", 400},
		{"GET", "/api/v1/echo/x?must=x&key=topsecret", "/api/v1/echo/{name}", 400},
		{"GET", "/page/topsecret?q=topsecret", "/page/{id}", 200},
		{"BREW", "/topsecret", "", 404},
	} {
		log.Reset()
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(tt.method, "http://localhost"+tt.target, nil))
		o := seen[len(seen)-1]
		if w.Code != tt.status || o.Status != tt.status || o.Pattern != tt.pattern || o.Bytes != int64(w.Body.Len()) || o.Duration <= 0 {
			t.Errorf("%s: %d, observed %+v", tt.target, w.Code, o)
		}
		if tt.method == "BREW" && o.Method != "OTHER" {
			t.Errorf("method %s", o.Method)
		}
		line := log.String()
		if strings.Contains(line, "topsecret") || !strings.Contains(line, "level=INFO") || !strings.Contains(line, w.Header().Get("X-Request-Id")) ||
			!strings.Contains(line, "duration=") {
			t.Errorf("log: %s", line)
		}
	}
}

func TestFramePanic(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	var seen web.Observation
	h := web.Frame(web.FrameConfig{Log: slog.New(slog.NewTextHandler(&log, nil)), Observe: func(o web.Observation) { seen = o }}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Cookie", "half=done")
		switch r.URL.Path {
		case "/abort":
			panic(http.ErrAbortHandler)
		case "/late":
			_, _ = io.WriteString(w, "half")
		}
		panic("the reason")
	}))
	get := func(path string) (w *httptest.ResponseRecorder, panicked any) {
		defer func() { panicked = recover() }()
		log.Reset()
		w = httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "http://localhost"+path, nil))
		return w, nil
	}
	w, p := get("/")
	if p != nil || w.Code != 500 || problemOf(t, w).Code != "INTERNAL" || strings.Contains(w.Body.String(), "reason") || w.Header().Get("Set-Cookie") != "" {
		t.Errorf("%v %d %s", p, w.Code, w.Body)
	}
	if !strings.Contains(log.String(), "the reason") || !strings.Contains(log.String(), "frame_test.go") || seen.Status != 500 {
		t.Errorf("observed %+v, log: %s", seen, log.String())
	}
	if w, p = get("/late"); p != http.ErrAbortHandler || !strings.Contains(log.String(), "the reason") {
		t.Errorf("%v %d: %s", p, w.Code, log.String())
	}
	if w, p = get("/abort"); p != http.ErrAbortHandler || strings.Contains(log.String(), "panicked") {
		t.Errorf("%v %d: %s", p, w.Code, log.String())
	}
}

func TestFrameStreams(t *testing.T) {
	t.Parallel()
	h := web.Frame(web.FrameConfig{Log: quiet}, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.(http.Flusher).Flush()
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
	}))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "http://localhost/", nil))
	if !w.Flushed {
		t.Error("nothing was flushed")
	}
}

func TestFrameRefusesBadConfig(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("a public URL without a host was taken")
		}
	}()
	web.Frame(web.FrameConfig{PublicURL: &url.URL{Path: "/x"}}, http.NotFoundHandler())
}

func TestOutsideARequest(t *testing.T) {
	t.Parallel()
	if c := web.ClientFrom(t.Context()); c != (web.Client{}) || web.PathValue(t.Context(), "id") != "" || web.LocationOf(t.Context(), "x") != "" {
		t.Errorf("there is a client: %+v", c)
	}
}
