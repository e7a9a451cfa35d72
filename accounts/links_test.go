package accounts_test

import (
	"testing"

	"github.com/manorgo/manor/manortest"
)

// Every link works once, however many try at the same time, and never again; and
// none works where another is asked for.
func TestEveryLinkWorksOnce(t *testing.T) {
	everywhere(t, func(t *testing.T, app *manortest.App) {
		admin, nobody := app.Admin(t), app.Anonymous(t)
		type link struct {
			path string
			in   body // beside the token
			make func(email string) (token string)
		}
		links := map[string]link{
			"reset": {"/auth/password/reset", body{"password": chosen}, func(email string) string {
				app.User(t, "reset")
				nobody.Post("/auth/password/forgot", body{"email": email}).Want(202)
				return app.MailedToken(t, email)
			}},
			"confirm": {"/auth/email/confirm", nil, func(email string) string {
				token, _ := move(t, app, app.User(t, "confirm"), email, "new-"+email)
				return token
			}},
			"undo": {"/auth/email/undo", nil, func(email string) string {
				_, token := move(t, app, app.User(t, "undo"), email, "new-"+email)
				return token
			}},
			"return": {"/auth/deletion/undo", nil, func(email string) string {
				app.User(t, "return").Do("DELETE", "/users/me", leaving(manortest.Password)).Want(204)
				return app.MailedToken(t, email)
			}},
			"invite": {"/auth/invitations/accept", body{"password": chosen}, func(email string) string {
				admin.Post("/users/invitations", body{"email": email}).Want(201)
				return app.MailedToken(t, email)
			}},
		}
		made := map[string]string{}
		for name, l := range links {
			made[name] = l.make(name + "@example.com")
		}
		with := func(l link, token any) body {
			out := body{"token": token}
			for k, v := range l.in {
				out[k] = v
			}
			return out
		}
		for name, l := range links {
			nobody.Bearer(made[name]).Get("/users/me").Want(401) // it is no credential
			holding(t, app, made[name]).Get("/users/me").Want(401)
			for other, token := range made {
				if other != name {
					nobody.Post(l.path, with(l, token)).Want(400)
				}
			}
			for _, token := range []any{nil, "", []string{made[name]}} {
				if s := nobody.Post(l.path, with(l, token)).Status; s != 400 && s != 422 {
					t.Errorf("%s with %v: %d", name, token, s)
				}
			}
			got := together(crowd, func(int) *manortest.Response { return nobody.Post(l.path, with(l, made[name])) })
			if won := got[200] + got[201] + got[204]; won != 1 || got[400] != crowd-1 {
				t.Errorf("%s together: %v", name, got)
			}
			same(t, name+" again", nobody.Post(l.path, with(l, made[name])).Want(400).Value("code"), "TOKEN_INVALID")
		}
	})
}
