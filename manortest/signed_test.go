package manortest_test

import (
	"bytes"
	"crypto/ed25519"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/manorgo/manor"
	"github.com/manorgo/manor/accounts/apikeys/client"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/httpsig"
	"github.com/manorgo/manor/manortest"
	"github.com/manorgo/manor/secret"
)

// signingKey makes a key that signs, and returns its id and who signs with it.
func signingKey(t *testing.T, app *manortest.App, who *manortest.Client, scheme httpsig.Scheme, alg string, more body) httpsig.Signer {
	t.Helper()
	ask := body{"name": "signs", "scopes": []string{}, "signing": alg}
	for k, v := range more {
		ask[k] = v
	}
	var key httpsig.Key
	if alg == "ed25519" {
		public, private, err := ed25519.GenerateKey(nil)
		if err == nil {
			key, err = httpsig.PrivateKey(private)
		}
		if err != nil {
			t.Fatal(err)
		}
		ask["public_key"] = []byte(public)
	}
	made := who.Post("/api-keys", ask).Want(201)
	if alg != "ed25519" {
		var err error
		if key, err = httpsig.HMACKey([]byte(made.Text("signing_secret"))); err != nil {
			t.Fatal(err)
		}
	}
	return httpsig.Signer{KeyID: made.Text("key_id"), Key: key, Scheme: scheme, Now: app.Clock.Now}
}

// signed returns a signed request, which can be sent again as it is.
func signed(t *testing.T, app *manortest.App, s httpsig.Signer, method, path, text string) func(*manortest.App) (int, string) {
	t.Helper()
	r, err := http.NewRequest(method, app.URL+"/api/v1"+path, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if text != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if err := s.Sign(r); err != nil {
		t.Fatal(err)
	}
	return func(to *manortest.App) (int, string) {
		again := r.Clone(t.Context())
		again.Host, again.URL.Host = r.URL.Host, strings.TrimPrefix(to.URL, "http://")
		again.Body = io.NopCloser(strings.NewReader(text))
		return send(t, again)
	}
}

func send(t *testing.T, r *http.Request) (int, string) {
	t.Helper()
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(b)
}

func TestSignedRequests(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		ann := app.User(t, "ann")
		for name, s := range map[string]httpsig.Signer{
			"hmac":    signingKey(t, app, ann, httpsig.RFC9421, "hmac-sha256", nil),
			"ed25519": signingKey(t, app, ann, httpsig.RFC9421, "ed25519", nil),
			"lsa1":    signingKey(t, app, ann, httpsig.LSA1, "hmac-sha256", nil),
		} {
			want := func(what string, status int, code string) func(int, string) {
				return func(got int, text string) {
					t.Helper()
					if got != status || code != "" && !strings.Contains(text, `"`+code+`"`) {
						t.Errorf("%s, %s: %d %s, want %d %s", name, what, got, text, status, code)
					}
				}
			}
			me := signed(t, app, s, "GET", "/users/me?x=1", "")
			want("an unknown parameter", 400, "")(me(app))
			me = signed(t, app, s, "GET", "/users/me", "")
			want("who it is", 200, "ann")(me(app))
			want("again", 401, httpsig.CodeReplay)(me(app))
			patch := signed(t, app, s, "PATCH", "/users/me", `{"bio": "`+name+`"}`)
			want("a body", 200, name)(patch(app))
			want("a body again", 401, httpsig.CodeReplay)(patch(app))
			want("what is for people", 403, "")(signed(t, app, s, "GET", "/auth/sessions", "")(app))

			// What fails uses no nonce up.
			r, _ := http.NewRequest("PATCH", app.URL+"/api/v1/users/me", strings.NewReader(`{"bio": "signed"}`))
			r.Header.Set("Content-Type", "application/json")
			if err := s.Sign(r); err != nil {
				t.Fatal(err)
			}
			altered := func(change func(*http.Request), text string) *http.Request {
				c := r.Clone(t.Context())
				c.Body, c.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
				change(c)
				return c
			}
			same := func(*http.Request) {}
			want("another body", 401, httpsig.CodeInvalid)(send(t, altered(same, `{"bio": "forged"}`)))
			want("another query", 401, httpsig.CodeInvalid)(send(t, altered(func(r *http.Request) { r.URL.RawQuery = "a=b" }, `{"bio": "signed"}`)))
			want("another method", 401, httpsig.CodeInvalid)(send(t, altered(func(r *http.Request) { r.Method = "DELETE" }, `{"bio": "signed"}`)))
			want("two credentials", 401, "")(send(t, altered(func(r *http.Request) { r.Header.Set("X-API-Key", "mnk_live_x") }, `{"bio": "signed"}`)))
			app.Clock.Advance(5*time.Minute + time.Second)
			want("late", 401, httpsig.CodeSkew)(send(t, altered(same, `{"bio": "signed"}`)))
			app.Clock.Advance(-10 * time.Second)
			want("in time", 200, "signed")(send(t, altered(same, `{"bio": "signed"}`)))

			large := signed(t, app, s, "PATCH", "/users/me", `{"bio": "`+strings.Repeat("x", 1<<20)+`"}`)
			want("a large body", 413, "")(large(app))
			unknown := s
			unknown.KeyID = "0123456789abcdef"
			want("no such key", 401, httpsig.CodeInvalid)(signed(t, app, unknown, "GET", "/users/me", "")(app))

			ann.Delete("/api-keys/" + s.KeyID).Want(204)
			want("revoked", 401, "API_KEY_REVOKED")(signed(t, app, s, "GET", "/users/me", "")(app))
			forged := s
			forged.Key, _ = httpsig.HMACKey(make([]byte, 32))
			want("revoked, to who has it not", 401, httpsig.CodeInvalid)(signed(t, app, forged, "GET", "/users/me", "")(app))
		}
	}, manortest.Idle())
}

