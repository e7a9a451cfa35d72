package accounts

import (
	"context"
	"encoding/json"
	"net/url"

	"github.com/manorgo/manor/accounts/tokens"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// origin is what the token of a new address brings: the key of the address that
// the account had when it was asked for.
type origin struct {
	From string `json:"from"`
}

// ChangeEmail mails a link to a new address, which becomes that of the account
// once the link is followed, see ConfirmEmail. The present address is told, with
// a link that undoes it, see UndoEmail. An earlier request ends. Whether the new
// address has an account already is told to its owner alone.
//
// Without a password the caller must have proved who they are lately, see
// auth.CheckFresh. A wrong one is fault.Unauthenticated with CREDENTIALS_INVALID, what is no
// address fault.Invalid.
func (s *Service) ChangeEmail(ctx context.Context, key users.ID, current secret.Text, address string) error {
	to := users.NormalEmail(address)
	if err := users.CheckEmail(to); err != nil {
		return err
	}
	return s.withProof(ctx, StepChangeEmail, key, current, func(u *users.User) error {
		if ok, err := s.mayMail(ctx, to); err != nil || !ok { // whose it is has not asked for any
			return err
		}
		return s.db.Tx(ctx, func(tx *data.Tx) error {
			now, err := s.users.LockWithPassword(ctx, tx, u)
			if fault.KindOf(err) == fault.NotFound {
				return errNewHash
			}
			if err != nil {
				return err
			}
			if err := s.mailNewAddress(ctx, tx, &now, to); err != nil {
				return err
			}
			if err := s.mailUndo(ctx, tx, &now, to); err != nil {
				return err
			}
			return s.events.Emit(ctx, tx, EmailChangeAsked{UserID: u.ID})
		})
	})
}

// mailNewAddress mails the link to the new address, or, if that has another's
// account, tells its owner. The token is made for both, so that both take the
// same time; nobody learns the second.
func (s *Service) mailNewAddress(ctx context.Context, tx *data.Tx, u *users.User, to string) error {
	holder, err := s.users.EmailHolder(ctx, tx, to, u.ID)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	taken := err == nil
	token, err := s.tokens.Issue(ctx, tx, tokens.Order{
		Purpose: tokens.Email, User: u.ID, Address: to, Payload: origin{users.EmailKey(u.Email)},
	})
	if err != nil {
		return err
	}
	if taken {
		return s.send(ctx, tx, letterEmailTaken, holder.Email, letter{}) // however it was typed
	}
	link := s.links.To("/email/confirm", url.Values{"token": {token.Reveal()}})
	l := letterTo(u)
	l.Link = link
	return s.send(ctx, tx, letterEmailConfirm, to, l)
}

// mailUndo tells the present address, unless it holds enough links by now: each
// of them undoes all that comes after it.
func (s *Service) mailUndo(ctx context.Context, tx *data.Tx, u *users.User, to string) error {
	good, err := s.tokens.Good(ctx, tx, u.ID, tokens.Undo)
	if err != nil {
		return err
	}
	held := 0
	for _, t := range good {
		if t.Address == u.Email {
			held++
		}
	}
	if held >= openLinks {
		return nil
	}
	token, err := s.tokens.Issue(ctx, tx, tokens.Order{Purpose: tokens.Undo, User: u.ID, Address: u.Email, KeepOthers: true})
	if err != nil {
		return err
	}
	link := s.links.To("/email/undo", url.Values{"token": {token.Reveal()}})
	l := letterTo(u)
	l.Link, l.Address = link, to
	return s.send(ctx, tx, letterEmailUndo, u.Email, l)
}

// ConfirmEmail uses a link to a new address up: the account has that address, as
// proved, and everything signed in as it ends. A link that is not valid, or whose
// address has another account by now, is fault.Malformed with TOKEN_INVALID.
func (s *Service) ConfirmEmail(ctx context.Context, token string) (u users.User, err error) {
	if err := s.beforeLink(ctx, StepConfirmEmail, tokens.Email, token); err != nil {
		return u, err
	}
	err = s.db.Tx(ctx, func(tx *data.Tx) error {
		row, err := s.tokens.Consume(ctx, tx, tokens.Email, token)
		if err != nil {
			return err
		}
		var o origin
		if err := json.Unmarshal(row.Payload, &o); err != nil {
			return fault.Wrap(fault.Internal, err, "internal error")
		}
		if u, err = s.users.ChangeEmail(ctx, tx, *row.UserID, o.From, row.Address); err != nil {
			return err
		}
		if err := s.tokens.Revoke(ctx, tx, u.ID, tokens.Reset, tokens.Verify); err != nil {
			return err
		}
		return s.events.Emit(ctx, tx, EmailChanged{UserID: u.ID})
	})
	return u, lostAddress(err)
}

// lostAddress turns what comes of an account or an address that is not what it
// was into the error of a link that is not valid.
func lostAddress(err error) error {
	if k := fault.KindOf(err); k == fault.NotFound || k == fault.Conflict {
		return tokens.Invalid()
	}
	return err
}

// UndoEmail uses the link up that a former address got: the account has that
// address again, whatever has become of it since, everything signed in as it
// ends, and so do its password, open links, and the links that undo what came
// later. It returns a token for ResetPassword. A link that is not valid, or whose
// address has another proved account by now, is fault.Malformed with
// TOKEN_INVALID.
func (s *Service) UndoEmail(ctx context.Context, token string) (choose secret.Token, err error) {
	err = s.db.Tx(ctx, func(tx *data.Tx) error {
		row, err := s.tokens.Consume(ctx, tx, tokens.Undo, token)
		if err != nil {
			return err
		}
		// Whoever took the address over may have put an account there, which
		// nobody can have proved.
		if err := s.users.DropUnproved(ctx, tx, row.Address, row.CreatedAt, *row.UserID); err != nil {
			return err
		}
		u, err := s.users.RestoreEmail(ctx, tx, *row.UserID, row.Address)
		if err != nil {
			return err
		}
		if err := s.tokens.RevokeLater(ctx, tx, &row); err != nil {
			return err
		}
		if err := s.tokens.Revoke(ctx, tx, u.ID, tokens.Email, tokens.Verify); err != nil {
			return err
		}
		if choose, err = s.resetToken(ctx, tx, &u); err != nil {
			return err
		}
		return s.events.Emit(ctx, tx, EmailRestored{UserID: u.ID})
	})
	return choose, lostAddress(err)
}
