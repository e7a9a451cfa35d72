package users

import (
	"context"

	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

// The roles that everything else builds on. Who holds them is told by a flag of
// the account, since they decide about accounts themselves.
const (
	RoleSuperuser = "superuser"
	RoleStaff     = "staff"
)

// WithRole picks the people who hold a role, by its name. The rows of roles are
// of package roles, whose tables this asks.
func WithRole(name string) data.Filter[User] {
	switch name = auth.NormalName(name); {
	case name == RoleSuperuser:
		return superuser.Eq(true)
	case name == RoleStaff:
		return staff.Eq(true)
	}
	// The name travels in a column without a limit that a role's could exceed.
	return data.SQL(`EXISTS (SELECT 1 FROM user_roles h JOIN roles r ON r.id = h.role_id
		WHERE h.user_id = users.id AND r.name = ?)`, bio.Column, name)
}

// withRoles picks the people who hold one of the named roles.
func withRoles(names []string) (data.Filter[User], error) {
	if len(names) > auth.MaxRoles {
		return data.Nothing[User](), fault.Errorf(fault.Malformed, "has more than %d values", auth.MaxRoles)
	}
	var any []data.Filter[User]
	for _, name := range names {
		any = append(any, WithRole(name))
	}
	return data.Any(any...), nil
}

var granted = data.NewSelect[struct {
	Permissions []string `db:"permissions,json"`
}](`SELECT r.permissions FROM users u JOIN roles r ON r.id IN (SELECT h.role_id FROM user_roles h WHERE h.user_id = u.id)
	OR (u.is_staff AND r.name = '`+RoleStaff+`') WHERE u.id = ?`, "")

// outranked refuses, as fault.Forbidden, what would give the caller a
// permission they do not hold: to make somebody staff, or to send the mails of
// somebody who may do more, links for a new password among them, elsewhere.
func outranked(ctx context.Context, tx *data.Tx, key ID) error {
	roles, err := granted.All(ctx, tx, key)
	if err != nil {
		return err
	}
	for _, r := range roles {
		if err := auth.CheckAll(ctx, r.Permissions...); err != nil {
			return err
		}
	}
	return nil
}
