package accounts_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/manorgo/manor"
	"github.com/manorgo/manor/accounts"
	"github.com/manorgo/manor/accounts/apikeys"
	"github.com/manorgo/manor/accounts/sessions"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/audit"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/manortest"
	"github.com/manorgo/manor/secret"
)

// makeKey makes an API key of a client who is fresh.
func makeKey(c *manortest.Client, more body) *manortest.Response {
	in := body{"name": "deploy", "scopes": []string{}}
	for name, v := range more {
		in[name] = v
	}
	return c.Post("/api-keys", in).Want(201)
}

// Making, changing and replacing a key needs a proof of who is calling: a fresh one, or
// the password with the request, which nobody can guess for long.
func TestKeysNeedAProof(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		ann := app.User(t, "ann")
		path := "/api-keys/" + makeKey(ann, nil).Text("key_id")
		app.Clock.Advance(11 * time.Minute)
		for _, c := range []struct {
			method, path string
			body         body
			status       int
		}{
			{"POST", "/api-keys", body{"name": "x", "scopes": []string{}}, 201}, {"PATCH", path, body{"name": "x"}, 200}, {"POST", path + "/rotate", body{}, 201},
		} {
			ask := func(status int, code string) {
				t.Helper()
				if r := ann.Do(c.method, c.path, c.body).Want(status); status >= 400 {
					same(t, c.method+" "+c.path, r.Text("code"), code)
				}
			}
			ask(403, "STEP_UP_REQUIRED")
			c.body["current_password"] = "a wrong password"
			ask(401, "CREDENTIALS_INVALID")
			c.body["current_password"] = manortest.Password
			ask(c.status, "")
		}
		status := 0
		for range 100 {
			if status = ann.Patch(path, body{"name": "y", "current_password": "a wrong password"}).Status; status != 401 {
				break
			}
		}
		same(t, "after many wrong passwords", status, 429)
	}, manortest.Limited())
}

// A key is held back by its own rate and by where it is used from.
func TestKeysAreHeldBack(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		ann := app.User(t, "ann")
		by := func(more body) *manortest.Client { return app.Anonymous(t).Bearer(makeKey(ann, more).Text("key")) }
		by(body{"allowed_ips": []string{"127.0.0.0/8", "::1"}}).Get("/users/me").Want(200)
		same(t, "from elsewhere", by(body{"allowed_ips": []string{"192.0.2.0/24"}}).Get("/users/me").Want(401).Text("code"), "API_KEY_INVALID")
		slow := by(body{"rate_per_minute": 2})
		slow.Get("/users/me").Want(200)
		slow.Get("/users/me").Want(200)
		if r := slow.Get("/users/me").Want(429); r.Header.Get("Retry-After") == "" || r.Header.Get("RateLimit-Policy") != `"API key";q=2;w=60` {
			t.Errorf("one too many is answered with %v", r.Header)
		}
	}, manortest.Limited())
}

// Who has a key that may write users cannot have links for a new password mailed to
// themselves.
func TestKeysChangeNoAddress(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		writer := app.As(t, "writer", "users:write")
		made := makeKey(writer, body{"scopes": []string{"users:write"}})
		key := app.Anonymous(t).Bearer(made.Text("key"))
		self := "/users/" + writer.User.ID.String()
		key.Patch(self, body{"first_name": "Ann"}).Want(200)
		told, err := app.Audit().List(t.Context(), data.Query[audit.Entry]{Order: audit.Newest(), Limit: 1})
		if err != nil || len(told.Items) != 1 || told.Items[0].Scheme != "apikey "+made.Text("key_id") || told.Items[0].Action != "users.updated" {
			t.Errorf("the audit tells of %+v, %v", told.Items, err)
		}
		same(t, "another address", key.Patch(self, body{"email": "thief@example.com"}).Want(403).Text("code"), "SESSION_REQUIRED")
		writer.Patch(self, body{"email": "writer-2@example.com"}).Want(200)
	})
}

