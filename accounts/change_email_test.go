package accounts_test

import (
	"fmt"
	"net/url"
	"regexp"
	"testing"
	"time"

	"github.com/manorgo/manor/manortest"
)

func moving(to string) body { return body{"email": to, "current_password": manortest.Password} }

// move changes an address up to its confirmation, and returns the mailed tokens.
func move(t *testing.T, app *manortest.App, c *manortest.Client, from, to string) (confirm, undo string) {
	t.Helper()
	c.Post("/auth/email/change", moving(to)).Want(202)
	return app.MailedToken(t, to), app.MailedToken(t, from)
}

// hidden returns the token that a page sends back.
func hidden(t *testing.T, page *manortest.Response) string {
	t.Helper()
	found := regexp.MustCompile(`name="token" value="([^"]+)"`).FindSubmatch(page.Body)
	if found == nil {
		t.Fatalf("no token on the page: %s", page.Body)
	}
	return string(found[1])
}

// Somebody else's new address is confirmed by its reader, and undone by the
// reader of the old one.
func TestChangeEmail(t *testing.T) {
	everywhere(t, func(t *testing.T, app *manortest.App) {
		ann, nobody := app.User(t, "ann"), app.Anonymous(t)
		wrong := ann.Post("/auth/email/change", body{"email": "new@example.com", "current_password": "wrong"})
		same(t, "wrong password", []any{wrong.Status, wrong.Value("code")}, []any{401, "CREDENTIALS_INVALID"})
		ann.Post("/auth/email/change", moving("no address")).Want(422)
		nobody.Post("/auth/email/change", moving("new@example.com")).Want(401)

		confirm, undo := move(t, app, ann, "ann@example.com", "New@example.com")
		same(t, "meanwhile", ann.Get("/users/me").Want(200).Value("email"), "ann@example.com")
		nobody.Post("/auth/verify", body{"token": confirm}).Want(400) // another purpose
		nobody.Post("/auth/password/reset", body{"token": undo, "password": chosen}).Want(400)
		for range 2 { // a mail scanner follows links, too
			nobody.Get(app.URL + "/email/confirm?token=" + confirm).Want(200)
			nobody.Get(app.URL + "/email/undo?token=" + undo).Want(200)
		}
		u := nobody.Post("/auth/email/confirm", body{"token": confirm}).Want(200)
		same(t, "confirmed", []any{u.Value("email"), u.Value("email_verified")}, []any{"New@example.com", true})
		same(t, "twice", nobody.Post("/auth/email/confirm", body{"token": confirm}).Want(400).Value("code"), "TOKEN_INVALID")
		ann.Get("/users/me").Want(401)
		nobody.Post("/auth/login", signingIn("ann@example.com", manortest.Password)).Want(401)
		app.Anonymous(t).Post("/auth/login", signingIn("new@example.com", manortest.Password)).Want(200)

		app.Clock.Advance(6 * 24 * time.Hour)
		thief := app.Anonymous(t)
		thief.Post("/auth/login", signingIn("new@example.com", manortest.Password)).Want(200)
		reset := nobody.Post("/auth/email/undo", body{"token": undo}).Want(200).Text("reset_token")
		nobody.Post("/auth/email/undo", body{"token": undo}).Want(400)
		thief.Get("/users/me").Want(401)
		nobody.Post("/auth/login", signingIn("ann@example.com", manortest.Password)).Want(401) // the thief knows it
		nobody.Post("/auth/password/reset", body{"token": reset, "password": chosen}).Want(204)
		same(t, "restored", nobody.Post("/auth/login", signingIn("ann@example.com", chosen)).Want(200).Value("user.username"), "ann")
		nobody.Post("/auth/login", signingIn("new@example.com", chosen)).Want(401)
	})
}

// The pages do the same, and lead on to a new password.
func TestChangeEmailByPages(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		ann, browser := app.User(t, "ann"), app.Anonymous(t)
		press := func(path, token string) *manortest.Response {
			form := url.Values{"token": {token}}.Encode()
			return browser.Do("POST", app.URL+path, form, "Content-Type", "application/x-www-form-urlencoded")
		}
		confirm, undo := move(t, app, ann, "ann@example.com", "new@example.com")
		press("/email/confirm", confirm).Want(200)
		press("/email/confirm", confirm).Want(422)
		page := press("/email/undo", undo).Want(200)
		press("/email/undo", undo).Want(422)
		token := hidden(t, page)
		form := url.Values{"token": {token}, "password": {chosen}}.Encode()
		browser.Do("POST", app.URL+"/reset", form, "Content-Type", "application/x-www-form-urlencoded").Want(200)
		browser.Post("/auth/login", signingIn("ann@example.com", chosen)).Want(200)
	})
}

