package accounts_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/manorgo/manor/manortest"
)

type body = map[string]any

// each runs a test on every database.
func each(t *testing.T, run func(t *testing.T, app *manortest.App), opts ...manortest.Option) {
	t.Helper()
	t.Parallel()
	manortest.Each(t, run, opts...)
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// registering is a request for an account with the usual password.
func registering(email string) body { return body{"email": email, "password": manortest.Password} }

func signingIn(identifier, password string) body {
	return body{"identifier": identifier, "password": password}
}

// register makes an account that is not verified, and returns the mailed token.
func register(t *testing.T, app *manortest.App, email string) string {
	t.Helper()
	app.Anonymous(t).Post("/auth/register", registering(email)).Want(202)
	return app.MailedToken(t, email)
}

// tokens signs a user in as a program does.
func tokens(t *testing.T, app *manortest.App, identifier string) (access, refresh string) {
	t.Helper()
	r := app.Anonymous(t).Post("/auth/token", signingIn(identifier, manortest.Password)).Want(200)
	return r.Text("access_token"), r.Text("refresh_token")
}

// together calls fn n times at once and counts the statuses of the answers.
func together(n int, fn func(i int) *manortest.Response) map[int]int {
	var (
		begin = make(chan struct{})
		group sync.WaitGroup
		mu    sync.Mutex
		seen  = map[int]int{}
	)
	for i := range n {
		group.Go(func() {
			<-begin
			r := fn(i)
			mu.Lock()
			defer mu.Unlock()
			seen[r.Status]++
		})
	}
	close(begin)
	group.Wait()
	return seen
}

// an answer is all of a response that a stranger could tell from another's.
type answer struct {
	Status int
	Header http.Header
	Body   any
}

// told leaves out what differs between any two answers: when it was given, and
// the number it was given.
func told(r *manortest.Response) answer {
	h := r.Header.Clone()
	h.Del("Date")
	h.Del("X-Request-Id")
	var b body
	r.JSON(&b)
	delete(b, "request_id")
	return answer{r.Status, h, b}
}

// TestTour is one person's way through: everything that the README shows.
func TestTour(t *testing.T) {
	everywhere(t, func(t *testing.T, app *manortest.App) {
		ada := app.Anonymous(t)
		in := registering("Ada@Example.com")
		maps.Copy(in, body{"username": "ada", "first_name": "Ada"})
		same(t, "registered", ada.Post("/auth/register", in).Want(202).Text("status"), "verification_sent")
		credentials := signingIn("ada@example.com", manortest.Password)
		ada.Post("/auth/login", credentials).Want(401)

		token := app.MailedToken(t, "Ada@example.com")
		for range 2 { // a mail scanner follows links, too
			page := ada.Get(app.URL + "/verify?token=" + token).Want(200)
			if ct := page.Header.Get("Content-Type"); ct != "text/html; charset=utf-8" {
				t.Errorf("the page that the link leads to is %s", ct)
			}
		}
		same(t, "verified", ada.Post("/auth/verify", body{"token": token}).Want(200).Text("username"), "ada")
		same(t, "verified twice", ada.Post("/auth/verify", body{"token": token}).Want(400).Text("code"), "TOKEN_INVALID")

		ada.Get("/users/me").Want(401)
		login := ada.Post("/auth/login", credentials).Want(200)
		same(t, "signed in", login.Text("user.email"), "Ada@example.com")
		cookie := login.Header.Get("Set-Cookie")
		if cookies := (&http.Response{Header: login.Header}).Cookies(); len(cookies) != 1 || !cookies[0].HttpOnly ||
			cookies[0].SameSite != http.SameSiteLaxMode || cookies[0].MaxAge != 0 || !cookies[0].Expires.IsZero() {
			t.Errorf("the session's cookie is %s", cookie)
		}
		app.Anonymous(t).Post("/auth/login", signingIn("ADA", manortest.Password)).Want(200) // by username

		me := ada.Get("/users/me").Want(200)
		same(t, "first name", me.Text("first_name"), "Ada")
		changed := ada.Do("PATCH", "/users/me", body{"last_name": "Lovelace", "bio": "Poetical science."}, "If-Match", me.ETag()).Want(200)
		same(t, "last name", changed.Text("last_name"), "Lovelace")
		same(t, "not sent", changed.Text("first_name"), "Ada")
		ada.Do("PATCH", "/users/me", body{"last_name": "Late"}, "If-Match", me.ETag()).Want(412)
		ada.Do("GET", "/users/me", nil, "If-None-Match", changed.ETag()).Want(304)

		list := ada.Get("/auth/sessions?orderBy=created_at&sortOrder=asc").Want(200)
		same(t, "sessions", list.Len("items"), 2)
		same(t, "current", []any{list.Value("items.0.is_current"), list.Value("items.1.is_current")}, []any{true, false})
		ada.Delete("/auth/sessions/" + list.Text("items.1.id")).Want(204)
		same(t, "sessions after one was ended", ada.Get("/auth/sessions").Len("items"), 1)

		stolen := app.Anonymous(t)
		stolen.Header.Set("Cookie", "manor_session="+cookieValue(t, login))
		stolen.Get("/users/me").Want(200)
		ada.Post("/auth/logout", nil).Want(204)
		ada.Get("/users/me").Want(401)
		stolen.Get("/users/me").Want(401) // the server has forgotten it, not only the jar
	})
}

func cookieValue(t *testing.T, r *manortest.Response) string {
	t.Helper()
	cookies := (&http.Response{Header: r.Header}).Cookies()
	if len(cookies) != 1 || cookies[0].Name != "manor_session" {
		t.Fatalf("the cookies are %v", cookies)
	}
	return cookies[0].Value
}

func TestRegisterTellsNothing(t *testing.T) {
	everywhere(t, func(t *testing.T, app *manortest.App) {
		app.User(t, "taken")
		register(t, app, "unproved@example.com")
		off := app.User(t, "off")
		app.Admin(t).Post("/users/"+off.User.ID.String()+"/deactivate", nil).Want(200)

		fresh := app.Anonymous(t).Post("/auth/register", registering("new@example.com")).Want(202)
		for _, email := range []string{"taken@example.com", "TAKEN@EXAMPLE.COM", "unproved@example.com", "off@example.com"} {
			r := app.Anonymous(t).Post("/auth/register", registering(email))
			same(t, email, told(r), told(fresh))
			same(t, email+" byte by byte", string(r.Body), string(fresh.Body))
		}
		same(t, "mail to the taken address", app.LastMail(t, "taken@example.com").Subject, "You already have an account at localhost")
		app.Anonymous(t).Post("/auth/login", signingIn("taken", manortest.Password)).Want(200)

		resent := app.Anonymous(t).Post("/auth/verify/resend", body{"email": "nobody@example.com"}).Want(202)
		for _, email := range []string{"unproved@example.com", "taken@example.com", "off@example.com", "no address"} {
			same(t, "resend to "+email, told(app.Anonymous(t).Post("/auth/verify/resend", body{"email": email})), told(resent))
		}
	})
}

func TestLoginTellsNothing(t *testing.T) {
	everywhere(t, func(t *testing.T, app *manortest.App) {
		app.User(t, "ann")
		off := app.User(t, "off")
		app.Admin(t).Post("/users/"+off.User.ID.String()+"/deactivate", nil).Want(200)
		register(t, app, "unproved@example.com")

		for _, path := range []string{"/auth/login", "/auth/token"} {
			var first *manortest.Response
			for name, in := range map[string]body{
				"unknown address":  signingIn("nobody@example.com", manortest.Password),
				"unknown username": signingIn("nobody", manortest.Password),
				"wrong password":   signingIn("ann@example.com", manortest.Password+"x"),
				"other case":       signingIn("ann", "Tidal lantern 4827 orchard"),
				"no password":      signingIn("ann", ""),
				"huge password":    signingIn("ann", strings.Repeat("ä", 2000)),
				"unverified":       signingIn("unproved@example.com", manortest.Password),
				"switched off":     signingIn("off", manortest.Password),
				"nothing":          signingIn("", ""),
			} {
				r := app.Anonymous(t).Post(path, in).Want(401)
				if first == nil {
					first = r
				}
				same(t, path+" "+name, told(r), told(first))
				same(t, path+" "+name, r.Text("code"), "CREDENTIALS_INVALID")
			}
		}
	})
}

// Two people register one address before anybody has proved to read its mail.
// Neither password opens the account, whichever mail is followed; who reads the
// mail chooses a new one.
func TestPreHijack(t *testing.T) {
	everywhere(t, func(t *testing.T, app *manortest.App) {
		const attackers, chosen = "crooked ladder 1193 basalt", "lantern meadow 2204 quartz"
		for times, email := range map[int]string{1: "once@example.com", 5: "flooded@example.com"} {
			theirs := body{"email": email, "password": attackers, "first_name": "Mallory", "username": "mallory" + email[:4]}
			for range times {
				app.Anonymous(t).Post("/auth/register", theirs).Want(202)
			}
			old := app.MailedToken(t, email)
			app.Anonymous(t).Post("/auth/register", registering(email)).Want(202)
			token := app.MailedToken(t, email)
			if token == old {
				t.Fatalf("%s: no mail for the owner", email)
			}
			app.Anonymous(t).Post("/auth/verify", body{"token": old}).Want(400)
			u := app.Anonymous(t).Post("/auth/verify", body{"token": token}).Want(200)
			same(t, "name of "+email, u.Text("first_name"), "")
			app.Anonymous(t).Post("/auth/login", signingIn(email, attackers)).Want(401)
			app.Anonymous(t).Post("/auth/login", signingIn(email, manortest.Password)).Want(401)

			app.Anonymous(t).Post("/auth/password/forgot", body{"email": email}).Want(202)
			reset := app.MailedToken(t, email)
			app.Anonymous(t).Post("/auth/password/reset", body{"token": reset, "password": "short"}).Want(422)
			app.Anonymous(t).Post("/auth/password/reset", body{"token": reset, "password": chosen}).Want(204)
			app.Anonymous(t).Post("/auth/password/reset", body{"token": reset, "password": chosen}).Want(400)
			app.Anonymous(t).Post("/auth/login", signingIn(email, chosen)).Want(200)
		}
	})
}

// Somebody who registers twice with one password is one person, whichever of
// the links they follow.
func TestRegisterTwice(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		first := register(t, app, "ann@example.com")
		app.Anonymous(t).Post("/auth/register", registering("Ann@Example.com")).Want(202)
		app.Anonymous(t).Post("/auth/verify", body{"token": first}).Want(200)
		app.Anonymous(t).Post("/auth/login", signingIn("ann@example.com", manortest.Password)).Want(200)
	})
}

