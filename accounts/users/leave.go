package users

import (
	"context"
	"time"

	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

// gone are the changes that delete an account. It is switched off, too, so that
// whoever asks the table by SQL passes over it.
func gone(now time.Time) []data.Change[User] {
	return []data.Change[User]{deletedAt.Set(now), active.Set(false), epoch.Plus(1)}
}

// Delete is Remove that can be undone by Reactivate for a time.
func (s *Service) Delete(ctx context.Context, row data.Key[User], version ...data.Version) error {
	return s.Remove(ctx, row, false, version...)
}

// Remove deletes an account that the caller may change: it is gone for everybody
// at once, what is signed in as it ends, and its names stay taken. Package
// accounts erases it after a time, or soon if erase says so, which only superusers
// may ask for: fault.Forbidden. The last superuser stays: fault.Conflict with the
// code LAST_SUPERUSER.
func (s *Service) Remove(ctx context.Context, row data.Key[User], erase bool, version ...data.Version) error {
	key, err := s.Table.IDOf(row)
	if err != nil {
		return err
	}
	if erase {
		if err := auth.Check(ctx, "*"); err != nil {
			return err
		}
	}
	where, err := editable(ctx)
	if err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(tx *data.Tx) error {
		if auth.From(ctx).Can("*") { // to others superusers are out of reach
			if err := s.keepSuperuser(ctx, tx, key); err != nil {
				return err
			}
		}
		u, err := s.changeOnly(ctx, tx, key, where, gone(tx.DB().Now()), version...)
		if err != nil {
			return err
		}
		return s.events.Emit(ctx, tx, Deleted{ID: u.ID, Erase: erase})
	})
}

// Leave deletes the account u for its owner. Errors are those of Remove; one that
// has another password than u by now, or does not sign in any more, is
// fault.NotFound.
func (s *Service) Leave(ctx context.Context, tx *data.Tx, u *User) error {
	if err := s.keepSuperuser(ctx, tx, u.ID); err != nil {
		return err
	}
	if _, err := s.Table.On(tx).UpdateOne(ctx, unchanged(u), gone(tx.DB().Now())...); err != nil {
		return err
	}
	return s.events.Emit(ctx, tx, Deleted{ID: u.ID, Self: true})
}

// Return undoes the deletion of an account. One that is not deleted, or is erased
// by now, is fault.NotFound.
func (s *Service) Return(ctx context.Context, tx *data.Tx, key ID) (User, error) {
	u, err := s.Table.On(tx).OnlyDeleted().UpdateOne(ctx, id.Eq(key), active.Set(true), deletedAt.SetNull())
	if err != nil {
		return u, err
	}
	return u, s.events.Emit(ctx, tx, Restored{ID: u.ID})
}

// Reactivate switches an account that the caller may change on again, also one
// that was deleted and is not erased yet.
func (s *Service) Reactivate(ctx context.Context, key ID) (u User, err error) {
	where, err := editable(ctx)
	if err != nil {
		return u, err
	}
	err = s.DB.Tx(ctx, func(tx *data.Tx) error {
		u, err = s.Table.On(tx).WithDeleted().UpdateOne(ctx, data.All(id.Eq(key), where), active.Set(true), deletedAt.SetNull())
		if err != nil {
			return err
		}
		return s.events.Emit(ctx, tx, Changed{ID: u.ID})
	})
	return u, err
}

// LockDeleted returns a deleted account by its address, held until the
// transaction ends, or fault.NotFound.
func (s *Service) LockDeleted(ctx context.Context, tx *data.Tx, address string) (User, error) {
	return s.Table.On(tx).OnlyDeleted().Lock(ctx, emailKey.Eq(EmailKey(address)))
}

// Due returns some of the accounts that were deleted before a time, the longest
// gone first.
func (s *Service) Due(ctx context.Context, before time.Time) ([]User, error) {
	page, err := s.Table.On(s.DB).OnlyDeleted().List(ctx, data.Query[User]{
		Where: deletedAt.Le(before), Order: data.By(deletedAt.Asc(), id.Asc()), Limit: 100,
	})
	return page.Items, err
}

// Erase removes a deleted account for good, and what refers to it as ondelete
// says, once first has done what must come before. An account that is not
// deleted any more is fault.NotFound.
func (s *Service) Erase(ctx context.Context, tx *data.Tx, key ID, first func(u *User) error) error {
	u, err := s.Table.On(tx).OnlyDeleted().Lock(ctx, id.Eq(key))
	if err != nil {
		return err
	}
	if err := first(&u); err != nil {
		return err
	}
	n, err := s.Table.On(tx).Purge(ctx, id.Eq(key))
	if err == nil && n != 1 {
		err = fault.Errorf(fault.Internal, "users: %d accounts were erased, not one", n)
	}
	if err != nil {
		return err
	}
	return s.events.Emit(ctx, tx, Erased{ID: key})
}

// export returns the account, for its owner.
func (s *Service) export(ctx context.Context, who auth.Subject) (any, error) {
	u, err := s.Table.On(s.DB).Get(ctx, IDOf(who))
	return s.Table.Whole(&u), err
}

// Present picks those rows of a table whose user, named by a column, is not
// deleted: those that others may see while the account waits to be erased.
func Present[T any](table string, user data.Column[T, ID]) data.Filter[T] {
	return data.SQL(`EXISTS (SELECT 1 FROM users present WHERE present.id = `+table+`.`+user.Name()+` AND present.deleted_at IS NULL)`, user)
}
