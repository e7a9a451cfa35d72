package cli

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/manorgo/manor/accounts"
	"github.com/manorgo/manor/limit"
	"github.com/manorgo/manor/secret"
)

func readAddr(c *config, s string) error {
	if err := checkAddr(s); err != nil {
		return err
	}
	c.addr = s
	return nil
}

func readOpsAddr(c *config, s string) error {
	if s == "off" {
		return nil
	}
	if err := checkAddr(s); err != nil {
		return err
	}
	c.opsAddr = s
	return nil
}

func checkAddr(s string) error {
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return fmt.Errorf("must be host:port, such as 127.0.0.1:8080, not %q", s)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return fmt.Errorf("must end in a port from 0 to 65535, not %q", port)
	}
	return nil
}

// isLoopback reports whether only this machine reaches a host. No host stands
// for all addresses of the machine.
func isLoopback(host string) bool {
	host = strings.ToLower(host)
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// A location says where a database is: in a file, or at a URL.
type location struct {
	file string      // of SQLite; "" for PostgreSQL
	url  secret.Text // of PostgreSQL: it may hold a password

	replicas []secret.Text // URLs of the servers that follow it
	log      *slog.Logger  // is told when these come and go

	cache int // KiB of a file that its writer keeps; 0 means the usual
}

func (l location) isZero() bool { return l.file == "" && l.url.IsZero() }

func readDatabase(c *config, s string) error { return c.database.read(s) }

// read reads where a database is. What replicas it has stays.
func (l *location) read(s string) error {
	if file, ok := strings.CutPrefix(s, "sqlite:"); ok {
		if strings.HasPrefix(file, "//") && !strings.HasPrefix(file, "///") {
			return errors.New("must be sqlite:FILE without //, or sqlite:///FILE for an absolute path")
		}
		if file == "" || strings.HasPrefix(file, ":memory:") || strings.HasPrefix(file, "file:") {
			return errors.New("must name a file, as in sqlite:manor.db")
		}
		l.file = filepath.Clean(file)
		return nil
	}
	if !strings.HasPrefix(s, "postgres://") && !strings.HasPrefix(s, "postgresql://") {
		return errors.New("must begin with sqlite: or postgres://")
	}
	u, err := url.Parse(s)
	if err == nil {
		_, err = url.ParseQuery(u.RawQuery)
	}
	if err != nil { // its text may be the password's
		return errors.New("is not a URL; special characters of a password are written as in %40 for @")
	}
	l.url = secret.NewText(s)
	return nil
}

// readReplicas reads URLs with spaces between them: one URL may name several
// hosts with commas.
func readReplicas(c *config, s string) error { return c.database.readReplicas(s) }

func (l *location) readReplicas(s string) error {
	for u := range strings.FieldsSeq(s) {
		var one location
		if err := one.read(u); err != nil || one.file != "" {
			return errors.New("must hold URLs that begin with postgres://, with spaces between them; special characters of a password are written as in %40 for @")
		}
		l.replicas = append(l.replicas, one.url)
	}
	return nil
}

// String returns the location without its password.
func (l location) String() string {
	if l.file != "" {
		return "sqlite:" + l.file
	}
	return redactURL(l.url.Reveal())
}

// beside returns the path of a file that belongs to the database.
func (l location) beside(name string) string {
	if l.file == "" {
		return name
	}
	return filepath.Join(filepath.Dir(l.file), name)
}

// holdsPassword reports whether s is a URL with a password.
func holdsPassword(s string) bool {
	redacted := redactURL(s)
	return strings.Contains(s, "://") && (strings.Contains(redacted, "xxxxx") && redacted != s || redacted == mask)
}

const mask = "[redacted]"

// redactURL returns a URL without what may be secret in it.
func redactURL(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return mask
	}
	if _, ok := u.User.Password(); ok {
		u.User = url.UserPassword(u.User.Username(), "xxxxx")
	}
	q := u.Query()
	for name := range q {
		if strings.Contains(strings.ToLower(name), "password") {
			q.Set(name, "xxxxx")
			u.RawQuery = q.Encode()
		}
	}
	return u.String()
}