// What ends or narrows a key does so on another instance with the next request.
func TestKeysOnTwoInstances(t *testing.T) {
	t.Parallel()
	manortest.Two(t, func(t *testing.T, a, b *manortest.App) {
		ann, admin := a.As(t, "readers", "users:read"), b.Admin(t)
		made := makeKey(ann, body{"scopes": []string{"users:read"}})
		key, other := a.Anonymous(t).Bearer(made.Text("key")), a.Anonymous(t).Bearer(makeKey(ann, nil).Text("key"))
		both := func(c *manortest.Client, path string, status int) {
			t.Helper()
			for _, app := range []*manortest.App{a, b} {
				c.At(app).Get(path).Want(status)
			}
		}
		mail := "/users/by-email/readers@example.com"
		both(key, mail, 200)
		both(other, mail, 403)
		admin.Delete("/roles/readers/users/" + ann.User.ID.String()).Want(204)
		both(key, mail, 403)
		both(key, "/users/me", 200)
		ann.At(b).Delete("/api-keys/" + made.Text("key_id")).Want(204)
		both(key, "/users/me", 401)
		both(other, "/users/me", 200)
		admin.Post("/users/"+ann.User.ID.String()+"/deactivate", nil).Want(200)
		both(other, "/users/me", 401)
		admin.Post("/users/"+ann.User.ID.String()+"/reactivate", nil).Want(200)
		both(other, "/users/me", 401)
	})
}

// An account of a program is used by its keys alone: nobody is mailed a link by which
// they could sign in.
func TestServiceAccounts(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		bot, err := app.Accounts().CreateUser(t.Context(), users.Create{Email: "bot@" + users.ServiceHost, Username: "bot"}, false)
		if err != nil {
			t.Fatal(err)
		}
		key, err := app.APIKeys().Create(t.Context(), bot.ID, apikeys.Create{Name: "bot"})
		if err != nil {
			t.Fatal(err)
		}
		app.Anonymous(t).Bearer(key.Key.Reveal()).Get("/users/me").Want(200)
		for _, address := range []string{bot.Email, "BOT@Service.Invalid"} {
			app.Anonymous(t).Post("/auth/password/forgot", body{"email": address}).Want(202)
		}
		app.Anonymous(t).Post("/auth/login", signingIn("bot", manortest.Password)).Want(401)
		same(t, "mails", mails(t, app, bot.Email), []string(nil))
	})
}

// BenchmarkCredential compares the same request by a key, by an access token and by a
// session's cookie.
func BenchmarkCredential(b *testing.B) {
	app := benchApp(b, &secret.Hasher{Params: secret.Params{Memory: 8, Time: 1}}, func(c *manor.Config) { c.Limits.Off = true })
	sign := func(kind sessions.Kind) sessions.Issued {
		_, issued, err := app.Accounts().SignIn(b.Context(), accounts.SigningIn{Identifier: "ann", Password: secret.NewText(manortest.Password), Kind: kind})
		if err != nil {
			b.Fatal(err)
		}
		return issued
	}
	ann, err := app.Users().ByIdentifier(b.Context(), app.Users().DB, "ann")
	if err != nil {
		b.Fatal(err)
	}
	key, err := app.APIKeys().Create(b.Context(), ann.ID, apikeys.Create{Name: "bench", Scopes: []string{"users:read"}})
	if err != nil {
		b.Fatal(err)
	}
	api := app.API()
	for _, c := range []struct{ name, header, value string }{
		{"cookie", "Cookie", sign(sessions.Cookie).SetCookie(false).String()},
		{"token", "Authorization", "Bearer " + sign(sessions.Token).Access.Reveal()},
		{"key", "X-API-Key", key.Key.Reveal()},
		{"mistyped key", "X-API-Key", key.Key.Reveal() + "0"},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest(http.MethodGet, "http://localhost/api/v1/users/me", nil)
				r.Header.Set(c.header, c.value)
				w := httptest.NewRecorder()
				api.ServeHTTP(w, r)
				if want := map[bool]int{true: 401, false: 200}[c.name == "mistyped key"]; w.Code != want {
					b.Fatalf("%d: %s", w.Code, w.Body)
				}
			}
		})
	}
}
