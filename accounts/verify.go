package accounts

import (
	"context"
	"encoding/json"
	"net/url"

	"github.com/manorgo/manor/accounts/tokens"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

// openLinks is how many unused verification links an account may have. More
// would only fill somebody's mailbox.
const openLinks = 3

// sendVerifyAgain mails one more link, unless there are most of them; 0 means that
// there may be any number. What the newest claims is claimed by this one, too,
// unless c claims something.
func (s *Service) sendVerifyAgain(ctx context.Context, tx *data.Tx, u *users.User, c claim, most int) error {
	good, err := s.tokens.Good(ctx, tx, u.ID, tokens.Verify)
	if err != nil || most > 0 && len(good) >= most {
		return err
	}
	if c == (claim{}) && len(good) > 0 {
		if err := json.Unmarshal(good[0].Payload, &c); err != nil {
			return fault.Wrap(fault.Internal, err, "internal error")
		}
	}
	return s.sendVerify(ctx, tx, u, c)
}

// sendVerify mails a link that verifies the address of u.
func (s *Service) sendVerify(ctx context.Context, tx *data.Tx, u *users.User, c claim) error {
	token, err := s.tokens.Issue(ctx, tx, tokens.Order{
		Purpose: tokens.Verify, User: u.ID, Address: users.EmailKey(u.Email), Payload: c, KeepOthers: true,
	})
	if err != nil {
		return err
	}
	l := letterTo(u)
	l.Link = s.links.To("/verify", url.Values{"token": {token.Reveal()}})
	return s.send(ctx, tx, letterVerify, u.Email, l)
}

// Verify uses a verification link up and returns its user, who has no password
// if two people claimed the address: see VerifyAndChoose. A link that is not
// valid is fault.Malformed with TOKEN_INVALID.
func (s *Service) Verify(ctx context.Context, token string) (users.User, error) {
	return s.verifyWith(ctx, token, func(*data.Tx, *users.User) error { return nil })
}

// verifyWith is Verify with one more step.
func (s *Service) verifyWith(ctx context.Context, token string, then func(*data.Tx, *users.User) error) (users.User, error) {
	if err := s.beforeLink(ctx, StepVerify, tokens.Verify, token); err != nil {
		return users.User{}, err
	}
	u, err := s.verifyOnce(ctx, token, then)
	if fault.KindOf(err) == fault.Conflict { // somebody was given the username meanwhile, which is seen now
		u, err = s.verifyOnce(ctx, token, then)
	}
	return u, err
}

func (s *Service) verifyOnce(ctx context.Context, token string, then func(*data.Tx, *users.User) error) (u users.User, err error) {
	err = s.db.Tx(ctx, func(tx *data.Tx) error {
		row, err := s.tokens.Consume(ctx, tx, tokens.Verify, token)
		if err != nil {
			return err
		}
		var c claim
		if err := json.Unmarshal(row.Payload, &c); err != nil {
			return fault.Wrap(fault.Internal, err, "internal error")
		}
		u, err = s.users.Verify(ctx, tx, *row.UserID, row.Address, c.Username)
		if fault.KindOf(err) == fault.NotFound { // the address changed meanwhile
			return tokens.Invalid()
		}
		if err != nil {
			return err
		}
		if err := s.tokens.Revoke(ctx, tx, u.ID, tokens.Verify); err != nil {
			return err
		}
		if err := then(tx, &u); err != nil {
			return err
		}
		return s.events.Emit(ctx, tx, Verified{UserID: u.ID})
	})
	return u, err
}

// ResendVerify has the link mailed again if there is an account to verify. Like
// ForgotPassword it does not look.
func (s *Service) ResendVerify(ctx context.Context, address string) error {
	if ok, err := s.mayMail(ctx, address); err != nil || !ok {
		return err
	}
	return s.db.Tx(ctx, func(tx *data.Tx) error {
		return s.queue.Enqueue(ctx, tx, resend{Address: users.NormalEmail(address), Language: s.language(ctx)})
	})
}

// resend asks for the link that verifies an address to be mailed again.
type resend struct {
	Address  string `json:"address"`
	Language string `json:"language,omitempty"` // of the request
}

// Kind names the task.
func (resend) Kind() string { return "accounts.resend" }

// mailVerify mails the link again, if there is an account to verify.
func (s *Service) mailVerify(ctx context.Context, r resend) error {
	return s.mailVerifyUpTo(withLanguage(ctx, r.Language), r, openLinks)
}

// mailVerifyUpTo is mailVerify unless there are most links, see sendVerifyAgain.
func (s *Service) mailVerifyUpTo(ctx context.Context, r resend, most int) error {
	return s.db.Tx(ctx, func(tx *data.Tx) error {
		u, err := s.users.LockByEmail(ctx, tx, r.Address)
		if fault.KindOf(err) == fault.NotFound || err == nil && (u.EmailVerified || !u.Active) {
			return nil
		}
		if err != nil {
			return err
		}
		return s.sendVerifyAgain(ctx, tx, &u, claim{}, most)
	})
}

// ResendVerifyTo mails the link again to a user whom the caller may change, or
// is fault.NotFound. Where there is nothing to mail, since the address is verified
// or the account switched off, it is fault.Conflict.
func (s *Service) ResendVerifyTo(ctx context.Context, key users.ID) error {
	u, err := s.users.GetEditable(ctx, key)
	switch {
	case err != nil:
		return err
	case u.EmailVerified:
		return fault.Errorf(fault.Conflict, "the address is verified")
	case !u.Active:
		return accountOff()
	}
	return s.mailVerifyUpTo(ctx, resend{Address: u.Email}, 0)
}
