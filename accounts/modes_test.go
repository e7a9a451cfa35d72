package accounts_test

import (
	"testing"

	"github.com/manorgo/manor"
	"github.com/manorgo/manor/accounts"
	"github.com/manorgo/manor/manortest"
)

func configured(c accounts.Config) manortest.Option {
	return manortest.Config(func(m *manor.Config) { m.Accounts = c })
}

// Where addresses need no proof, the answer is the account, which can be used
// at once.
func TestWithoutVerification(t *testing.T) {
	everywhere(t, func(t *testing.T, app *manortest.App) {
		u := app.Anonymous(t).Post("/auth/register", body{
			"email": "Ann@Example.com", "password": manortest.Password, "username": "ann",
		}).Want(201)
		same(t, "account", []any{u.Value("email"), u.Value("username"), u.Value("email_verified")}, []any{"Ann@example.com", "ann", true})
		app.Anonymous(t).Post("/auth/login", signingIn("ann", manortest.Password)).Want(200)
		taken := app.Anonymous(t).Post("/auth/register", registering("ann@example.COM")).Want(409)
		same(t, "blamed", taken.Value("errors.0.location"), "body.email")
	}, configured(accounts.Config{Unverified: true}))
}

func TestClosedRegistration(t *testing.T) {
	for _, mode := range []accounts.Registration{accounts.Closed, accounts.Invite} {
		t.Run(string(mode), func(t *testing.T) {
			each(t, func(t *testing.T, app *manortest.App) {
				r := app.Anonymous(t).Post("/auth/register", registering("ann@example.com")).Want(403)
				same(t, "code", r.Value("code"), "REGISTRATION_CLOSED")
				app.Anonymous(t).Post("/auth/login", signingIn("ann@example.com", manortest.Password)).Want(401)
			}, configured(accounts.Config{Registration: mode}))
		})
	}
}

// Signing in elsewhere is no change that a careful client would trip over.
func TestSigningInKeepsVersion(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		ann := app.User(t, "ann")
		before := ann.Get("/users/me").Want(200)
		app.Anonymous(t).Post("/auth/login", signingIn("ann", manortest.Password)).Want(200)
		after := ann.Get("/users/me").Want(200)
		same(t, "ETag", after.ETag(), before.ETag())
		if after.Value("last_login") == before.Value("last_login") {
			t.Error("last_login did not move")
		}
		ann.Do("PATCH", "/users/me", body{"bio": "Poetical."}, "If-Match", before.ETag()).Want(200)
	}, manortest.Idle())
}
