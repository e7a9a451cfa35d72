package cli_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
)

// A caller sends requests to a server as one person.
type caller struct {
	s      *server
	http   *http.Client
	header http.Header
	id     string // of the user
}

// stranger returns a caller without a credential.
func (s *server) stranger() *caller {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return &caller{s: s, http: &http.Client{Jar: jar}, header: http.Header{}}
}

// person makes a verified account, name@example.com, by the command line with
// more arguments, and returns it signed in by a cookie.
func (s *server) person(env []string, name string, args ...string) *caller {
	s.t.Helper()
	run(s.t, env, password, append([]string{"users", "create", "--email", name + "@example.com", "--username", name, "--password-stdin"}, args...)...)
	c := s.stranger()
	a := c.do("POST", "/auth/login", login(name, password)).want(s.t, 200)
	c.id = a.text(s.t, "user.id")
	return c
}

func login(identifier, password string) string {
	return fmt.Sprintf(`{"identifier":%q,"password":%q}`, identifier, password)
}

// An answer is what came back.
type answer struct {
	what   string
	status int
	header http.Header
	body   []byte
}

// do sends a request to a path below /api/v1.
func (c *caller) do(method, path, body string) *answer {
	req, err := http.NewRequestWithContext(c.s.t.Context(), method, c.s.url+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		return &answer{what: err.Error()}
	}
	req.Header = c.header.Clone()
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.http.Do(req)
	if err != nil {
		return &answer{what: err.Error()}
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return &answer{what: err.Error()}
	}
	return &answer{method + " " + path, res.StatusCode, res.Header, b}
}

func (a *answer) want(t *testing.T, status int) *answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("%s: %d, want %d: %s", a.what, a.status, status, a.body)
	}
	if status >= 400 {
		if got := a.header.Get("Content-Type"); got != "application/problem+json" {
			t.Errorf("%s: %d is %s", a.what, status, got)
		}
	}
	return a
}

// value returns what stands at a path of names and positions.
func (a *answer) value(t *testing.T, path string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(a.body, &v); err != nil {
		t.Fatalf("%s: %v: %s", a.what, err, a.body)
	}
	for name := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[name]
		case []any:
			i := 0
			if _, err := fmt.Sscan(name, &i); err != nil || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

func (a *answer) text(t *testing.T, path string) string {
	t.Helper()
	s, ok := a.value(t, path).(string)
	if !ok {
		t.Fatalf("%s: no text at %s: %s", a.what, path, a.body)
	}
	return s
}

// holds checks values by their paths.
func (a *answer) holds(t *testing.T, want map[string]any) *answer {
	t.Helper()
	for path, v := range want {
		if got := a.value(t, path); got != v {
			t.Errorf("%s: %s is %v, want %v: %s", a.what, path, got, v, a.body)
		}
	}
	return a
}

// items returns what the items of a page have at a path.
func (a *answer) items(t *testing.T, path string) (out []any) {
	t.Helper()
	items, ok := a.value(t, "items").([]any)
	if !ok {
		t.Fatalf("%s: no page: %s", a.what, a.body)
	}
	for i := range items {
		out = append(out, a.value(t, fmt.Sprintf("items.%d.%s", i, path)))
	}
	return out
}

// withoutID returns the body without what tells one request from another.
func withoutID(t *testing.T, a *answer) string {
	t.Helper()
	return strings.ReplaceAll(string(a.body), a.text(t, "request_id"), "")
}

func every(t *testing.T, a *answer, path string, want any) {
	t.Helper()
	got := a.items(t, path)
	if len(got) == 0 {
		t.Errorf("%s: no items: %s", a.what, a.body)
	}
	for _, v := range got {
		if v != want {
			t.Errorf("%s: an item's %s is %v, want %v", a.what, path, v, want)
		}
	}
}

// nobody is the id of nothing.
const nobody = "01890000-0000-7000-8000-000000000000"