// A session that ended must not lock people out: the browser is told to forget
// its cookie, and signing in does not look at it.
func TestEndedCookie(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		app.User(t, "ann")
		anon := app.Anonymous(t)
		refused := anon.Do("GET", "/users", nil, "Cookie", "manor_session=ended").Want(401)
		if c := refused.Header.Get("Set-Cookie"); !strings.Contains(c, "manor_session=;") || !strings.Contains(c, "Max-Age=0") {
			t.Errorf("the cookie is not dropped: %q", c)
		}
		anon.Do("POST", "/auth/login", signingIn("ann", manortest.Password), "Cookie", "manor_session=ended").Want(200)
		if c := app.Anonymous(t).Bearer("wrong").Get("/users").Want(401).Header.Get("Set-Cookie"); c != "" {
			t.Errorf("a token that is wrong drops a cookie: %q", c)
		}
	}, manortest.Idle())
}

// A new password ends what was signed in, and an account that is switched off
// gets no link.
func TestResetPassword(t *testing.T) {
	everywhere(t, func(t *testing.T, app *manortest.App) {
		ann := app.User(t, "ann")
		email := ann.User.Email
		ann.Get("/users/me").Want(200)
		unknown := app.Anonymous(t).Post("/auth/password/forgot", body{"email": "nobody@example.com"}).Want(202)
		known := app.Anonymous(t).Post("/auth/password/forgot", body{"email": email}).Want(202)
		same(t, "answer for an unknown address", string(unknown.Body), string(known.Body))
		token := app.MailedToken(t, email)
		app.Anonymous(t).Get("/users/me").Want(401)
		app.Anonymous(t).Post("/auth/password/reset", body{"token": token, "password": "lantern meadow 2204 quartz"}).Want(204)
		ann.Get("/users/me").Want(401)
		app.Anonymous(t).Post("/auth/login", signingIn(email, manortest.Password)).Want(401)
		app.Anonymous(t).Post("/auth/login", signingIn(email, "lantern meadow 2204 quartz")).Want(200)

		app.Anonymous(t).Post("/auth/password/forgot", body{"email": email}).Want(202)
		last := app.MailedToken(t, email)
		app.Admin(t).Post("/users/"+ann.User.ID.String()+"/deactivate", nil).Want(200)
		app.Anonymous(t).Post("/auth/password/reset", body{"token": last, "password": "lantern meadow 2204 quartz"}).Want(400)
	})
}

