package web

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/manorgo/manor/fault"
)

// A FrameConfig says what a server's Frame needs to know. The zero FrameConfig
// works, for a server that only this machine can reach.
type FrameConfig struct {
	Log *slog.Logger // slog.Default if nil

	// PublicURL is where the world reaches the server. Requests for any other
	// host are refused. If it is nil only names and addresses of this machine
	// are accepted.
	PublicURL *url.URL

	// AnyHost, if not nil, says which paths are answered whatever the host,
	// such as those of probes, which use an address.
	AnyHost func(path string) bool

	// TrustedProxies are believed about X-Forwarded-For and X-Request-Id. If
	// there are none, these headers mean nothing.
	TrustedProxies []netip.Prefix

	// Replicas says that requests use databases with replicas. Then what a client
	// has written is what its next requests see, wherever they are read: an
	// answer after a write has a token in the header Manor-Read-After and in a
	// cookie, and a request with either is a data.Unit that reads after it.
	Replicas bool

	// Observe, if not nil, is told of every answer, for metrics. It must be safe
	// for concurrent use.
	Observe func(Observation)
}

// An Observation is what there is to count about an answer. None of it is made
// up by the caller.
type Observation struct {
	Pattern  string // path of the route that matched, "" if none did
	Method   string // "OTHER" if it is none of HTTP's own
	Status   int
	Duration time.Duration
	Bytes    int64 // of the answer's body
}

// Frame returns a handler that a whole server stands in. For every request it
//
//   - finds out the Client, see ClientFrom, and sets X-Request-Id;
//   - sets security headers, which next may replace;
//   - refuses a Host that is not ours, 421, and a path with empty or dotted
//     parts, 404;
//   - refuses requests that a browser sends for another site, 403, see
//     http.CrossOriginProtection;
//   - answers 500 when next panics, and aborts the answer if it has begun;
//   - logs one line, without the query, whose text may be secret.
func Frame(c FrameConfig, next http.Handler) http.Handler {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	f := &frame{FrameConfig: c, next: next, origins: http.NewCrossOriginProtection()}
	f.headers = securityHeaders(c.PublicURL)
	if c.PublicURL != nil {
		f.host = plainHost(c.PublicURL.Host, c.PublicURL.Scheme)
		origin := c.PublicURL.Scheme + "://" + c.PublicURL.Host
		if err := f.origins.AddTrustedOrigin(origin); err != nil {
			panic(fmt.Sprintf("web: the public URL %q is not scheme://host: %v", origin, err))
		}
	}
	return f
}

type frame struct {
	FrameConfig
	next    http.Handler
	origins *http.CrossOriginProtection
	host    string
	headers http.Header // of every answer; its slices are shared and never changed
}

func securityHeaders(public *url.URL) http.Header {
	h := http.Header{}
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	if public != nil && public.Scheme == "https" {
		h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	}
	return h
}

// ServeHTTP answers a request.
func (f *frame) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	x := newExchange(r, f.TrustedProxies, f.Log)
	r = r.WithContext(context.WithValue(r.Context(), exchangeKey{}, x))
	rec := &recorder{ResponseWriter: w}
	h := rec.Header()
	maps.Copy(h, f.headers)
	h["X-Request-Id"] = []string{x.client.RequestID}
	if f.Replicas {
		r = f.unit(r, rec, f.Log)
	}
	finished := false
	defer func() {
		if !finished {
			if p := recover(); p == nil || p == http.ErrAbortHandler {
				f.note(r, x, rec, start)
				panic(http.ErrAbortHandler)
			} else if f.panicked(rec, r, x, p) {
				f.note(r, x, rec, start)
				panic(http.ErrAbortHandler) // what has been sent must not look whole
			}
		}
		f.note(r, x, rec, start)
	}()
	if err := f.refuse(r); err != nil {
		WriteError(rec, r, err)
	} else {
		f.next.ServeHTTP(rec, r)
		if rec.status == 0 {
			rec.begin() // the server is going to send 200
		}
	}
	finished = true
}

