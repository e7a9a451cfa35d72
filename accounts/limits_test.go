package accounts_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/manorgo/manor"
	"github.com/manorgo/manor/accounts"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/limit"
	"github.com/manorgo/manor/manortest"
)

// limited runs a test with limits, behind a proxy on this machine.
func limited(t *testing.T, run func(t *testing.T, app *manortest.App), opts ...manortest.Option) {
	t.Helper()
	each(t, run, append(opts, manortest.Limited(), behindProxy())...)
}

func behindProxy() manortest.Option {
	return manortest.Config(func(c *manor.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
}

// at returns a client at another address.
func at(t *testing.T, app *manortest.App, address string) *manortest.Client {
	t.Helper()
	c := app.Anonymous(t)
	c.Header.Set("X-Forwarded-For", address)
	return c
}

// somewhere returns the address of household i.
func somewhere(i int) string { return fmt.Sprintf("2001:db8:%x::1", i) }

const wrong = manortest.Password + "x"

// fail tries a wrong password n times, from another address each.
func fail(t *testing.T, app *manortest.App, identifier string, n int) {
	t.Helper()
	for i := range n {
		at(t, app, somewhere(i)).Post("/auth/login", signingIn(identifier, wrong)).Want(401)
	}
}

// The limit of a route is there before the body is read, and says when to come
// again.
func TestRouteLimit(t *testing.T) {
	limited(t, func(t *testing.T, app *manortest.App) {
		c := at(t, app, "192.0.2.1")
		send := func() *manortest.Response { return c.Post("/auth/password/reset", "no JSON") }
		for range 5 {
			send().Want(400)
		}
		r := send().Want(429)
		after, err := strconv.Atoi(r.Header.Get("Retry-After"))
		if err != nil || after != 12 {
			t.Errorf("Retry-After is %q", r.Header.Get("Retry-After"))
		}
		same(t, "policy", r.Header.Get("RateLimit-Policy"), `"critical";q=5;w=60`)
		same(t, "limit", r.Header.Get("RateLimit"), fmt.Sprintf(`"critical";r=0;t=%d`, after))
		same(t, "code", r.Text("code"), "RATE_LIMITED")
		c.Post("/auth/password/forgot", body{"email": "ann@example.com"}).Want(202) // another route
		at(t, app, "192.0.2.2").Post("/auth/password/reset", "no JSON").Want(400)   // another address
		app.Anonymous(t).Get(app.URL + "/reset?token=x").Want(200)                  // pages: looking is free
		for range 5 {
			c.Do("POST", app.URL+"/reset", "token=x&password=y", "Content-Type", "application/x-www-form-urlencoded").Want(422)
		}
		r = c.Do("POST", app.URL+"/reset", "token=x&password=y", "Content-Type", "application/x-www-form-urlencoded").Want(429)
		same(t, "a page", []string{r.Header.Get("Content-Type"), r.Header.Get("Retry-After")}, []string{"text/html; charset=utf-8", "12"})
		if !strings.Contains(string(r.Body), "too many requests") || !strings.Contains(string(r.Body), `value="x"`) {
			t.Errorf("the page says %s", r.Body)
		}
		app.Clock.Advance(12 * time.Second)
		send().Want(400)
	}, manortest.Idle())
}

// One household is one address, whatever it claims to be.
func TestAddressesAreOne(t *testing.T) {
	limited(t, func(t *testing.T, app *manortest.App) {
		for name, address := range map[string]func(i int) string{
			"a /64":          func(i int) string { return fmt.Sprintf("2001:db8:1:2:%x::%x", i, i+7) },
			"mapped":         func(i int) string { return []string{"192.0.2.9", "::ffff:192.0.2.9"}[i%2] },
			"a forged hop":   func(i int) string { return fmt.Sprintf("198.51.100.%d, 192.0.2.10", i) },
			"an unread hop":  func(i int) string { return fmt.Sprintf("198.51.100.%d, unknown", i) },
			"with its port":  func(i int) string { return fmt.Sprintf("192.0.2.11:%d", 4000+i) },
			"a chain itself": func(i int) string { return fmt.Sprintf("192.0.2.%d, 192.0.2.12, 127.0.0.1", i) },
		} {
			statuses := map[int]int{}
			for i := range 8 {
				statuses[at(t, app, address(i)).Post("/auth/password/reset", "no JSON").Status]++
			}
			same(t, name, statuses, map[int]int{400: 5, 429: 3})
		}
	}, manortest.Idle())
	t.Run("no proxy", func(t *testing.T) {
		manortest.Each(t, func(t *testing.T, app *manortest.App) {
			statuses := map[int]int{}
			for i := range 8 {
				statuses[at(t, app, somewhere(i)).Post("/auth/password/reset", "no JSON").Status]++
			}
			same(t, "forged addresses", statuses, map[int]int{400: 5, 429: 3})
		}, manortest.Limited(), manortest.Idle())
	})
}

// People behind one address may all sign in; guessing is what counts, and for
// accounts that do not exist as for others.
func TestOnlyFailuresCount(t *testing.T) {
	limited(t, func(t *testing.T, app *manortest.App) {
		app.User(t, "ann")
		c := at(t, app, "192.0.2.1")
		for range 22 {
			c.Post("/auth/token", signingIn("ann", manortest.Password)).Want(200)
		}
		for i, name := range []string{"ann", "nobody", "nobody@example.com"} {
			c := at(t, app, somewhere(i))
			n := 0
			for ; n < 30 && c.Post("/auth/token", signingIn(name, wrong)).Status == 401; n++ {
			}
			same(t, "failures of "+name, n, 20)
		}
		app.Clock.Advance(time.Minute)
		at(t, app, somewhere(1)).Post("/auth/token", signingIn("nobody", wrong)).Want(401)
	}, manortest.Idle())
}

// A session that was taken over is no place to guess the password, on any route
// that asks for it, and its owner is not locked out by it.
func TestGuessingInASession(t *testing.T) {
	limited(t, func(t *testing.T, app *manortest.App) {
		app.User(t, "ann")
		thief := at(t, app, somewhere(1))
		thief.Post("/auth/login", signingIn("ann", manortest.Password)).Want(200)
		for i := range 10 {
			app.Clock.Advance(12 * time.Second) // within the rates of the routes
			switch i % 4 {
			case 0:
				thief.Post("/auth/step-up", body{"password": wrong}).Want(401)
			case 1:
				thief.Post("/auth/password/change", changing(wrong, chosen)).Want(401)
			case 2:
				thief.Post("/auth/email/change", body{"current_password": wrong, "email": "new@example.com"}).Want(401)
			case 3:
				thief.Do("DELETE", "/users/me", body{"current_password": wrong}).Want(401)
			}
		}
		app.Clock.Advance(12 * time.Second)
		thief.Post("/auth/password/change", changing(manortest.Password, chosen)).Want(401)
		owner := at(t, app, somewhere(2))
		owner.Post("/auth/login", signingIn("ann", manortest.Password)).Want(200)
		owner.Post("/auth/step-up", body{"password": manortest.Password}).Want(204)
		app.Clock.Advance(time.Minute)
		thief.Post("/auth/step-up", body{"password": manortest.Password}).Want(204) // the lock ends
	}, manortest.Idle())
}

// A locked account answers as to a wrong password, the right one too; so does
// one that does not exist.
func TestLockout(t *testing.T) {
	limited(t, func(t *testing.T, app *manortest.App) {
		app.User(t, "ann")
		right := signingIn("ann", manortest.Password)
		fail(t, app, "ann", 9)
		at(t, app, somewhere(100)).Post("/auth/login", right).Want(200) // forgets them
		fail(t, app, "ann", 10)
		fail(t, app, "nobody", 10)
		locked := at(t, app, somewhere(100)).Post("/auth/login", right).Want(401)
		for i, in := range []body{signingIn("ann", wrong), signingIn("nobody", wrong), signingIn("no-other", wrong), signingIn("ANN@example.com ", manortest.Password)} {
			r := at(t, app, somewhere(101+i)).Post("/auth/login", in).Want(401)
			same(t, fmt.Sprint(in["identifier"], " is told"), told(r), told(locked))
		}
		app.Clock.Advance(31 * time.Second)
		fail(t, app, "ann", 1) // one more, and the lock is twice as long
		app.Clock.Advance(31 * time.Second)
		at(t, app, somewhere(100)).Post("/auth/login", right).Want(401)
		app.Clock.Advance(30 * time.Second)
		at(t, app, somewhere(100)).Post("/auth/login", right).Want(200)
	}, manortest.Idle())
}

// The owner of an account hears once that it was locked, and nobody else hears
// that there is one.
func TestLockoutIsTold(t *testing.T) {
	limited(t, func(t *testing.T, app *manortest.App) {
		app.User(t, "ann")
		var answers []answer
		for _, name := range []string{"ann", "nobody", "nobody@example.com"} {
			fail(t, app, name, 9)
			answers = append(answers, told(at(t, app, somewhere(100)).Post("/auth/login", signingIn(name, wrong)).Want(401)))
			fail(t, app, name, 5)
		}
		same(t, "the answer that locks", answers[1:], []answer{answers[0], answers[0]})
		app.WaitTasks(t)
		list, err := app.Mail().List(t.Context(), 10)
		if err != nil || len(list) != 1 || list[0].To != "ann@example.com" || list[0].Subject != "Your account at localhost is locked for a while" {
			t.Errorf("the mails are %+v, %v", list, err)
		}
	})
}

// One address is locked out of an account before it can lock others out.
func TestPairLockout(t *testing.T) {
	limited(t, func(t *testing.T, app *manortest.App) {
		app.User(t, "ann")
		for range 15 {
			at(t, app, "192.0.2.1").Post("/auth/login", signingIn("ann", wrong)).Want(401)
		}
		at(t, app, "192.0.2.1").Post("/auth/login", signingIn("ann", manortest.Password)).Want(401)
		at(t, app, "192.0.2.2").Post("/auth/login", signingIn("ann", manortest.Password)).Want(200)
	}, manortest.Idle())
}

// spoil makes a stored password one that cannot be verified, so that every real
// verification is an error of the server, and nothing else is.
func spoil(t *testing.T, app *manortest.App) {
	t.Helper()
	sql := &driver.Statement{SQL: `UPDATE users SET password_hash = '$argon2id$spoilt'`}
	if _, err := app.DB.Driver().Exec(t.Context(), driver.Call{Statement: sql}); err != nil {
		t.Fatal(err)
	}
}

// spelled returns the n-th way to name the account of name@example.com.
func spelled(name string, n int) string {
	text := []byte(name)
	if n%3 > 0 {
		text = append(text, "@example.com"...)
	}
	for i, bits := 0, n/3; bits > 0 && i < len(text); i++ {
		if c := text[i]; c >= 'a' && c <= 'z' {
			text[i] = c - byte(bits&1)*('a'-'A')
			bits >>= 1
		}
	}
	return strings.Repeat(" ", n%5) + string(text) + strings.Repeat("\t", n%7)
}

// guess sends n wrong passwords, 200 at once, each with another spelling, by both
// routes, and returns the statuses.
func guess(t *testing.T, n int, name string, apps ...*manortest.App) map[int]int {
	t.Helper()
	var mu sync.Mutex
	seen := map[int]int{}
	together(200, func(i int) (r *manortest.Response) {
		c, path := apps[i%len(apps)].Anonymous(t), []string{"/auth/login", "/auth/token"}[i/2%2]
		for k := i; k < n; k += 200 {
			try := func() { r = c.Do("POST", path, signingIn(spelled(name, k), wrong), "X-Forwarded-For", somewhere(k)) }
			for try(); r.Status == 503; { // busy: nothing was looked at
				try()
			}
			mu.Lock()
			seen[r.Status]++
			mu.Unlock()
		}
		return r
	})
	return seen
}

// However many guess at once, however they spell it, on however many instances:
// ten passwords are looked at.
func TestGuessesAtOnce(t *testing.T) {
	limited(t, func(t *testing.T, app *manortest.App) {
		app.User(t, "annabelle")
		spoil(t, app)
		same(t, "one instance", guess(t, 500, "annabelle", app), map[int]int{500: 10, 401: 490})
	}, manortest.Idle())
	t.Run("two", func(t *testing.T) {
		t.Parallel()
		manortest.Two(t, func(t *testing.T, a, b *manortest.App) {
			a.User(t, "annabelle")
			spoil(t, a)
			same(t, "two instances", guess(t, 200, "annabelle", a, b), map[int]int{500: 10, 401: 190})
		}, manortest.Limited(), behindProxy(), manortest.Idle())
	})
}

// Whoever fails for somebody does not keep them out of a browser that they have
// signed in with, nor from choosing a new password.
func TestKnownDevice(t *testing.T) {
	limited(t, func(t *testing.T, app *manortest.App) {
		app.User(t, "ann")
		app.User(t, "bob")
		right := signingIn("ann", manortest.Password)
		ann, bob := at(t, app, somewhere(100)), at(t, app, somewhere(101))
		first := ann.Post("/auth/login", right).Want(200)
		bob.Post("/auth/login", signingIn("bob", manortest.Password)).Want(200)
		var device *http.Cookie
		for _, c := range (&http.Response{Header: first.Header}).Cookies() {
			if c.Name == "manor_device" {
				device = c
			}
		}
		if device == nil || !device.HttpOnly || device.SameSite != http.SameSiteLaxMode || device.Expires.Before(app.Clock.Now().Add(24*time.Hour)) {
			t.Fatalf("the cookie of the device is %v", device)
		}
		same(t, "a thousand failures", together(20, func(i int) *manortest.Response {
			c := app.Anonymous(t)
			for k := range 49 {
				c.Do("POST", "/auth/login", signingIn("ann", wrong), "X-Forwarded-For", somewhere(1000+50*i+k))
			}
			return c.Do("POST", "/auth/login", signingIn("ann", wrong), "X-Forwarded-For", somewhere(1049+50*i))
		}), map[int]int{401: 20})
		at(t, app, somewhere(102)).Post("/auth/login", right).Want(401)
		again := ann.Post("/auth/login", right).Want(200)
		if n := len((&http.Response{Header: again.Header}).Cookies()); n != 1 {
			t.Errorf("a known device gets %d cookies", n)
		}
		bob.Post("/auth/login", right).Want(401) // another's device
		forged := at(t, app, somewhere(103))
		forged.Header.Set("Cookie", "manor_device="+device.Value[:len(device.Value)-2]+"AA")
		forged.Post("/auth/login", right).Want(401)

		stolen := at(t, app, somewhere(104))
		stolen.Header.Set("Cookie", "manor_device="+device.Value)
		for range 10 {
			stolen.Post("/auth/login", signingIn("ann", wrong)).Want(401)
		}
		stolen.Post("/auth/login", right).Want(401) // a device is counted, too
		at(t, app, somewhere(105)).Post("/auth/password/forgot", body{"email": "ann@example.com"}).Want(202)
		token := app.MailedToken(t, "ann@example.com")
		at(t, app, somewhere(105)).Post("/auth/password/reset", body{"token": token, "password": manortest.Password}).Want(204)
		at(t, app, somewhere(106)).Post("/auth/login", right).Want(200)
	})
}

// Strangers cannot fill somebody's mailbox, and do not hear when it is enough.
func TestMailsToOneAddress(t *testing.T) {
	limited(t, func(t *testing.T, app *manortest.App) {
		app.User(t, "ann")
		mails := func(address string) (n int) {
			app.WaitTasks(t)
			list, err := app.Mail().List(t.Context(), 1000)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range list {
				if m.To == address {
					n++
				}
			}
			return n
		}
		var first *manortest.Response
		for i := range 12 {
			c := at(t, app, somewhere(i))
			r := c.Post("/auth/password/forgot", body{"email": []string{"ann@example.com", "Ann@EXAMPLE.com"}[i%2]}).Want(202)
			if first == nil {
				first = r
			}
			same(t, "forgot", told(r), told(first))
			c.Post("/auth/register", registering("ann@example.com")).Want(202)
			c.Post("/auth/register", registering("new@example.com")).Want(202)
			c.Post("/auth/verify/resend", body{"email": "new@example.com"}).Want(202)
		}
		same(t, "mails to ann", mails("ann@example.com"), 3)
		if n := mails("new@example.com"); n < 2 || n > 3 {
			t.Errorf("%d mails to an address that is not verified", n)
		}
		app.Clock.Advance(21 * time.Minute)
		at(t, app, somewhere(50)).Post("/auth/password/forgot", body{"email": "ann@example.com"}).Want(202)
		same(t, "mails to ann later", mails("ann@example.com"), 4)

		// Nor can those who have an account, whatever they say is their new address.
		for i := range 8 {
			c := app.User(t, fmt.Sprint("mover", i))
			c.Post("/auth/email/change", moving([]string{"ann@example.com", "victim@example.com"}[i%2])).Want(202)
		}
		same(t, "mails to ann by those who move", mails("ann@example.com"), 4)
		same(t, "mails to whom nobody knows", mails("victim@example.com"), 3)

		// Invitations are refused, and the last one that was sent stays good.
		admin, statuses := app.Admin(t), map[int]int{}
		for range 9 {
			statuses[admin.Post("/users/invitations", body{"email": "Guest@example.com"}).Status]++
		}
		same(t, "invitations", []any{statuses, mails("Guest@example.com")}, []any{map[int]int{201: 3, 429: 6}, 3})
		link := app.MailedToken(t, "Guest@example.com")
		at(t, app, somewhere(51)).Post("/auth/invitations/accept", body{"token": link, "password": manortest.Password}).Want(201)
	})
}

// When nothing can be counted, nobody guesses, and everybody reads.
func TestLimitsOutage(t *testing.T) {
	limited(t, func(t *testing.T, app *manortest.App) {
		ann := app.User(t, "ann")
		app.FailCommits(true)
		for _, path := range []string{"/auth/login", "/auth/token", "/auth/password/forgot", "/auth/password/reset", "/auth/register", "/auth/verify"} {
			if r := at(t, app, "192.0.2.1").Post(path, signingIn("ann", wrong)).Want(503); r.Header.Get("Retry-After") == "" {
				t.Errorf("%s does not say when to try again", path)
			}
		}
		ann.Get("/users/me").Want(200)
		app.FailCommits(false)
		at(t, app, "192.0.2.1").Post("/auth/login", signingIn("ann", manortest.Password)).Want(200)
	}, manortest.Idle())
}

// Limits cost reads no statements, and hold them back all the same.
func TestReadsAreLimited(t *testing.T) {
	limited(t, func(t *testing.T, app *manortest.App) {
		ann := app.User(t, "ann")
		statements := app.Statements(func() {
			for range 40 {
				ann.Get("/users/me").Want(200)
			}
		})
		if len(statements) > 80 {
			t.Errorf("40 reads cost %d statements", len(statements))
		}
		c := at(t, app, "192.0.2.1")
		seen := map[int]int{}
		for range 130 {
			seen[c.Get("/users?pageSize=1").Status]++
		}
		same(t, "130 reads of a stranger", seen, map[int]int{200: 120, 429: 10})
		bad := at(t, app, "192.0.2.3")
		bad.Header.Set("Authorization", "Bearer nonsense")
		seen = map[int]int{}
		for range 130 {
			seen[bad.Get("/users/me").Status]++
		}
		same(t, "130 wrong credentials", seen, map[int]int{401: 120, 429: 10})
	}, manortest.Idle())
}

// An app may ask for a CAPTCHA when it seems necessary. Who does not solve it has
// not tried.
func TestChallenge(t *testing.T) {
	var asked atomic.Int64
	limited(t, func(t *testing.T, app *manortest.App) {
		app.User(t, "ann")
		human := []string{"Manor-Challenge", "human"}
		register := registering("new@example.com")
		at(t, app, somewhere(0)).Post("/auth/register", register).Want(403)
		same(t, "code", at(t, app, somewhere(0)).Do("POST", "/auth/register", register, "Manor-Challenge", "robot").Want(403).Text("code"), "CHALLENGE_REQUIRED")
		at(t, app, somewhere(0)).Do("POST", "/auth/register", register, human...).Want(202)
		at(t, app, somewhere(0)).Post("/auth/password/forgot", body{"email": "ann@example.com"}).Want(403)
		at(t, app, somewhere(0)).Do("POST", "/auth/verify/resend", body{"email": "ann@example.com"}, human...).Want(202)
		for _, name := range []string{"ann", "nobody"} {
			fail(t, app, name, 2)
			for i := range 30 {
				at(t, app, somewhere(i)).Post("/auth/token", signingIn(name, wrong)).Want(403)
			}
			at(t, app, somewhere(0)).Do("POST", "/auth/token", signingIn(name, wrong), human...).Want(401)
		}
		at(t, app, somewhere(1)).Do("POST", "/auth/login", signingIn("ann", manortest.Password), human...).Want(200)
		at(t, app, somewhere(1)).Post("/auth/login", signingIn("ann", manortest.Password)).Want(200)
	}, manortest.Idle(), manortest.Config(func(c *manor.Config) {
		c.Accounts.Challenge = func(_ context.Context, r accounts.ChallengeRequest) error {
			asked.Add(1)
			if r.Action == accounts.ChallengeSignIn && r.Failures < 2 || r.Response == "human" {
				return nil
			}
			return errors.New("no human is there")
		}
	}))
}

// Operators see whom limits hold back, and let them try again.
func TestLimitsForOperators(t *testing.T) {
	limited(t, func(t *testing.T, app *manortest.App) {
		u := app.User(t, "ann").User
		fail(t, app, "ann", 10)
		states, err := app.Limits().Show(t.Context(), accounts.AboutAccount(&u)...)
		if err != nil || len(states) != 11 || states[0].Limit != "sign-in" || states[0].Used != 10 || states[0].Of != 10 || states[0].Until.IsZero() {
			t.Errorf("%+v, %v", states, err)
		}
		err = app.DB.Tx(t.Context(), func(tx *data.Tx) error {
			_, err := app.Limits().Forget(t.Context(), tx, accounts.AboutAccount(&u)...)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		at(t, app, somewhere(0)).Post("/auth/login", signingIn("ann", manortest.Password)).Want(200)
		states, err = app.Limits().Show(t.Context(), limit.Address(netip.MustParseAddr(somewhere(3))))
		if err != nil || len(states) != 1 || states[0].Limit != "high POST /api/v1/auth/login" || states[0].Used != 1 {
			t.Errorf("%+v, %v", states, err)
		}
	}, manortest.Idle())
}
