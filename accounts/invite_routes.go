package accounts

import (
	"context"
	"net/http"

	"github.com/manorgo/manor/accounts/tokens"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/web"
)

func (s *Service) mountInvitations(r *web.Router) {
	tag, write := web.Tag("Users"), web.Require(users.Write)
	web.Handle(r, "POST /users/invitations", s.invite, write, tag, web.Status(http.StatusCreated), web.Summary("Invite somebody"),
		web.Describe("Mails a link that makes an account, whoever may register otherwise. Earlier ones of the same address end. An address gets three an hour."), web.Errors("EMAIL_TAKEN"))
	web.Handle(r, "GET /users/invitations", s.listInvitations, write, tag, web.Summary("List the invitations that are open"))
	web.Handle(r, "DELETE /users/invitations/{id}", s.revokeInvitation, write, tag, web.Summary("Take an invitation back"))
	web.Handle(r, "POST /auth/invitations/accept", s.accept, web.Anyone, web.Stranger(), web.Tag("Signing in"), web.Status(http.StatusCreated),
		web.Summary("Make an account by an invitation"), web.Errors("TOKEN_INVALID", "PASSWORD_REJECTED", "USERNAME_TAKEN"))
}

type oneInvitation struct {
	Location string `header:"Location"`
	Body     Invitation
}

func (s *Service) invite(ctx context.Context, in *struct{ Body Inviting }) (*oneInvitation, error) {
	out, err := s.Invite(ctx, in.Body)
	return &oneInvitation{web.LocationOf(ctx, out.ID.String()), out}, err
}

// OpenInvitations are the invitations that can be accepted.
type OpenInvitations struct {
	Items []Invitation `json:"items"`
}

func (s *Service) listInvitations(ctx context.Context, in *struct {
	Limit int `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}) (*struct{ Body OpenInvitations }, error) {
	items, err := s.Invitations(ctx, in.Limit)
	return &struct{ Body OpenInvitations }{OpenInvitations{items}}, err
}

func (s *Service) revokeInvitation(ctx context.Context, in *struct {
	ID data.ID[tokens.Token] `path:"id"`
}) (*web.None, error) {
	return nil, s.RevokeInvitation(ctx, in.ID)
}

func (s *Service) accept(ctx context.Context, in *struct{ Body Accepting }) (*struct{ Body users.User }, error) {
	u, err := s.Accept(ctx, in.Body)
	return &struct{ Body users.User }{u}, err
}
