package cli_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"

	"github.com/manorgo/manor/cli"
)

// Operators see who is signed in, and end it while the server runs.
func TestSessionsCommands(t *testing.T) {
	onBoth(t, func(t *testing.T, env []string) {
		run(t, env, password, "users", "create", "--email", "ada@example.com", "--username", "ada", "--password-stdin")
		run(t, env, password, "users", "create", "--email", "bob@example.com", "--password-stdin")
		s := start(t, env)
		signedIn := func(name string) *http.Client {
			c := &http.Client{}
			c.Jar, _ = cookiejar.New(nil)
			s.call(c, 200, "POST", "/api/v1/auth/login", `{"identifier":"`+name+`","password":"`+password+`"}`)
			return c
		}
		one, two, bob := signedIn("ada"), signedIn("ada"), signedIn("bob@example.com")
		s.call(one, 200, "POST", "/api/v1/auth/token", `{"identifier":"ada","password":"`+password+`"}`)

		type row struct {
			ID   string `json:"id"`
			Kind string `json:"kind"`
			Live bool   `json:"live"`
		}
		list := func(want int, args ...string) (out []row) {
			t.Helper()
			text := run(t, env, "", append([]string{"sessions", "list", "--output", "json"}, args...)...)
			if err := json.Unmarshal([]byte(text), &out); err != nil || len(out) != want {
				t.Fatalf("sessions list %q has %d, want %d: %v\n%s", args, len(out), want, err, text)
			}
			for _, word := range []string{"digest", "rights", "device", "epoch"} {
				if strings.Contains(text, word) {
					t.Errorf("the list tells the %s", word)
				}
			}
			return out
		}
		list(4)
		list(3, "ada")
		list(2, "--limit", "2")
		if token := list(1, "ADA", "--kind", "token"); token[0].Kind != "token" || !token[0].Live {
			t.Errorf("the session of a program is %+v", token[0])
		}
		if text := run(t, env, "", "sessions", "list", "ada", "--limit", "1"); !strings.Contains(text, "\n1 of 3\n") {
			t.Errorf("sessions list is\n%s", text)
		}
		fails := func(code int, want string, args ...string) {
			t.Helper()
			var errs bytes.Buffer
			got := cli.Run(t.Context(), cli.Process{Args: append([]string{"manor", "sessions"}, args...), Env: env, Stdout: &errs, Stderr: &errs})
			if got != code || !strings.Contains(errs.String(), want) {
				t.Errorf("sessions %q ends with %d: %s", args, got, &errs)
			}
		}
		bobs := list(1, "bob@example.com")[0].ID
		fails(1, "has no live session "+bobs, "revoke", "ada", bobs)
		fails(2, "name the sessions, or say --all", "revoke", "ada")
		fails(2, "name the sessions, or say --all", "revoke", "ada", bobs, "--all")
		fails(2, "not the id of a session", "revoke", "ada", "x")
		fails(2, "live, ended or all", "list", "--state", "dead")
		fails(2, "a cookie or a token", "list", "--kind", "key")
		env = append(env, "MANOR_ACCESS_LIFE=2h")
		fails(2, "the life of access tokens must be from 1m0s to 1h0m0s", "list")
		env = env[:len(env)-1]
		fails(1, "there is no account eve", "revoke", "eve", "--all")

		run(t, env, "", "sessions", "revoke", "bob@example.com", bobs)
		s.call(bob, 401, "GET", "/api/v1/users/me", "")
		s.call(one, 200, "GET", "/api/v1/users/me", "")
		if text := run(t, env, "", "sessions", "revoke", "ada", "--all", "-o", "json"); !strings.Contains(text, `"revoked": 3`) {
			t.Errorf("revoke --all printed %s", text)
		}
		s.call(one, 401, "GET", "/api/v1/users/me", "")
		s.call(two, 401, "GET", "/api/v1/users/me", "")
		list(0)
		list(4, "--state", "ended")
		if all := list(3, "ada", "--state", "all"); all[0].Live {
			t.Error("an ended session is said to be live")
		}
	})
}
