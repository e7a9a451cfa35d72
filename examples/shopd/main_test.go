//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/manorgo/manor/internal/pgtest"
)

const password = "tidal lantern 4827 orchard"

// folder is where build puts the program.
var folder string

func TestMain(m *testing.M) {
	var err error
	if folder, err = os.MkdirTemp("", "shopd"); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(folder)
	os.Exit(code)
}

// build compiles the program once.
var build = sync.OnceValues(func() (string, error) {
	path := filepath.Join(folder, "shopd")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return path, nil
})

// A shop is a running program in a folder of its own.
type shop struct {
	t        *testing.T
	env      []string
	folder   string
	process  *exec.Cmd
	address  string
	messages bytes.Buffer
}

func newShop(t *testing.T, database string) *shop {
	t.Helper()
	s := &shop{t: t, folder: t.TempDir()}
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "MANOR_") {
			s.env = append(s.env, v)
		}
	}
	s.env = append(s.env, "MANOR_ADDR=127.0.0.1:0", "MANOR_DATABASE_URL="+database, "MANOR_KEY_FILE="+filepath.Join(s.folder, "key"), "MANOR_LIMITS=off")
	return s
}

func (s *shop) command(args ...string) *exec.Cmd {
	s.t.Helper()
	path, err := build()
	if err != nil {
		s.t.Fatal(err)
	}
	c := exec.Command(path, args...)
	c.Dir, c.Env = s.folder, s.env
	return c
}

// start runs the server until it is ready.
func (s *shop) start() {
	s.t.Helper()
	s.process = s.command("serve")
	s.messages.Reset()
	s.process.Stderr = &s.messages
	out, err := s.process.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.process.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { s.process.Process.Kill(); s.process.Wait() })
	lines := bufio.NewScanner(out)
	for s.address = ""; s.address == "" && lines.Scan(); {
		if _, address, ok := strings.Cut(lines.Text(), "listening on "); ok {
			s.address = strings.TrimSpace(address)
		}
	}
	if s.address == "" {
		s.t.Fatalf("serve did not say where it listens: %v\n%s", s.process.Wait(), &s.messages)
	}
	go io.Copy(io.Discard, out)
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if status, _ := s.call("", "GET", "/readyz", nil); status == 200 {
			return
		}
		select {
		case <-ctx.Done():
			s.t.Fatal("serve is not ready after 20 seconds")
		case <-tick.C:
		}
	}
}

// call sends a request on a connection of its own, and returns what came back,
// status 0 for nothing.
func (s *shop) call(token, method, path string, body any) (int, map[string]any) {
	s.t.Helper()
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			s.t.Fatal(err)
		}
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.address+path, bytes.NewReader(text))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Close = true
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil
	}
	defer res.Body.Close()
	var out map[string]any
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil && err != io.EOF {
		return 0, nil
	}
	return res.StatusCode, out
}

func (s *shop) signIn() (access string) {
	s.t.Helper()
	status, pair := s.call("", "POST", "/api/v1/auth/token", map[string]any{"identifier": "ann@example.com", "password": password})
	if status != 200 {
		s.t.Fatalf("POST /auth/token: %d %v", status, pair)
	}
	return pair["access_token"].(string)
}

// databases returns a new one of each kind.
func databases(t *testing.T, run func(t *testing.T, url string)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		run(t, "sqlite:"+filepath.Join(t.TempDir(), "shop.db"))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		run(t, pgtest.Database(t))
	})
}

// What was answered with success is there after kill -9, which comes while
// other requests are on their way.
func TestKill(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, url string) {
		s := newShop(t, url)
		s.start()
		create := s.command("users", "create", "--admin", "--email", "ann@example.com", "--password-stdin")
		create.Stdin = strings.NewReader(password + "\n")
		if out, err := create.CombinedOutput(); err != nil {
			t.Fatalf("users create: %v\n%s", err, out)
		}
		kept := map[string]string{} // name by id
		var renamed string
		for round := range 4 {
			access := s.signIn()
			answers := make(chan map[string]any)
			var writers sync.WaitGroup
			for w := range 4 {
				writers.Go(func() {
					for i := 0; ; i++ {
						status, p := s.call(access, "POST", "/api/v1/products", map[string]any{"name": fmt.Sprintf("%d-%d-%d", round, w, i), "price": "1"})
						if status != 201 {
							return
						}
						answers <- p
					}
				})
			}
			for range 10 + 3*round {
				p := <-answers
				kept[p["id"].(string)] = p["name"].(string)
				renamed = p["id"].(string)
			}
			status, _ := s.call(access, "PATCH", "/api/v1/products/"+renamed, map[string]any{"name": fmt.Sprintf("renamed %d", round)})
			if err := s.process.Process.Signal(syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			if status == 200 {
				kept[renamed] = fmt.Sprintf("renamed %d", round)
			} else {
				t.Errorf("PATCH before the kill: %d", status)
			}
			go func() { writers.Wait(); close(answers) }()
			for p := range answers { // what was answered until then
				kept[p["id"].(string)] = p["name"].(string)
			}
			s.process.Wait()
			s.start()
			for id, name := range kept {
				if status, p := s.call("", "GET", "/api/v1/products/"+id, nil); status != 200 || p["name"] != name {
					t.Errorf("round %d: the product %s is lost: %d %v", round, name, status, p)
				}
			}
			if status, _ := s.call(access, "GET", "/api/v1/users/me", nil); status != 200 {
				t.Errorf("round %d: the session is lost: %d", round, status)
			}
		}
	})
}

// SIGTERM ends the program in peace.
func TestStop(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, url string) {
		s := newShop(t, url)
		for range 2 {
			s.start()
			if status, doc := s.call("", "GET", "/api/v1/products", nil); status != 200 {
				t.Errorf("GET /products: %d %v", status, doc)
			}
			if err := s.process.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if err := s.process.Wait(); err != nil {
				t.Errorf("after SIGTERM: %v\n%s", err, &s.messages)
			}
		}
	})
}
