package accounts

import (
	"context"
	"time"

	"github.com/manorgo/manor/accounts/sessions"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/event"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/mail"
)

// notices tell people what happened to their sessions.
func (s *Service) notices() []event.Handler {
	return []event.Handler{
		event.On("accounts.mail_new_device", func(ctx context.Context, e sessions.NewDevice) error {
			return s.notify(ctx, e.UserID, s.letters.newDevice, letter{When: told(e.At), Device: e.UserAgent, Place: e.IPPrefix})
		}),
		event.On("accounts.mail_reused", func(ctx context.Context, e sessions.Reused) error {
			return s.notify(ctx, e.UserID, s.letters.reused, letter{When: told(e.At)})
		}),
	}
}

// notify mails somebody a letter, if they are still there.
func (s *Service) notify(ctx context.Context, key users.ID, t *mail.Template, l letter) error {
	return s.db.Tx(ctx, func(tx *data.Tx) error {
		u, err := s.users.Table.On(tx).Get(ctx, key)
		if fault.KindOf(err) == fault.NotFound || err == nil && !u.SignsIn() {
			return nil
		}
		if err != nil {
			return err
		}
		l.Name = u.FullName()
		return s.send(ctx, tx, t, u.Email, l)
	})
}

// told writes a time as letters have it.
func told(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") }
