package file_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/file"
	"github.com/manorgo/manor/file/driver"
)

// ask sends a request to the store's handler, in a server's frame or not.
func (b *bench) ask(method, address, body string, header ...string) *httptest.ResponseRecorder {
	b.t.Helper()
	r := httptest.NewRequestWithContext(b.t.Context(), method, address, strings.NewReader(body))
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	b.store.Handler().ServeHTTP(w, r)
	return w
}

func (b *bench) url(f file.File, l file.Link) string {
	b.t.Helper()
	address, err := b.store.URL(b.t.Context(), f, l)
	b.check(err)
	return address
}

func TestSignedDownload(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		p := b.add("Grüße", "0123456789")
		address := b.url(p.Text, file.Link{})
		got := b.ask("GET", address, "")
		tag := got.Header().Get("ETag")
		if got.Code != 200 || got.Body.String() != "0123456789" || tag != `"`+p.Text.SHA256+`"` {
			t.Errorf("GET: %d %q %v", got.Code, got.Body, got.Header())
		}
		for name, want := range map[string]string{
			"Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff", "Accept-Ranges": "bytes", "Content-Length": "10",
			"Content-Disposition": `attachment; filename="Gr__e.txt"; filename*=UTF-8''Gr%C3%BC%C3%9Fe.txt`,
		} {
			if got := got.Header().Get(name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		for _, c := range []struct {
			method string
			header []string
			status int
			body   string
		}{
			{"HEAD", nil, 200, ""},
			{"GET", []string{"Range", "bytes=2-4"}, 206, "234"},
			{"GET", []string{"Range", "bytes=-3"}, 206, "789"},
			{"GET", []string{"Range", "bytes=99-"}, 416, "invalid range: failed to overlap\n"},
			{"GET", []string{"Range", "bytes=2-4", "If-Range", tag}, 206, "234"},
			{"GET", []string{"Range", "bytes=2-4", "If-Range", `"another"`}, 200, "0123456789"},
			{"GET", []string{"If-None-Match", tag}, 304, ""},
			{"GET", []string{"If-None-Match", `"another"`}, 200, "0123456789"},
			{"PUT", nil, 403, ""}, {"DELETE", nil, 405, ""}, {"POST", nil, 405, ""},
		} {
			got := b.ask(c.method, address, "", c.header...)
			if got.Code != c.status || c.status < 400 && got.Body.String() != c.body {
				t.Errorf("%s %v: %d %q, want %d %q", c.method, c.header, got.Code, got.Body, c.status, c.body)
			}
		}
		// The name in the path is for people; what counts is signed.
		if got := b.ask("GET", strings.TrimSuffix(address, "txt")+"html", ""); got.Code != 200 || !strings.HasPrefix(got.Header().Get("Content-Type"), "text/plain") {
			t.Errorf("another name in the path: %d %v", got.Code, got.Header())
		}
		b.check(b.bucket.Delete(t.Context(), p.Text.Key))
		if got := b.ask("GET", address, ""); got.Code != 404 {
			t.Errorf("missing bytes: %d", got.Code)
		}
	})
}

func TestSignedAddressesAreNotForged(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		p := b.add("a", "x")
		address := b.url(p.Text, file.Link{Life: time.Minute})
		if got := b.ask("GET", address, ""); got.Code != 200 {
			t.Fatalf("GET: %d", got.Code)
		}
		signed := strings.Split(address, "/")[2]
		for i := range signed {
			other := byte('A')
			if signed[i] == other {
				other = 'B'
			}
			if got := b.ask("GET", "/files/"+signed[:i]+string(other)+signed[i+1:]+"/a.txt", ""); got.Code != 403 {
				t.Fatalf("with another byte at %d: %d", i, got.Code)
			}
		}
		for _, path := range []string{"/files/", "/files/x", "/files//", "/files/../secret", "/files/" + p.Text.Key} {
			if got := b.ask("GET", path, ""); got.Code != 403 {
				t.Errorf("%s: %d", path, got.Code)
			}
		}
		b.clock.Advance(time.Minute)
		if got := b.ask("GET", address, ""); got.Code != 403 {
			t.Errorf("after its end: %d", got.Code)
		}
		for _, life := range []time.Duration{-time.Second, time.Millisecond, 8 * day} {
			if _, err := b.store.URL(t.Context(), p.Text, file.Link{Life: life}); err == nil {
				t.Errorf("an address for %v", life)
			}
		}
	})
}

// What could hold a script is never shown in the page's place.
func TestActiveContentIsContained(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		for content, want := range map[string]struct{ disposition, policy string }{
			"<html><script>alert(1)</script>": {"attachment", "default-src 'none'; sandbox"},
			"<svg onload=alert(1)>":           {"attachment", "default-src 'none'; sandbox"},
			"<?xml version='1.0'?><x/>":       {"attachment", "default-src 'none'; sandbox"},
			png:                               {"inline", ""},
			"text":                            {"inline", ""},
		} {
			err := b.papers.Save(t.Context(), strings.NewReader(content), file.Put{Filename: "a.png"}, func(f file.File) error {
				got := b.ask("GET", b.url(f, file.Link{Inline: true}), "")
				kind, _, _ := strings.Cut(got.Header().Get("Content-Disposition"), ";")
				if got.Code != 200 || kind != want.disposition || got.Header().Get("Content-Security-Policy") != want.policy {
					t.Errorf("%q: %d %v", content, got.Code, got.Header())
				}
				return nil
			})
			b.check(err)
		}
	})
}

