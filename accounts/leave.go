package accounts

import (
	"context"
	"net/url"
	"time"

	"github.com/manorgo/manor/accounts/tokens"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// Leave deletes the account of somebody who is signed in. It is gone for
// everybody at once, and so is all that is signed in as it and every open link
// but those that undo a change of address. It is erased after Config.Grace; until
// then a mailed link brings it back, see UndoDeletion. Signing in does not: it
// fails as for an account that never was.
//
// Without a password the caller must have proved who they are lately, see
// auth.CheckFresh. A wrong one is fault.Unauthenticated with CREDENTIALS_INVALID, the last
// superuser fault.Conflict with LAST_SUPERUSER.
func (s *Service) Leave(ctx context.Context, key users.ID, current secret.Text) error {
	return s.withProof(ctx, StepLeave, key, current, func(u *users.User) error {
		return s.db.Tx(ctx, func(tx *data.Tx) error {
			err := s.users.Leave(ctx, tx, u)
			if fault.KindOf(err) == fault.NotFound {
				return errNewHash
			}
			if err != nil {
				return err
			}
			return s.mailReturn(ctx, tx, u)
		})
	})
}

// mailReturn mails the link that undoes the deletion of u, which has just
// happened or is known to be less than the grace time ago.
func (s *Service) mailReturn(ctx context.Context, tx *data.Tx, u *users.User) error {
	left := s.config.Grace
	if u.DeletedAt != nil {
		left -= tx.DB().Now().Sub(*u.DeletedAt)
	}
	token, err := s.tokens.Issue(ctx, tx, tokens.Order{Purpose: tokens.Return, User: u.ID, Address: u.Email, Life: max(1, left)})
	if err != nil {
		return err
	}
	l := letterTo(u)
	l.Day = tx.DB().Now().Add(left).UTC().Format(time.DateOnly)
	l.Link = s.links.To("/deletion/undo", url.Values{"token": {token.Reveal()}})
	return s.send(ctx, tx, letterDeleted, u.Email, l)
}

// registerDeleted is registerAgain for the address of an account that waits to be
// erased. Its owner, if they deleted it themselves, gets another link to have it
// back, which ends the earlier one; of one that somebody else deleted there is
// nothing to say.
func (s *Service) registerDeleted(ctx context.Context, address string) error {
	return s.db.Tx(ctx, func(tx *data.Tx) error {
		u, err := s.users.LockDeleted(ctx, tx, address)
		if fault.KindOf(err) == fault.NotFound { // it was erased or came back meanwhile
			return nil
		}
		if err != nil {
			return err
		}
		good, err := s.tokens.Good(ctx, tx, u.ID, tokens.Return)
		if err != nil || len(good) == 0 {
			return err
		}
		return s.mailReturn(ctx, tx, &u)
	})
}

// UndoDeletion uses a link up that brings a deleted account back as it was,
// signed out. A link that is not valid is fault.Malformed with TOKEN_INVALID.
func (s *Service) UndoDeletion(ctx context.Context, token string) (u users.User, err error) {
	err = s.db.Tx(ctx, func(tx *data.Tx) error {
		row, err := s.tokens.Consume(ctx, tx, tokens.Return, token)
		if err != nil {
			return err
		}
		u, err = s.users.Return(ctx, tx, *row.UserID)
		return err
	})
	return u, lostAddress(err)
}

// endLinksOfDeleted ends the open links of a deleted account. Whoever took an
// account over must not be rid of its owner by deleting it.
func (s *Service) endLinksOfDeleted(ctx context.Context, tx *data.Tx, e users.Deleted) error {
	of := []tokens.Purpose{tokens.Verify, tokens.Reset, tokens.Email, tokens.Return}
	if !e.Self {
		of = append(of, tokens.Undo)
	}
	return s.tokens.Revoke(ctx, tx, e.ID, of...)
}
