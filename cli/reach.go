package cli

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/manorgo/manor/data"
)

// A server is what a database says of itself.
type server struct {
	Version string    `db:"version"`
	Now     time.Time `db:"now"`
}

var aboutServer = data.NewSelect[server](
	`SELECT 'SQLite ' || sqlite_version() AS version, CAST(unixepoch('subsec') * 1000000 AS INTEGER) AS now`,
	`SELECT 'PostgreSQL ' || current_setting('server_version') AS version, clock_timestamp() AS now`)

func askServer(ctx context.Context, db *data.DB) (server, error) { return aboutServer.One(ctx, db) }

// maxSkew is how far clocks may be apart. Sessions and links end by the clock
// of whoever looks at them.
const maxSkew = 2 * time.Second

func (e *examination) checkClock(check string, db *data.DB, s server) {
	skew := db.Now().Sub(s.Now).Abs().Round(time.Millisecond)
	if skew > maxSkew {
		e.note(check, failed, "this machine and the database are %s apart", skew)
		return
	}
	e.note(check, fine, "agrees with the database's within %s", maxSkew)
}

// checkMail asks the server for mail who it is, and sends nothing.
func (e *examination) checkMail(ctx context.Context) {
	c := &e.config
	switch {
	case c.smtp.IsZero() && c.publicURL == nil:
		e.note("mail", fine, "is printed and kept: MANOR_SMTP_URL is not set")
		return
	case c.smtp.IsZero():
		e.note("mail", doubt, "is only printed and kept: MANOR_SMTP_URL is not set")
		return
	}
	u, err := url.Parse(c.smtp.Reveal())
	if err != nil {
		return // settings have told
	}
	greeting, err := greet(ctx, u)
	if err != nil {
		e.note("mail", failed, "%s does not answer: %s", u.Host, err)
		return
	}
	e.note("mail", fine, "%s answers: %s", u.Host, greeting)
}

// greetTimeout is how long a server for mail may take to say hello.
const greetTimeout = 5 * time.Second

// greet returns what a server for mail says first (RFC 5321 §3.1).
func greet(ctx context.Context, u *url.URL) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, greetTimeout)
	defer cancel()
	var dial func(ctx context.Context, network, addr string) (net.Conn, error)
	port := "587"
	if dial = (&net.Dialer{}).DialContext; u.Scheme == "smtps" {
		port = "465"
		dial = (&tls.Dialer{Config: &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: isLoopback(u.Hostname())}}).DialContext
	}
	conn, err := dial(ctx, "tcp", net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), port)))
	if err != nil {
		return "", err
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return "", err
	}
	line, err := bufio.NewReaderSize(conn, 512).ReadSlice('\n')
	if err != nil {
		return "", err
	}
	text := cell(string(line))
	if !strings.HasPrefix(text, "220") {
		return "", fmt.Errorf("it says %q", text)
	}
	fmt.Fprint(conn, "QUIT\r\n")
	return text, nil
}
