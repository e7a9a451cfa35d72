package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/manorgo/manor/cli"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/internal/pgtest"
	"github.com/manorgo/manor/web"
)

const password = "tidal lantern 4827 orchard"

// onBoth runs a test with the environment of an installation that is not there
// yet, on each database.
func onBoth(t *testing.T, test func(t *testing.T, env []string)) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, sqliteEnv(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		url := pgtest.Database(t)
		test(t, []string{"MANOR_DATABASE_URL=" + url, "MANOR_KEY_FILE=" + filepath.Join(t.TempDir(), "manor.key")})
	})
}

func sqliteEnv(t *testing.T) []string {
	return []string{"MANOR_DATABASE_URL=sqlite:" + filepath.Join(t.TempDir(), "manor.db")}
}

// run runs a command that must succeed, and returns what it printed.
func run(t *testing.T, env []string, stdin string, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	code := cli.Run(t.Context(), cli.Process{
		Args: append([]string{"manor"}, args...), Env: env, Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &errs,
	})
	if code != 0 {
		t.Fatalf("manor %s ended with %d: %s", strings.Join(args, " "), code, &errs)
	}
	return out.String()
}

// A server is manor serve, run by this process.
type server struct {
	t     *testing.T
	url   string
	seen  []string      // lines of standard output
	lines <-chan string // those to come
	log   *record
	stop  context.CancelFunc
	code  <-chan int
}

// A record is what was written, by whichever goroutine.
type record struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (r *record) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.Write(b)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.String()
}

func start(t *testing.T, env []string, domains ...domain.Func) *server {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	out, in := io.Pipe()
	lines, code := make(chan string, 10_000), make(chan int, 1)
	s := &server{t: t, lines: lines, log: new(record), stop: stop, code: code}
	go func() {
		code <- cli.Run(ctx, cli.Process{
			Args: []string{"manor", "serve", "--addr", "127.0.0.1:0"}, Env: env, Stdout: in, Stderr: s.log,
		}, domains...)
		in.Close()
	}()
	go func() {
		defer close(lines)
		for scan := bufio.NewScanner(out); scan.Scan(); {
			lines <- scan.Text()
		}
	}()
	t.Cleanup(func() { s.end() })
	_, s.url, _ = strings.Cut(s.line("listening on "), "listening on ")
	return s
}

// line returns the next line of standard output with text in it.
func (s *server) line(text string) string {
	s.t.Helper()
	for l := range s.lines {
		s.seen = append(s.seen, l)
		if strings.Contains(l, text) {
			return l
		}
	}
	s.t.Fatalf("serve ended before it printed %q:\n%s", text, s.log)
	return ""
}

// end stops the server and returns its exit code, once.
func (s *server) end() int {
	s.stop()
	for l := range s.lines {
		s.seen = append(s.seen, l)
	}
	select {
	case code := <-s.code:
		return code
	default:
		return -1
	}
}

// call makes a request and returns the answer's body. The status must be want.
func (s *server) call(c *http.Client, want int, method, path, body string) string {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if res.StatusCode != want {
		s.t.Fatalf("%s %s answered %d, want %d: %s", method, path, res.StatusCode, want, b)
	}
	return string(b)
}

func tokenIn(text string) string {
	_, token, _ := strings.Cut(text, "token=")
	token, _, _ = strings.Cut(token, "\n")
	return strings.TrimSpace(token)
}

