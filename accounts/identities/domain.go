package identities

import (
	"context"
	"embed"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/web"
)

//go:embed migrations
var migrations embed.FS

// Domain returns everything identities add to an app.
func Domain(env domain.Env) domain.Domain {
	s := NewService(env.DB, env.Events)
	return domain.Domain{
		Name:       "identities",
		Migrations: migrations,
		Schemas:    []data.Schema{table.Schema()},
		Mount:      s.mount,
		Export:     s.export,
	}
}

func (s *Service) mount(r *web.Router) {
	tag := web.Tag("Identities")
	web.HandleList(r, "GET /users/me/identities", table, s.own, view, web.SignedIn, web.ForPeople(), tag,
		web.Summary("List your accounts at other providers"))
	web.Handle(r, "DELETE /users/me/identities/{id}", s.remove, web.SignedIn, tag, web.Sensitive(),
		web.Summary("Unlink an account at another provider"),
		web.Describe("The last way to sign in cannot be unlinked."), web.Errors(codeLast))
}

// own returns the caller's identities.
func (s *Service) own(ctx context.Context, q data.Query[Identity]) (data.Page[Identity], error) {
	q.Where = data.All(q.Where, owner.Eq(users.IDOf(auth.From(ctx).Subject)))
	return table.On(s.db).List(ctx, q)
}

func view(_ context.Context, row *Identity) Identity { return *row }

func (s *Service) remove(ctx context.Context, in *struct {
	ID ID `path:"id"`
}) (*web.None, error) {
	return nil, s.Unlink(ctx, users.IDOf(auth.From(ctx).Subject), in.ID)
}

// export returns somebody's identities without their tokens. They go with the
// account.
func (s *Service) export(ctx context.Context, who auth.Subject) (any, error) {
	page, err := table.On(s.db).List(ctx, data.Query[Identity]{Where: owner.Eq(users.IDOf(who)), Order: data.By(id.Asc()), Limit: -1})
	return page.Items, err
}
