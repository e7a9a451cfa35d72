package cli

import (
	"io"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/manorgo/manor/data/sqlite"
)

func TestClock(t *testing.T) {
	t.Parallel()
	for skew, want := range map[time.Duration]verdict{0: fine, time.Second: fine, 3 * time.Second: failed, -time.Hour: failed} {
		db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "clock.db"), sqlite.Options{
			Now: func() time.Time { return time.Now().Add(skew) },
		})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		about, err := askServer(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		e := &examination{}
		e.checkClock("clock", db, about)
		if got := e.findings[0]; got.Status != want {
			t.Errorf("clocks %s apart: %s %s, want %s", skew, got.Status, got.Detail, want)
		}
	}
}

// TestGreet asks servers that say different things first.
func TestGreet(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		says, want string
		ok         bool
	}{
		{"220 mail.example.org ESMTP\r\n", "220 mail.example.org ESMTP", true},
		{"220 \x1b[31mred\r\n", "220 [31mred", true}, // nothing that moves a terminal
		{"554 go away\r\n", `"554 go away"`, false},
		{strings.Repeat("2", 10_000), "", false},
		{"", "EOF", false},
	} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		go func() {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, tt.says)
			_ = conn.Close()
		}()
		got, err := greet(t.Context(), &url.URL{Scheme: "smtp", Host: listener.Addr().String()})
		if err != nil {
			got = err.Error()
		}
		if (err == nil) != tt.ok || !strings.Contains(got, tt.want) {
			t.Errorf("%.40q: got %q (%v)", tt.says, got, err)
		}
	}
}

func TestUnknownVariables(t *testing.T) {
	t.Parallel()
	p := &program{env: map[string]string{
		"MANOR_ADDR": "", "MANOR_SMTP_URL_FILE": "", "MANOR_PASSWORD": "", "MANOR_TEST_REQUIRE": "", "HOME": "",
		"MANOR_ADRR": "", "MANOR_": "",
	}}
	if got := strings.Join(p.unknown(), " "); got != "MANOR_ MANOR_ADRR" {
		t.Errorf("unknown are %s", got)
	}
}
