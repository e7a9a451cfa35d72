package accounts_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/manorgo/manor"
	"github.com/manorgo/manor/accounts/sessions"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/manortest"
	"github.com/manorgo/manor/secret"
)

var jwts = manortest.Config(func(c *manor.Config) { c.Accounts.Sessions.AccessTokens = sessions.JWT })

// read checks an access token as another service does that knows the public keys
// and nothing else, and returns its claims.
func read(t *testing.T, app *manortest.App, token string) (claims map[string]any) {
	t.Helper()
	var set struct {
		Keys []struct{ Kty, Crv, X, Kid, Alg, Use string }
	}
	published := app.Anonymous(t).Get(app.URL + "/.well-known/jwks.json").Want(200)
	if published.JSON(&set); strings.Contains(string(published.Body), `"d"`) {
		t.Error("the private key is published")
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%q is no JWT", token)
	}
	decode := func(s string) []byte {
		b, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	var header struct{ Alg, Kid, Typ string }
	if err := json.Unmarshal(decode(parts[0]), &header); err != nil || header.Alg != "EdDSA" || header.Typ != "at+jwt" {
		t.Fatalf("the header is %s", decode(parts[0]))
	}
	for _, k := range set.Keys {
		if k.Kid == header.Kid && k.Kty == "OKP" && k.Crv == "Ed25519" && k.Alg == "EdDSA" && k.Use == "sig" &&
			ed25519.Verify(decode(k.X), []byte(parts[0]+"."+parts[1]), decode(parts[2])) {
			if err := json.Unmarshal(decode(parts[1]), &claims); err != nil {
				t.Fatal(err)
			}
			return claims
		}
	}
	t.Fatalf("no key of %+v fits", set.Keys)
	return nil
}

func TestJWT(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		user := app.User(t, "ann")
		access, refresh := tokens(t, app, "ann")
		ann := app.Anonymous(t).Bearer(access)
		claims := read(t, app, access)
		list := ann.Get("/auth/sessions?orderBy=created_at").Want(200)
		same(t, "who", []any{claims["sub"], claims["iss"], claims["aud"], claims["sid"], claims["epoch"]}, []any{
			user.User.ID.String(), "http://localhost:8080", "http://localhost:8080", list.Text("items.0.id"), 0.0,
		})
		same(t, "current", list.Value("items.0.is_current"), any(true))
		same(t, "life", claims["exp"].(float64)-claims["iat"].(float64), 900.0)
		same(t, "statements", len(app.Statements(func() { ann.Get("/users/me").Want(200) })), 2)

		client := app.Anonymous(t)
		client.Bearer(claims["jti"].(string)).Get("/users/me").Want(401)
		pair := client.Post("/auth/token/refresh", body{"refresh_token": refresh}).Want(200)
		retry := client.Post("/auth/token/refresh", body{"refresh_token": refresh}).Want(200)
		same(t, "token of a retry", read(t, app, retry.Text("access_token"))["jti"], read(t, app, pair.Text("access_token"))["jti"])
		ann.Get("/users/me").Want(401) // the one before
		ann = client.Bearer(pair.Text("access_token"))
		ann.Get("/users/me").Want(200)
		app.Clock.Advance(15*time.Minute + 28*time.Second)
		ann.Get("/users/me").Want(200) // clocks differ
		app.Clock.Advance(3 * time.Second)
		ann.Get("/users/me").Want(401)
		pair = client.Post("/auth/token/refresh", body{"refresh_token": pair.Text("refresh_token")}).Want(200)
		client.Post("/auth/token/revoke", body{"token": pair.Text("access_token")}).Want(204)
		client.Bearer(pair.Text("access_token")).Get("/users/me").Want(401)
		client.Post("/auth/token/refresh", body{"refresh_token": pair.Text("refresh_token")}).Want(401)
		user.Bearer("eyJhbGciOiJub25lIn0.e30.").Get("/users/me").Want(401)
	}, jwts, manortest.Idle())
}

// Where tokens are opaque there are no keys to read them by, and a JWT is none.
func TestNoJWT(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		anon := app.Anonymous(t)
		anon.Get(app.URL + "/.well-known/jwks.json").Want(404)
		anon.Bearer("eyJhbGciOiJub25lIn0.e30.").Get("/users/me").Want(401)
	}, manortest.Idle())
}

// reset returns a link to choose a new password, whoever asked for it.
func reset(t *testing.T, app *manortest.App, name string) string {
	t.Helper()
	u, err := app.Users().ByIdentifier(t.Context(), app.DB, name)
	if err != nil {
		t.Fatal(err)
	}
	ctx := auth.NewContext(t.Context(), &auth.Principal{Subject: "test", Permissions: auth.Permissions{"*"}})
	if err := app.Accounts().ResetPasswordOf(ctx, u.ID); err != nil {
		t.Fatal(err)
	}
	return app.MailedToken(t, u.Email)
}

// What ends everything of somebody does so on another instance with the next
// request, whatever carries it, and for good.
func TestEndsEverywhere(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]manortest.Option{"opaque": {manortest.Idle()}, "jwt": {manortest.Idle(), jwts}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			manortest.Two(t, func(t *testing.T, a, b *manortest.App) {
				admin := a.Admin(t)
				for what, end := range map[string]func(path string){
					"revoke": func(path string) { admin.Post(path+"/sessions/revoke", nil).Want(204) },
					"delete": func(path string) { admin.Delete(path).Want(204) },
					"moved": func(path string) {
						admin.Patch(path, body{"email": "moved-away@example.com"}).Want(200)
						admin.Patch(path, body{"email_verified": true}).Want(200)
					},
					"password": func(string) {
						if _, err := a.Accounts().SetPassword(t.Context(), "password", secret.NewText(chosen)); err != nil {
							t.Fatal(err)
						}
					},
					"reset": func(string) {
						a.Anonymous(t).Post("/auth/password/reset", body{"token": reset(t, a, "reset"), "password": chosen}).Want(204)
					},
					"switch": func(path string) {
						admin.Post(path+"/deactivate", nil).Want(200)
						admin.Post(path+"/reactivate", nil).Want(200)
					},
				} {
					ann := a.User(t, what)
					access, refresh := tokens(t, b, what)
					program := ann.Bearer(access)
					for _, c := range []*manortest.Client{ann, program} {
						c.At(b).Get("/users/me").Want(200)
					}
					link := reset(t, a, what)
					end("/users/" + ann.User.ID.String())
					if what != "revoke" { // which says nothing against the mailbox
						b.Anonymous(t).Post("/auth/password/reset", body{"token": link, "password": chosen}).Want(400)
					}
					for _, c := range []*manortest.Client{ann, program} {
						c.At(b).Get("/users/me").Want(401)
					}
					b.Anonymous(t).Post("/auth/token/refresh", body{"refresh_token": refresh}).Want(401)
				}
				// And a change of rights on one gives the cookie another on the other.
				bob := a.User(t, "bob")
				before := browser(t, b, "bob")
				admin.Put("/roles/staff/users/"+bob.User.ID.String(), nil).Want(204)
				renewed(t, b, before, before.Get("/users/me").Want(200))
			}, opts...)
		})
	}
}
