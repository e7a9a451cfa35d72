package memberships

import (
	"context"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/web"
)

// Member lets people with a membership call a route, of whatever type. It looks
// that up in db when the route is called, by one statement, so that requests to
// other routes cost what they did.
func Member(db *data.DB) web.Access {
	return web.Guard("member", standing(db, data.Everything[Membership]()))
}

// HigherMember lets people call a route whose membership is more than a basic
// one. Otherwise it is as Member.
func HigherMember(db *data.DB) web.Access {
	return web.Guard("higher member", standing(db, membershipType.Ne(Basic)))
}

// standing asks whether the caller has a membership that where picks.
func standing(db *data.DB, where data.Filter[Membership]) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) {
		return table.On(db).Exists(ctx, owner.Eq(users.IDOf(auth.From(ctx).Subject)), where)
	}
}
