package accounts

import (
	"context"
	"errors"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/limit"
	"github.com/manorgo/manor/secret"
)

// Passwords are looked at here and nowhere else: by an attempt that took its
// place before, for whoever is named or nobody, with the same work.

// check looks at the password that an attempt brought for u, the zero user if
// there is none. Whatever is wrong is fault.Unauthenticated with
// CREDENTIALS_INVALID; rehash says that the hash should be renewed.
func (s *Service) check(ctx context.Context, try attempt, u *users.User, password secret.Text) (rehash bool, err error) {
	var hash secret.PasswordHash // an empty one costs the same and fits nothing
	if !try.refused && u.Password != nil {
		hash = *u.Password
	}
	ok, rehash, err := s.hasher.Verify(ctx, hash, password)
	switch {
	case fault.KindOf(err) == fault.Invalid: // no password at all
		return false, credentialsInvalid()
	case err != nil:
		return false, err
	case !ok || !u.SignsIn():
		return false, credentialsInvalid()
	}
	return rehash, nil
}

// proveOwn returns the account of somebody who is signed in, if this is its
// password. Each session counts its failures for itself: who has taken one over
// cannot guess on, and cannot lock the owner out either.
func (s *Service) proveOwn(ctx context.Context, key users.ID, password secret.Text) (u users.User, err error) {
	u, err = s.users.Current(ctx, key)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return u, err
	}
	try, err := s.take(ctx, limit.Ask{Name: limitProof, About: limit.User(auth.Subject(key.String())), Key: auth.From(ctx).Session, Lock: accountLock})
	if err != nil {
		return u, err
	}
	try.user = u.ID
	if _, err = s.check(ctx, try, &u, password); err != nil {
		if fault.KindOf(err) == fault.Unauthenticated {
			err = passwordWrong()
		}
		return u, s.failed(ctx, try, err)
	}
	return u, s.succeed(ctx, s.db, try)
}

// withProof calls do with the account of somebody who is signed in and proves it
// by its password or, without one, has done so lately, see auth.CheckFresh, for a
// step that hooks may refuse. do must change nothing unless the account still has
// that password, and return errNewHash then: it is asked for once more. A wrong
// password is fault.Unauthenticated with CREDENTIALS_INVALID.
func (s *Service) withProof(ctx context.Context, step Step, key users.ID, password secret.Text, do func(u *users.User) error) error {
	err := s.withProofOnce(ctx, step, key, password, do)
	if changedMeanwhile(err) { // hashed anew by a sign-in, or changed by its owner
		err = s.withProofOnce(ctx, step, key, password, do)
	}
	if errors.Is(err, errNewHash) {
		err = passwordWrong()
	}
	return err
}

func (s *Service) withProofOnce(ctx context.Context, step Step, key users.ID, password secret.Text, do func(u *users.User) error) error {
	u, err := s.proveNow(ctx, key, password)
	if err != nil {
		return err
	}
	if err := s.before(ctx, Attempt{Step: step, User: u.ID, Email: u.Email}); err != nil {
		return err
	}
	return do(&u)
}

// ProveSelf returns nil if the caller is a person who has just proved who they
// are, see auth.CheckFresh, or proves it now by their password, which is empty
// if the request brought none. A wrong password is fault.Unauthenticated with
// CREDENTIALS_INVALID, none at all what CheckFresh says.
func (s *Service) ProveSelf(ctx context.Context, password secret.Text) error {
	if err := auth.CheckPerson(ctx); err != nil {
		return err
	}
	_, err := s.proveNow(ctx, caller(ctx), password)
	return err
}

// proveNow is ProveSelf for an account that the caller is known to own.
func (s *Service) proveNow(ctx context.Context, key users.ID, password secret.Text) (users.User, error) {
	if !password.IsZero() {
		return s.proveOwn(ctx, key, password)
	}
	if err := auth.CheckFresh(ctx, s.db.Now()); err != nil {
		return users.User{}, err
	}
	u, err := s.users.Current(ctx, key)
	if fault.KindOf(err) == fault.NotFound || err == nil && !u.SignsIn() {
		err = passwordWrong()
	}
	return u, err
}

func credentialsInvalid() error {
	return fault.Coded(fault.Unauthenticated, "CREDENTIALS_INVALID", "the identifier and the password do not belong together")
}

func passwordWrong() error {
	return fault.Coded(fault.Unauthenticated, "CREDENTIALS_INVALID", "this is not your password")
}

// succeed forgets the failures before an attempt that was right.
func (s *Service) succeed(ctx context.Context, h data.Handle, a attempt) error {
	return s.limits.Clear(ctx, h, a.asks...)
}