// A link that was asked for again carries nobody's password, and the one that
// was typed first is gone once somebody else has registered.
func TestPreHijackByResend(t *testing.T) {
	everywhere(t, func(t *testing.T, app *manortest.App) {
		const attackers, email = "crooked ladder 1193 basalt", "victim@example.com"
		app.Anonymous(t).Post("/auth/register", body{"email": email, "password": attackers}).Want(202)
		register(t, app, email)
		app.Anonymous(t).Post("/auth/verify/resend", body{"email": email}).Want(202)
		app.Anonymous(t).Post("/auth/verify", body{"token": app.MailedToken(t, email)}).Want(200)
		app.Anonymous(t).Post("/auth/login", signingIn(email, attackers)).Want(401)
	})
}

func TestRegisterRefuses(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		app.User(t, "ann")
		for _, x := range []struct {
			name         string
			in           body
			status       int
			code, blames string
		}{
			{"short password", body{"email": "x@example.com", "password": "short"}, 422, "PASSWORD_REJECTED", "body.password"},
			{"own address as password", body{"email": "long.address.of.mine@example.com", "password": "long.address.of.mine"}, 422, "PASSWORD_REJECTED", "body.password"},
			{"no password", body{"email": "x@example.com"}, 422, "INVALID", "body.password"},
			{"bad address", registering("x@@example.com"), 422, "INVALID", "body.email"},
			{"name with address", registering("Ann <x@example.com>"), 422, "INVALID", "body.email"},
			{"line break", registering("x@example.com\r\nBcc: y@example.com"), 422, "INVALID", "body.email"},
			{"reserved username", body{"email": "x@example.com", "password": manortest.Password, "username": "Admin"}, 422, "INVALID", "body.username"},
			{"taken username", body{"email": "x@example.com", "password": manortest.Password, "username": "ANN"}, 409, "USERNAME_TAKEN", "body.username"},
			{"power", body{"email": "x@example.com", "password": manortest.Password, "is_superuser": true}, 422, "INVALID", "body.is_superuser"},
		} {
			r := app.Anonymous(t).Post("/auth/register", x.in)
			same(t, x.name, []any{r.Status, r.Value("code"), r.Value("errors.0.location")}, []any{x.status, x.code, x.blames})
		}
		// Twice the same name is not JSON that two readers agree on.
		raw := json.RawMessage(`{"email":"x@example.com","email":"y@example.com","password":"` + manortest.Password + `"}`)
		if r := app.Anonymous(t).Post("/auth/register", raw); r.Status != 400 && r.Status != 422 {
			t.Errorf("a body with a name twice: %d", r.Status)
		}
		same(t, "people", app.Admin(t).Get("/users").Value("total"), 2.0)
	})
}

