package users

import (
	"context"
	"embed"

	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/web"
)

//go:embed migrations
var migrations embed.FS

// Domain returns everything users add to an app.
func Domain(env domain.Env) domain.Domain {
	s := NewService(env)
	return domain.Domain{
		Name:        "users",
		Migrations:  migrations,
		Schemas:     []data.Schema{table.Schema(), links.Schema()},
		Permissions: []string{Read, Write},
		Mount:       s.mount,
		Export:      s.export,
		Unaudited:   []string{"users.last_login", "user_accounts"}, // sessions say so, and what follows an account is written down itself
	}
}

func (s *Service) mount(r *web.Router) {
	s.addMembers(r)
	tag := web.Tag("Users")
	web.Handle(r, "GET /users/me", s.me, web.SignedIn, tag, web.Summary("Read your own account"))
	web.Handle(r, "PATCH /users/me", s.patchMe, web.SignedIn, tag, web.Summary("Change your own profile"))
	web.HandleList(r, "GET /users", s.Table, s.List, s.ListView, web.Anyone, append(s.ListOptions(), tag,
		web.Summary("List people"),
		web.Describe("Everybody sees public people who let themselves be found. Holders of users:read see whole accounts."),
		web.FilterBy("role", Read, withRoles))...)
	web.Handle(r, "GET /users/{id}", s.get, web.Anyone, tag, web.Summary("Read one account, or what it shows of itself"))
	web.Handle(r, "GET /users/by-username/{username}", s.byUsername, web.Anyone, tag, web.Summary("Find a person by username"))
	web.Handle(r, "GET /users/by-email/{email}", s.byEmail, web.Require(Read), tag, web.Summary("Find an account by e-mail address"))
	web.Handle(r, "POST /users", s.create, web.Require(Write), tag, web.Status(201), web.Summary("Create an account"))
	web.Handle(r, "PATCH /users/{id}", s.patch, web.Require(Write), tag, web.Summary("Change an account"), web.Errors("LAST_SUPERUSER", "SESSION_REQUIRED"))
	web.Handle(r, "DELETE /users/{id}", s.remove, web.Require(Write), tag, web.Sensitive(), web.Summary("Delete an account"),
		web.Describe("It is gone for everybody at once, and erased after a time in which it can be reactivated."), web.Errors("LAST_SUPERUSER"))
	web.Handle(r, "POST /users/{id}/deactivate", s.deactivate, web.Require(Write), tag, web.Summary("Switch an account off"), web.Errors("LAST_SUPERUSER"))
	web.Handle(r, "POST /users/{id}/reactivate", s.reactivate, web.Require(Write), tag, web.Summary("Switch an account on again"),
		web.Describe("Also one that was deleted and is not erased yet."))
}

type byID struct {
	ID ID `path:"id"`
}

type whole struct{ Body User }

func (s *Service) me(ctx context.Context, _ *web.None) (*whole, error) {
	u, err := s.Table.On(s.DB).Get(ctx, IDOf(auth.From(ctx).Subject))
	return &whole{u}, err
}

type patchMe struct {
	IfMatch web.IfMatch `header:"If-Match"`
	Body    Profile
}

func (s *Service) patchMe(ctx context.Context, in *patchMe) (*whole, error) {
	u, err := s.UpdateProfile(ctx, in.Body, in.IfMatch.Version())
	return &whole{u}, err
}

type viewed struct{ Body View }

func (s *Service) get(ctx context.Context, in *byID) (*viewed, error) {
	u, err := s.Get(ctx, in.ID)
	return &viewed{s.View(ctx, &u)}, err
}

type byUsername struct {
	Username string `path:"username" maxLength:"150"`
}

func (s *Service) byUsername(ctx context.Context, in *byUsername) (*viewed, error) {
	return s.find(ctx, usernameKey.Eq(UsernameKey(in.Username)))
}

type byEmail struct {
	Email string `path:"email" maxLength:"254"`
}

func (s *Service) byEmail(ctx context.Context, in *byEmail) (*viewed, error) {
	return s.find(ctx, emailKey.Eq(EmailKey(in.Email)))
}

// find returns the visible row that where picks.
func (s *Service) find(ctx context.Context, where data.Filter[User]) (*viewed, error) {
	allowed, err := visible(ctx)
	if err != nil {
		return nil, err
	}
	u, err := s.Table.On(s.DB).GetBy(ctx, where, allowed)
	return &viewed{s.View(ctx, &u)}, err
}

type created struct {
	Location string `header:"Location"`
	Body     User
}

func (s *Service) create(ctx context.Context, in *struct{ Body Create }) (*created, error) {
	u, err := s.Create(ctx, in.Body)
	return &created{web.LocationOf(ctx, u.ID.String()), u}, err
}

type patchUser struct {
	ID      ID          `path:"id"`
	IfMatch web.IfMatch `header:"If-Match"`
	Body    Update
}

func (s *Service) patch(ctx context.Context, in *patchUser) (*whole, error) {
	u, err := s.Update(ctx, in.ID, in.Body, in.IfMatch.Version())
	return &whole{u}, err
}

type deleteUser struct {
	ID      ID          `path:"id"`
	Hard    bool        `query:"hard" doc:"Erase it at once. For superusers."`
	IfMatch web.IfMatch `header:"If-Match"`
}

func (s *Service) remove(ctx context.Context, in *deleteUser) (*web.None, error) {
	return nil, s.Remove(ctx, in.ID, in.Hard, in.IfMatch.Version())
}

func (s *Service) deactivate(ctx context.Context, in *byID) (*whole, error) {
	u, err := s.SetActive(ctx, in.ID, false)
	return &whole{u}, err
}

func (s *Service) reactivate(ctx context.Context, in *byID) (*whole, error) {
	u, err := s.Reactivate(ctx, in.ID)
	return &whole{u}, err
}
