package sessions

import (
	"context"
	"log/slog"
	"time"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// A tokenPair is the secrets of a token session. What access is becomes the id of
// a JWT, if access tokens are such.
type tokenPair struct{ access, refresh secret.Token }

// successors returns the pair that follows a refresh token, under each version
// of the master key, the current one first. It is made of the token, the row
// that knows it and the key, so that who lost the answer can be given it once
// more, and nobody has to keep it: without all three it cannot be made.
func (s *Service) successors(token secret.Token, row data.ID[RefreshToken]) []tokenPair {
	access := s.keys.Derive(secret.LabelAccess, s.accessPrefix(), token, row[:])
	refresh := s.keys.Derive(secret.LabelRefresh, secret.RefreshToken, token, row[:])
	out := make([]tokenPair, len(access))
	for v := range out {
		out[v] = tokenPair{access[v], refresh[v]}
	}
	return out
}

// issued is what a program is given at the time now.
func (s *Service) issued(row *Session, pair tokenPair, now time.Time) Issued {
	out := Issued{
		Session: *row, Access: secret.NewText(pair.access.Reveal()), Refresh: pair.refresh,
		ExpiresIn: row.AccessExpiresAt.Sub(now),
	}
	if s.jwt != nil {
		out.Access = s.jwt.sign(s.claims(row, pair.access, now))
	}
	return out
}

func (s *Service) addRefresh(ctx context.Context, tx *data.Tx, row *Session, pair tokenPair) error {
	return refreshTable.On(tx).Add(ctx, &RefreshToken{
		SessionID: row.ID, Digest: s.keys.DigestOf(secret.LabelRefresh, pair.refresh), ExpiresAt: row.IdleExpiresAt,
	})
}

// Refreshing returns the user whose session a refresh token may renew, whether it
// still can or not, or what Refresh says.
func (s *Service) Refreshing(ctx context.Context, text string) (who users.ID, err error) {
	token, err := secret.ParseToken(secret.RefreshToken, text)
	if err != nil {
		return who, refreshInvalid()
	}
	row, err := refreshTable.On(s.db).GetBy(ctx, refreshDigest.In(s.keys.Digests(secret.LabelRefresh, token)...))
	if err != nil {
		return who, unknown(err)
	}
	session, err := table.On(s.db).Get(ctx, row.SessionID)
	return session.UserID, unknown(err)
}

// unknown turns what comes of a token that nobody knows into what Refresh says.
func unknown(err error) error {
	if fault.KindOf(err) == fault.NotFound {
		return refreshInvalid()
	}
	return err
}

// Refresh renews a token session: the refresh token and the access token that
// came with it die, a new pair is born. Whoever sends the same refresh token
// again within ten seconds, because the answer got lost, is given the same pair,
// as long as nobody has renewed it in turn. Later it is taken for stolen, and the
// session ends, whatever becomes of the caller's transaction. Whatever is wrong
// is fault.Unauthenticated with the code REFRESH_INVALID.
func (s *Service) Refresh(ctx context.Context, text string) (out Issued, err error) {
	token, err := secret.ParseToken(secret.RefreshToken, text)
	if err != nil {
		return out, refreshInvalid()
	}
	digests := s.keys.Digests(secret.LabelRefresh, token)
	err = s.db.Tx(ctx, func(tx *data.Tx) error {
		now := tx.DB().Now()
		used, err := refreshTable.On(tx).UpdateOne(ctx, data.All(
			refreshDigest.In(digests...), refreshUsed.IsNull(), refreshExpires.Gt(now)), refreshUsed.Set(now))
		if err != nil {
			return err
		}
		out, err = s.renew(ctx, tx, used.SessionID, s.successors(token, used.ID)[0], now)
		return err
	})
	if fault.KindOf(err) == fault.NotFound {
		// A thief who hangs up must not keep the session alive.
		return s.again(context.WithoutCancel(ctx), token, digests)
	}
	return out, err
}

// renew gives a live session new secrets. One that has ended is
// fault.NotFound.
func (s *Service) renew(ctx context.Context, tx *data.Tx, key ID, pair tokenPair, now time.Time) (out Issued, err error) {
	row, err := table.On(tx).GetBy(ctx, id.Eq(key), live(now))
	if err != nil {
		return out, err
	}
	row, err = table.On(tx).UpdateOne(ctx, data.All(id.Eq(key), live(now)),
		digest.Set(s.keys.DigestOf(secret.LabelAccess, pair.access)),
		accessExpiresAt.Set(earlier(now.Add(s.config.AccessLife), row.ExpiresAt)),
		idleExpiresAt.Set(earlier(now.Add(s.config.idle(row.Remember)), row.ExpiresAt)), lastSeenAt.Set(now))
	if err != nil {
		return out, err
	}
	return s.issued(&row, pair, now), s.addRefresh(ctx, tx, &row, pair)
}

// again answers a refresh token that cannot be used any more.
func (s *Service) again(ctx context.Context, token secret.Token, digests []secret.Digest) (Issued, error) {
	now := s.db.Now()
	row, err := refreshTable.On(s.db).GetBy(ctx, refreshDigest.In(digests...), refreshUsed.NotNull())
	switch {
	case fault.KindOf(err) == fault.NotFound:
		return Issued{}, refreshInvalid()
	case err != nil:
		return Issued{}, err
	case row.UsedAt.Before(now.Add(-grace)):
		return Issued{}, s.reused(ctx, row.SessionID, now)
	}
	for _, pair := range s.successors(token, row.ID) {
		session, err := s.newest(ctx, row.SessionID, pair, now)
		if fault.KindOf(err) == fault.NotFound {
			continue
		}
		if err != nil {
			return Issued{}, err
		}
		return s.issued(&session, pair, now), nil
	}
	return Issued{}, refreshInvalid() // whoever has the pair has renewed it meanwhile
}

// newest returns a live session if this is the newest pair it has, or
// fault.NotFound.
func (s *Service) newest(ctx context.Context, key ID, pair tokenPair, now time.Time) (row Session, err error) {
	next := s.keys.Digests(secret.LabelRefresh, pair.refresh)
	if _, err := refreshTable.On(s.db).GetBy(ctx, refreshDigest.In(next...), refreshUsed.IsNull()); err != nil {
		return row, err
	}
	return table.On(s.db).GetBy(ctx, id.Eq(key), digest.In(s.keys.Digests(secret.LabelAccess, pair.access)...), live(now))
}

// reused ends the session of a refresh token that two people have.
func (s *Service) reused(ctx context.Context, key ID, now time.Time) error {
	ended := true
	err := s.db.Tx(ctx, func(tx *data.Tx) error {
		row, err := table.On(tx).UpdateOne(ctx, data.All(id.Eq(key), revokedAt.IsNull()), revokedAt.Set(now))
		if fault.KindOf(err) == fault.NotFound {
			ended = false // before
			return nil
		}
		if err != nil || s.events == nil {
			return err
		}
		return s.events.Emit(ctx, tx, Reused{UserID: row.UserID, SessionID: key, At: now})
	})
	if err != nil {
		return err
	}
	if ended {
		s.log.LogAttrs(ctx, slog.LevelWarn, "a refresh token was used twice, its session is ended", slog.String("session", key.String()))
	}
	return refreshInvalid()
}

func refreshInvalid() error {
	return fault.Coded(fault.Unauthenticated, "REFRESH_INVALID", "sign in again")
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