// refuse returns why a request does not get to the handler, or nil.
func (f *frame) refuse(r *http.Request) error {
	if !f.ours(r) && (f.AnyHost == nil || !f.AnyHost(r.URL.Path)) {
		return refuse(http.StatusMisdirectedRequest, codeMisdirected, "this host is not served here")
	}
	if !isClean(r.URL.Path) { // http.ServeMux would redirect
		return fault.Errorf(fault.NotFound, nothingHere)
	}
	if err := f.origins.Check(r); err != nil {
		return fault.Wrap(fault.Forbidden, err, "requests from other sites are refused")
	}
	return nil
}

func isClean(path string) bool {
	return strings.HasPrefix(path, "/") && !strings.Contains(path, "//") &&
		!strings.Contains(path+"/", "/./") && !strings.Contains(path+"/", "/../")
}

// ours reports whether the request is for this server.
func (f *frame) ours(r *http.Request) bool {
	if f.PublicURL != nil {
		return plainHost(r.Host, f.PublicURL.Scheme) == f.host
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && addr.Unmap().IsLoopback()
}

// plainHost makes hosts comparable: lower case, without the scheme's own port.
func plainHost(host, scheme string) string {
	host = strings.ToLower(host)
	port := ":80"
	if scheme == "https" {
		port = ":443"
	}
	return strings.TrimSuffix(host, port)
}

// panicked reports what a handler panicked with. It answers, or returns true
// if the answer has begun.
func (f *frame) panicked(rec *recorder, r *http.Request, x *exchange, p any) bool {
	f.Log.LogAttrs(r.Context(), slog.LevelError, "handler panicked", slog.Any("panic", p),
		slog.String("stack", string(debug.Stack())), slog.String("request_id", x.client.RequestID))
	if rec.status != 0 {
		return true
	}
	h := rec.Header()
	h.Del("Content-Length")
	h.Del("Set-Cookie")
	h.Del("Etag")
	WriteError(rec, r, fault.Errorf(fault.Internal, "internal error"))
	return false
}

// note logs and counts an answer.
func (f *frame) note(r *http.Request, x *exchange, rec *recorder, start time.Time) {
	pattern := x.pattern
	if pattern == "" {
		pattern = r.Pattern
	}
	if _, path, ok := strings.Cut(pattern, " "); ok {
		pattern = path
	}
	method := r.Method
	if !slices.Contains(knownMethods, method) {
		method = "OTHER"
	}
	status := rec.status
	if status == 0 {
		status = http.StatusOK
	}
	took := time.Since(start)
	f.Log.LogAttrs(r.Context(), slog.LevelInfo, "request", slog.String("method", method), slog.String("pattern", pattern),
		slog.Int("status", status), slog.Duration("duration", took), slog.String("request_id", x.client.RequestID))
	if f.Observe != nil {
		f.Observe(Observation{Pattern: pattern, Method: method, Status: status, Duration: took, Bytes: rec.bytes})
	}
}

var knownMethods = []string{"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"}

// A recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
	begins func() // called before the header of the answer is sent; may be nil
}

// WriteHeader notes the final status.
func (rec *recorder) WriteHeader(status int) {
	if rec.status == 0 && status >= http.StatusOK {
		rec.begin()
		rec.status = status
	}
	rec.ResponseWriter.WriteHeader(status)
}

func (rec *recorder) begin() {
	if rec.begins != nil {
		rec.begins()
	}
}

// Write counts.
func (rec *recorder) Write(b []byte) (int, error) {
	if rec.status == 0 {
		rec.begin()
		rec.status = http.StatusOK
	}
	n, err := rec.ResponseWriter.Write(b)
	rec.bytes += int64(n)
	return n, err
}

// Flush sends what is buffered, where the server can.
func (rec *recorder) Flush() {
	if rec.status == 0 {
		rec.begin()
	}
	_ = http.NewResponseController(rec.ResponseWriter).Flush()
}

// Unwrap lets http.ResponseController find what is behind.
func (rec *recorder) Unwrap() http.ResponseWriter { return rec.ResponseWriter }
