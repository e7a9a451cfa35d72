package mail

import (
	"cmp"
	"crypto/tls"
	"errors"
	"net"
	netmail "net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// smtpTimeout is how long a server may take unless its URL says.
const smtpTimeout = 10 * time.Second

// An smtp is a server to send through. Each message has a connection of its own.
type smtp struct {
	host     string
	options  []gomail.Option
	from     string // "" if the URL does not say
	password string
	timeout  time.Duration // to connect, and then to send
	security string        // as the parameter tls says it; "" if it does not
}

// setting is how the command calls the URL. Errors name it and nothing of the
// URL, which may have a password anywhere when it is written wrongly.
const setting = "MANOR_SMTP_URL"

// parseURL returns the server, or nil if there is none.
func parseURL(t secret.Text) (*smtp, error) {
	if t.IsZero() {
		return nil, nil
	}
	u, err := url.Parse(t.Reveal())
	if err != nil || u.Hostname() == "" || u.Opaque != "" || (u.Path != "" && u.Path != "/") || u.Fragment != "" {
		return nil, fault.Errorf(fault.Invalid, "%s is not a URL such as smtp://user:password@host:587?from=shop@example.org; in a password, write / as %%2F, @ as %%40, and so on", setting)
	}
	s := &smtp{host: u.Hostname()}
	if err := s.readQuery(u.RawQuery); err != nil {
		return nil, err
	}
	s.options = []gomail.Option{gomail.WithTimeout(s.timeout), gomail.WithTLSConfig(s.tls())}
	port := 587
	switch u.Scheme {
	case "smtp":
		policy, err := s.policy()
		if err != nil {
			return nil, err
		}
		s.options = append(s.options, gomail.WithTLSPolicy(policy))
	case "smtps":
		port = 465
		if s.security != "" {
			return nil, fault.Errorf(fault.Invalid, "%s begins with smtps://, which is TLS from the start: tls= is for smtp://", setting)
		}
		s.options = append(s.options, gomail.WithSSL())
	default:
		return nil, fault.Errorf(fault.Invalid, "%s must begin with smtp:// or smtps://", setting)
	}
	if p := u.Port(); p != "" {
		port, _ = strconv.Atoi(p) // url.Parse accepts digits only
	}
	if port < 1 || port > 65535 {
		return nil, fault.Errorf(fault.Invalid, "%s has a port that does not exist", setting)
	}
	s.options = append(s.options, gomail.WithPort(port))
	if user := u.User.Username(); user != "" {
		s.password, _ = u.User.Password()
		s.options = append(s.options, s.auth(), gomail.WithUsername(user), gomail.WithPassword(s.password))
	}
	return s, nil
}

// readQuery reads the parameters of the URL.
func (s *smtp) readQuery(raw string) error {
	query, err := url.ParseQuery(raw)
	for name, values := range query {
		if !slices.Contains([]string{"from", "tls", "timeout"}, name) || len(values) > 1 {
			err = errors.New("unknown parameter")
		}
	}
	if err != nil {
		return fault.Errorf(fault.Invalid, "%s may have the parameters from, tls and timeout, each once", setting)
	}
	s.from, s.security, s.timeout = query.Get("from"), query.Get("tls"), smtpTimeout
	if text := query.Get("timeout"); text != "" {
		if s.timeout, err = time.ParseDuration(text); err != nil || s.timeout < 100*time.Millisecond || s.timeout > 2*time.Minute {
			return fault.Errorf(fault.Invalid, "the timeout of %s must be from 100ms to 2m, as in 30s", setting)
		}
	}
	return nil
}

// policy returns whether to encrypt. Elsewhere than on this machine nothing goes
// in the clear unless somebody wrote that it may.
func (s *smtp) policy() (gomail.TLSPolicy, error) {
	switch {
	case s.security == "" && s.local():
		return gomail.TLSOpportunistic, nil
	case s.security == "" || s.security == "required":
		return gomail.TLSMandatory, nil
	case s.security == "off" && s.local(), s.security == insecure:
		return gomail.NoTLS, nil
	case s.security == "off":
		return 0, fault.Errorf(fault.Invalid, "%s has tls=off, which is for this machine alone: tls=insecure lets everybody in between read the mails", setting)
	}
	return 0, fault.Errorf(fault.Invalid, "tls in %s must be required, off or insecure", setting)
}

// insecure lets mails, but no passwords, be read on the way.
const insecure = "insecure"

// local reports whether the server is on this machine, so that nobody is in
// between.
func (s *smtp) local() bool { return s.host == "localhost" || net.ParseIP(s.host).IsLoopback() }

// tls returns how to encrypt. Mail servers on one's own machine commonly have
// certificates that they signed themselves.
func (s *smtp) tls() *tls.Config {
	return &tls.Config{ServerName: s.host, MinVersion: tls.VersionTLS12, InsecureSkipVerify: s.local()}
}

// auth returns how to sign in: by the best way that the server offers, and only
// on this machine also in the clear.
func (s *smtp) auth() gomail.Option {
	switch {
	case s.local():
		return gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthCramMD5, gomail.SMTPAuthPlainNoEnc, gomail.SMTPAuthLoginNoEnc)
	case s.security == insecure:
		return gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthSCRAMSHA1)
	}
	return gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover)
}

// parseSender reads who messages are from.
func parseSender(cfg Config) (s sender, err error) {
	parse := func(what, address string) (*netmail.Address, error) {
		a, err := netmail.ParseAddress(address)
		if err != nil || !oneLine(address) {
			return nil, fault.Errorf(fault.Invalid, "the %s of mails is not an e-mail address; %s may give the sender as ?from=", what, setting)
		}
		return a, nil
	}
	if s.from, err = parse("sender", cmp.Or(cfg.From, "manor@localhost")); err != nil {
		return s, err
	}
	if cfg.ReplyTo != "" {
		if s.replyTo, err = parse("address for answers", cfg.ReplyTo); err != nil {
			return s, err
		}
	}
	if s.host = cfg.Host; s.host == "" {
		s.host = s.from.Address[strings.LastIndexByte(s.from.Address, '@')+1:]
	}
	if strings.Contains(s.host, ":") { // IPv6
		s.host = "[" + strings.Trim(s.host, "[]") + "]"
	}
	return s, nil
}
