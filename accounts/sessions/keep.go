package sessions

import (
	"context"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/secret"
)

var sessionEpoch = data.Col[int](table, "epoch")

// Keep lets one session of u go on, right after all of them were ended by u's
// newest epoch. A cookie session gets a new secret, and the old one dies; what a
// program holds stays good until it renews it. A session that had ended before,
// or is another's, is fault.NotFound.
func (s *Service) Keep(ctx context.Context, tx *data.Tx, u *users.User, key ID) (out Issued, err error) {
	now := tx.DB().Now()
	where := data.All(id.Eq(key), owner.Eq(u.ID), sessionEpoch.Eq(u.Epoch-1), revokedAt.IsNull(), expiresAt.Gt(now), idleExpiresAt.Gt(now))
	row, err := table.On(tx).Lock(ctx, where)
	if err != nil {
		return out, err
	}
	changes := []data.Change[Session]{sessionEpoch.Set(u.Epoch)}
	if row.Kind == Cookie {
		out.Cookie = secret.NewToken(secret.SessionCookie)
		changes = append(changes, digest.Set(s.keys.DigestOf(secret.LabelSession, out.Cookie)))
	}
	out.Session, err = table.On(tx).Update(ctx, key, changes...)
	return out, err
}

// export returns where somebody is or was signed in.
func (s *Service) export(ctx context.Context, who auth.Subject) (any, error) {
	page, err := table.On(s.db).List(ctx, data.Query[Session]{Where: owner.Eq(users.IDOf(who)), Order: data.By(id.Asc()), Limit: -1})
	return page.Items, err
}
