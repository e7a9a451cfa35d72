package pages_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/manorgo/manor/manortest"
)

const (
	chosen  = "lantern meadow 2204 quartz"
	another = "crooked ladder 1193 basalt"
)

type body = map[string]any

func each(t *testing.T, run func(t *testing.T, app *manortest.App)) {
	t.Helper()
	t.Parallel()
	manortest.Each(t, run)
}

// send presses the button of a page. The form holds names and values.
func send(t *testing.T, app *manortest.App, path string, form ...string) *manortest.Response {
	t.Helper()
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Set(form[i], form[i+1])
	}
	return app.Anonymous(t).Do("POST", app.URL+path, values.Encode(), "Content-Type", "application/x-www-form-urlencoded")
}

// open asks for a page.
func open(t *testing.T, app *manortest.App, path, token string) *manortest.Response {
	t.Helper()
	return app.Anonymous(t).Get(app.URL + path + "?token=" + url.QueryEscape(token))
}

// says ends the test unless the page has a message of the class.
func says(t *testing.T, r *manortest.Response, class, text string) {
	t.Helper()
	found := regexp.MustCompile(`<p class="` + class + `"[^>]*>([^<]+)</p>`).FindSubmatch(r.Body)
	if found == nil || !strings.Contains(string(found[1]), text) {
		t.Fatalf("no %s that says %q: %s", class, text, r.Body)
	}
}

func register(t *testing.T, app *manortest.App, email, password string) (token string) {
	t.Helper()
	app.Anonymous(t).Post("/auth/register", body{"email": email, "password": password}).Want(202)
	return app.MailedToken(t, email)
}

func forgot(t *testing.T, app *manortest.App, email string) (token string) {
	t.Helper()
	app.Anonymous(t).Post("/auth/password/forgot", body{"email": email}).Want(202)
	return app.MailedToken(t, email)
}

func setup(t *testing.T, app *manortest.App) (token string) {
	t.Helper()
	link, err := app.Accounts().BootstrapLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, token, ok := strings.Cut(link, "/setup?token=")
	if !ok {
		t.Fatalf("the link is %q", link)
	}
	return token
}

func signIn(t *testing.T, app *manortest.App, identifier, password string) *manortest.Response {
	t.Helper()
	return app.Anonymous(t).Post("/auth/login", body{"identifier": identifier, "password": password})
}

// Looking at a page changes nothing, however often, since mail scanners look.
func TestLookingChangesNothing(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		app.User(t, "bob")
		for path, x := range map[string]struct {
			token string
			form  []string
		}{
			"/verify": {register(t, app, "ann@example.com", manortest.Password), nil},
			"/reset":  {forgot(t, app, "bob@example.com"), []string{"password", chosen}},
			"/setup":  {setup(t, app), []string{"email", "root@example.com", "password", chosen}},
		} {
			for range 3 {
				r := open(t, app, path, x.token).Want(200)
				if !strings.Contains(string(r.Body), `name="token" value="`+x.token+`"`) {
					t.Errorf("%s does not hold the token", path)
				}
				app.Anonymous(t).Do("HEAD", app.URL+path+"?token="+x.token, nil).Want(200)
			}
			form := append([]string{"token", x.token}, x.form...)
			says(t, send(t, app, path, form...).Want(200), "done", "You can sign in now.")
			says(t, send(t, app, path, form...).Want(422), "error", "not valid any more")
		}
		signIn(t, app, "ann@example.com", manortest.Password).Want(200)
		signIn(t, app, "bob", chosen).Want(200)
		signIn(t, app, "bob", manortest.Password).Want(401)
		signIn(t, app, "root@example.com", chosen).Want(200)
	})
}

