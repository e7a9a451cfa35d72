package accounts_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/manortest"
)

const month = 30 * 24 * time.Hour

func leaving(password string) body { return body{"current_password": password} }

// Somebody who goes is gone for everybody at once, and nobody takes their names.
// The mailed link brings them back.
func TestLeave(t *testing.T) {
	everywhere(t, func(t *testing.T, app *manortest.App) {
		admin, ann, nobody := app.Admin(t), app.User(t, "ann"), app.Anonymous(t)
		access, refresh := tokens(t, app, "ann")
		ann.Post("/users/me/membership", body{"city": "Oslo"}).Want(201)
		path := "/users/" + ann.User.ID.String()
		same(t, "wrong password", ann.Do("DELETE", "/users/me", leaving("wrong")).Want(401).Value("code"), "CREDENTIALS_INVALID")
		nobody.Do("DELETE", "/users/me", leaving(manortest.Password)).Want(401)
		total := admin.Get("/users").Want(200).Value("total").(float64)
		unknown := told(nobody.Post("/auth/login", signingIn("nobody", manortest.Password)))

		ann.Do("DELETE", "/users/me", leaving(manortest.Password)).Want(204)
		link := app.MailedToken(t, "ann@example.com")
		ann.Get("/users/me").Want(401)
		ann.Bearer(access).Get("/users/me").Want(401)
		nobody.Post("/auth/token/refresh", body{"refresh_token": refresh}).Want(401)
		same(t, "signing in", told(nobody.Post("/auth/login", signingIn("ann", manortest.Password))), unknown)
		for _, at := range []string{path, "/users/by-username/ann", "/users/by-email/ann@example.com", path + "/membership"} {
			admin.Get(at).Want(404)
		}
		same(t, "total", admin.Get("/users").Want(200).Value("total"), total-1)
		for _, q := range []string{"/users?searchString=ann", "/users?isActive=false", "/users?ids=" + ann.User.ID.String(), "/memberships"} {
			same(t, q, admin.Get(q).Want(200).Len("items"), 0)
		}
		admin.Patch(path, body{"bio": "x"}).Want(404)
		admin.Post(path+"/deactivate", nil).Want(404)
		admin.Post(path+"/password-reset", nil).Want(404)

		// The names are taken, and strangers do not see why.
		admin.Post("/users", body{"email": "ANN@example.com"}).Want(409)
		admin.Post("/users", body{"email": "other@example.com", "username": "ANN"}).Want(409)
		fresh := nobody.Post("/auth/register", registering("fresh@example.com")).Want(202)
		same(t, "registering", told(nobody.Post("/auth/register", registering("ann@example.com"))), told(fresh))
		later := app.MailedToken(t, "ann@example.com")
		nobody.Post("/auth/deletion/undo", body{"token": link}).Want(400)
		nobody.Get(app.URL + "/deletion/undo?token=" + later).Want(200)
		same(t, "back", nobody.Post("/auth/deletion/undo", body{"token": later}).Want(200).Value("username"), "ann")
		nobody.Post("/auth/deletion/undo", body{"token": later}).Want(400)
		ann.Get("/users/me").Want(401) // signed out all the same
		nobody.Post("/auth/login", signingIn("ann", manortest.Password)).Want(200)
		admin.Get(path + "/membership").Want(200)
	})
}

// What somebody else deletes comes back only by somebody else.
func TestDeleteAndReactivate(t *testing.T) {
	everywhere(t, func(t *testing.T, app *manortest.App) {
		admin, ann, nobody := app.Admin(t), app.User(t, "ann"), app.Anonymous(t)
		path := "/users/" + ann.User.ID.String()
		ann.Post("/auth/email/change", moving("new@example.com")).Want(202)
		undo := app.MailedToken(t, "ann@example.com")
		admin.Delete(path).Want(204)
		ann.Get("/users/me").Want(401)
		nobody.Post("/auth/email/undo", body{"token": undo}).Want(400)
		nobody.Post("/auth/register", registering("ann@example.com")).Want(202)
		admin.Post(path+"/reactivate", nil).Want(200)
		ann.Get("/users/me").Want(401)
		nobody.Post("/auth/login", signingIn("ann", manortest.Password)).Want(200)
		nobody.Post("/auth/email/undo", body{"token": undo}).Want(400)

		helper := app.As(t, "helper", "users:write", "users:read")
		helper.Delete(path + "?hard=true").Want(403)
		admin.Delete(path + "?hard=true").Want(204)
		app.WaitTasks(t)
		admin.Post(path+"/reactivate", nil).Want(404)
		admin.Post("/users", body{"email": "ann@example.com", "username": "ann"}).Want(201)
	})
}

