package roles

import (
	"context"
	"slices"
	"strings"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/event"
	"github.com/manorgo/manor/fault"
)

// Permissions that concern roles.
const (
	Read  = "roles:read"  // see roles and who holds them
	Write = "roles:write" // create, change, remove, grant and revoke them
)

// A Service holds the rules for roles. Its routes ask for Read and Write; the
// service itself refuses, as fault.Forbidden, that callers give away a
// permission that they do not hold.
type Service struct {
	data.Service[Role, Create, Update]
	users     *users.Service
	events    *event.Bus
	catalogue func() []string
}

// NewService returns the service over the database of env, whose rows have the
// columns of the app's own. The catalogue returns every permission that the
// program knows; it is asked when a role is written.
func NewService(env domain.Env, people *users.Service, catalogue func() []string) *Service {
	events := env.Events
	s := &Service{users: people, events: events, catalogue: catalogue}
	s.DB, s.Table = env.DB, domain.Extended(env, table)
	s.Created = func(ctx context.Context, tx *data.Tx, r *Role) error {
		return events.Emit(ctx, tx, Created{ID: r.ID, Role: r.Name, Permissions: r.Permissions})
	}
	s.Updated = func(ctx context.Context, tx *data.Tx, r *Role) error {
		return events.Emit(ctx, tx, Changed{ID: r.ID, Role: r.Name, Permissions: r.Permissions})
	}
	s.Deleted = func(ctx context.Context, tx *data.Tx, r *Role) error {
		return events.Emit(ctx, tx, Deleted{ID: r.ID, Role: r.Name})
	}
	return s
}

// ByName returns a role, or fault.NotFound.
func (s *Service) ByName(ctx context.Context, role string) (Role, error) {
	return s.Table.On(s.DB).GetBy(ctx, name.Eq(NormalName(role)))
}

// Create makes a role. A taken name is fault.Conflict, a permission that is not
// in the catalogue fault.Invalid.
func (s *Service) Create(ctx context.Context, in Create) (Role, error) {
	if err := s.givable(ctx, in.New()); err != nil {
		return Role{}, err
	}
	return s.Service.Create(ctx, in)
}

// Ensure returns the role of that name, which it makes if there is none; one
// that is there stays as it is. Any number may do so at once. Otherwise it is
// as Create.
func (s *Service) Ensure(ctx context.Context, in Create) (r Role, err error) {
	wanted := in.New()
	if err := s.givable(ctx, wanted); err != nil {
		return r, err
	}
	err = s.DB.Tx(ctx, func(tx *data.Tx) error {
		r = wanted
		added, err := s.Table.On(tx).AddNew(ctx, &r, "name")
		switch {
		case err != nil:
			return err
		case added:
			return s.Created(ctx, tx, &r)
		}
		r, err = s.in(ctx, tx, wanted.Name)
		return err
	})
	return r, err
}

// Update changes a role. A system role keeps its name and Superuser its
// permissions: fault.Conflict with the code ROLE_SYSTEM.
func (s *Service) Update(ctx context.Context, role string, in Update, version ...data.Version) (r Role, err error) {
	err = s.DB.Tx(ctx, func(tx *data.Tx) error {
		old, err := s.Table.On(tx).Lock(ctx, name.Eq(NormalName(role)))
		if err != nil {
			return err
		}
		if wanted, ok := in.Name.Get(); ok && old.System && NormalName(wanted) != old.Name {
			return systemRole("renamed")
		}
		if list, ok := in.Permissions.Get(); ok {
			list = auth.NormalNames(list)
			switch {
			case slices.Equal(list, old.Permissions):
			case old.Name == Superuser:
				return systemRole("changed")
			default:
				if err := s.givable(ctx, Role{Name: old.Name, Permissions: list}); err != nil {
					return err
				}
			}
		}
		r, err = s.UpdateIn(ctx, tx, old.ID, in, version...)
		return err
	})
	return r, err
}

// Delete removes a role. One that somebody holds is fault.Conflict with the
// code ROLE_IN_USE unless force is given, which takes it from them; a system
// role is fault.Conflict with the code ROLE_SYSTEM always.
func (s *Service) Delete(ctx context.Context, role string, force bool, version ...data.Version) error {
	return s.DB.Tx(ctx, func(tx *data.Tx) error {
		// A role that is locked cannot be granted either, until this ends.
		old, err := s.Table.On(tx).Lock(ctx, name.Eq(NormalName(role)))
		if err != nil {
			return err
		}
		if old.System {
			return systemRole("removed")
		}
		if err := s.takeFromAll(ctx, tx, old, force); err != nil {
			return err
		}
		_, err = s.DeleteIn(ctx, tx, old.ID, version...)
		return err
	})
}

// takeFromAll takes a role from everybody who holds it, if force allows that.
func (s *Service) takeFromAll(ctx context.Context, tx *data.Tx, r Role, force bool) error {
	held, err := holders.On(tx).List(ctx, data.Query[UserRole]{Where: data.All(holderRole.Eq(r.ID), users.Present("user_roles", holderUser)), Limit: -1})
	if err != nil || len(held.Items) == 0 {
		return err
	}
	if !force {
		return fault.Coded(fault.Conflict, "ROLE_IN_USE", "somebody holds this role")
	}
	if _, err := holders.On(tx).DeleteWhere(ctx, holderRole.Eq(r.ID)); err != nil {
		return err
	}
	for _, h := range held.Items {
		if err := s.events.Emit(ctx, tx, Revoked{Role: r.Name, UserID: h.UserID}); err != nil {
			return err
		}
	}
	return nil
}

func systemRole(what string) error {
	return fault.Coded(fault.Conflict, "ROLE_SYSTEM", "a system role cannot be %s", what)
}

// givable returns nil if the role is valid, its permissions exist and the
// caller holds them all.
func (s *Service) givable(ctx context.Context, r Role) error {
	if err := r.Validate(); err != nil {
		return err
	}
	known := s.catalogue()
	var unknown []string
	for _, p := range r.Permissions {
		if !slices.ContainsFunc(known, func(k string) bool { return auth.Grants(p, k) }) {
			unknown = append(unknown, p)
		}
	}
	if len(unknown) > 0 {
		return fault.Field("permissions", "there is no permission %s; there are %s", strings.Join(unknown, ", "), strings.Join(auth.NormalNames(known), ", "))
	}
	return auth.CheckAll(ctx, r.Permissions...)
}
