package accounts

import (
	"context"
	"embed"
	"io/fs"
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/mail"
	"github.com/manorgo/manor/web"
)

//go:embed letters
var letterFiles embed.FS

// The mails of the flows, by the names of their files.
const (
	letterVerify          = "verify"
	letterKnown           = "known"
	letterReset           = "reset"
	letterPasswordChanged = "password_changed"
	letterEmailConfirm    = "email_confirm"
	letterEmailTaken      = "email_taken"
	letterEmailUndo       = "email_undo"
	letterDeleted         = "deleted"
	letterInvitation      = "invitation"
	letterNewDevice       = "new_device"
	letterReused          = "reused"
	letterLocked          = "locked"
	letterKeyExpiring     = "key_expiring"
	letterTest            = "test"
)

// A letter is what a mail speaks of.
type letter struct {
	App     string // filled in by send
	Name    string // of whom it is to
	Link    string
	Address string // a new address of the account
	Day     string // until when something can be undone

	When, Device, Place string // of a sign-in
	Key, Hint           string // what an API key is called, and how it begins

	locale string // the language that the person chose; "" if they did not
}

// letterTo returns a letter to a person, with nothing in it yet.
func letterTo(u *users.User) letter { return letter{Name: u.FullName(), locale: u.Language()} }

// letterKinds are all letters, each with a sample of what it speaks of.
func letterKinds() []mail.Letter {
	sample := letter{App: "Example", Name: "Ada", Link: "https://example.org/link?token=sample"}
	plain := sample
	plain.Link = ""
	withLink := func(name string) mail.Letter {
		return mail.Letter{Name: name, Sample: sample, Must: []string{sample.Link}}
	}
	undo := sample
	undo.Address = "ada@example.net"
	deleted := sample
	deleted.Day = "2026-12-31"
	seen := plain
	seen.When, seen.Device, seen.Place = "2026-12-31 12:00 UTC", "Firefox on Linux", "192.0.2.0/24"
	key := plain
	key.Key, key.Hint, key.Day = "Deploy", "mnk_live_Ab12", "2026-12-31 12:00 UTC"
	return []mail.Letter{
		{Name: letterKeyExpiring, Sample: key, Must: []string{key.Key, key.Hint, key.Day}},
		withLink(letterVerify), withLink(letterReset), withLink(letterEmailConfirm), withLink(letterInvitation),
		{Name: letterEmailUndo, Sample: undo, Must: []string{undo.Link, undo.Address}},
		{Name: letterDeleted, Sample: deleted, Must: []string{deleted.Link, deleted.Day}},
		{Name: letterNewDevice, Sample: seen, Must: []string{seen.When}},
		{Name: letterReused, Sample: seen, Must: []string{seen.When}},
		{Name: letterLocked, Sample: plain},
		{Name: letterKnown, Sample: plain},
		{Name: letterEmailTaken, Sample: plain},
		{Name: letterPasswordChanged, Sample: plain},
		{Name: letterTest, Sample: plain},
	}
}

// LetterFiles returns the built-in files of the mails, to start others from.
func LetterFiles() fs.FS {
	files, err := fs.Sub(letterFiles, "letters")
	if err != nil {
		panic(err) // the name is good
	}
	return files
}

// ParseLetters returns the mails of the flows. Files in over replace the built-in
// ones or add languages, as mail.ParseLetters says; nil replaces none. What is
// wrong with them is fault.Invalid.
func ParseLetters(over fs.FS) (*mail.Letters, error) {
	if over == nil {
		return ownLetters()
	}
	return mail.ParseLetters(letterKinds(), LetterFiles(), over)
}

// ownLetters returns the built-in mails, which are read once: they never change.
var ownLetters = sync.OnceValues(func() (*mail.Letters, error) { return mail.ParseLetters(letterKinds(), LetterFiles()) })

// send mails the letter of this name when tx commits: in the language that the
// person chose, else in that of the request which caused it, else in English.
// Accounts of programs get none.
func (s *Service) send(ctx context.Context, tx *data.Tx, name, to string, l letter) error {
	if users.IsService(to) {
		return nil
	}
	l.App, l.Name = s.config.Name, greeting(l.Name)
	lang := s.letters.Match(l.locale, s.language(ctx))
	m, err := s.letters.Write(name, lang, to, l)
	if err != nil {
		return err
	}
	_, err = s.outbox.Send(ctx, tx, m)
	return err
}

type languageKey struct{}

// withLanguage returns a context in which mails are in a language, unless their
// reader chose another. Tasks have it from the request that caused them, see
// language; "" is that of ctx.
func withLanguage(ctx context.Context, lang string) context.Context {
	if lang == "" {
		return ctx
	}
	return context.WithValue(ctx, languageKey{}, lang)
}

// language returns the language of mails that ctx causes, for tasks to remember.
func (s *Service) language(ctx context.Context) string {
	lang, _ := ctx.Value(languageKey{}).(string)
	return s.letters.Match(lang, web.ClientFrom(ctx).Languages)
}

// TestLetter returns a mail that says that mail works, in a language, or in
// English if there is none of it.
func (s *Service) TestLetter(to, lang string) (mail.Message, error) {
	return s.letters.Write(letterTest, s.letters.Match(lang), to, letter{App: s.config.Name})
}

// maxGreeting is how many characters of a name stand in a mail.
const maxGreeting = 60

// address is what a mail program may take for one, and make a link of.
var address = regexp.MustCompile(`[/\\@:<>]|\pL\.\pL{2,}|(?i:www\.)`)

// greeting returns a name as it may stand in a mail, or "". Strangers can register
// with somebody else's address and a name of their choice, so it must not be what
// they want to tell: it is short, one line, and has no address.
func greeting(name string) string {
	name = strings.Join(strings.FieldsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }), " ")
	if utf8.RuneCountInString(name) > maxGreeting || address.MatchString(name) {
		return ""
	}
	return name
}