// A signed request is two statements beside its own: the key, and the nonce.
func TestSignedStatements(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		s := signingKey(t, app, app.User(t, "ann"), httpsig.RFC9421, "hmac-sha256", nil)
		me := signed(t, app, s, "GET", "/users/me", "")
		said := app.Statements(func() { me(app) })
		if len(said) != 3 {
			t.Errorf("%d statements: %q", len(said), said)
		}
		forged := s
		forged.Key, _ = httpsig.HMACKey(make([]byte, 32))
		me = signed(t, app, forged, "GET", "/users/me", "")
		if said := app.Statements(func() { me(app) }); len(said) != 1 {
			t.Errorf("a wrong signature: %d statements: %q", len(said), said)
		}
	}, manortest.Idle())
}

// Of each request, sent to two instances four times at once and once more after a
// restart, one is done.
func TestReplaysOnTwoInstances(t *testing.T) {
	t.Parallel()
	manortest.Two(t, func(t *testing.T, a, b *manortest.App) {
		s := signingKey(t, a, a.User(t, "ann"), httpsig.RFC9421, "hmac-sha256", nil)
		var done, refused atomic.Int64
		count := func(status int, text string) {
			switch {
			case status == 200:
				done.Add(1)
			case status == 401 && strings.Contains(text, httpsig.CodeReplay):
				refused.Add(1)
			default:
				t.Errorf("%d %s", status, text)
			}
		}
		const requests = 250
		var all sync.WaitGroup
		left := make(chan int, requests)
		for i := range requests {
			left <- i
		}
		close(left)
		for range 8 {
			all.Go(func() {
				for range left {
					me := signed(t, a, s, "GET", "/users/me", "")
					var four sync.WaitGroup
					for i := range 4 {
						four.Go(func() { count(me([]*manortest.App{a, b}[i%2])) })
					}
					four.Wait()
				}
			})
		}
		all.Wait()
		if done.Load() != requests || refused.Load() != 3*requests {
			t.Errorf("%d done and %d refused of %d", done.Load(), refused.Load(), requests)
		}
	}, manortest.Idle())
}

// Who can write to the database makes no key that signs, and changes none.
func TestForgedSigningKeys(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		ann := app.User(t, "ann")
		s := signingKey(t, app, ann, httpsig.RFC9421, "ed25519", nil)
		public, private, err := ed25519.GenerateKey(nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = app.DB.Driver().Exec(t.Context(), driver.Call{Statement: &driver.Statement{SQL: "UPDATE api_keys SET public_key = $1"}, Args: []any{[]byte(public)}})
		if err != nil {
			t.Fatal(err)
		}
		s.Key, err = httpsig.PrivateKey(private)
		if err != nil {
			t.Fatal(err)
		}
		if status, text := signed(t, app, s, "GET", "/users/me", "")(app); status != 401 || !strings.Contains(text, httpsig.CodeInvalid) {
			t.Errorf("a key put in by hand: %d %s", status, text)
		}
	}, manortest.Idle())
}

