package accounts

import (
	"context"
	"embed"
	"io/fs"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/mail"
)

//go:embed letters
var letterFiles embed.FS

// letters are the mails of the flows.
type letters struct {
	verify, known, reset                *mail.Template
	passwordChanged                     *mail.Template
	emailConfirm, emailTaken, emailUndo *mail.Template
	deleted, invitation                 *mail.Template
	newDevice, reused                   *mail.Template
}

// letter is what a mail speaks of.
type letter struct {
	App, Name, Link     string
	Address, Day        string
	When, Device, Place string // of a sign-in
}

func parseLetters() letters {
	parse := func(name, subject string) *mail.Template {
		text, err := fs.ReadFile(letterFiles, "letters/"+name+".txt")
		if err != nil {
			panic(err)
		}
		t, err := mail.ParseTemplate(subject, string(text), "")
		if err != nil {
			panic(err)
		}
		return t
	}
	return letters{
		verify: parse("verify", "Confirm your e-mail address for {{.App}}"),
		known:  parse("known", "You already have an account at {{.App}}"),
		reset:  parse("reset", "Choose a new password for {{.App}}"),

		deleted:         parse("deleted", "Your account at {{.App}} is deleted"),
		invitation:      parse("invitation", "You are invited to {{.App}}"),
		passwordChanged: parse("password_changed", "Your password for {{.App}} has changed"),
		emailConfirm:    parse("email_confirm", "Confirm your new e-mail address for {{.App}}"),
		emailTaken:      parse("email_taken", "You already have an account at {{.App}}"),
		emailUndo:       parse("email_undo", "Your e-mail address for {{.App}} is about to change"),
		newDevice:       parse("new_device", "New sign-in to your account at {{.App}}"),
		reused:          parse("reused", "A session of yours at {{.App}} was ended"),
	}
}

// send mails a letter when tx commits.
func (s *Service) send(ctx context.Context, tx *data.Tx, t *mail.Template, to string, l letter) error {
	l.App = s.config.Name
	m, err := t.Message(to, l)
	if err != nil {
		return err
	}
	_, err = s.outbox.Send(ctx, tx, m)
	return err
}
