package accounts

import (
	"context"
	"net/url"

	"github.com/manorgo/manor/accounts/tokens"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// ForgotPassword has a link to choose a new password mailed, if the address has
// an account that is not switched off. It does not say, and does not look: that
// is left to a task, so that strangers cannot tell by the time it takes. An
// address gets three mails an hour by this, ResendVerify, Register and ChangeEmail
// together, and silently no more.
func (s *Service) ForgotPassword(ctx context.Context, address string) error {
	if ok, err := s.mayMail(ctx, address); err != nil || !ok {
		return err
	}
	return s.db.Tx(ctx, func(tx *data.Tx) error {
		return s.queue.Enqueue(ctx, tx, forgot{Address: users.NormalEmail(address), Language: s.language(ctx)})
	})
}

// forgot asks for the link for a new password to be mailed.
type forgot struct {
	Address  string `json:"address"`
	Language string `json:"language,omitempty"` // of the request
}

// Kind names the task.
func (forgot) Kind() string { return "accounts.forgot" }

// mailReset mails the link for a new password, if there is an account for it.
func (s *Service) mailReset(ctx context.Context, f forgot) error {
	ctx = withLanguage(ctx, f.Language)
	return s.db.Tx(ctx, func(tx *data.Tx) error {
		u, err := s.users.LockByEmail(ctx, tx, f.Address)
		if fault.KindOf(err) == fault.NotFound || err == nil && !u.Active {
			return nil
		}
		if err != nil {
			return err
		}
		token, err := s.resetToken(ctx, tx, &u)
		if err != nil {
			return err
		}
		l := letterTo(&u)
		l.Link = s.links.To("/reset", url.Values{"token": {token.Reveal()}})
		return s.send(ctx, tx, letterReset, u.Email, l)
	})
}

// ResetPasswordOf mails the link for a new password to a user whom the caller
// may change, or is fault.NotFound. An account that is switched off gets none:
// fault.Conflict.
func (s *Service) ResetPasswordOf(ctx context.Context, key users.ID) error {
	u, err := s.users.GetEditable(ctx, key)
	if err == nil && !u.Active {
		err = accountOff()
	}
	if err != nil {
		return err
	}
	return s.mailReset(ctx, forgot{Address: u.Email})
}

func accountOff() error {
	return fault.Errorf(fault.Conflict, "the account is switched off, so no link is mailed")
}

// resetToken makes the one good token for a new password of u.
func (s *Service) resetToken(ctx context.Context, tx *data.Tx, u *users.User) (secret.Token, error) {
	return s.tokens.Issue(ctx, tx, tokens.Order{Purpose: tokens.Reset, User: u.ID, Address: users.EmailKey(u.Email)})
}

// VerifyAndChoose is Verify for somebody who can choose a password at once. If
// the user has none it returns a token for ResetPassword, else the zero Token.
func (s *Service) VerifyAndChoose(ctx context.Context, token string) (u users.User, choose secret.Token, err error) {
	u, err = s.verifyWith(ctx, token, func(tx *data.Tx, u *users.User) (err error) {
		choose = secret.Token{}
		if u.Password == nil {
			choose, err = s.resetToken(ctx, tx, u)
		}
		return err
	})
	return u, choose, err
}

// ResetPassword uses a link for a new password up, ends everything signed in as
// its user and every other open link. Who follows it reads the account's mail,
// so the address is verified, too, and the account is unlocked if failures had
// locked it. A link that is not valid is fault.Malformed
// with TOKEN_INVALID. A password that may not be chosen is fault.Invalid with
// PASSWORD_REJECTED, and leaves the link good.
func (s *Service) ResetPassword(ctx context.Context, token string, password secret.Text) error {
	row, err := s.tokens.Peek(ctx, s.db, tokens.Reset, token)
	if err != nil {
		return err
	}
	u, err := s.users.Current(ctx, *row.UserID)
	if fault.KindOf(err) == fault.NotFound {
		return tokens.Invalid()
	}
	if err != nil {
		return err
	}
	if err := s.hasher.CheckPassword(password, 0, users.PasswordContext(u.Email, u.Username, u.FirstName, u.LastName, s.config.Name)...); err != nil {
		return err
	}
	if err := s.before(ctx, Attempt{Step: StepResetPassword, User: u.ID, Email: u.Email}); err != nil {
		return err
	}
	hash, err := s.hasher.Hash(ctx, password)
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(tx *data.Tx) error {
		row, err := s.tokens.Consume(ctx, tx, tokens.Reset, token)
		if err != nil {
			return err
		}
		_, err = s.users.Reset(ctx, tx, *row.UserID, row.Address, hash)
		if fault.KindOf(err) == fault.NotFound { // the address changed meanwhile
			return tokens.Invalid()
		}
		if err != nil {
			return err
		}
		if err := s.unlock(ctx, tx, *row.UserID); err != nil {
			return err
		}
		if err := s.tokens.Revoke(ctx, tx, *row.UserID, tokens.Verify, tokens.Email); err != nil {
			return err
		}
		return s.events.Emit(ctx, tx, PasswordChanged{UserID: *row.UserID})
	})
}
