package accounts_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/manortest"
)

// browser signs somebody in as a browser without a jar does, which keeps the
// cookie that it got whatever it is told.
func browser(t *testing.T, app *manortest.App, name string) *manortest.Client {
	t.Helper()
	r := app.Anonymous(t).Post("/auth/login", signingIn(name, manortest.Password)).Want(200)
	return holding(t, app, cookieValue(t, r))
}

func holding(t *testing.T, app *manortest.App, cookie string) *manortest.Client {
	t.Helper()
	c := app.Anonymous(t)
	c.Header.Set("Cookie", "manor_session="+cookie)
	return c
}

// renewed returns a browser with the cookie that an answer brought, after it has
// made sure that the one before is worth nothing, and not told to be dropped:
// answers may overtake each other.
func renewed(t *testing.T, app *manortest.App, before *manortest.Client, r *manortest.Response) *manortest.Client {
	t.Helper()
	after := holding(t, app, cookieValue(t, r))
	late := before.Get("/users/me").Want(401)
	same(t, "the old cookie", []any{late.Text("code"), late.Header["Set-Cookie"]}, []any{"SESSION_RENEWED", []string(nil)})
	same(t, "who it is", after.Get("/users/me").Want(200).Header["Set-Cookie"], []string(nil))
	return after
}

func TestStepUp(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		app.As(t, "boss", users.Write)
		var victims []string
		for _, name := range []string{"one", "two", "three"} {
			victims = append(victims, "/users/"+app.User(t, name).User.ID.String())
		}
		access, _ := tokens(t, app, "boss")
		program, other := app.Anonymous(t).Bearer(access), browser(t, app, "boss")
		boss := browser(t, app, "boss")
		boss.Delete(victims[0]).Want(204) // signing in is a proof

		app.Clock.Advance(10*time.Minute + time.Second)
		for _, c := range []*manortest.Client{boss, program} {
			r := c.Delete(victims[1]).Want(403)
			same(t, "code", r.Text("code"), "STEP_UP_REQUIRED")
			same(t, "wrong", c.Post("/auth/step-up", body{"password": "another long password"}).Want(401).Text("code"), "CREDENTIALS_INVALID")
			c.Post("/auth/step-up", body{}).Want(422)
			c.Delete(victims[1]).Want(403)
		}
		proof := body{"password": manortest.Password}
		boss = renewed(t, app, boss, boss.Post("/auth/step-up", proof).Want(204))
		boss.Delete(victims[1]).Want(204)
		other.Delete(victims[2]).Want(403) // another session of the same person
		same(t, "program", program.Post("/auth/step-up", proof).Want(204).Header["Set-Cookie"], []string(nil))
		app.Clock.Advance(10*time.Minute + time.Second)
		boss.Delete(victims[2]).Want(403)

		app.Anonymous(t).Post("/auth/step-up", proof).Want(401)
		same(t, "sessions", boss.Get("/auth/sessions").Value("total"), any(4.0)) // none was made or lost by it
	}, manortest.Idle())
}

// Whatever changes what somebody may do changes their cookie with the next
// answer, and nothing else does.
func TestRightsChangeTheCookie(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		admin := app.Admin(t)
		admin.Post("/roles", body{"name": "readers", "permissions": []string{users.Read}}).Want(201)
		id := app.User(t, "ann").User.ID.String()
		access, _ := tokens(t, app, "ann")
		program, ann := app.Anonymous(t).Bearer(access), browser(t, app, "ann")
		same(t, "unchanged", ann.Get("/users/me").Want(200).Header["Set-Cookie"], []string(nil))
		for _, change := range []func(){
			func() { admin.Put("/roles/readers/users/"+id, nil).Want(204) },
			func() { admin.Patch("/roles/readers", body{"permissions": []string{users.Write}}).Want(200) },
			func() { admin.Put("/roles/staff/users/"+id, nil).Want(204) },
			func() { admin.Put("/roles/superuser/users/"+id, nil).Want(204) },
			func() { admin.Delete("/roles/superuser/users/" + id).Want(204) },
			func() { admin.Patch("/users/"+id, body{"is_staff": false}).Want(200) },
			func() { admin.Delete("/roles/readers?force=true").Want(204) },
		} {
			change()
			ann = renewed(t, app, ann, ann.Get("/users/me").Want(200))
			program.Get("/users/me").Want(200) // rights are looked up with each request
		}
		// Requests that a browser sends together: one answer brings the cookie.
		admin.Put("/roles/staff/users/"+id, nil).Want(204)
		fresh := make(chan string, 16)
		together(16, func(int) *manortest.Response {
			r := ann.Get("/users/me")
			if r.Status != http.StatusOK {
				same(t, "a late one", r.Want(401).Text("code"), "SESSION_RENEWED")
			}
			if c := r.Header.Get("Set-Cookie"); c != "" {
				fresh <- cookieValue(t, r)
			}
			return r
		})
		same(t, "cookies", len(fresh), 1)
		holding(t, app, <-fresh).Get("/users/me").Want(200)
	}, manortest.Idle())
}

// A browser that signs in anew leaves no session behind.
func TestSigningInEndsWhatTheBrowserHad(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		app.User(t, "ann")
		app.User(t, "bob")
		ann, elsewhere := browser(t, app, "ann"), browser(t, app, "ann")
		ann.Post("/auth/login", signingIn("bob", "a wrong password")).Want(401)
		ann.Get("/users/me").Want(200)
		bob := ann.Post("/auth/login", signingIn("bob", manortest.Password)).Want(200)
		ann.Get("/users/me").Want(401)
		elsewhere.Get("/users/me").Want(200)
		same(t, "who it is", holding(t, app, cookieValue(t, bob)).Get("/users/me").Want(200).Text("username"), "bob")
	}, manortest.Idle())
}
