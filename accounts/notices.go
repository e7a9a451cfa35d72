package accounts

import (
	"cmp"
	"context"
	"time"

	"github.com/manorgo/manor/accounts/apikeys"
	"github.com/manorgo/manor/accounts/sessions"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/event"
	"github.com/manorgo/manor/fault"
)

// notices tell people what happened to their sessions, and will to their keys.
func (s *Service) notices() []event.Handler {
	return []event.Handler{
		event.On("accounts.mail_new_device", func(ctx context.Context, e sessions.NewDevice) error {
			return s.notify(ctx, e.UserID, letterNewDevice, letter{When: told(e.At), Device: e.UserAgent, Place: e.IPPrefix})
		}),
		event.On("accounts.mail_reused", func(ctx context.Context, e sessions.Reused) error {
			return s.notify(ctx, e.UserID, letterReused, letter{When: told(e.At)})
		}),
		event.On("accounts.mail_key_expiring", func(ctx context.Context, e apikeys.Expiring) error {
			return s.notify(ctx, e.UserID, letterKeyExpiring, letter{Key: cmp.Or(greeting(e.Name), e.Hint), Hint: e.Hint, Day: told(e.ExpiresAt)})
		}),
	}
}

// notify mails somebody a letter, if they are still there.
func (s *Service) notify(ctx context.Context, key users.ID, name string, l letter) error {
	return s.db.Tx(ctx, func(tx *data.Tx) error {
		u, err := s.users.Table.On(tx).Get(ctx, key)
		if fault.KindOf(err) == fault.NotFound || err == nil && !u.SignsIn() {
			return nil
		}
		if err != nil {
			return err
		}
		l.Name, l.locale = u.FullName(), u.Language()
		return s.send(ctx, tx, name, u.Email, l)
	})
}

// told writes a time as letters have it.
func told(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
