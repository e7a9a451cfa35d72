package docs_test

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/manorgo/manor/internal/pgtest"
)

// TestTour does what the README tells a newcomer to do, and wants the answers
// that it promises, on both databases.
func TestTour(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil || runtime.GOOS == "windows" {
		t.Skip("the tour needs a shell and curl")
	}
	binary := filepath.Join(t.TempDir(), "shopd")
	if out, err := exec.Command("go", "build", "-o", binary, "../examples/shopd").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		tour(t, binary, "sqlite:manor.db")
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		tour(t, binary, pgtest.Database(t))
	})
}

func tour(t *testing.T, binary, database string) {
	dir := t.TempDir()
	addr := freeAddr(t)
	env := append(os.Environ(), "MANOR_DATABASE_URL="+database, "MANOR_ADDR="+addr)
	start(t, binary, dir, addr, env)

	script, want := lines(t)
	script = strings.ReplaceAll(script, "go run ./examples/shopd", binary)
	script = strings.ReplaceAll(script, "127.0.0.1:8080", addr)
	cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", script)
	cmd.Dir, cmd.Env = dir, env
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, stderr.String())
	}
	var got []string
	for _, m := range regexp.MustCompile(`HTTP/1.1 (\d+)`).FindAllStringSubmatch(string(out), -1) {
		got = append(got, m[1])
	}
	if len(want) < 15 || !slices.Equal(got, want) {
		t.Errorf("answers %v, the README promises %v\n%s", got, want, out)
	}
}

// lines returns the shell lines of the tour, but for the one that starts the
// server, and the answers that their comments promise.
func lines(t *testing.T) (script string, want []string) {
	t.Helper()
	page, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "## A tour with curl")
	section, _, _ := strings.Cut(rest, "\n## ")
	for _, m := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(section, -1) {
		if !strings.Contains(m[1], "shopd serve") {
			script += m[1]
		}
	}
	for _, m := range regexp.MustCompile(`(?m)# (\d{3})$`).FindAllStringSubmatch(script, -1) {
		want = append(want, m[1])
	}
	return script, want
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// start runs the server until the test ends, and waits until it is ready.
func start(t *testing.T, binary, dir, addr string, env []string) {
	t.Helper()
	var log bytes.Buffer
	cmd := exec.Command(binary, "serve")
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, env, &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("serve: %v\n%s", err, log.String())
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if res, err := http.Get("http://" + addr + "/readyz"); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-ctx.Done():
			t.Fatal("the server does not get ready")
		case <-tick.C:
		}
	}
}
