package accounts_test

import (
	"testing"
	"time"

	"github.com/manorgo/manor/manortest"
)

func TestTokens(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		ann, nobody := app.User(t, "ann"), app.Anonymous(t)
		access, refresh := tokens(t, app, "ann@example.com")
		same(t, "me", ann.Bearer(access).Get("/users/me").Want(200).Text("username"), "ann")
		ann.Bearer(refresh).Get("/users/me").Want(401)
		ann.Bearer(access + "x").Get("/users/me").Want(401)
		nobody.Do("GET", "/users/me", nil, "Cookie", "manor_session="+access).Want(401)

		r := nobody.Post("/auth/token/refresh", body{"refresh_token": refresh}).Want(200)
		same(t, "answer", []any{r.Text("token_type"), r.Value("expires_in")}, []any{"Bearer", 900.0})
		ann.Bearer(access).Get("/users/me").Want(401)
		next := ann.Bearer(r.Text("access_token"))
		next.Get("/users/me").Want(200)
		nobody.Post("/auth/token/refresh", body{"refresh_token": access}).Want(401)

		app.Clock.Advance(15*time.Minute + time.Second)
		next.Get("/users/me").Want(401)
		r = nobody.Post("/auth/token/refresh", body{"refresh_token": r.Text("refresh_token")}).Want(200)
		last := ann.Bearer(r.Text("access_token"))
		last.Post("/auth/logout", nil).Want(204)
		last.Get("/users/me").Want(401)
		nobody.Post("/auth/token/refresh", body{"refresh_token": r.Text("refresh_token")}).Want(401)
	})
}

func TestStolenRefreshToken(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		ann, nobody := app.User(t, "ann"), app.Anonymous(t)
		_, stolen := tokens(t, app, "ann")
		otherAccess, otherRefresh := tokens(t, app, "ann")
		pair := nobody.Post("/auth/token/refresh", body{"refresh_token": stolen}).Want(200)

		// At once it may be a retry, later it is a second holder.
		retry := nobody.Post("/auth/token/refresh", body{"refresh_token": stolen}).Want(200)
		same(t, "a retry", []string{retry.Text("access_token"), retry.Text("refresh_token")}, []string{pair.Text("access_token"), pair.Text("refresh_token")})
		ann.Bearer(pair.Text("access_token")).Get("/users/me").Want(200)
		app.Clock.Advance(time.Minute)
		same(t, "code", nobody.Post("/auth/token/refresh", body{"refresh_token": stolen}).Want(401).Text("code"), "REFRESH_INVALID")
		ann.Bearer(pair.Text("access_token")).Get("/users/me").Want(401)
		nobody.Post("/auth/token/refresh", body{"refresh_token": pair.Text("refresh_token")}).Want(401)

		ann.Bearer(otherAccess).Get("/users/me").Want(200) // another family
		nobody.Post("/auth/token/refresh", body{"refresh_token": otherRefresh}).Want(200)
	})
}

func TestRevokeToken(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		ann, nobody := app.User(t, "ann"), app.Anonymous(t)
		for _, which := range []string{"access", "refresh"} {
			access, refresh := tokens(t, app, "ann")
			token := access
			if which == "refresh" {
				token = refresh
			}
			nobody.Post("/auth/token/revoke", body{"token": token}).Want(204)
			ann.Bearer(access).Get("/users/me").Want(401)
			nobody.Post("/auth/token/refresh", body{"refresh_token": refresh}).Want(401)
			nobody.Post("/auth/token/revoke", body{"token": token}).Want(204)
		}
		nobody.Post("/auth/token/revoke", body{"token": "unknown"}).Want(204)
		ann.Get("/users/me").Want(200)
	})
}

func TestSessions(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		ann, bob := app.User(t, "ann"), app.User(t, "bob")
		access, _ := tokens(t, app, "ann")
		program := ann.Bearer(access)
		theirs := bob.Get("/auth/sessions").Want(200).Text("items.0.id")

		same(t, "sessions", ann.Get("/auth/sessions").Value("total"), 2.0)
		ann.Delete("/auth/sessions/" + theirs).Want(404)
		bob.Get("/users/me").Want(200)
		same(t, "ended", ann.Post("/auth/sessions/revoke-others", nil).Want(200).Value("revoked"), 1.0)
		program.Get("/users/me").Want(401)
		same(t, "left", ann.Get("/auth/sessions").Value("total"), 1.0)

		app.Clock.Advance(13 * time.Hour) // longer than an unused session lives
		ann.Get("/users/me").Want(401)
	})
}

func TestRemember(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		app.User(t, "ann")
		in := signingIn("ann", manortest.Password)
		in["remember"] = true
		ann := app.Anonymous(t)
		ann.Post("/auth/login", in).Want(200)
		app.Clock.Advance(13 * 24 * time.Hour)
		ann.Get("/users/me").Want(200)
		app.Clock.Advance(31 * 24 * time.Hour)
		ann.Get("/users/me").Want(401)
	})
}

// What an administrator does to an account ends what is signed in as it.
func TestSessionsEndWithTheAccount(t *testing.T) {
	everywhere(t, func(t *testing.T, app *manortest.App) {
		admin := app.Admin(t)
		for _, x := range []struct {
			name string
			end  func(path string)
		}{
			{"deactivated", func(path string) { admin.Post(path+"/deactivate", nil).Want(200) }},
			{"patched", func(path string) { admin.Patch(path, body{"is_active": false}).Want(200) }},
			{"unverified", func(path string) { admin.Patch(path, body{"email": "other@example.com"}).Want(200) }},
			{"revoked", func(path string) { admin.Post(path+"/sessions/revoke", nil).Want(204) }},
			{"deleted", func(path string) { admin.Delete(path).Want(204) }},
		} {
			c := app.User(t, x.name)
			access, refresh := tokens(t, app, x.name)
			x.end("/users/" + c.User.ID.String())
			c.Get("/users/me").Want(401)
			c.Bearer(access).Get("/users/me").Want(401)
			app.Anonymous(t).Post("/auth/token/refresh", body{"refresh_token": refresh}).Want(401)
			if x.name == "deactivated" { // and stays ended
				admin.Post("/users/"+c.User.ID.String()+"/reactivate", nil).Want(200)
				c.Get("/users/me").Want(401)
			}
		}
	})
}

func TestTwoInstances(t *testing.T) {
	t.Parallel()
	manortest.Two(t, func(t *testing.T, a, b *manortest.App) {
		ann := a.User(t, "ann")
		access, refresh := tokens(t, b, "ann")
		for _, app := range []*manortest.App{a, b} {
			ann.At(app).Get("/users/me").Want(200)
			ann.Bearer(access).At(app).Get("/users/me").Want(200)
		}
		ann.At(b).Post("/auth/logout", nil).Want(204)
		pair := a.Anonymous(t).Post("/auth/token/refresh", body{"refresh_token": refresh}).Want(200)
		program := ann.Bearer(pair.Text("access_token"))
		program.At(b).Get("/users/me").Want(200)
		b.Admin(t).Post("/users/"+ann.User.ID.String()+"/deactivate", nil).Want(200)
		for _, app := range []*manortest.App{a, b} {
			ann.At(app).Get("/users/me").Want(401)
			program.At(app).Get("/users/me").Want(401)
			app.WaitTasks(t)
		}
	})
}
