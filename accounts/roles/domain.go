package roles

import (
	"context"
	"embed"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/web"
)

//go:embed migrations
var migrations embed.FS

// Domain returns what makes everything that roles add to an app. The catalogue
// returns the permissions of all its domains.
func Domain(catalogue func() []string) domain.Func {
	return func(env domain.Env) domain.Domain {
		people := users.NewService(env)
		s := NewService(env, people, catalogue)
		return domain.Domain{
			Name:        "roles",
			Migrations:  migrations,
			Schemas:     []data.Schema{table.Schema(), holders.Schema()},
			Permissions: []string{Read, Write},
			Mount:       s.mount,
			Export:      s.export,
		}
	}
}

func (s *Service) mount(r *web.Router) {
	s.addMembers(r)
	tag := web.Tag("Roles")
	web.HandleList(r, "GET /roles", s.Table, s.List, view, web.Require(Read), tag, web.Summary("List roles"))
	web.Handle(r, "GET /roles/{name}", s.get, web.Require(Read), tag, web.Summary("Read a role"))
	web.Handle(r, "POST /roles", s.create, web.Require(Write), tag, web.Status(201), web.Summary("Create a role"),
		web.Describe("A role can only have permissions that you hold yourself."))
	web.Handle(r, "PATCH /roles/{name}", s.patch, web.Require(Write), tag, web.Summary("Change a role"),
		web.Describe("Its permissions can only become some that you hold yourself."), web.Errors("ROLE_SYSTEM"))
	web.Handle(r, "DELETE /roles/{name}", s.remove, web.Require(Write), tag, web.Summary("Remove a role"), web.Errors("ROLE_IN_USE", "ROLE_SYSTEM"))
	web.HandleList(r, "GET /roles/{name}/users", s.users.Model(), s.listHolders, s.users.ListView, web.Require(Read), append(s.users.ListOptions(), tag,
		web.Summary("List who holds a role"),
		web.Describe("People who hide are only listed for holders of users:read."))...)
	web.Handle(r, "GET /users/{id}/permissions", s.explain, web.Require(Read), tag, web.Summary("Explain why somebody may do something, or not"),
		web.Describe("Says which roles permit it by which grant, or which ones would. People who hide are only told of to holders of users:read."))
	web.Handle(r, "PUT /roles/{name}/users/{user_id}", s.assign, web.Require(Write), tag, web.Summary("Give somebody a role"),
		web.Describe("Only who holds all that the role permits can give it. Giving it again changes nothing."))
	web.Handle(r, "DELETE /roles/{name}/users/{user_id}", s.unassign, web.Require(Write), tag, web.Summary("Take a role from somebody"),
		web.Describe("Only superusers can take superuser from somebody, and the last one keeps it."), web.Errors("LAST_SUPERUSER"))
}

func view(_ context.Context, r *Role) Role { return *r }

type byName struct {
	Name string `path:"name" maxLength:"255"`
}

type whole struct{ Body Role }

func (s *Service) get(ctx context.Context, in *byName) (*whole, error) {
	r, err := s.ByName(ctx, in.Name)
	return &whole{r}, err
}

type created struct {
	Location string `header:"Location"`
	Body     Role
}

func (s *Service) create(ctx context.Context, in *struct{ Body Create }) (*created, error) {
	r, err := s.Create(ctx, in.Body)
	return &created{web.LocationOf(ctx, r.Name), r}, err
}

type patchRole struct {
	Name    string      `path:"name" maxLength:"255"`
	IfMatch web.IfMatch `header:"If-Match"`
	Body    Update
}

func (s *Service) patch(ctx context.Context, in *patchRole) (*whole, error) {
	r, err := s.Update(ctx, in.Name, in.Body, in.IfMatch.Version())
	return &whole{r}, err
}

type deleteRole struct {
	Name    string      `path:"name" maxLength:"255"`
	Force   bool        `query:"force" doc:"Take it from everybody who holds it."`
	IfMatch web.IfMatch `header:"If-Match"`
}

func (s *Service) remove(ctx context.Context, in *deleteRole) (*web.None, error) {
	return nil, s.Delete(ctx, in.Name, in.Force, in.IfMatch.Version())
}

// listHolders returns the people who hold the role that the path names.
func (s *Service) listHolders(ctx context.Context, q data.Query[users.User]) (page data.Page[users.User], err error) {
	r, err := s.ByName(ctx, web.PathValue(ctx, "name"))
	if err != nil {
		return page, err
	}
	q.Where = data.All(q.Where, users.WithRole(r.Name))
	return s.users.List(ctx, q)
}

func (s *Service) explain(ctx context.Context, in *struct {
	ID         users.ID `path:"id"`
	Permission string   `query:"permission" required:"true" maxLength:"255" doc:"Such as users:write."`
}) (*struct{ Body Explanation }, error) {
	e, err := s.Explain(ctx, in.ID, in.Permission)
	return &struct{ Body Explanation }{e}, err
}

type holding struct {
	Name   string   `path:"name" maxLength:"255"`
	UserID users.ID `path:"user_id"`
}

func (s *Service) assign(ctx context.Context, in *holding) (*web.None, error) {
	return nil, s.Assign(ctx, in.Name, in.UserID)
}

func (s *Service) unassign(ctx context.Context, in *holding) (*web.None, error) {
	return nil, s.Unassign(ctx, in.Name, in.UserID)
}
