//go:build unix

package cli_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// TestSIGTERM runs the command as a process of its own, with the log as JSON
// and an address for operators.
func TestSIGTERM(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "manor", "serve", "--addr", "127.0.0.1:0", "--ops-addr", "127.0.0.1:0")
	cmd.Dir = t.TempDir()
	cmd.Env = []string{"MANOR_LOG=json", "MANOR_LOG_LEVEL=info"}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	url, operations := "", ""
	for scan := bufio.NewScanner(stdout); url == "" && scan.Scan(); {
		_, url, _ = strings.Cut(scan.Text(), "listening on ")
	}
	for scan := bufio.NewScanner(stderr); operations == "" && scan.Scan(); {
		var line struct{ Msg, Addr string }
		if err := json.Unmarshal(scan.Bytes(), &line); err != nil {
			t.Fatalf("the log has a line that is not JSON: %s", scan.Bytes())
		}
		if line.Msg == "operations" {
			operations = "http://" + line.Addr
		}
	}
	for address, want := range map[string]int{
		url + "/readyz": 200, url + "/metrics": 404, operations + "/metrics": 200, operations + "/readyz": 200, operations + "/debug/pprof/": 200,
	} {
		res, err := http.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		if res.Body.Close(); res.StatusCode != want {
			t.Errorf("GET %s answered %d, want %d", address, res.StatusCode, want)
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, stdout)
	_, _ = io.Copy(io.Discard, stderr)
	if err := cmd.Wait(); err != nil {
		t.Errorf("serve ended: %v", err)
	}
}

// TestSecondSignal interrupts a server that waits for a request in flight.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "manor", "serve", "--addr", "127.0.0.1:0")
	cmd.Dir, cmd.Env = t.TempDir(), []string{}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	url := ""
	for scan := bufio.NewScanner(stdout); url == "" && scan.Scan(); {
		_, url, _ = strings.Cut(scan.Text(), "listening on http://")
	}
	conn, err := net.Dial("tcp", url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// Who is told to continue is in flight. The request never ends.
	if _, err := conn.Write([]byte("POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\n" +
		"Content-Type: application/json\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, "100") {
		t.Fatalf("the server answered %q, %v", line, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for cmd.Process.Signal(syscall.SIGINT) == nil { // the first is handled before long
		if c, err := net.Dial("tcp", url); err == nil {
			c.Close() // it listens still
		}
	}
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "interrupt") {
		t.Errorf("serve ended with %v, not by the second interrupt", err)
	}
}