// Whatever whoever took an account over does next, the first address gets it
// back: not only from the address it was moved to first.
func TestUndoEmailAfterMore(t *testing.T) {
	everywhere(t, func(t *testing.T, app *manortest.App) {
		thief, nobody := app.User(t, "ann"), app.Anonymous(t)
		confirm, undo := move(t, app, thief, "ann@example.com", "one@example.com")
		nobody.Post("/auth/email/confirm", body{"token": confirm}).Want(200)
		thief.Post("/auth/login", signingIn("ann", manortest.Password)).Want(200)
		confirm, theirs := move(t, app, thief, "one@example.com", "two@example.com")
		nobody.Post("/auth/email/confirm", body{"token": confirm}).Want(200)
		// An account that the thief puts in the way was never proved.
		nobody.Post("/auth/register", registering("ann@example.com")).Want(202)
		nobody.Post("/auth/password/forgot", body{"email": "two@example.com"}).Want(202)
		reset := app.MailedToken(t, "two@example.com")
		// Undoing the second move does not end the link for the first.
		nobody.Post("/auth/email/undo", body{"token": theirs}).Want(200)
		mine := nobody.Post("/auth/email/undo", body{"token": undo}).Want(200).Text("reset_token")
		nobody.Post("/auth/password/reset", body{"token": reset, "password": chosen}).Want(400)
		nobody.Post("/auth/password/reset", body{"token": mine, "password": chosen}).Want(204)
		same(t, "owner", nobody.Post("/auth/login", signingIn("ann@example.com", chosen)).Want(200).Value("user.username"), "ann")
	})
}

// A link to a new address ends with whatever makes it doubtful.
func TestEmailLinksEnd(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		admin, nobody := app.Admin(t), app.Anonymous(t)
		for what, do := range map[string]func(name string, c *manortest.Client){
			"changed": func(_ string, c *manortest.Client) {
				c.Post("/auth/password/change", changing(manortest.Password, chosen)).Want(204)
			},
			"reset": func(name string, _ *manortest.Client) {
				nobody.Post("/auth/password/forgot", body{"email": name + "@example.com"}).Want(202)
				nobody.Post("/auth/password/reset", body{"token": app.MailedToken(t, name+"@example.com"), "password": chosen}).Want(204)
			},
			"deactivated": func(_ string, c *manortest.Client) {
				path := "/users/" + c.User.ID.String()
				admin.Post(path+"/deactivate", nil).Want(200)
				admin.Post(path+"/reactivate", nil).Want(200)
			},
			"moved": func(_ string, c *manortest.Client) {
				admin.Patch("/users/"+c.User.ID.String(), body{"email": "elsewhere@example.com"}).Want(200)
			},
			"again": func(name string, c *manortest.Client) {
				c.Post("/auth/email/change", moving(name+"-other@example.com")).Want(202)
			},
			"undone": func(name string, _ *manortest.Client) {
				nobody.Post("/auth/email/undo", body{"token": app.MailedToken(t, name+"@example.com")}).Want(200)
			},
			"expired": func(string, *manortest.Client) { app.Clock.Advance(61 * time.Minute) },
			"taken": func(name string, _ *manortest.Client) {
				admin.Post("/users", body{"email": name + "-NEW@example.com"}).Want(201)
			},
		} {
			c := app.User(t, what)
			confirm, _ := move(t, app, c, what+"@example.com", what+"-new@example.com")
			do(what, c)
			r := nobody.Post("/auth/email/confirm", body{"token": confirm})
			same(t, what, []any{r.Status, r.Value("code")}, []any{400, "TOKEN_INVALID"})
		}
	})
}

// Nobody learns by asking for an address whether it has an account; its owner
// is told.
func TestChangeEmailTellsNothing(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		app.User(t, "taken")
		free := app.User(t, "ann").Post("/auth/email/change", moving("free@example.com")).Want(202)
		taken := app.User(t, "bob").Post("/auth/email/change", moving("TAKEN@example.com")).Want(202)
		same(t, "answer for a taken address", told(taken), told(free))
		same(t, "mail to its owner", app.LastMail(t, "taken@example.com").Subject, "You already have an account at localhost")
	})
}

// However many changes are asked for and confirmed at once, the account has the
// address that the confirmed link was mailed to, and old links are bounded.
func TestChangeEmailTogether(t *testing.T) {
	everywhere(t, func(t *testing.T, app *manortest.App) {
		app.User(t, "ann")
		nobody := app.Anonymous(t)
		for round := range 4 {
			access, _ := tokens(t, app, "ann")
			ann := nobody.Bearer(access)
			const n = 6
			same(t, "asked", together(n, func(i int) *manortest.Response {
				return ann.Post("/auth/email/change", moving(fmt.Sprintf("r%d-%d@example.com", round, i)))
			}), map[int]int{202: n})
			links := map[string]string{}
			for i := range n {
				to := fmt.Sprintf("r%d-%d@example.com", round, i)
				links[to] = app.MailedToken(t, to)
			}
			confirmed := make(chan string, 2*n)
			same(t, "confirmed", together(2*n, func(i int) *manortest.Response {
				to := fmt.Sprintf("r%d-%d@example.com", round, i%n)
				r := nobody.Post("/auth/email/confirm", body{"token": links[to]})
				if r.Status == 200 {
					confirmed <- to
				}
				return r
			}), map[int]int{200: 1, 400: 2*n - 1})
			access, _ = tokens(t, app, "ann")
			same(t, "address", nobody.Bearer(access).Get("/users/me").Want(200).Value("email"), <-confirmed)
		}
	}, manortest.Idle())
}
