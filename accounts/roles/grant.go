package roles

import (
	"context"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
)

// Assign gives a user a role, on behalf of the caller, who must hold what the
// role permits: fault.Forbidden otherwise. No such role or user is
// fault.NotFound. To hold it already is no error.
func (s *Service) Assign(ctx context.Context, role string, user users.ID) error {
	return s.DB.Tx(ctx, func(tx *data.Tx) error {
		r, err := s.in(ctx, tx, role)
		if err != nil {
			return err
		}
		if err := auth.CheckAll(ctx, r.Permissions...); err != nil {
			return err
		}
		return s.grant(ctx, tx, r, user)
	})
}

// Unassign takes a role from a user, on behalf of the caller. Only a superuser
// can do that to superusers: fault.Forbidden otherwise; the last of them keeps
// the role: fault.Conflict with the code LAST_SUPERUSER. No such role or user
// is fault.NotFound. Not to hold it is no error.
func (s *Service) Unassign(ctx context.Context, role string, user users.ID) error {
	return s.DB.Tx(ctx, func(tx *data.Tx) error {
		r, err := s.in(ctx, tx, role)
		if err != nil {
			return err
		}
		if r.Name == Superuser {
			if err := auth.Check(ctx, "*"); err != nil {
				return err
			}
		}
		return s.revoke(ctx, tx, r, user)
	})
}

// Grant is Assign as a step of a flow that has asked who the caller is, such as
// a command of the operator.
func (s *Service) Grant(ctx context.Context, tx *data.Tx, role string, user users.ID) error {
	r, err := s.in(ctx, tx, role)
	if err != nil {
		return err
	}
	return s.grant(ctx, tx, r, user)
}

// Revoke is Unassign as a step of a flow that has asked who the caller is.
func (s *Service) Revoke(ctx context.Context, tx *data.Tx, role string, user users.ID) error {
	r, err := s.in(ctx, tx, role)
	if err != nil {
		return err
	}
	return s.revoke(ctx, tx, r, user)
}

// in returns a role as it is in the transaction.
func (s *Service) in(ctx context.Context, tx *data.Tx, role string) (Role, error) {
	return s.Table.On(tx).GetBy(ctx, name.Eq(NormalName(role)))
}

func (s *Service) grant(ctx context.Context, tx *data.Tx, r Role, user users.ID) error {
	changed, err := s.change(ctx, tx, r, user, true)
	if err != nil || !changed {
		return err
	}
	return s.events.Emit(ctx, tx, Granted{Role: r.Name, UserID: user})
}

func (s *Service) revoke(ctx context.Context, tx *data.Tx, r Role, user users.ID) error {
	changed, err := s.change(ctx, tx, r, user, false)
	if err != nil || !changed {
		return err
	}
	return s.events.Emit(ctx, tx, Revoked{Role: r.Name, UserID: user})
}

// change makes a user hold a role or not, and reports whether that is new.
func (s *Service) change(ctx context.Context, tx *data.Tx, r Role, user users.ID, on bool) (bool, error) {
	u, err := s.users.Table.On(tx).Get(ctx, user)
	if err != nil {
		return false, err
	}
	switch r.Name {
	case Superuser:
		if u.Superuser == on {
			return false, nil
		}
		_, err = s.users.SetSuperuser(ctx, tx, user, on)
		return err == nil, err
	case Staff:
		if u.Staff == on {
			return false, nil
		}
		_, err = s.users.SetStaff(ctx, tx, user, on)
		return err == nil, err
	}
	if on {
		return holders.On(tx).AddNew(ctx, &UserRole{UserID: user, RoleID: r.ID}, "user_id", "role_id")
	}
	n, err := holders.On(tx).DeleteWhere(ctx, data.All(holderUser.Eq(user), holderRole.Eq(r.ID)))
	return n > 0, err
}