func TestServe(t *testing.T) {
	onBoth(t, func(t *testing.T, env []string) {
		s := start(t, env)
		browser := &http.Client{}
		browser.Jar, _ = cookiejar.New(nil)
		s.call(browser, 200, "GET", "/readyz", "")

		// The first administrator can come by a link.
		setup := s.line("/setup?token=")
		s.call(browser, 200, "GET", strings.TrimPrefix(strings.TrimSpace(setup), s.url), "")

		// Mail is printed, and other processes can read it.
		s.call(browser, 202, "POST", "/api/v1/auth/register", `{"email":"ada@example.com","password":"`+password+`"}`)
		printed := s.line(s.url + "/verify?token=")
		var mails []map[string]any
		if err := json.Unmarshal([]byte(run(t, env, "", "mail", "list", "--output", "json")), &mails); err != nil || len(mails) != 1 {
			t.Fatalf("mail list has %d messages: %v", len(mails), err)
		}
		keys := slices.Sorted(maps.Keys(mails[0]))
		if diff := cmp.Diff([]string{"created_at", "id", "state", "subject", "to"}, keys); diff != "" {
			t.Error("mail list --output json (-want +got):", diff)
		}
		if mails[0]["to"] != "ada@example.com" {
			t.Errorf("the mail is to %v", mails[0]["to"])
		}
		id := mails[0]["id"].(string)
		if text := run(t, env, "", "mail", "list"); !strings.Contains(text, id+"  ada@example.com  ") {
			t.Errorf("mail list is\n%s", text)
		}
		shown := run(t, env, "", "mail", "show", id)
		if tokenIn(shown) == "" || tokenIn(shown) != tokenIn(printed) {
			t.Errorf("mail show has another link than was printed:\n%s", shown)
		}
		s.call(browser, 200, "POST", "/api/v1/auth/verify", `{"token":"`+tokenIn(shown)+`"}`)
		s.call(browser, 200, "POST", "/api/v1/auth/login", `{"identifier":"ada@example.com","password":"`+password+`"}`)
		s.call(browser, 200, "GET", "/api/v1/users/me", "")

		// Commands write while the server runs, and the server sees it.
		run(t, env, password, "users", "create", "--email", "grace@example.com", "--admin", "--password-stdin")
		s.call(&http.Client{}, 200, "POST", "/api/v1/auth/login", `{"identifier":"grace@example.com","password":"`+password+`"}`)

		// A session made on one server works on another, and ends on both.
		twin := start(t, env)
		twin.call(browser, 200, "GET", "/api/v1/users/me", "")
		run(t, env, "copper meadow 5513 harbour", "users", "set-password", "ada@example.com", "--password-stdin")
		s.call(browser, 401, "GET", "/api/v1/users/me", "")
		twin.call(browser, 401, "GET", "/api/v1/users/me", "")
		if code := twin.end(); code != 0 {
			t.Errorf("the second server ended with %d:\n%s", code, twin.log)
		}
		if code := s.end(); code != 0 {
			t.Errorf("serve ended with %d:\n%s", code, s.log)
		}
		if strings.Contains(s.log.String(), "level=ERROR") {
			t.Errorf("the log has errors:\n%s", s.log)
		}

		// There is an administrator by now.
		again := start(t, append(env, "MANOR_TYPO=1"))
		again.call(browser, 200, "GET", "/readyz", "")
		if code := again.end(); code != 0 {
			t.Errorf("serve ended with %d", code)
		}
		if text := strings.Join(again.seen, "\n"); strings.Contains(text, "/setup?") {
			t.Errorf("serve offers to make a first administrator:\n%s", text)
		}
		if !strings.Contains(again.log.String(), "variable=MANOR_TYPO") {
			t.Errorf("the log does not warn of MANOR_TYPO:\n%s", again.log)
		}
	})
}

// A request that was accepted is answered, and those that come later are not.
func TestServeDrains(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	slow := func(domain.Env) domain.Domain {
		return domain.Domain{Name: "slow", Mount: func(r *web.Router) {
			web.Handle(r, "GET /slow", func(context.Context, *web.None) (*struct{ Body struct{} }, error) {
				close(entered)
				<-release
				return &struct{ Body struct{} }{}, nil
			}, web.Anyone)
		}}
	}
	s := start(t, sqliteEnv(t), slow)
	answered := make(chan error, 1)
	go func() {
		res, err := http.Get(s.url + "/api/v1/slow")
		if err == nil && res.StatusCode != 200 {
			err = fmt.Errorf("answered %s", res.Status)
		}
		answered <- err
	}()
	<-entered
	s.stop()
	host := strings.TrimPrefix(s.url, "http://")
	for deadline := time.Now().Add(10 * time.Second); ; {
		conn, err := net.Dial("tcp", host)
		if err != nil {
			break // nobody listens any more
		}
		conn.Close()
		if time.Now().After(deadline) {
			t.Fatal("the server goes on to accept connections")
		}
	}
	close(release)
	if err := <-answered; err != nil {
		t.Errorf("the request in flight: %v", err)
	}
	if code := <-s.code; code != 0 {
		t.Errorf("serve ended with %d:\n%s", code, s.log)
	}
}

// Programs that start together on a new database make one key.
func TestFirstStartsTogether(t *testing.T) {
	onBoth(t, func(t *testing.T, env []string) {
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				log := new(record)
				code := cli.Run(t.Context(), cli.Process{
					Args: []string{"manor", "database", "upgrade"}, Env: env, Stdout: io.Discard, Stderr: log,
				})
				if code != 0 {
					t.Errorf("database upgrade ended with %d: %s", code, log)
				}
			})
		}
		all.Wait()
		run(t, env, "", "database", "check")
	})
}

func TestServeWhereAnotherListens(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	folder := t.TempDir()
	var errs bytes.Buffer
	code := cli.Run(t.Context(), cli.Process{
		Args:   []string{"manor", "serve", "--addr", taken.Addr().String()},
		Env:    []string{"MANOR_DATABASE_URL=sqlite:" + filepath.Join(folder, "manor.db")},
		Stdout: io.Discard, Stderr: &errs,
	})
	if code != 1 || !strings.Contains(errs.String(), "address already in use") {
		t.Errorf("serve ended with %d: %s", code, &errs)
	}
	if files, err := os.ReadDir(folder); err != nil || len(files) > 0 {
		t.Errorf("it made %v first (%v)", files, err)
	}
}
