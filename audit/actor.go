package audit

import (
	"context"

	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/task"
	"github.com/manorgo/manor/web"
)

// An Actor is who acts where no request says so.
type Actor struct {
	Kind Kind
	Name string // "root" of the CLI; "" if it has none
	Via  string // "manor users create"; "" if nothing is to be said
}

type actorKey struct{}

type behalfKey struct{}

// WithActor returns a context in which a acts, whoever the context says is
// calling. The zero Actor leaves it to the context again.
func WithActor(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// OnBehalfOf returns a context in which whoever acts does so for somebody else:
// an administrator who answers for a user, a task that a user asked for.
func OnBehalfOf(ctx context.Context, s auth.Subject) context.Context {
	return context.WithValue(ctx, behalfKey{}, s)
}

// sign says in e who acts in ctx, and from where.
func (e *Entry) sign(ctx context.Context) {
	client, caller := web.ClientFrom(ctx), auth.From(ctx)
	behalf, _ := ctx.Value(behalfKey{}).(auth.Subject)
	e.OnBehalfOf, e.RequestID, e.Via = string(behalf), client.RequestID, web.PatternOf(ctx)
	e.IPPrefix = web.PrefixOf(client.IP)
	a, _ := ctx.Value(actorKey{}).(Actor)
	switch kind := task.KindOf(ctx); {
	case a.Kind != "":
		e.ActorKind, e.Actor = a.Kind, a.Name
		if a.Via != "" {
			e.Via = a.Via
		}
	case caller.SignedIn():
		e.ActorKind, e.Actor, e.Scheme = User, string(caller.Subject), caller.Scheme
		if caller.Key != "" {
			e.Scheme += " " + caller.Key
		}
	case client.RequestID != "":
		e.ActorKind = Anonymous
	case kind != "":
		e.ActorKind, e.Actor = Task, kind
	default:
		e.ActorKind = System
	}
}
