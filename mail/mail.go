// Package mail sends messages that a transaction asked for.
//
// [Outbox.Send] stores a message in the transaction, and a task delivers it
// after the commit: so there is no mail about something that did not happen,
// and none is lost. Without an SMTP server messages are printed and kept, to be
// read with [Outbox.Show].
//
// What messages say is often secret, such as a link that resets a password. It
// is stored encrypted, erased as soon as the server has the message, and a week after the message
// has failed for good: until then [Outbox.Retry] can send it after all. Messages
// are forgotten after [Config.Keep].
//
// [Letters] are messages whose words are in files, in several languages.
package mail

import (
	"embed"
	netmail "net/mail"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// A Message is what Send is asked to deliver. To and Subject are required, and
// at least one of Text and HTML; readers who can show HTML prefer it.
type Message struct {
	To      string // one address as in RFC 5322, at most 254 bytes; a name with it is left out
	Subject string // one line of at most 255 characters
	Text    string
	HTML    string
	Kind    string // what it is about, for whoever reads the list: "password-reset"; at most 64 characters
}

// An ID names one message.
type ID = data.ID[Mail]

// A State is how far the delivery of a message is.
type State string

// maxSubject is how many characters a subject may have.
const maxSubject = 255

// The states.
const (
	Queued State = "queued" // to be delivered
	Sent   State = "sent"   // accepted by the SMTP server
	Kept   State = "kept"   // printed and readable here, as there is no SMTP server
	Failed State = "failed" // refused for good, or given up after a day and a half
)

// A Mail is a stored message.
type Mail struct {
	ID        ID        `json:"id" db:"id,primary"`
	To        string    `json:"to" db:"recipient,size=254"`
	Subject   string    `json:"subject" db:"subject,size=255"`
	CreatedAt time.Time `json:"created_at" db:"created_at,index"`
	State     State     `json:"state" db:"state,enum=queued|sent|kept|failed,index"`
	Kind      string    `json:"kind,omitzero" db:"kind,size=64"`
	Text      string    `json:"text,omitzero" db:"text"` // erased when it is sent, and a week after it has failed; so is HTML
	HTML      string    `json:"html,omitzero" db:"html"`

	// Sealed is where Text and HTML are while they are stored. What reads messages
	// for you has put them back.
	Sealed *secret.Text `json:"-" db:"sealed"`

	SentAt    *time.Time `json:"sent_at,omitzero" db:"sent_at"`
	Attempts  int        `json:"attempts,omitzero" db:"attempts,default=0"` // begun so far
	Error     string     `json:"error,omitzero" db:"error"`                 // why the last attempt failed, without what may be secret
	UpdatedAt time.Time  `json:"-" db:"updated_at"`

	// Held is until when an attempt that has begun keeps others from beginning.
	Held *time.Time `json:"-" db:"held_until"`
}

var (
	table     = data.NewTable[Mail]("mails")
	id        = data.Col[ID](table, "id")
	createdAt = data.Col[time.Time](table, "created_at")
	state     = data.Col[State](table, "state")
	text      = data.TextCol(table, "text")
	markup    = data.TextCol(table, "html")
	sealed    = data.Col[secret.Text](table, "sealed")
	sentAt    = data.Col[time.Time](table, "sent_at")
	attempts  = data.Col[int](table, "attempts")
	reason    = data.TextCol(table, "error")
	held      = data.Col[time.Time](table, "held_until")
	updatedAt = data.Col[time.Time](table, "updated_at")
)

// Migrations holds the revisions of the table of mails, for data/migrate.
//
//go:embed migrations
var Migrations embed.FS

// Schema returns what the table of mails should be.
func Schema() data.Schema { return table.Schema() }

// row returns the message as it is stored, or fault.Invalid.
func (m Message) row() (Mail, error) {
	to, err := address(m.To)
	switch {
	case err != nil:
	case m.Subject == "" || !oneLine(m.Subject):
		err = fault.Field("subject", "must be one line of text")
	case utf8.RuneCountInString(m.Subject) > maxSubject:
		err = fault.Field("subject", "is longer than 255 characters")
	case m.Text == "" && m.HTML == "":
		err = fault.Field("text", "is required")
	}
	return Mail{To: to, Subject: m.Subject, State: Queued, Kind: m.Kind, Text: m.Text, HTML: m.HTML}, err
}

// address returns the bare address in s.
func address(s string) (string, error) {
	if len(s) > 998 || !oneLine(s) { // a line's limit in RFC 5322, and one on the parser's work
		return "", fault.Field("to", "is not an e-mail address")
	}
	a, err := netmail.ParseAddress(s)
	if err != nil {
		return "", fault.Field("to", "is not an e-mail address")
	}
	// Printed rather than taken from a.Address, so that what needs quotes has them.
	bare := (&netmail.Address{Address: a.Address}).String()
	bare = strings.TrimSuffix(strings.TrimPrefix(bare, "<"), ">")
	if len(bare) > 254 {
		return "", fault.Field("to", "is longer than 254 bytes")
	}
	return bare, nil
}

// oneLine reports whether s is valid text without control characters, line
// breaks among them: what may stand in a header.
func oneLine(s string) bool { return utf8.ValidString(s) && s == printable(s, "") }

// printable returns s without control characters other than those to keep.
func printable(s, keep string) string {
	return strings.Map(func(r rune) rune {
		if (r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u2029') && !strings.ContainsRune(keep, r) {
			return -1
		}
		return r
	}, s)
}
