package accounts_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/manorgo/manor/manortest"
)

// TestPrivacy asks for people of every kind as every kind of caller.
func TestPrivacy(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		admin, stranger, nobody := app.Admin(t), app.User(t, "stranger"), app.Anonymous(t)
		reader := app.As(t, "reader", "users:read")
		for _, profile := range []bool{true, false} {
			for _, search := range []string{"public", "private"} {
				for _, email := range []string{"public", "private", "never"} {
					name := fmt.Sprintf("u-%t-%s-%s", profile, search, email)
					self := app.User(t, name)
					self.Patch("/users/me", body{"public_profile": profile, "search_visibility": search, "email_privacy": email}).Want(200)
					for viewer, c := range map[string]*manortest.Client{"nobody": nobody, "stranger": stranger, "self": self, "reader": reader, "admin": admin} {
						trusted := viewer == "self" || viewer == "reader" || viewer == "admin"
						what := name + " as " + viewer
						reachable := profile || trusted
						shown := trusted || email == "public" || email == "private" && viewer == "stranger"
						for _, path := range []string{"/users/" + self.User.ID.String(), "/users/by-username/" + strings.ToUpper(name)} {
							r := c.Get(path)
							if !reachable {
								same(t, what, r.Status, 404)
								continue
							}
							r.Want(200)
							same(t, what+": e-mail address", r.Value("email") != nil, shown)
							same(t, what+": private fields", r.Value("is_active") != nil, trusted)
						}
						list := c.Get("/users?searchString=" + name).Want(200)
						found := profile && search == "public" || viewer == "reader" || viewer == "admin"
						same(t, what+": listed", list.Len("items"), map[bool]int{true: 1}[found])
						if found {
							same(t, what+": e-mail address in a list", list.Value("items.0.email") != nil, trusted || email == "public")
						}
						byEmail := c.Get("/users/by-email/" + name + "@example.com").Status
						want := map[string]int{"nobody": 401, "stranger": 403, "self": 403, "reader": 200, "admin": 200}[viewer]
						same(t, what+": by e-mail address", byEmail, want)
					}
				}
			}
		}
	}, manortest.Idle())
}

// People who are switched off or have proved nothing are not there for others.
func TestHiddenPeople(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		admin, stranger := app.Admin(t), app.User(t, "stranger")
		off := app.User(t, "off")
		admin.Post("/users/"+off.User.ID.String()+"/deactivate", nil).Want(200)
		unproved := admin.Post("/users", body{"email": "unproved@example.com", "username": "unproved"}).Want(201)
		for _, path := range []string{"/users/" + off.User.ID.String(), "/users/by-username/off", "/users/" + unproved.Text("id"), "/users/by-username/unproved"} {
			stranger.Get(path).Want(404)
			admin.Get(path).Want(200)
		}
		same(t, "listed for a stranger", stranger.Get("/users").Want(200).Value("total"), 2.0)
		same(t, "listed for an administrator", admin.Get("/users").Want(200).Value("total"), 4.0)
		// What tells them apart cannot be asked for either.
		for _, q := range []string{"isActive=false", "emailVerified=false", "isSuperuser=true", "isStaff=true", "role=superuser"} {
			r := stranger.Get("/users?" + q).Want(400)
			name, _, _ := strings.Cut(q, "=")
			same(t, q, r.Text("errors.0.location"), "query."+name)
			admin.Get("/users?" + q).Want(200)
		}
	})
}