func TestTokensThatAreNotValid(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		app.User(t, "bob")
		verify, reset, first := register(t, app, "ann@example.com", manortest.Password), forgot(t, app, "bob@example.com"), setup(t, app)
		last := verify[:len(verify)-1] + "0"
		for path, tokens := range map[string][]string{
			"/verify": {"", "x", last, strings.ToUpper(verify), verify + "x", reset, first, "\x00", "\xff", strings.Repeat("a", 4096)},
			"/reset":  {"", "x", verify, first, reset + " x"},
			"/setup":  {"", "x", verify, reset},
		} {
			for _, token := range tokens {
				r := send(t, app, path, "token", token, "email", "x@example.com", "password", chosen).Want(422)
				says(t, r, "error", "not valid any more")
				if !strings.Contains(string(r.Body), `<form method="post" action="`+path+`">`) {
					t.Errorf("%s with %q: no form: %s", path, token, r.Body)
				}
			}
		}
		// None of that used the good ones up.
		send(t, app, "/verify", "token", verify).Want(200)
		send(t, app, "/reset", "token", reset, "password", chosen).Want(200)
		send(t, app, "/setup", "token", first, "email", "root@example.com", "password", chosen).Want(200)
	})
}

func TestEscaped(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		const evil = `"><script>alert(1)</script><a href='javascript:x'>`
		token := setup(t, app)
		for name, r := range map[string]*manortest.Response{
			"token in the address": open(t, app, "/verify", evil).Want(200),
			"token in the form":    send(t, app, "/reset", "token", evil, "password", chosen).Want(422),
			"e-mail address":       send(t, app, "/setup", "token", token, "email", evil, "password", chosen).Want(422),
			"password":             send(t, app, "/setup", "token", token, "email", "a@example.com", "password", evil[:11]).Want(422),
		} {
			page := string(r.Body)
			if strings.Contains(page, "<script") || strings.Contains(page, "<a ") {
				t.Errorf("%s: %s", name, page)
			}
			if name != "password" && !strings.Contains(page, "&lt;script&gt;alert(1)") {
				t.Errorf("%s is not shown again: %s", name, page)
			}
		}
	})
}

func TestHeaders(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		for name, r := range map[string]*manortest.Response{
			"page":  open(t, app, "/verify", "x").Want(200),
			"error": send(t, app, "/verify", "token", "x").Want(422),
			"done":  send(t, app, "/verify", "token", register(t, app, "ann@example.com", chosen)).Want(200),
		} {
			for header, want := range map[string]string{
				"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
				"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
			} {
				if got := r.Header.Get(header); got != want {
					t.Errorf("%s: %s is %q, want %q", name, header, got, want)
				}
			}
			csp := r.Header.Get("Content-Security-Policy")
			for _, part := range []string{"default-src 'none'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"} {
				if !strings.Contains(csp, part) {
					t.Errorf("%s: the policy %q lacks %s", name, csp, part)
				}
			}
			if strings.Contains(csp, "script-src") || strings.Contains(csp, "unsafe") {
				t.Errorf("%s: the policy is %q", name, csp)
			}
			if c := r.Header.Get("Set-Cookie"); c != "" {
				t.Errorf("%s sets the cookie %s", name, c)
			}
		}
		style := app.Anonymous(t).Get(app.URL + "/assets/pages.css").Want(200)
		if got := style.Header.Get("Content-Type"); got != "text/css; charset=utf-8" {
			t.Errorf("the style is %s", got)
		}
	})
}

func TestRefused(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		anon := app.Anonymous(t)
		for _, path := range []string{"/verify", "/reset", "/setup"} {
			for _, method := range []string{"PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"} {
				if r := anon.Do(method, app.URL+path, nil).Want(405); !strings.Contains(r.Header.Get("Allow"), "POST") {
					t.Errorf("%s %s: Allow is %q", method, path, r.Header.Get("Allow"))
				}
			}
			anon.Get(app.URL + path + "/").Want(404)
			anon.Get(app.URL + path + "/x").Want(404)
		}
		anon.Post(app.URL+"/assets/pages.css", nil).Want(405)
		anon.Get(app.URL + "/assets/").Want(404)
		anon.Get(app.URL + "/templates/frame.html").Want(404)
		anon.Get(app.URL + "/").Want(404)

		token := register(t, app, "ann@example.com", manortest.Password)
		form := url.Values{"token": {token}}.Encode()
		const kind = "application/x-www-form-urlencoded"
		for _, header := range [][2]string{
			{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"},
		} {
			anon.Do("POST", app.URL+"/verify", form, "Content-Type", kind, header[0], header[1]).Want(403)
		}
		anon.Do("POST", app.URL+"/verify", form, "Content-Type", kind, "Host", "evil.example").Want(421)
		anon.Do("POST", app.URL+"/verify?token="+token, "", "Content-Type", kind).Want(422) // the button sends it in the form
		anon.Do("POST", app.URL+"/verify", "token=%zz", "Content-Type", kind).Want(400)
		anon.Do("POST", app.URL+"/verify", form, "Content-Type", kind, "Sec-Fetch-Site", "same-origin").Want(200)
	})
}

