package mail

import (
	"context"
	"errors"
	"regexp"
	"strings"

	gomail "github.com/wneessen/go-mail"
)

// send hands a message to the server and returns once that has accepted it. The
// id names the message among all of by.host.
func (s *smtp) send(ctx context.Context, by sender, m Mail, id string) error {
	client, err := gomail.NewClient(s.host, s.options...)
	if err != nil {
		return err
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(by.from)
	if by.replyTo != nil {
		msg.ReplyToMailAddress(by.replyTo)
	}
	if err := msg.To(m.To); err != nil {
		return err
	}
	msg.Subject(m.Subject)
	msg.SetDateWithValue(m.CreatedAt)
	// The same in every attempt, so that a message that arrived twice can be told.
	msg.SetMessageIDWithValue(id + "@" + by.host)
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

// maxReason is how many characters of an error are kept.
const maxReason = 500

// spoken is what an error must not repeat: servers quote what they refuse, and
// links in mails are secret.
var spoken = regexp.MustCompile(`(?i)\S*(?:://|www\.|token=)\S*`)

// scrub returns what an error says without what may be secret in it.
func (s *smtp) scrub(err error) string {
	text := spoken.ReplaceAllString(printable(strings.ToValidUTF8(err.Error(), "?"), ""), "[link]")
	if s.password != "" {
		text = strings.ReplaceAll(text, s.password, "[redacted]")
	}
	if runes := []rune(text); len(runes) > maxReason {
		text = string(runes[:maxReason-1]) + "…"
	}
	return text
}

// refused reports whether the server said that this message will never do.
func refused(err error) bool {
	e, ok := errors.AsType[*gomail.SendError](err)
	return ok && e.ErrorCode()/100 == 5
}
