package groups

import (
	"context"
	"embed"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/web"
)

//go:embed migrations
var migrations embed.FS

// Domain returns everything groups add to an app.
func Domain(env domain.Env) domain.Domain {
	s := NewService(env.DB, env.Events)
	return domain.Domain{
		Name:        "groups",
		Migrations:  migrations,
		Schemas:     []data.Schema{table.Schema()},
		Permissions: []string{Moderate},
		Mount:       s.mount,
		Export:      s.export,
	}
}

func (s *Service) mount(r *web.Router) {
	tag := web.Tag("Groups")
	web.Mount(r, "/groups", s, web.Anyone, web.SignedIn, web.View(s.View), web.Queue("approved", "false"), tag,
		web.Describe("Everybody sees approved groups; people see and change those that they submitted, moderators all. "+
			"A group whose name or address is changed by its submitter has to be approved again."))
	flag := func(action, summary string, set func(context.Context, ID) (Group, error)) {
		web.Handle(r, "POST /groups/{id}/"+action, func(ctx context.Context, in *byID) (*whole, error) {
			g, err := set(ctx, in.ID)
			return &whole{g}, err
		}, web.Require(Moderate), tag, web.Summary(summary))
	}
	flag("approve", "List a group", func(ctx context.Context, key ID) (Group, error) { return s.Approve(ctx, key, true) })
	flag("revoke-approval", "Take a group off the list", func(ctx context.Context, key ID) (Group, error) { return s.Approve(ctx, key, false) })
	flag("trust", "Trust a group", func(ctx context.Context, key ID) (Group, error) { return s.Trust(ctx, key, true) })
	flag("revoke-trust", "Stop trusting a group", func(ctx context.Context, key ID) (Group, error) { return s.Trust(ctx, key, false) })
}

type byID struct {
	ID ID `path:"id"`
}

type whole struct{ Body Group }
