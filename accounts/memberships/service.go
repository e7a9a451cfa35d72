package memberships

import (
	"context"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/event"
	"github.com/manorgo/manor/fault"
)

// Permissions that concern memberships.
const (
	Read  = "memberships:read"  // see everybody's
	Write = "memberships:write" // create, change and remove everybody's
)

// A Service holds the rules for memberships: people see their own, make a
// basic one and edit what is personal in it; Read and Write do the rest.
type Service struct {
	data.Service[Membership, Create, Update]
}

// NewService returns the service over db.
func NewService(db *data.DB, events *event.Bus) *Service {
	s := &Service{}
	s.DB, s.Table = db, table
	s.Visible = visible
	s.Editable = editable
	s.Created = func(ctx context.Context, tx *data.Tx, m *Membership) error {
		return events.Emit(ctx, tx, Created{ID: m.ID, UserID: m.UserID, Type: m.Type})
	}
	s.Updated = func(ctx context.Context, tx *data.Tx, m *Membership) error {
		return events.Emit(ctx, tx, Changed{ID: m.ID, UserID: m.UserID, Type: m.Type, Votes: m.Votes})
	}
	s.Deleted = func(ctx context.Context, tx *data.Tx, m *Membership) error {
		return events.Emit(ctx, tx, Deleted{ID: m.ID, UserID: m.UserID})
	}
	return s
}

// present are the memberships of people whose accounts are not deleted.
func present() data.Filter[Membership] {
	return users.Present("memberships", owner)
}

// visible are the rows that the caller may read.
func visible(ctx context.Context) (data.Filter[Membership], error) {
	p := auth.From(ctx)
	switch {
	case p.Can(Read):
		return present(), nil
	case p.SignedIn():
		return owner.Eq(users.IDOf(p.Subject)), nil
	}
	return data.Nothing[Membership](), nil
}

// editable are the rows that the caller may change in every way.
func editable(ctx context.Context) (data.Filter[Membership], error) {
	if auth.From(ctx).Can(Write) {
		return present(), nil
	}
	return data.Nothing[Membership](), nil
}

// GetByUser returns a user's membership, if the caller may see it. Otherwise,
// and if there is none, it is fault.NotFound.
func (s *Service) GetByUser(ctx context.Context, user users.ID) (Membership, error) {
	allowed, err := visible(ctx)
	if err != nil {
		return Membership{}, err
	}
	return s.Table.On(s.DB).GetBy(ctx, owner.Eq(user), allowed)
}

// CreateForUser makes a basic membership for a user, whoever asks. A second one
// is fault.Conflict, and so, with the code REFERENCE, is one of nobody.
func (s *Service) CreateForUser(ctx context.Context, user users.ID, in Profile) (Membership, error) {
	return s.Create(ctx, Create{UserID: user, Profile: in})
}

// Update changes a membership. A day of affirmation in the future is
// fault.Invalid.
func (s *Service) Update(ctx context.Context, key data.Key[Membership], in Update, version ...data.Version) (Membership, error) {
	if day, ok := in.LastVoteAffirmation.Get(); ok && day > data.DateOf(s.DB.Now()) {
		return Membership{}, fault.Field("last_vote_affirmation", "may not be in the future")
	}
	return s.Service.Update(ctx, key, in, version...)
}

// UpdateOwn changes what is personal in the caller's membership.
func (s *Service) UpdateOwn(ctx context.Context, in ProfileUpdate, version ...data.Version) (m Membership, err error) {
	err = s.DB.Tx(ctx, func(tx *data.Tx) error {
		old, err := s.own(ctx, tx)
		if err != nil {
			return err
		}
		inner := data.Service[Membership, Create, ProfileUpdate]{DB: s.DB, Table: s.Table, Updated: s.Updated}
		m, err = inner.UpdateIn(ctx, tx, old.ID, in, version...)
		return err
	})
	return m, err
}

// DeleteOwn removes the caller's membership.
func (s *Service) DeleteOwn(ctx context.Context, version ...data.Version) error {
	return s.DB.Tx(ctx, func(tx *data.Tx) error {
		old, err := s.own(ctx, tx)
		if err != nil {
			return err
		}
		inner := data.Service[Membership, Create, Update]{DB: s.DB, Table: s.Table, Deleted: s.Deleted}
		_, err = inner.DeleteIn(ctx, tx, old.ID, version...)
		return err
	})
}

// own returns the caller's membership, or fault.NotFound.
func (s *Service) own(ctx context.Context, h data.Handle) (Membership, error) {
	return s.Table.On(h).GetBy(ctx, owner.Eq(users.IDOf(auth.From(ctx).Subject)))
}

// export returns somebody's membership.
func (s *Service) export(ctx context.Context, who auth.Subject) (any, error) {
	m, found, err := s.Table.On(s.DB).Find(ctx, owner.Eq(users.IDOf(who)))
	if err != nil || !found {
		return nil, err
	}
	return m, nil
}
