// Package s3test runs a real S3 server for tests.
//
// It is versitygw, which the module in versitygw pins and go builds once. Where
// it cannot be built tests say so and are skipped, unless MANOR_TEST_REQUIRE has
// s3 among its words.
package s3test

import (
	"context"
	"crypto/rand"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// A Server is a running S3 server on this machine.
type Server struct {
	URL, KeyID, Secret string
	folder             string
}

// build returns the path of the server's program, built from its module.
var build = sync.OnceValues(func() (string, error) {
	_, here, _, _ := runtime.Caller(0)
	cmd := exec.Command("go", "tool", "-n", "versitygw")
	cmd.Dir = filepath.Join(filepath.Dir(here), "versitygw")
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=readonly -buildvcs=false", "GOWORK=off")
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
})

// Start runs a server until the test ends.
func Start(t *testing.T) *Server {
	t.Helper()
	program, err := build()
	if err != nil {
		text := err.Error()
		if e, ok := err.(*exec.ExitError); ok {
			text += ": " + string(e.Stderr)
		}
		if strings.Contains(os.Getenv("MANOR_TEST_REQUIRE"), "s3") {
			t.Fatalf("s3test: versitygw cannot be built: %s", text)
		}
		t.Skipf("SKIPPED, nothing of S3 was tested: versitygw cannot be built: %s", text)
	}
	s := &Server{KeyID: "test", Secret: rand.Text(), folder: t.TempDir()}
	for range 5 { // somebody else may take the port
		if s.run(t, program) {
			return s
		}
	}
	t.Fatal("s3test: versitygw does not start")
	return nil
}

// run starts the program and reports whether it answers.
func (s *Server) run(t *testing.T, program string) bool {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	s.URL = "http://" + addr
	data, side := filepath.Join(s.folder, "data"), filepath.Join(s.folder, "side")
	for _, dir := range []string{data, side} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	// Attributes in files, since not every file system of a temporary folder has its own.
	cmd := exec.Command(program, "--quiet", "--keep-alive", "--port", addr, "posix", "--sidecar", side, data)
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+s.KeyID, "ROOT_SECRET_KEY="+s.Secret)
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatalf("s3test: %v", err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	stop := func() {
		_ = cmd.Process.Signal(os.Interrupt)
		select {
		case <-ended:
		case <-time.After(5 * time.Second):
			_ = cmd.Process.Kill()
			<-ended
		}
	}
	if !s.answers(t.Context(), ended) {
		stop()
		t.Logf("s3test: versitygw said: %s", said.String())
		return false
	}
	t.Cleanup(stop)
	return true
}

// answers waits until the server answers, and reports whether it does.
func (s *Server) answers(ctx context.Context, ended <-chan struct{}) bool {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 500 {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL, nil)
		if err != nil {
			return false
		}
		if res, err := http.DefaultClient.Do(req); err == nil {
			res.Body.Close()
			return true
		}
		select {
		case <-ended:
			return false
		case <-tick.C:
		}
	}
	return false
}

// Bucket makes a bucket and returns its name.
func (s *Server) Bucket(t *testing.T) string {
	t.Helper()
	name := "b" + strings.ToLower(rand.Text())
	if err := os.Mkdir(filepath.Join(s.folder, "data", name), 0o700); err != nil {
		t.Fatal(err)
	}
	return name
}
