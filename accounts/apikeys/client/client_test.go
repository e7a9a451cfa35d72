package client_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/manorgo/manor/accounts/apikeys/client"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// says returns a Manor that answers questions by f.
func says(f func(question map[string]any) (status int, body string)) *http.Client {
	return &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		var q map[string]any
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
			return nil, err
		}
		status, body := f(q)
		if status == 0 {
			return nil, errors.New(body)
		}
		return &http.Response{StatusCode: status, Status: http.StatusText(status), Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	})}
}

const valid = `{"valid": true, "user_id": "ann", "key_id": "k1", "scopes": ["posts:*"], "expires_at": null}`

// hello says who calls, and returns the body.
var hello = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	_, _ = io.WriteString(w, client.From(r.Context()).UserID+string(body))
})

func send(h http.Handler, method, target, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestGuardAsks(t *testing.T) {
	t.Parallel()
	g := &client.Guard{URL: "https://id.example.com/api/v1/", Cache: -1, Log: slog.New(slog.DiscardHandler)}
	for name, c := range map[string]struct {
		status     int
		body       string
		permission string
		header     []string
		want       int
		says       string
	}{
		"a good key":               {200, valid, "posts:read", []string{"Authorization", "Bearer k"}, 200, "ann"},
		"a good key in its header": {200, valid, "", []string{"X-API-Key", "k"}, 200, "ann"},
		"too little":               {200, valid, "users:read", []string{"X-API-Key", "k"}, 403, "not allowed"},
		"none":                     {200, valid, "", nil, 401, "needed"},
		"two":                      {200, valid, "", []string{"X-API-Key", "k", "Authorization", "Bearer k"}, 401, "one credential"},
		"of another kind":          {200, valid, "", []string{"Authorization", "Basic eDp5"}, 401, "needed"},
		"revoked":                  {200, `{"valid": false, "code": "API_KEY_REVOKED"}`, "", []string{"X-API-Key", "k"}, 401, "API_KEY_REVOKED"},
		"not allowed to ask":       {403, `{"detail": "not allowed"}`, "", []string{"X-API-Key", "k"}, 503, "at the moment"},
		"no answer":                {0, "no route to host", "", []string{"X-API-Key", "k"}, 503, "at the moment"},
		"nonsense":                 {200, "<html>", "", []string{"X-API-Key", "k"}, 503, "at the moment"},
	} {
		g := &client.Guard{URL: g.URL, Cache: g.Cache, Log: g.Log, Client: says(func(map[string]any) (int, string) { return c.status, c.body })}
		w := send(g.Require(c.permission, hello), "GET", "/", "", c.header...)
		if w.Code != c.want || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}

func TestGuardPassesSignedRequestsOn(t *testing.T) {
	t.Parallel()
	var q map[string]any
	g := &client.Guard{Client: says(func(is map[string]any) (int, string) { q = is; return 200, valid }), Origin: "https://shop.example.com", MaxBody: 16}
	h := g.Require("posts:write", hello)
	signed := []string{"Signature-Input", `sig=("@method");tag="manor-request"`, "Signature", "sig=:AAAA:", "Cookie", "mine=1"}
	w := send(h, "POST", "/a%2Fb?x=%7e", "text", signed...)
	if w.Code != 200 || w.Body.String() != "anntext" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	r := q["request"].(map[string]any)
	sum := sha256.Sum256([]byte("text"))
	want, _ := json.Marshal(sum[:])
	got, _ := json.Marshal(r["body_sha256"])
	header := r["headers"].(map[string]any)
	if r["method"] != "POST" || r["url"] != "https://shop.example.com/a%2Fb?x=%7e" || r["body_length"] != 4.0 || !bytes.Equal(got, want) || header["Signature"] == nil || header["Cookie"] != nil {
		t.Errorf("asked %v", q)
	}
	q = nil
	if w := send(h, "POST", "/", "more than sixteen bytes", signed...); w.Code != 413 || q != nil {
		t.Errorf("a large body: %d %s, asked %v", w.Code, w.Body, q)
	}
	if w := send(h, "POST", "/", "", "Authorization", "LSA1-HMAC-SHA256 Credential=k"); w.Code != 200 || q["request"] == nil {
		t.Errorf("by LSA1: %d, asked %v", w.Code, q)
	}
}

// TestRevocationIsFeltWithinASecond has many requests with one key at a time, and
// the key revoked. The clock is synctest's, so that sleeping takes no time.
func TestRevocationIsFeltWithinASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		var revoked, down atomic.Bool
		g := &client.Guard{Cache: time.Hour, Log: slog.New(slog.DiscardHandler), Client: says(func(map[string]any) (int, string) {
			asked.Add(1)
			time.Sleep(100 * time.Millisecond)
			switch {
			case down.Load():
				return 0, "gone"
			case revoked.Load():
				return 200, `{"valid": false, "code": "API_KEY_REVOKED"}`
			}
			return 200, valid
		})}
		h := g.Require("", hello)
		burst := func(want int) {
			t.Helper()
			var all sync.WaitGroup
			for range 50 {
				all.Go(func() {
					if w := send(h, "GET", "/", "", "X-API-Key", "k"); w.Code != want {
						t.Errorf("%d %s, want %d", w.Code, w.Body, want)
					}
				})
			}
			all.Wait()
		}
		burst(200)
		burst(200)
		if n := asked.Load(); n != 1 {
			t.Errorf("%d questions about one key", n)
		}
		revoked.Store(true)
		time.Sleep(time.Second)
		burst(401)
		if n := asked.Load(); n != 2 {
			t.Errorf("%d questions after a second", n)
		}
		down.Store(true)
		time.Sleep(time.Second)
		burst(503)
		down.Store(false)
		revoked.Store(false)
		burst(200) // no answer is none to keep
	})
}

