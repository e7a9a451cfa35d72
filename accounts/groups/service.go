package groups

import (
	"context"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/event"
	"github.com/manorgo/manor/fault"
)

// Moderate is the permission to see, change, approve and trust all groups.
const Moderate = "groups:moderate"

// A Service holds the rules for groups: everybody sees the approved ones,
// people see and edit what they submitted, and moderators do the rest.
type Service struct {
	data.Service[Group, Create, Update]
	events *event.Bus
}

// NewService returns the service over db.
func NewService(db *data.DB, events *event.Bus) *Service {
	s := &Service{events: events}
	s.DB, s.Table = db, table
	s.Fill = fill
	s.Visible = visible
	s.Editable = editable
	s.Created = s.submitted
	return s
}

// fill notes who submits the group.
func fill(ctx context.Context, g *Group) error {
	if err := auth.Check(ctx, ""); err != nil {
		return err
	}
	g.SubmitterID = new(users.IDOf(auth.From(ctx).Subject))
	return nil
}

func (s *Service) submitted(ctx context.Context, tx *data.Tx, g *Group) error {
	return s.events.Emit(ctx, tx, Submitted{ID: g.ID, Name: g.Name, SubmitterID: *g.SubmitterID})
}

// visible are the rows that the caller may read.
func visible(ctx context.Context) (data.Filter[Group], error) {
	p := auth.From(ctx)
	switch {
	case p.Can(Moderate):
		return data.Everything[Group](), nil
	case p.SignedIn():
		return data.Any(approved.Eq(true), submitter.Eq(users.IDOf(p.Subject))), nil
	}
	return approved.Eq(true), nil
}

// editable are the rows that the caller may change.
func editable(ctx context.Context) (data.Filter[Group], error) {
	p := auth.From(ctx)
	switch {
	case p.Can(Moderate):
		return data.Everything[Group](), nil
	case p.SignedIn():
		return submitter.Eq(users.IDOf(p.Subject)), nil
	}
	return data.Nothing[Group](), nil
}

// Update changes a group. When somebody else than a moderator changes the name
// or the address of an approved group, it has to be approved again: what is
// listed is what a moderator has seen.
func (s *Service) Update(ctx context.Context, key data.Key[Group], in Update, version ...data.Version) (g Group, err error) {
	if auth.From(ctx).Can(Moderate) {
		return s.Service.Update(ctx, key, in, version...)
	}
	allowed, err := editable(ctx)
	if err != nil {
		return g, err
	}
	err = s.DB.Tx(ctx, func(tx *data.Tx) error {
		old, err := s.Table.On(tx).Lock(ctx, data.KeysIn(s.Table, key), allowed)
		if err != nil {
			return err
		}
		in.unlist = old.Approved && in.reviewed(&old)
		if g, err = s.UpdateIn(ctx, tx, key, in, version...); err != nil || !in.unlist {
			return err
		}
		return s.events.Emit(ctx, tx, ApprovalRevoked{ID: old.ID})
	})
	return g, err
}

// Approve lists a group, or takes it off the list again. The caller must be a
// moderator: fault.Forbidden otherwise. No such group is fault.NotFound; one
// that is as wanted stays as it is.
func (s *Service) Approve(ctx context.Context, key ID, on bool) (Group, error) {
	if on {
		return s.flip(ctx, key, approved, on, Approved{ID: key})
	}
	return s.flip(ctx, key, approved, on, ApprovalRevoked{ID: key})
}

// Trust makes a group trusted, or not any more. Otherwise it is as Approve.
func (s *Service) Trust(ctx context.Context, key ID, on bool) (Group, error) {
	if on {
		return s.flip(ctx, key, trusted, on, Trusted{ID: key})
	}
	return s.flip(ctx, key, trusted, on, TrustRevoked{ID: key})
}

// flip sets one flag, and tells of it if that changed something.
func (s *Service) flip(ctx context.Context, key ID, flag data.Column[Group, bool], on bool, e event.Event) (g Group, err error) {
	if err := auth.Check(ctx, Moderate); err != nil {
		return g, err
	}
	err = s.DB.Tx(ctx, func(tx *data.Tx) error {
		rows := s.Table.On(tx)
		g, err = rows.UpdateOne(ctx, data.All(id.Eq(key), flag.Ne(on)), flag.Set(on))
		switch fault.KindOf(err) {
		case "":
			return s.events.Emit(ctx, tx, e)
		case fault.NotFound: // or it is so already
			g, err = rows.Get(ctx, key)
		}
		return err
	})
	return g, err
}

// View is a group as the caller sees it: who submitted it is between them and
// the moderators.
func (s *Service) View(ctx context.Context, g *Group) Group {
	v, p := *g, auth.From(ctx)
	if v.SubmitterID != nil && !p.Can(Moderate) && *v.SubmitterID != users.IDOf(p.Subject) {
		v.SubmitterID = nil
	}
	return v
}