// A service that trusts Manor asks whose keys its requests come with.
func TestServicesAsk(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		ann, asks := app.As(t, "ann", "users:read"), app.As(t, "service", "api-keys:verify")
		ours := asks.Post("/api-keys", body{"name": "asks", "scopes": []string{"api-keys:verify"}}).Want(201).Text("key")
		made := ann.Post("/api-keys", body{"name": "reads", "scopes": []string{"users:read"}, "allowed_ips": []string{"127.0.0.1", "::1"}}).Want(201)
		elsewhere := ann.Post("/api-keys", body{"name": "elsewhere", "scopes": []string{"users:read"}, "allowed_ips": []string{"192.0.2.0/24"}}).Want(201)
		signs := signingKey(t, app, ann, httpsig.RFC9421, "hmac-sha256", body{"scopes": []string{"users:read"}})

		guard := &client.Guard{URL: app.URL + "/api/v1", Client: &http.Client{Transport: &client.Transport{Key: secret.NewText(ours), Origin: app.URL}}, Cache: -1}
		service := httptest.NewServer(guard.Require("users:read", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			b, _ := io.ReadAll(r.Body)
			_, _ = io.WriteString(w, client.From(r.Context()).UserID+" "+string(b))
		})))
		defer service.Close()
		ask := func(what string, status int, says string, change func(*http.Request)) {
			t.Helper()
			r, _ := http.NewRequestWithContext(t.Context(), "POST", service.URL+"/posts?draft=%7E", bytes.NewReader([]byte("text")))
			change(r)
			if got, text := send(t, r); got != status || !strings.Contains(text, says) {
				t.Errorf("%s: %d %s, want %d %s", what, got, text, status, says)
			}
		}
		bearer := func(key string) func(*http.Request) {
			return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+key) }
		}
		me := ann.User.ID.String()
		ask("a key", 200, me+" text", bearer(made.Text("key")))
		ask("from elsewhere", 401, "API_KEY_INVALID", bearer(elsewhere.Text("key")))
		ask("a key without the scope", 403, "", bearer(ours))
		ask("nonsense", 401, "API_KEY_INVALID", bearer("mnk_live_x"))
		ask("nothing", 401, "", func(*http.Request) {})
		var again *http.Request
		ask("signed", 200, me+" text", func(r *http.Request) {
			if err := signs.Sign(r); err != nil {
				t.Error(err)
			}
			again = r.Clone(t.Context())
		})
		ask("signed, again", 401, httpsig.CodeReplay, func(r *http.Request) { r.Header = again.Header })
		ask("signed by LSA1", 200, me, func(r *http.Request) {
			s := signs
			s.Scheme = httpsig.LSA1
			if err := s.Sign(r); err != nil {
				t.Error(err)
			}
		})
		ann.Delete("/api-keys/" + made.Text("key_id")).Want(204)
		ask("revoked", 401, "API_KEY_REVOKED", bearer(made.Text("key")))
		asks.Post("/api-keys/verify", body{}).Want(422)
		asks.Post("/api-keys/verify", body{"key": "x", "client_ip": "here"}).Want(422)
		ann.Post("/api-keys/verify", body{"key": "x"}).Want(403)
	}, manortest.Idle())
}

// A service asks for all of its clients: it is not held back as one of them is.
func TestServicesAskOften(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		asks := app.As(t, "service", "api-keys:verify")
		key := asks.Post("/api-keys", body{"name": "any", "scopes": []string{}}).Want(201).Text("key")
		for range 60 {
			if r := asks.Post("/api-keys/verify", body{"key": key}).Want(200); r.Value("valid") != true {
				t.Fatalf("a good key is %s", r.Body)
			}
		}
	}, manortest.Idle(), manortest.Limited(), manortest.Config(func(c *manor.Config) { c.Limits.Scale = 0.02 }))
}
