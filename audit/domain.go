package audit

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

// Read is the permission to read the whole audit.
const Read = "audit:read"

// Domain returns what the audit adds to an app.
func (l *Log) Domain() domain.Domain {
	return domain.Domain{
		Name:        "audit",
		Migrations:  migrations,
		Schemas:     []data.Schema{table.Schema(), heads.Schema(), checkpoints.Schema()},
		Permissions: []string{Read},
		Mount:       l.mount,
		Run:         l.Run,
	}
}

func (l *Log) mount(r *web.Router) {
	tag := web.Tag("Audit")
	web.HandleList(r, "GET /audit", table, l.List, show, web.Require(Read), tag, web.Summary("List who did what"),
		web.Describe("Every committed change has at least one entry, refused callers are counted. Nothing can be changed here."))
	web.HandleList(r, "GET /users/me/audit", table, l.own, show, web.SignedIn, tag, web.Summary("List what you did, and what was done to your account"))
}

func show(_ context.Context, e *Entry) Entry { return *e }

// own returns those that are about the caller.
func (l *Log) own(ctx context.Context, q data.Query[Entry]) (data.Page[Entry], error) {
	me := string(auth.From(ctx).Subject)
	q.Where = data.All(q.Where, data.Any(
		actor.Eq(me), onBehalf.Eq(me), data.All(objID.Eq(me), objType.Eq("users"))))
	return l.List(ctx, q)
}
