package accounts

import (
	"context"
	"errors"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// withPassword calls do with the account of somebody who is signed in and has
// just shown that they know its password, for a step that hooks may refuse. do must change nothing unless the
// account still has that password, and return errNewHash then: it is asked for
// once more. Whatever is wrong with the proof is fault.Unauthenticated with
// CREDENTIALS_INVALID.
func (s *Service) withPassword(ctx context.Context, step Step, key users.ID, current secret.Text, do func(u *users.User) error) error {
	err := s.proveOwn(ctx, step, key, current, do)
	if errors.Is(err, errNewHash) { // hashed anew by a sign-in, or changed by its owner
		err = s.proveOwn(ctx, step, key, current, do)
	}
	if errors.Is(err, errNewHash) {
		err = passwordWrong()
	}
	return err
}

func (s *Service) proveOwn(ctx context.Context, step Step, key users.ID, current secret.Text, do func(u *users.User) error) error {
	u, err := s.users.Table.On(s.db).Get(ctx, key)
	if fault.KindOf(err) == fault.NotFound {
		return passwordWrong()
	}
	if err != nil {
		return err
	}
	var hash secret.PasswordHash
	if u.Password != nil {
		hash = *u.Password
	}
	ok, _, err := s.hasher.Verify(ctx, hash, current)
	switch {
	case fault.KindOf(err) == fault.Invalid: // no password at all
		return passwordWrong()
	case err != nil:
		return err
	case !ok || !u.SignsIn():
		return passwordWrong()
	}
	if err := s.before(ctx, Attempt{Step: step, User: u.ID, Email: u.Email}); err != nil {
		return err
	}
	return do(&u)
}

func passwordWrong() error {
	return fault.Coded(fault.Unauthenticated, "CREDENTIALS_INVALID", "this is not your password")
}
