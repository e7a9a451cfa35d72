package accounts

import (
	"context"

	"github.com/manorgo/manor/accounts/sessions"
	"github.com/manorgo/manor/accounts/tokens"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// A PasswordChange is a request for another password by somebody who is signed
// in.
type PasswordChange struct {
	Session string // the one that asks, which goes on; "" ends all
	Current secret.Text
	New     secret.Text
}

// ChangePassword gives a user another password and ends everything that is
// signed in as them but the session that asks, and the links that are open. A
// cookie session gets a new secret, which Issued holds. The owner is told by
// mail.
//
// Without the current password the caller must have proved who they are lately,
// see auth.CheckFresh. A wrong one is fault.Unauthenticated with
// CREDENTIALS_INVALID, a new one that may not be chosen fault.Invalid with PASSWORD_REJECTED.
func (s *Service) ChangePassword(ctx context.Context, key users.ID, in PasswordChange) (issued sessions.Issued, err error) {
	err = s.withProof(ctx, StepChangePassword, key, in.Current, func(u *users.User) error {
		if err := s.hasher.CheckPassword(in.New, 0, users.PasswordContext(u.Email, u.Username, u.FirstName, u.LastName, s.config.Name)...); err != nil {
			return err
		}
		hash, err := s.hasher.Hash(ctx, in.New)
		if err != nil {
			return err
		}
		return s.db.Tx(ctx, func(tx *data.Tx) error {
			issued, err = s.changePassword(ctx, tx, u, in.Session, hash)
			return err
		})
	})
	return issued, err
}

func (s *Service) changePassword(ctx context.Context, tx *data.Tx, u *users.User, session string, hash secret.PasswordHash) (issued sessions.Issued, err error) {
	changed, err := s.users.ChangePassword(ctx, tx, u, hash)
	if fault.KindOf(err) == fault.NotFound {
		return issued, errNewHash
	}
	if err != nil {
		return issued, err
	}
	if err := s.tokens.Revoke(ctx, tx, u.ID, tokens.Reset, tokens.Email); err != nil {
		return issued, err
	}
	if own, err := data.ParseID[sessions.Session](session); err == nil {
		// One that ended meanwhile has nothing to go on with.
		if issued, err = s.sessions.Keep(ctx, tx, &changed, own); err != nil && fault.KindOf(err) != fault.NotFound {
			return issued, err
		}
	}
	return issued, s.events.Emit(ctx, tx, PasswordChanged{UserID: u.ID})
}

// tellPasswordChanged mails the owner of an account that it has a new password.
func (s *Service) tellPasswordChanged(ctx context.Context, e PasswordChanged) error {
	return s.db.Tx(ctx, func(tx *data.Tx) error {
		u, err := s.users.Table.On(tx).Get(ctx, e.UserID)
		if fault.KindOf(err) == fault.NotFound {
			return nil // gone meanwhile
		}
		if err != nil {
			return err
		}
		return s.send(ctx, tx, letterPasswordChanged, u.Email, letterTo(&u))
	})
}