// However an address is spelt by whoever asks for a mail, it goes to the one that
// the account has.
func TestMailGoesToTheStoredAddress(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		nobody := app.Anonymous(t)
		register(t, app, "Kim@example.com")
		ask := func(path string, in body) { t.Helper(); nobody.Post(path, in).Want(202) }
		ask("/auth/verify/resend", body{"email": "KIM@EXAMPLE.com"})
		nobody.Post("/auth/verify", body{"token": app.MailedToken(t, "Kim@example.com")}).Want(200)
		for _, spelling := range []string{"kim@example.com", " KIM@Example.COM\t", "kIm@eXample.com"} {
			ask("/auth/password/forgot", body{"email": spelling})
			nobody.Post("/auth/login", signingIn(spelling, manortest.Password)).Want(200)
		}
		ask("/auth/register", registering("kiM@example.com"))
		// These look alike, and are nobody's.
		for _, other := range []string{"\u212aim@example.com", "k\u0131m@example.com", "kim@example.com\u200b", "kim@ex\u0430mple.com", "kim@example.com.", "kim@example.com,eve@example.com"} {
			ask("/auth/password/forgot", body{"email": other})
		}
		app.WaitTasks(t)
		list, err := app.Mail().List(t.Context(), 100)
		if err != nil || len(list) < 6 {
			t.Errorf("%d mails, %v", len(list), err)
		}
		for _, m := range list {
			same(t, m.Subject, m.To, "Kim@example.com")
		}
	})
}