// TestWhoeverAsksMayLeave has the first of those who wait for an answer go away. The
// clock is synctest's.
func TestWhoeverAsksMayLeave(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := &client.Guard{Client: says(func(map[string]any) (int, string) {
			time.Sleep(time.Second)
			return 200, valid
		})}
		ctx, leave := context.WithCancel(t.Context())
		first := httptest.NewRequestWithContext(ctx, "GET", "/", nil)
		first.Header.Set("X-API-Key", "k")
		second := first.Clone(t.Context())
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := g.Caller(httptest.NewRecorder(), first); fault.KindOf(err) != fault.Unavailable {
				t.Errorf("who left got %v", err)
			}
		})
		synctest.Wait()
		all.Go(func() {
			if c, err := g.Caller(httptest.NewRecorder(), second); err != nil || c.KeyID != "k1" {
				t.Errorf("who waits got %v, %v", c, err)
			}
		})
		synctest.Wait()
		leave()
		all.Wait()
	})
}

func TestTransport(t *testing.T) {
	t.Parallel()
	var got []string
	base := roundTrip(func(r *http.Request) (*http.Response, error) {
		got = append(got, r.URL.Host+" "+r.Header.Get("Authorization"))
		res := &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody, Request: r}
		if r.URL.Path == "/away" {
			res.StatusCode = 302
			res.Header.Set("Location", "https://evil.example.com/")
		}
		return res, nil
	})
	key := secret.NewText("mnk_live_key")
	for name, c := range map[string]struct {
		t    client.Transport
		url  string
		want string
	}{
		"its origin":       {client.Transport{Key: key, Origin: "https://API.example.com/"}, "https://api.example.com:443/x", "api.example.com:443 Bearer mnk_live_key"},
		"another":          {client.Transport{Key: key, Origin: "https://api.example.com"}, "https://api.example.com.evil.org/", "api.example.com.evil.org "},
		"another port":     {client.Transport{Key: key, Origin: "https://api.example.com"}, "https://api.example.com:8443/", "api.example.com:8443 "},
		"without TLS":      {client.Transport{Key: key, Origin: "https://api.example.com"}, "http://api.example.com/", "api.example.com "},
		"a redirect":       {client.Transport{Key: key, Origin: "https://api.example.com"}, "https://api.example.com/away", "api.example.com Bearer mnk_live_key|evil.example.com "},
		"this machine":     {client.Transport{Key: key, Origin: "http://localhost:8080"}, "http://localhost:8080/", "localhost:8080 Bearer mnk_live_key"},
		"a plain origin":   {client.Transport{Key: key, Origin: "http://api.example.com"}, "http://api.example.com/", "fails"},
		"no origin":        {client.Transport{Key: key}, "https://api.example.com/", "fails"},
		"an origin's path": {client.Transport{Key: key, Origin: "https://api.example.com/api"}, "https://api.example.com/", "fails"},
		"no key":           {client.Transport{Origin: "https://api.example.com"}, "https://api.example.com/", "fails"},
	} {
		got = nil
		c.t.Base = base
		res, err := (&http.Client{Transport: &c.t}).Get(c.url)
		if err == nil {
			res.Body.Close()
		}
		if is := strings.Join(got, "|"); c.want == "fails" && (err == nil || is != "") || c.want != "fails" && (err != nil || is != c.want) {
			t.Errorf("%s: sent %q, %v", name, is, err)
		}
	}
}