func TestLargeForm(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		token := setup(t, app)
		large := strings.Repeat("x", 16<<10)
		for _, path := range []string{"/verify", "/reset", "/setup"} {
			r := send(t, app, path, "token", token, "email", "root@example.com", "password", large).Want(http.StatusRequestEntityTooLarge)
			says(t, r, "error", "too large")
		}
		// Nearly as large is read, and refused for what it says.
		says(t, send(t, app, "/setup", "token", token, "email", "root@example.com", "password", large[:15<<10]).Want(422), "error", "password")
		send(t, app, "/setup", "token", token, "email", "root@example.com", "password", chosen).Want(200)
	})
}

// Two people claimed the address with different passwords. Who reads its mail
// chooses one on the page that follows.
func TestVerifyAndChoose(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		const email = "ann@example.com"
		register(t, app, email, another)
		token := register(t, app, email, manortest.Password)
		r := send(t, app, "/verify", "token", token).Want(200)
		found := regexp.MustCompile(`<form method="post" action="/reset">\s*<input type="hidden" name="token" value="([^"]+)">`).FindSubmatch(r.Body)
		if found == nil {
			t.Fatalf("no form for a password: %s", r.Body)
		}
		choose := string(found[1])
		if choose == token {
			t.Error("the link that was mailed chooses the password")
		}
		for _, password := range []string{another, manortest.Password} {
			signIn(t, app, email, password).Want(401)
		}
		says(t, send(t, app, "/reset", "token", choose, "password", "short").Want(422), "error", "at least 12 characters")
		says(t, send(t, app, "/reset", "token", choose, "password", chosen).Want(200), "done", "You can sign in now.")
		signIn(t, app, email, chosen).Want(200)
		send(t, app, "/reset", "token", choose, "password", another).Want(422)
		signIn(t, app, email, chosen).Want(200)
	})
}

func TestSetup(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		token := setup(t, app)
		says(t, send(t, app, "/setup", "token", "x", "email", "x", "password", "x").Want(422), "error", "not valid any more")
		r := send(t, app, "/setup", "token", token, "email", "root@example.com", "password", "short").Want(422)
		says(t, r, "error", "at least 12 characters")
		if !strings.Contains(string(r.Body), `value="root@example.com"`) || strings.Contains(string(r.Body), "short") {
			t.Errorf("what was typed: %s", r.Body)
		}
		says(t, send(t, app, "/setup", "token", token, "email", "no address", "password", chosen).Want(422), "error", "is not an e-mail address")
		send(t, app, "/setup", "token", token, "email", "root@example.com", "password", chosen).Want(200)
		says(t, send(t, app, "/setup", "token", token, "email", "other@example.com", "password", chosen).Want(422), "error", "not valid any more")
		login := signIn(t, app, "root@example.com", chosen).Want(200)
		if login.Value("user.is_superuser") != true {
			t.Errorf("the administrator: %s", login.Body)
		}
		signIn(t, app, "other@example.com", chosen).Want(401)
	})
}

// A link comes too late once there is an administrator, however made.
func TestSetupTooLate(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		token := setup(t, app)
		app.Admin(t)
		says(t, send(t, app, "/setup", "token", token, "email", "root@example.com", "password", chosen).Want(422), "error", "not valid any more")
		signIn(t, app, "root@example.com", chosen).Want(401)
	})
}

// What fails on our side is told as such, and not in detail.
func TestFailure(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		token := register(t, app, "ann@example.com", manortest.Password)
		app.FailCommits(true)
		r := send(t, app, "/verify", "token", token)
		app.FailCommits(false)
		if r.Status < 500 || strings.Contains(strings.ToLower(string(r.Body)), "commit") {
			t.Errorf("%d: %s", r.Status, r.Body)
		}
		send(t, app, "/verify", "token", token).Want(200)
	})
}
