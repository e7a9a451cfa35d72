package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	netmail "net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// smtpTimeout bounds connecting, and then sending.
const smtpTimeout = 10 * time.Second

// An smtp is a server to send through. Each message has a connection of its own.
type smtp struct {
	host    string
	options []gomail.Option
	from    string // "" if the URL does not say
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
	query, err := url.ParseQuery(u.RawQuery)
	for name := range query {
		if name != "from" || len(query[name]) > 1 {
			err = errors.New("unknown parameter")
		}
	}
	if err != nil {
		return nil, fault.Errorf(fault.Invalid, "%s may have one parameter, from", setting)
	}
	s := &smtp{host: u.Hostname(), from: query.Get("from")}
	s.options = []gomail.Option{gomail.WithTimeout(smtpTimeout), gomail.WithTLSConfig(s.tls())}
	port := 587
	switch u.Scheme {
	case "smtp":
		policy := gomail.TLSMandatory
		if s.local() {
			policy = gomail.TLSOpportunistic
		}
		s.options = append(s.options, gomail.WithTLSPolicy(policy))
	case "smtps":
		port = 465
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
		password, _ := u.User.Password()
		s.options = append(s.options, s.auth(), gomail.WithUsername(user), gomail.WithPassword(password))
	}
	return s, nil
}

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
	if !s.local() {
		return gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover)
	}
	return gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthCramMD5, gomail.SMTPAuthPlainNoEnc, gomail.SMTPAuthLoginNoEnc)
}

// parseSender reads who messages are from; "" gives the default.
func parseSender(from string) (*netmail.Address, error) {
	if from == "" {
		from = "manor@localhost"
	}
	a, err := netmail.ParseAddress(from)
	if err != nil || !oneLine(from) {
		return nil, fault.Errorf(fault.Invalid, "the sender of mails, which %s may give as ?from=, is not an e-mail address", setting)
	}
	return a, nil
}

// send hands a message to the server and returns once that has accepted it.
func (s *smtp) send(ctx context.Context, from *netmail.Address, m Mail) error {
	client, err := gomail.NewClient(s.host, s.options...)
	if err != nil {
		return err
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(from)
	if err := msg.To(m.To); err != nil {
		return err
	}
	msg.Subject(m.Subject)
	msg.SetDateWithValue(m.CreatedAt)
	// The same in every attempt, so that a message that arrived twice can be told.
	domain := from.Address[strings.LastIndexByte(from.Address, '@')+1:]
	msg.SetMessageIDWithValue(m.ID.String() + "@" + domain)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no answers from absent people
	switch {
	case m.Text == "":
		msg.SetBodyString(gomail.TypeTextHTML, m.HTML)
	default:
		msg.SetBodyString(gomail.TypeTextPlain, m.Text)
		if m.HTML != "" {
			msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
		}
	}
	err = client.DialAndSendWithContext(ctx, msg)
	if msg.IsDelivered() {
		return nil // and the server did not say goodbye properly
	}
	return err
}

// refused reports whether the server said that this message will never do.
func refused(err error) bool {
	e, ok := errors.AsType[*gomail.SendError](err)
	return ok && e.ErrorCode()/100 == 5
}
