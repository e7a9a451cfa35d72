package accounts_test

import (
	"strings"
	"testing"
	"time"

	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/manortest"
)

const chosen = "lantern meadow 2204 quartz"

func changing(current, next string) body {
	return body{"current_password": current, "new_password": next}
}

// A new password ends everything but the browser it was typed in, which goes on
// with another cookie, and the links that were open.
func TestChangePassword(t *testing.T) {
	everywhere(t, func(t *testing.T, app *manortest.App) {
		ann, other, nobody := app.User(t, "ann"), app.Anonymous(t), app.Anonymous(t)
		other.Post("/auth/login", signingIn("ann", manortest.Password)).Want(200)
		access, refresh := tokens(t, app, "ann")
		nobody.Post("/auth/password/forgot", body{"email": "ann@example.com"}).Want(202)
		link := app.MailedToken(t, "ann@example.com")

		for what, in := range map[string]body{"wrong": changing("wrong", chosen), "another case": changing(strings.ToUpper(manortest.Password), chosen)} {
			r := ann.Post("/auth/password/change", in)
			same(t, what, []any{r.Status, r.Value("code")}, []any{401, "CREDENTIALS_INVALID"})
		}
		r := ann.Post("/auth/password/change", changing(manortest.Password, "short"))
		same(t, "weak", []any{r.Status, r.Value("code")}, []any{422, "PASSWORD_REJECTED"})
		nobody.Post("/auth/password/change", changing(manortest.Password, chosen)).Want(401)
		app.Clock.Advance(auth.FreshFor + time.Second)
		r = ann.Post("/auth/password/change", body{"new_password": chosen})
		same(t, "neither the password nor a fresh proof", []any{r.Status, r.Value("code")}, []any{403, "STEP_UP_REQUIRED"})
		other.Get("/users/me").Want(200) // all that changed nothing

		stolen := app.Anonymous(t)
		stolen.Header.Set("Cookie", "manor_session="+cookieValue(t, app.Anonymous(t).Post("/auth/login", signingIn("ann", manortest.Password)).Want(200)))
		stolen.Get("/users/me").Want(200)
		changed := ann.Post("/auth/password/change", changing(manortest.Password, chosen)).Want(204)
		if cookieValue(t, changed) == "" {
			t.Error("the session has no new cookie")
		}
		ann.Get("/users/me").Want(200)
		same(t, "sessions", ann.Get("/auth/sessions").Want(200).Len("items"), 1)
		other.Get("/users/me").Want(401)
		stolen.Get("/users/me").Want(401)
		ann.Bearer(access).Get("/users/me").Want(401)
		nobody.Post("/auth/token/refresh", body{"refresh_token": refresh}).Want(401)
		nobody.Post("/auth/password/reset", body{"token": link, "password": manortest.Password}).Want(400)
		nobody.Post("/auth/login", signingIn("ann", manortest.Password)).Want(401)
		same(t, "mail", app.LastMail(t, "ann@example.com").Subject, "Your password for localhost has changed")

		// A program keeps what it is signed in with.
		fresh := nobody.Post("/auth/token", signingIn("ann", chosen)).Want(200)
		program := ann.Bearer(fresh.Text("access_token"))
		program.Post("/auth/password/change", changing(chosen, manortest.Password)).Want(204)
		program.Get("/users/me").Want(200)
		nobody.Post("/auth/token/refresh", body{"refresh_token": fresh.Text("refresh_token")}).Want(200)
		ann.Get("/users/me").Want(401)
	})
}

// The cookie that asked for the change is worth nothing after it, to whoever
// else holds it.
func TestChangePasswordRenewsTheCookie(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		app.User(t, "ann")
		ann, thief := app.Anonymous(t), app.Anonymous(t)
		thief.Header.Set("Cookie", "manor_session="+cookieValue(t, ann.Post("/auth/login", signingIn("ann", manortest.Password)).Want(200)))
		thief.Get("/users/me").Want(200)
		ann.Post("/auth/password/change", changing(manortest.Password, chosen)).Want(204)
		thief.Get("/users/me").Want(401)
		ann.Get("/users/me").Want(200)
	}, manortest.Idle())
}

// Who has just proved who they are need not type the password again.
func TestChangesAfterAProof(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		ann := app.User(t, "ann")
		app.Clock.Advance(auth.FreshFor + time.Second)
		for _, ask := range []func() *manortest.Response{
			func() *manortest.Response { return ann.Post("/auth/email/change", body{"email": "new@example.com"}) },
			func() *manortest.Response { return ann.Post("/auth/password/change", body{"new_password": chosen}) },
			func() *manortest.Response { return ann.Delete("/users/me") },
		} {
			same(t, "stale", ask().Want(403).Text("code"), "STEP_UP_REQUIRED")
		}
		ann.Post("/auth/step-up", body{"password": manortest.Password}).Want(204)
		ann.Post("/auth/email/change", body{"email": "new@example.com"}).Want(202)
		ann.Post("/auth/password/change", body{"new_password": chosen}).Want(204)
		ann.Delete("/users/me").Want(204)
		app.Anonymous(t).Post("/auth/login", signingIn("ann", chosen)).Want(401)
	}, manortest.Idle())
}

// A password that others use, or that is made of the owner's name, is no better
// as the second one.
func TestChangePasswordRefusesCommonOnes(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		ann := app.User(t, "annabelle")
		for _, weak := range []string{"passwordpassword", "annabelle@example.com"} {
			r := ann.Post("/auth/password/change", changing(manortest.Password, weak))
			same(t, weak, []any{r.Status, r.Value("code")}, []any{422, "PASSWORD_REJECTED"})
		}
	}, manortest.Idle())
}

// Of several changes at once one wins: the others were about a password that is
// gone.
func TestChangePasswordTogether(t *testing.T) {
	everywhere(t, func(t *testing.T, app *manortest.App) {
		app.User(t, "ann")
		access, _ := tokens(t, app, "ann")
		ann := app.Anonymous(t).Bearer(access)
		got := together(8, func(i int) *manortest.Response {
			return ann.Post("/auth/password/change", changing(manortest.Password, chosen+strings.Repeat("!", i)))
		})
		same(t, "answers", got, map[int]int{204: 1, 401: 7})
		ann.Get("/users/me").Want(200)
	}, manortest.Idle())
}
