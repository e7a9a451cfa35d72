package memberships

import (
	"context"
	"embed"
	"strings"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/web"
)

//go:embed migrations
var migrations embed.FS

// Domain returns everything memberships add to an app.
func Domain(env domain.Env) domain.Domain {
	s := NewService(env.DB, env.Events)
	return domain.Domain{
		Name:        "memberships",
		Export:      s.export,
		Migrations:  migrations,
		Schemas:     []data.Schema{table.Schema()},
		Permissions: []string{Read, Write},
		Mount:       s.mount,
	}
}

func (s *Service) mount(r *web.Router) {
	tag := web.Tag("Memberships")
	web.Mount(r, "/memberships", s, web.Require(Read), web.Require(Write), web.View(s.View), tag)
	web.Handle(r, "GET /users/{id}/membership", s.ofUser, web.SignedIn, tag, web.Summary("Read somebody's membership"),
		web.Describe("Your own; holders of memberships:read see everybody's."))
	web.Handle(r, "GET /users/me/membership", s.mine, web.SignedIn, tag, web.Summary("Read your membership"), web.Errors("NOT_FOUND"))
	web.Handle(r, "POST /users/me/membership", s.join, web.SignedIn, tag, web.Status(201), web.Summary("Become a basic member"))
	web.Handle(r, "PATCH /users/me/membership", s.patchMine, web.SignedIn, tag, web.Summary("Change what is personal in your membership"))
	web.Handle(r, "DELETE /users/me/membership", s.leave, web.SignedIn, tag, web.Summary("End your membership"))
}

// A View is a membership with what follows from it.
type View struct {
	Membership
	NeedsVoteAffirmation bool `json:"needs_vote_affirmation" doc:"The member never affirmed that they go on voting, or more than 365 days ago."`
	HigherLevelMember    bool `json:"higher_level_member" doc:"It is more than a basic membership."`
}

// View returns what callers see of a membership.
func (s *Service) View(_ context.Context, m *Membership) View {
	return View{Membership: *m, NeedsVoteAffirmation: m.NeedsVoteAffirmation(s.DB.Now()), HigherLevelMember: m.HigherLevel()}
}

type whole struct{ Body View }

func (s *Service) whole(ctx context.Context, m Membership, err error) (*whole, error) {
	return &whole{s.View(ctx, &m)}, err
}

func (s *Service) ofUser(ctx context.Context, in *struct {
	ID users.ID `path:"id"`
}) (*whole, error) {
	m, err := s.GetByUser(ctx, in.ID)
	return s.whole(ctx, m, err)
}

func (s *Service) mine(ctx context.Context, _ *web.None) (*whole, error) {
	m, err := s.own(ctx, s.DB)
	return s.whole(ctx, m, err)
}

type joined struct {
	Location string `header:"Location"`
	Body     View
}

func (s *Service) join(ctx context.Context, in *struct{ Body Profile }) (*joined, error) {
	m, err := s.CreateForUser(ctx, users.IDOf(auth.From(ctx).Subject), in.Body)
	here := strings.TrimSuffix(web.LocationOf(ctx, ""), "/") // there is one at most, so it needs no id
	return &joined{here, s.View(ctx, &m)}, err
}

func (s *Service) patchMine(ctx context.Context, in *struct {
	IfMatch web.IfMatch `header:"If-Match"`
	Body    ProfileUpdate
}) (*whole, error) {
	m, err := s.UpdateOwn(ctx, in.Body, in.IfMatch.Version())
	return s.whole(ctx, m, err)
}

func (s *Service) leave(ctx context.Context, in *struct {
	IfMatch web.IfMatch `header:"If-Match"`
}) (*web.None, error) {
	return nil, s.DeleteOwn(ctx, in.IfMatch.Version())
}