// What an administrator has mailed to somebody is a link that works.
func TestAdministratorsSendLinks(t *testing.T) {
	everywhere(t, func(t *testing.T, app *manortest.App) {
		admin, nobody := app.Admin(t), app.Anonymous(t)
		path := "/users/" + admin.Post("/users", body{"email": "ann@example.com", "username": "ann"}).Want(201).Text("id")
		for range 4 {
			same(t, "verification", admin.Post(path+"/verify/resend", nil).Want(202).Text("status"), "verification_sent")
		}
		same(t, "links", len(mails(t, app, "ann@example.com")), 4)
		nobody.Post("/auth/verify", body{"token": app.MailedToken(t, "ann@example.com")}).Want(200)
		same(t, "reset", admin.Post(path+"/password-reset", nil).Want(202).Text("status"), "reset_sent")
		nobody.Post("/auth/password/reset", body{"token": app.MailedToken(t, "ann@example.com"), "password": chosen}).Want(204)
		nobody.Post("/auth/login", signingIn("ann", chosen)).Want(200)
		// Nobody is told that something was sent where nothing is.
		sent := len(mails(t, app, "ann@example.com"))
		admin.Post(path+"/verify/resend", nil).Want(409)
		admin.Post(path+"/deactivate", nil).Want(200)
		admin.Post(path+"/password-reset", nil).Want(409)
		admin.Post(path+"/verify/resend", nil).Want(409)
		same(t, "mails of what was refused", len(mails(t, app, "ann@example.com")), sent)
		admin.Post(path+"/reactivate", nil).Want(200)

		// Filters of the list, which administrators alone have.
		admin.Patch(path, body{"is_staff": true}).Want(200)
		app.User(t, "bob")
		for query, want := range map[string]float64{
			"": 3, "isStaff=true": 1, "isStaff=false": 2, "isSuperuser=true": 1, "isStaff=true&isSuperuser=true": 0, "role=staff": 1, "role=superuser": 1,
			"isActive=false": 0, "emailVerified=true": 3, "searchString=ann": 1, "searchString=nowhere": 0,
		} {
			same(t, query, admin.Get("/users?"+query).Want(200).Value("total"), any(want))
		}
		admin.Patch(path, body{"is_staff": false}).Want(200)
		same(t, "staff that was", admin.Get("/users?isStaff=true").Want(200).Value("total"), any(0.0))
	})
}