func TestSignedUpload(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		limits := file.Limits{MaxSize: 1000, Types: []string{"text/plain"}}
		ticket, err := b.papers.UploadURL(t.Context(), limits, time.Hour)
		b.check(err)
		claim := func(token string) (f file.File, err error) {
			return f, b.papers.Claim(t.Context(), token, file.Put{Filename: "up.txt"}, func(got file.File) error {
				f = got
				return papers.On(b.db).Add(t.Context(), &paper{Name: got.Key, Text: got})
			})
		}
		if _, err := claim(ticket.Token); fault.KindOf(err) != fault.NotFound {
			t.Errorf("a claim of nothing: %v", err)
		}
		for what, c := range map[string]struct {
			method, address, body string
			status                int
		}{
			"too large":      {"PUT", ticket.URL, strings.Repeat("x", 1001), 422},
			"another type":   {"PUT", ticket.URL, png, 422},
			"reading it":     {"GET", ticket.URL, "", 403},
			"claim's token":  {"PUT", "/files/" + ticket.Token, "x", 403},
			"another method": {"POST", ticket.URL, "x", 405},
		} {
			if got := b.ask(c.method, c.address, c.body); got.Code != c.status {
				t.Errorf("%s: %d, want %d", what, got.Code, c.status)
			}
		}
		b.holds()
		for _, content := range []string{"first", "second"} { // until it is claimed it may be corrected
			if got := b.ask("PUT", ticket.URL, content); got.Code != 200 {
				t.Fatalf("PUT: %d %s", got.Code, got.Body)
			}
		}
		if _, err := claim(strings.Split(ticket.URL, "/")[2]); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("the address as a token: %v", err)
		}
		f, err := claim(ticket.Token)
		b.check(err)
		b.holds(f)
		if f.Size != 6 || f.ContentType != "text/plain; charset=utf-8" || b.read(f) != "second" {
			t.Errorf("claimed %+v", f)
		}
		// Who still has the address cannot change what was claimed.
		if got := b.ask("PUT", ticket.URL, "changed"); got.Code != 200 {
			t.Errorf("PUT: %d", got.Code)
		}
		if b.read(f) != "second" {
			t.Error("a claimed file has changed")
		}
		b.clock.Advance(time.Hour)
		if got := b.ask("PUT", ticket.URL, "late"); got.Code != 403 {
			t.Errorf("after its end: %d", got.Code)
		}
		b.clock.Advance(2 * day)
		b.sweep(1) // what nobody claimed
		b.holds(f)
		if _, err := claim(ticket.Token); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("a claim after the sweeper: %v", err)
		}
	})
}

// The client's limits hold also where the backend itself takes the upload.
func TestClaimHoldsToTheLimits(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		ticket, err := b.papers.UploadURL(t.Context(), file.Limits{MaxSize: 3}, 0)
		b.check(err)
		if got := b.ask("PUT", ticket.URL, "abc"); got.Code != 200 {
			t.Fatal(got.Code)
		}
		key := b.keys()[0]
		_, err = b.bucket.Put(t.Context(), key, strings.NewReader("too much"), driver.PutOptions{Size: -1})
		b.check(err)
		err = b.papers.Claim(t.Context(), ticket.Token, file.Put{}, func(file.File) error { return nil })
		if fault.KindOf(err) != fault.Invalid {
			t.Errorf("a claim of too much: %v", err)
		}
	})
}

// Serve is for handlers that authorize by themselves, behind a real server.
func TestServe(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		p := b.add("a", strings.Repeat("0123456789", 10_000))
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			b.store.Serve(w, r, p.Text, file.Link{Inline: true})
		}))
		defer server.Close()
		req, err := http.NewRequestWithContext(t.Context(), "GET", server.URL, nil)
		b.check(err)
		req.Header.Set("Range", "bytes=99990-")
		res, err := http.DefaultClient.Do(req)
		b.check(err)
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != 206 || string(body) != "0123456789" || !strings.HasPrefix(res.Header.Get("Content-Disposition"), "inline") ||
			res.Header.Get("Last-Modified") == "" {
			t.Errorf("%d %q %v %v", res.StatusCode, body, res.Header, err)
		}
	})
}

// An opened bucket counts how often it is asked for bytes.
type opened struct {
	driver.Bucket
	n atomic.Int32
}

func (o *opened) Open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	o.n.Add(1)
	return o.Bucket.Open(ctx, key, offset, length)
}

// A few ranges are answered as asked, thousands at once do not become thousands of
// requests to the backend.
func TestServeManyRanges(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		asked := &opened{Bucket: b.bucket.Bucket}
		b.bucket.Bucket = asked
		p := b.add("a", strings.Repeat("0123456789", 10_000))
		for _, c := range []struct {
			ranges, status int
			parts          string
		}{{3, http.StatusPartialContent, "multipart/byteranges"}, {3000, http.StatusOK, "text/plain"}} {
			asked.n.Store(0)
			r := httptest.NewRequest("GET", "/", nil)
			var list []string
			for i := range c.ranges {
				list = append(list, fmt.Sprintf("%d-%[1]d", 3*i))
			}
			r.Header.Set("Range", "bytes="+strings.Join(list, ","))
			w := httptest.NewRecorder()
			b.store.Serve(w, r, p.Text, file.Link{})
			if n := int(asked.n.Load()); w.Code != c.status || !strings.HasPrefix(w.Header().Get("Content-Type"), c.parts) || n > c.ranges || n > 16 {
				t.Errorf("%d ranges: %d %v after %d requests", c.ranges, w.Code, w.Header(), n)
			}
		}
	})
}
