package cli_test

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

// Who asks or guesses too often is held back by the server as it is shipped, with no
// setting, and let in again by the command line.
func TestServeHoldsBack(t *testing.T) {
	onBoth(t, func(t *testing.T, env []string) {
		s := start(t, env)
		ann := s.person(env, "ann")
		guess := func(name string) *answer {
			return s.stranger().do("POST", "/auth/login", login(name, "not the password 1")).want(t, 401)
		}
		wrong := guess("ann")
		for range 4 {
			guess("ann")
		}
		// The right password is as wrong by now, and so it is for somebody who is not there.
		locked := s.stranger().do("POST", "/auth/login", login("ann", password)).want(t, 401)
		for range 5 {
			guess("nobody")
		}
		for _, a := range []*answer{locked, guess("nobody")} {
			if withoutID(t, a) != withoutID(t, wrong) {
				t.Errorf("who is locked is told %s, and at first %s", a.body, wrong.body)
			}
		}
		ann.do("POST", "/auth/login", login("ann", password)).want(t, 200) // a browser that is known
		if text := run(t, env, "", "limits", "show", "ann"); !strings.Contains(text, "sign-in from an address") {
			t.Errorf("limits show is\n%s", text)
		}
		if text := run(t, env, "", "limits", "clear", "ann"); strings.Contains(text, "cleared 0 ") {
			t.Errorf("limits clear says %s", text)
		}
		s.stranger().do("POST", "/auth/login", login("ann", password)).want(t, 200)

		// Five a minute, and the sixth is refused before its body is read.
		var last *answer
		sent := 0
		for last == nil || last.status == 400 && sent < 20 {
			last = s.stranger().do("POST", "/auth/password/reset", "no JSON")
			sent++
		}
		last.want(t, 429).holds(t, map[string]any{"code": "RATE_LIMITED"})
		if after, err := strconv.Atoi(last.header.Get("Retry-After")); err != nil || after < 1 || after > 12 || sent < 6 || sent > 7 {
			t.Errorf("request %d is told to come again after %q", sent, last.header.Get("Retry-After"))
		}
		if got := last.header.Get("RateLimit-Policy"); got != `"critical";q=5;w=60` || last.header.Get("RateLimit") == "" {
			t.Errorf("RateLimit-Policy is %q, RateLimit %q", got, last.header.Get("RateLimit"))
		}
		ann.do("GET", "/users/me", "").want(t, 200)
	})
}

// Settings of accounts do what they say.
func TestServeSettings(t *testing.T) {
	onBoth(t, func(t *testing.T, env []string) {
		with := func(settings ...string) *server {
			return start(t, append(append(env[:len(env):len(env)], "MANOR_LIMITS=off"), settings...))
		}
		in := func(name string) string {
			return `{"email":"` + name + `@example.com","password":"` + password + `","username":"` + name + `"}`
		}
		s := with("MANOR_VERIFY=off", "MANOR_TRUSTED_PROXIES=127.0.0.1", "MANOR_SESSION_LIFE=1h", "MANOR_SESSION_IDLE=30m")
		c := s.stranger()
		c.do("POST", "/auth/register", in("ann")).want(t, 201).holds(t, map[string]any{"email_verified": true, "username": "ann"})
		c.do("POST", "/auth/register", in("ann")).want(t, 409)
		c.header.Set("X-Forwarded-For", "203.0.113.9")
		c.do("POST", "/auth/login", login("ann", password)).want(t, 200)
		session := c.do("GET", "/auth/sessions", "").want(t, 200).holds(t, map[string]any{"items.0.ip_prefix": "203.0.113.0/24"})
		made, err1 := time.Parse(time.RFC3339, session.text(t, "items.0.created_at"))
		ends, err2 := time.Parse(time.RFC3339, session.text(t, "items.0.expires_at"))
		if life := ends.Sub(made); err1 != nil || err2 != nil || life <= 0 || life > time.Hour {
			t.Errorf("a session lives for %v: %v, %v", life, err1, err2)
		}

		s = with("MANOR_REGISTRATION=closed", "MANOR_ACCESS_TOKENS=jwt", "MANOR_ACCESS_LIFE=2m")
		s.stranger().do("POST", "/auth/register", in("bob")).want(t, 403).holds(t, map[string]any{"code": "REGISTRATION_CLOSED"})
		pair := s.stranger().do("POST", "/auth/token", login("ann", password)).want(t, 200).holds(t, map[string]any{"expires_in": 120.0})
		if token := pair.text(t, "access_token"); strings.Count(token, ".") != 2 {
			t.Errorf("%q is no JWT", token)
		}
		if set := s.call(s.stranger().http, 200, "GET", "/.well-known/jwks.json", ""); !strings.Contains(set, "EdDSA") || strings.Contains(set, `"d"`) {
			t.Errorf("the keys are %s", set)
		}

		s = with("MANOR_REGISTRATION=invite", "MANOR_DELETION_GRACE=48h")
		s.stranger().do("POST", "/auth/register", in("bob")).want(t, 403)
		run(t, env, "", "users", "invite", "bob@example.com")
		shown := run(t, env, "", "mail", "list")
		id, _, _ := strings.Cut(shown[strings.Index(shown, "\n")+1:], " ")
		link := tokenIn(run(t, env, "", "mail", "show", id))
		s.stranger().do("POST", "/auth/invitations/accept", `{"token":"`+link+`","password":"`+password+`","username":"bob"}`).want(t, 201)
		s.stranger().do("POST", "/auth/login", login("bob", password)).want(t, 200)
	})
}