// Whoever took an account over is not rid of its owner by deleting it.
func TestUndoEmailOfDeleted(t *testing.T) {
	everywhere(t, func(t *testing.T, app *manortest.App) {
		thief, nobody := app.User(t, "ann"), app.Anonymous(t)
		confirm, undo := move(t, app, thief, "ann@example.com", "thief@example.com")
		nobody.Post("/auth/email/confirm", body{"token": confirm}).Want(200)
		thief.Post("/auth/login", signingIn("ann", manortest.Password)).Want(200)
		thief.Do("DELETE", "/users/me", leaving(manortest.Password)).Want(204)
		reset := nobody.Post("/auth/email/undo", body{"token": undo}).Want(200).Text("reset_token")
		nobody.Post("/auth/password/reset", body{"token": reset, "password": chosen}).Want(204)
		nobody.Post("/auth/login", signingIn("ann@example.com", chosen)).Want(200)
	}, manortest.Idle())
}

// Superusers who go together leave one behind, however they go.
func TestLastSuperuserStays(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		root := app.Admin(t)
		var admins []*manortest.Client
		for _, name := range []string{"a1", "a2", "a3"} {
			c := app.User(t, name)
			root.Put("/roles/superuser/users/"+c.User.ID.String(), nil).Want(204)
			admins = append(admins, c)
		}
		admins = append(admins, root)
		same(t, "answers", together(4, func(i int) *manortest.Response {
			if i%2 == 0 {
				return admins[i].Do("DELETE", "/users/me", leaving(manortest.Password))
			}
			return admins[i].Delete("/users/" + admins[i].User.ID.String())
		}), map[int]int{204: 3, 409: 1})
	}, manortest.Idle())
}

// A keeper is a domain that holds something about people in its own way.
type keeper struct {
	erased []auth.Subject
	fail   error
}

func (k *keeper) domain() domain.Domain {
	return domain.Domain{
		Name: "notes",
		Export: func(_ context.Context, who auth.Subject) (any, error) {
			return map[string]string{"note": "about " + string(who)}, nil
		},
		Erase: func(_ context.Context, _ *data.Tx, who auth.Subject) error {
			if k.fail == nil {
				k.erased = append(k.erased, who)
			}
			return k.fail
		},
	}
}

// After the grace time nothing is left, and every domain was asked. Until each
// has done its part, nothing is lost.
func TestPurge(t *testing.T) {
	var keepers sync.Map // by database
	everywhere(t, func(t *testing.T, app *manortest.App) {
		kept, _ := keepers.Load(app.DB)
		k := kept.(*keeper)
		admin, nobody := app.Admin(t), app.Anonymous(t)
		ann, bob := app.User(t, "ann"), app.User(t, "bob")
		ann.Post("/users/me/membership", body{}).Want(201)
		group := ann.Post("/groups", body{"name": "Gophers"}).Want(201).Text("id")
		out := ann.Get("/users/me/export").Want(200)
		id := ann.User.ID.String()
		same(t, "export", []any{
			out.Value("subject"), out.Value("domains.users.email"), out.Value("domains.memberships.user_id"), out.Value("domains.groups.0.name"),
			out.Value("domains.notes.note"), out.Len("domains.sessions"), out.Value("domains.users.password_hash"),
		}, []any{id, "ann@example.com", id, "Gophers", "about " + id, 1, nil})
		nobody.Get("/users/me/export").Want(401)

		ann.Do("DELETE", "/users/me", leaving(manortest.Password)).Want(204)
		link := app.MailedToken(t, "ann@example.com")
		app.Clock.Advance(month - time.Hour)
		bob.Post("/auth/login", signingIn("bob", manortest.Password)).Want(200)
		bob.Do("DELETE", "/users/me", leaving(manortest.Password)).Want(204)
		purge := func() error { return app.Accounts().PurgeDue(t.Context()) }
		if err := purge(); err != nil {
			t.Fatal(err)
		}
		same(t, "erased before their time", len(k.erased), 0)
		app.Clock.Advance(2 * time.Hour)
		nobody.Post("/auth/deletion/undo", body{"token": link}).Want(400)
		admin.Post("/auth/login", signingIn("admin-of-tests", manortest.Password)).Want(200)
		k.fail = errors.New("the other service is down")
		if err := purge(); !errors.Is(err, k.fail) {
			t.Errorf("a domain that fails: %v", err)
		}
		k.fail = nil
		if err := purge(); err != nil {
			t.Fatal(err)
		}
		same(t, "erased", k.erased, []auth.Subject{auth.Subject(id)})
		admin.Post("/users/"+id+"/reactivate", nil).Want(404)
		same(t, "the group is nobody's", admin.Get("/groups/"+group).Want(200).Value("submitter_id"), nil)
		if sent, err := app.Mail().To(t.Context(), "ann@example.com"); err != nil || len(sent) > 0 {
			t.Errorf("mails that are left: %v, %v", sent, err)
		}
		admin.Post("/users", body{"email": "ann@example.com", "username": "ann"}).Want(201)
		admin.Post("/users", body{"email": "bob@example.com"}).Want(409)
	}, manortest.Idle(), manortest.Domains(func(env domain.Env) domain.Domain {
		k := new(keeper)
		keepers.Store(env.DB, k)
		return k.domain()
	}))
}
