package users

import (
	"context"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/secret"
)

// The methods in this file are steps of flows, too: those that change how
// somebody proves who they are.

// ChangePassword stores another password hash for u and ends what is signed in.
// An account that has another password than u by now, or does not sign in any
// more, is fault.NotFound.
func (s *Service) ChangePassword(ctx context.Context, tx *data.Tx, u *User, hash secret.PasswordHash) (User, error) {
	return s.changed(ctx, tx, unchanged(u), password.Set(hash), epoch.Plus(1))
}

// LockWithPassword returns u as it is now, held until the transaction ends. One
// that has another password by now, or does not sign in any more, is
// fault.NotFound.
func (s *Service) LockWithPassword(ctx context.Context, tx *data.Tx, u *User) (User, error) {
	return s.Table.On(tx).Lock(ctx, unchanged(u))
}

// unchanged picks u if it has the password that it had, and may sign in.
func unchanged(u *User) data.Filter[User] {
	same := password.IsNull()
	if u.Password != nil {
		same = password.Eq(*u.Password)
	}
	return data.All(id.Eq(u.ID), same, active.Eq(true), emailVerified.Eq(true))
}

// EmailTaken reports whether another account than except has the address, also
// one that waits to be erased.
func (s *Service) EmailTaken(ctx context.Context, h data.Handle, address string, except ID) (bool, error) {
	return s.Table.On(h).WithDeleted().Exists(ctx, emailKey.Eq(EmailKey(address)), id.Ne(except))
}

// EmailHolder returns the account that EmailTaken tells of, or fault.NotFound.
func (s *Service) EmailHolder(ctx context.Context, h data.Handle, address string, except ID) (User, error) {
	return s.Table.On(h).WithDeleted().GetBy(ctx, emailKey.Eq(EmailKey(address)), id.Ne(except))
}

// ChangeEmail gives an account the address to, which its owner has proved, and
// ends what is signed in. An account whose address has not the key from any
// more, or which is switched off, is fault.NotFound; an address that another
// account has is fault.Conflict.
func (s *Service) ChangeEmail(ctx context.Context, tx *data.Tx, key ID, from, to string) (User, error) {
	return s.changed(ctx, tx, data.All(id.Eq(key), emailKey.Eq(from), active.Eq(true)),
		email.Set(to), emailKey.Set(EmailKey(to)), emailVerified.Set(true), epoch.Plus(1))
}

// RestoreEmail gives an account a former address back, also one that was deleted
// meanwhile, forgets its password, which somebody else may know, and ends what is
// signed in. Errors are those of ChangeEmail.
func (s *Service) RestoreEmail(ctx context.Context, tx *data.Tx, key ID, address string) (User, error) {
	u, err := s.Table.On(tx).WithDeleted().UpdateOne(ctx, data.All(id.Eq(key), data.Any(active.Eq(true), deletedAt.NotNull())),
		email.Set(address), emailKey.Set(EmailKey(address)), emailVerified.Set(true), password.SetNull(), epoch.Plus(1),
		active.Set(true), deletedAt.SetNull())
	if err != nil {
		return u, err
	}
	return u, s.events.Emit(ctx, tx, Changed{ID: u.ID})
}

// DropUnproved removes the account that was made for an address since then, if
// nobody has proved or used it and it is not the account except.
func (s *Service) DropUnproved(ctx context.Context, tx *data.Tx, address string, since time.Time, except ID) error {
	where := data.All(emailKey.Eq(EmailKey(address)), id.Ne(except),
		createdAt.Ge(since), emailVerified.Eq(false), lastLogin.IsNull(), staff.Eq(false), superuser.Eq(false))
	n, err := s.Table.On(tx).DeleteWhere(ctx, where)
	if err == nil && n > 0 {
		_, err = s.Table.On(tx).Purge(ctx, where)
	}
	return err
}

// changed changes one account and says so.
func (s *Service) changed(ctx context.Context, tx *data.Tx, where data.Filter[User], changes ...data.Change[User]) (User, error) {
	u, err := s.Table.On(tx).UpdateOne(ctx, where, changes...)
	if err != nil {
		return u, err
	}
	return u, s.events.Emit(ctx, tx, Changed{ID: u.ID})
}
