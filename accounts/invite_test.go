package accounts_test

import (
	"testing"
	"time"

	"github.com/manorgo/manor/accounts"
	"github.com/manorgo/manor/manortest"
)

// An invitation makes an account where nobody may register, with its address
// proved and its role, once.
func TestInvite(t *testing.T) {
	everywhere(t, func(t *testing.T, app *manortest.App) {
		admin, nobody := app.Admin(t), app.Anonymous(t)
		admin.Post("/roles", body{"name": "editors", "permissions": []string{"groups:moderate"}}).Want(201)
		helper := app.As(t, "helper", "users:write")
		helper.Post("/users/invitations", body{"email": "x@example.com", "role": "editors"}).Want(403)
		helper.Post("/users/invitations", body{"email": "x@example.com", "role": "superuser"}).Want(403)
		nobody.Post("/users/invitations", body{"email": "x@example.com"}).Want(401)
		admin.Post("/users/invitations", body{"email": "x@example.com", "role": "unknown"}).Want(422)
		admin.Post("/users/invitations", body{"email": "no address"}).Want(422)
		same(t, "has an account", admin.Post("/users/invitations", body{"email": "HELPER@example.com"}).Want(409).Value("code"), "EMAIL_TAKEN")

		admin.Post("/users/invitations", body{"email": "Ann@example.com", "role": "editors"}).Want(201)
		earlier := app.MailedToken(t, "Ann@example.com")
		admin.Post("/users/invitations", body{"email": "Ann@Example.com", "role": "Editors"}).Want(201)
		token := app.MailedToken(t, "Ann@example.com")
		list := admin.Get("/users/invitations").Want(200)
		same(t, "open", []any{list.Len("items"), list.Value("items.0.email"), list.Value("items.0.role")}, []any{1, "Ann@example.com", "editors"})
		for range 2 { // a mail scanner follows links, too
			nobody.Get(app.URL + "/invitation?token=" + token).Want(200)
		}

		accepting := func(token, password string) body {
			return body{"token": token, "password": password, "username": "ann", "first_name": "Ann"}
		}
		nobody.Post("/auth/register", registering("Ann@example.com")).Want(403)
		nobody.Post("/auth/invitations/accept", accepting(earlier, chosen)).Want(400)
		nobody.Post("/auth/verify", body{"token": token}).Want(400)
		same(t, "weak", nobody.Post("/auth/invitations/accept", accepting(token, "short")).Want(422).Value("code"), "PASSWORD_REJECTED")
		in := accepting(token, chosen)
		in["username"] = "HELPER"
		same(t, "taken username", nobody.Post("/auth/invitations/accept", in).Want(409).Value("code"), "USERNAME_TAKEN")
		same(t, "answers", together(8, func(int) *manortest.Response {
			return nobody.Post("/auth/invitations/accept", body{"token": token, "password": chosen, "first_name": "Ann"})
		}), map[int]int{201: 1, 400: 7})
		ann := app.Anonymous(t)
		u := ann.Post("/auth/login", signingIn("ann@example.com", chosen)).Want(200)
		same(t, "account", []any{u.Value("user.email"), u.Value("user.email_verified"), u.Value("user.first_name")}, []any{"Ann@example.com", true, "Ann"})
		same(t, "holders", admin.Get("/roles/editors/users").Want(200).Value("items.0.id"), u.Value("user.id"))

		taken := admin.Post("/users/invitations", body{"email": "bob@example.com"}).Want(201).Text("id")
		token = app.MailedToken(t, "bob@example.com")
		admin.Delete("/users/invitations/" + taken).Want(204)
		admin.Delete("/users/invitations/" + taken).Want(404)
		nobody.Post("/auth/invitations/accept", accepting(token, chosen)).Want(400)
		admin.Post("/users/invitations", body{"email": "late@example.com"}).Want(201)
		token = app.MailedToken(t, "late@example.com")
		app.Clock.Advance(7*24*time.Hour + time.Minute)
		nobody.Post("/auth/invitations/accept", accepting(token, chosen)).Want(400)
	}, manortest.Idle(), configured(accounts.Config{Registration: accounts.Closed}))
}

// An account that somebody else made for the address and never proved is no
// obstacle, and of no use to them.
func TestInviteOverUnproved(t *testing.T) {
	everywhere(t, func(t *testing.T, app *manortest.App) {
		admin, nobody := app.Admin(t), app.Anonymous(t)
		admin.Post("/users/invitations", body{"email": "ann@example.com"}).Want(201)
		token := app.MailedToken(t, "ann@example.com")
		verify := register(t, app, "ann@example.com")
		nobody.Post("/auth/invitations/accept", body{"token": token, "password": chosen, "username": "ann"}).Want(201)
		nobody.Post("/auth/verify", body{"token": verify}).Want(400)
		nobody.Post("/auth/login", signingIn("ann@example.com", manortest.Password)).Want(401)
		nobody.Post("/auth/login", signingIn("ann", chosen)).Want(200)
	}, manortest.Idle())
}
