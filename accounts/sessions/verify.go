package sessions

import (
	"context"
	"net/http"
	"time"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// holder is what a request must know of its caller: the session, the account
// and its rights, in one statement.
type holder struct {
	ID              ID            `db:"id"`
	UserID          users.ID      `db:"user_id"`
	Remember        bool          `db:"remember"`
	AuthenticatedAt time.Time     `db:"authenticated_at"`
	LastSeenAt      time.Time     `db:"last_seen_at"`
	ExpiresAt       time.Time     `db:"expires_at"`
	Epoch           int           `db:"epoch"`
	Rights          int64         `db:"rights"`
	Superuser       bool          `db:"is_superuser"`
	Granted         []users.Grant `db:"granted,json"`
}

const holderSQL = `SELECT s.id, s.user_id, s.remember, s.authenticated_at, s.last_seen_at, s.expires_at, s.epoch, s.rights, u.is_superuser,
	GRANTED AS granted
FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.digest = ? AND s.kind = ? AND s.revoked_at IS NULL AND s.expires_at > ? AND s.idle_expires_at > ?
	AND (s.access_expires_at IS NULL OR s.access_expires_at > ?) AND s.epoch = u.epoch AND u.is_active AND u.email_verified`

// find returns whose live session has one of the digests, and which, or
// fault.Unauthenticated. An access token may have ended late ago.
func (s *Service) find(ctx context.Context, kind Kind, digests []secret.Digest, late time.Duration) (h holder, d secret.Digest, err error) {
	now := s.db.Now()
	for _, d = range digests {
		h, err = holders.One(ctx, s.db, d[:], kind, now, now, now.Add(-late))
		if fault.KindOf(err) == fault.NotFound {
			continue
		}
		if err == nil && now.Sub(h.LastSeenAt) > seenEvery {
			s.seen.note(h.ID, now, h.Remember)
		}
		return h, d, err
	}
	return h, d, unauthenticated()
}

// verifyToken returns whose access token it is, or fault.Unauthenticated
// whatever is wrong with it.
func (s *Service) verifyToken(ctx context.Context, text string) (*auth.Principal, error) {
	if s.jwt != nil && looksLikeJWT(text) {
		return s.verifyJWT(ctx, text)
	}
	token, err := secret.ParseToken(secret.AccessToken, text)
	if err != nil {
		return nil, unauthenticated()
	}
	h, _, err := s.find(ctx, Token, s.keys.Digests(secret.LabelAccess, token), 0)
	if err != nil {
		return nil, err
	}
	return h.principal(), nil
}

// verifyCookie is verifyToken for a cookie. One that was made when its owner
// had other rights is replaced.
func (s *Service) verifyCookie(ctx context.Context, text string) (*auth.Principal, error) {
	token, err := secret.ParseToken(secret.SessionCookie, text)
	if err != nil {
		return nil, unauthenticated()
	}
	digests := s.keys.Digests(secret.LabelSession, token)
	h, d, err := s.find(ctx, Cookie, digests, 0)
	if fault.KindOf(err) == fault.Unauthenticated {
		return nil, s.replaced(ctx, digests)
	}
	if err != nil {
		return nil, err
	}
	p := h.principal()
	if now := fingerprint(h.Superuser, h.Granted); now != h.Rights {
		p.Renewed, err = s.replace(ctx, &h, d, now)
	}
	return p, err
}

// replace gives a session a new cookie, for other rights than the one with the
// digest old was made for, and returns it, or nil if another request was first:
// this one came with a cookie that was good, and its answer brings none.
func (s *Service) replace(ctx context.Context, h *holder, old secret.Digest, now int64) (*http.Cookie, error) {
	fresh := secret.NewToken(secret.SessionCookie)
	row, err := table.On(s.db).UpdateOne(ctx, data.All(id.Eq(h.ID), digest.Eq(old), revokedAt.IsNull()),
		append(s.cookieChanges(fresh, old), rights.Set(now))...)
	if fault.KindOf(err) == fault.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return Issued{Session: row, Cookie: fresh}.SetCookie(s.links.Secure()), nil
}

// cookieChanges are those by which a session gets another cookie.
func (s *Service) cookieChanges(fresh secret.Token, old secret.Digest) []data.Change[Session] {
	return []data.Change[Session]{
		digest.Set(s.keys.DigestOf(secret.LabelSession, fresh)), previous.Set(old), renewedAt.Set(s.db.Now()),
	}
}

// replaced returns why a cookie is worth nothing: another request of the same
// browser may just have had it replaced.
func (s *Service) replaced(ctx context.Context, digests []secret.Digest) error {
	just, err := table.On(s.db).Exists(ctx, previous.In(digests...), renewedAt.Ge(s.db.Now().Add(-grace)))
	switch {
	case err != nil:
		return err
	case just:
		return fault.Coded(fault.Unauthenticated, auth.CodeRenewed, "your session has just been renewed: send this once more")
	}
	return unauthenticated()
}

func (h *holder) principal() *auth.Principal {
	// The statement finds no session of an address that is not verified.
	p := &auth.Principal{Subject: auth.Subject(h.UserID.String()), Session: h.ID.String(), Since: h.AuthenticatedAt, Verified: true}
	p.Permissions = users.PermissionsOf(h.Superuser, h.Granted)
	for _, r := range h.Granted {
		p.Roles = append(p.Roles, r.Name)
	}
	if h.Superuser {
		p.Roles = append(p.Roles, users.RoleSuperuser)
	}
	return p
}

// fingerprint is a number for what somebody may do: the sum over their roles of
// an FNV-1a hash of each, since roles come in any order.
func fingerprint(superuser bool, roles []users.Grant) int64 {
	const offset, prime = 14695981039346656037, 1099511628211
	sum := uint64(0)
	if superuser {
		sum = prime
	}
	for _, role := range roles {
		hash := uint64(offset)
		for _, word := range append([]string{role.Name}, role.Permissions...) {
			for _, c := range []byte(word) {
				hash = (hash ^ uint64(c)) * prime
			}
			hash = (hash ^ ' ') * prime // which no permission holds
		}
		sum += hash
	}
	return int64(sum)
}

func unauthenticated() error {
	return fault.Errorf(fault.Unauthenticated, "you are not signed in any more")
}