func readPublicURL(c *config, s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("must be a URL such as https://accounts.example.org")
	case u.User != nil || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("must be scheme and host alone, such as https://accounts.example.org")
	case u.Scheme != "https" && !isLoopback(u.Hostname()):
		return fmt.Errorf("must begin with https:// unless its host is this machine: passwords would travel in the clear")
	}
	c.publicURL = &url.URL{Scheme: u.Scheme, Host: strings.ToLower(u.Host)}
	return nil
}

// checkExposure refuses to be reached by others without knowing where.
func (c *config) checkExposure() error {
	host, _, _ := net.SplitHostPort(c.addr)
	if c.publicURL == nil && !isLoopback(host) {
		return misused("MANOR_ADDR %s lets other machines in, so MANOR_PUBLIC_URL must say where people reach the server, such as https://accounts.example.org", c.addr)
	}
	return nil
}

func readKeyFile(c *config, s string) error {
	c.keyFile = s
	return nil
}

func readSMTP(c *config, s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || u.Path != "" && u.Path != "/" || u.Scheme != "smtp" && u.Scheme != "smtps" {
		return errors.New("must be smtp://user:password@host:587 or smtps://user:password@host:465; special characters are written as in %40 for @")
	}
	c.smtp = secret.NewText(s)
	return nil
}

func readMailFrom(c *config, s string) error {
	if _, err := mail.ParseAddress(s); err != nil {
		return fmt.Errorf("must be an e-mail address, such as Accounts <accounts@example.org>, not %q", s)
	}
	c.mailFrom = s
	return nil
}

func readReplyTo(c *config, s string) error {
	if _, err := mail.ParseAddress(s); err != nil {
		return fmt.Errorf("must be an e-mail address, such as help@example.org, not %q", s)
	}
	c.replyTo = s
	return nil
}

func readRegistration(c *config, s string) error {
	c.registration = accounts.Registration(s)
	return oneOf(s, string(accounts.Open), string(accounts.Invite), string(accounts.Closed))
}

func readVerify(c *config, s string) error {
	c.verify = s == "on"
	return oneOf(s, "on", "off")
}

func readGrace(c *config, s string) (err error) {
	if c.grace, err = time.ParseDuration(s); err != nil || c.grace < time.Minute {
		return errors.New("must be a time of at least a minute, such as 720h")
	}
	return nil
}

// readLimits reads whether there are limits, and how much larger they are than
// those that routes declare.
func readLimits(c *config, s string) error {
	c.limits = limit.Config{Off: s == "off"}
	if s == "on" || s == "off" {
		return nil
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || !(n >= 0.01 && n <= 1000) {
		return fmt.Errorf("must be on, off or a number from 0.01 to 1000, not %q", s)
	}
	c.limits.Scale = n
	return nil
}

func readTitle(c *config, s string) error {
	c.title = s
	if len(s) > 100 || strings.ContainsFunc(s, unicode.IsControl) {
		return errors.New("must be one line of at most 100 bytes")
	}
	return nil
}

func readLog(c *config, s string) error {
	c.logFormat = s
	return oneOf(s, "text", "json")
}

func readLogLevel(c *config, s string) error {
	if err := oneOf(s, "debug", "info", "warn", "error"); err != nil {
		return err
	}
	return c.logLevel.UnmarshalText([]byte(s))
}

func readProxies(c *config, s string) error {
	for part := range strings.SplitSeq(s, ",") {
		part = strings.TrimSpace(part)
		network, err := netip.ParsePrefix(part)
		if err != nil {
			addr, err := netip.ParseAddr(part)
			if err != nil || addr.Zone() != "" {
				return fmt.Errorf("must list networks and addresses, such as 10.0.0.0/8,fd00::1, not %q", part)
			}
			network = netip.PrefixFrom(addr, addr.BitLen())
		}
		c.trustedProxies = append(c.trustedProxies, network.Masked())
	}
	return nil
}

func oneOf(s string, words ...string) error {
	if slices.Contains(words, s) {
		return nil
	}
	return fmt.Errorf("must be %s, not %q", strings.Join(words, " or "), s)
}

// logger returns the log that the settings ask for, of nothing below least.
func (p *program) logger(c config, least slog.Level) *slog.Logger {
	options := &slog.HandlerOptions{Level: max(c.logLevel, least)}
	if c.logFormat == "json" {
		return slog.New(slog.NewJSONHandler(p.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(p.Stderr, options))
}
