package sessions

import (
	"context"
	"net/netip"
	"time"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
	"github.com/manorgo/manor/web"
)

// A Service opens, verifies, renews and ends sessions.
type Service struct {
	db   *data.DB
	keys *secret.Keyring
	seen *seenLog
}

// NewService returns the service over db.
func NewService(db *data.DB, keys *secret.Keyring) *Service {
	return &Service{db: db, keys: keys, seen: newSeenLog()}
}

// An Opening says what session is to begin.
type Opening struct {
	User     *users.User
	Kind     Kind
	Remember bool       // for cookies: keep it when the browser closes, and longer
	Client   web.Client // who asks
}

// An Issued is a session that has just begun or was renewed, with its secrets,
// which nobody can read again. A cookie session has Cookie, a token session
// Access and Refresh.
type Issued struct {
	Session Session
	Cookie  secret.Token
	Access  secret.Token
	Refresh secret.Token
}

// Open begins a session for somebody who has proved who they are. It is the
// one way that sessions come to be; its secrets are always new.
func (s *Service) Open(ctx context.Context, tx *data.Tx, o Opening) (Issued, error) {
	now := tx.DB().Now()
	out := Issued{Session: Session{
		UserID: o.User.ID, Kind: o.Kind, Remember: o.Remember || o.Kind == Token, Epoch: o.User.Epoch,
		AuthenticatedAt: now, LastSeenAt: now, UserAgent: o.Client.UserAgent, IPPrefix: ipPrefix(o.Client.IP),
	}}
	row := &out.Session
	row.IdleExpiresAt, row.ExpiresAt = now.Add(row.idle()), now.Add(row.life())
	if o.Kind == Cookie {
		out.Cookie = secret.NewToken(secret.SessionCookie)
		row.Digest = s.keys.DigestOf(secret.LabelSession, out.Cookie)
		return out, table.On(tx).Add(ctx, row)
	}
	out.Access = secret.NewToken(secret.AccessToken)
	row.Digest = s.keys.DigestOf(secret.LabelAccess, out.Access)
	until := now.Add(AccessLife)
	row.AccessExpiresAt = &until
	if err := table.On(tx).Add(ctx, row); err != nil {
		return out, err
	}
	return out, s.addRefresh(ctx, tx, &out)
}

func (s *Service) addRefresh(ctx context.Context, tx *data.Tx, out *Issued) error {
	out.Refresh = secret.NewToken(secret.RefreshToken)
	return refreshTable.On(tx).Add(ctx, &RefreshToken{
		SessionID: out.Session.ID,
		Digest:    s.keys.DigestOf(secret.LabelRefresh, out.Refresh),
		ExpiresAt: out.Session.IdleExpiresAt,
	})
}

// ipPrefix keeps of an address what tells a place from another, not a person:
// 24 bits of IPv4, 48 of IPv6.
func ipPrefix(ip netip.Addr) string {
	bits := 48
	if ip = ip.Unmap(); ip.Is4() {
		bits = 24
	}
	p, err := ip.Prefix(bits)
	if err != nil || !p.IsValid() {
		return ""
	}
	return p.String()
}

// holder is what a request must know of its caller: the session, the account
// and its rights, in one statement.
type holder struct {
	ID              ID         `db:"id"`
	UserID          users.ID   `db:"user_id"`
	Kind            Kind       `db:"kind"`
	Remember        bool       `db:"remember"`
	AuthenticatedAt time.Time  `db:"authenticated_at"`
	LastSeenAt      time.Time  `db:"last_seen_at"`
	Superuser       bool       `db:"is_superuser"`
	Granted         [][]string `db:"granted,json"`
}

const holderSQL = `SELECT s.id, s.user_id, s.kind, s.remember, s.authenticated_at, s.last_seen_at, u.is_superuser,
	(SELECT GROUPED FROM roles r WHERE r.id IN (SELECT h.role_id FROM user_roles h WHERE h.user_id = u.id)
		OR (u.is_staff AND r.name = 'staff')) AS granted
FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.digest = ? AND s.kind = ? AND s.revoked_at IS NULL AND s.expires_at > ? AND s.idle_expires_at > ?
	AND (s.access_expires_at IS NULL OR s.access_expires_at > ?) AND s.epoch = u.epoch AND u.is_active AND u.email_verified`

// verify returns whose session the secret belongs to, or fault.Unauthenticated
// whatever is wrong with it.
func (s *Service) verify(ctx context.Context, kind Kind, prefix secret.Prefix, label secret.Label, text string) (*auth.Principal, error) {
	token, err := secret.ParseToken(prefix, text)
	if err != nil {
		return nil, unauthenticated()
	}
	now := s.db.Now()
	for _, d := range s.keys.Digests(label, token) {
		h, err := holders.One(ctx, s.db, d[:], kind, now, now, now)
		if fault.KindOf(err) == fault.NotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		if now.Sub(h.LastSeenAt) > seenEvery {
			s.seen.note(h.ID, now, h.Remember)
		}
		return h.principal(), nil
	}
	return nil, unauthenticated()
}

func (h *holder) principal() *auth.Principal {
	p := &auth.Principal{Subject: auth.Subject(h.UserID.String()), Session: h.ID.String(), Since: h.AuthenticatedAt}
	for _, list := range h.Granted {
		p.Permissions = append(p.Permissions, list...)
	}
	if h.Superuser {
		p.Permissions = auth.Permissions{"*"}
	}
	return p
}

func unauthenticated() error {
	return fault.Errorf(fault.Unauthenticated, "you are not signed in any more")
}

// Refresh renews a token session: the refresh token and the access token that
// came with it die, a new pair is born. A refresh token works once; sent again
// after a short grace it is taken for stolen, and the session ends. Whatever is
// wrong is fault.Unauthenticated with the code REFRESH_INVALID.
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
		out, err = s.renew(ctx, tx, used.SessionID, now)
		return err
	})
	if fault.KindOf(err) == fault.NotFound {
		// A thief who hangs up must not keep the session alive.
		return Issued{}, s.reused(context.WithoutCancel(ctx), digests)
	}
	return out, err
}

// renew gives a live session new secrets. One that has ended is
// fault.NotFound.
func (s *Service) renew(ctx context.Context, tx *data.Tx, key ID, now time.Time) (out Issued, err error) {
	out.Access = secret.NewToken(secret.AccessToken)
	row, err := table.On(tx).GetBy(ctx, id.Eq(key), live(now))
	if err != nil {
		return out, err
	}
	idle := earlier(now.Add(row.idle()), row.ExpiresAt)
	out.Session, err = table.On(tx).UpdateOne(ctx, data.All(id.Eq(key), live(now)),
		digest.Set(s.keys.DigestOf(secret.LabelAccess, out.Access)),
		accessExpiresAt.Set(earlier(now.Add(AccessLife), row.ExpiresAt)),
		idleExpiresAt.Set(idle), lastSeenAt.Set(now))
	if err != nil {
		return out, err
	}
	return out, s.addRefresh(ctx, tx, &out)
}

// reused ends the session of a refresh token that was used before, unless that
// was only just now.
func (s *Service) reused(ctx context.Context, digests []secret.Digest) error {
	now := s.db.Now()
	row, err := refreshTable.On(s.db).GetBy(ctx, refreshDigest.In(digests...), refreshUsed.Lt(now.Add(-reuseGrace)))
	if err == nil {
		_, err = table.On(s.db).UpdateWhere(ctx, data.All(id.Eq(row.SessionID), revokedAt.IsNull()), revokedAt.Set(now))
	}
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	return refreshInvalid()
}

func refreshInvalid() error {
	return fault.Coded(fault.Unauthenticated, "REFRESH_INVALID", "sign in again")
}

// live are the sessions that have not ended, whoever's they are.
func live(now time.Time) data.Filter[Session] {
	return data.All(revokedAt.IsNull(), expiresAt.Gt(now), idleExpiresAt.Gt(now),
		data.SQL[Session](`EXISTS (SELECT 1 FROM users u WHERE u.id = sessions.user_id AND u.epoch = sessions.epoch AND u.is_active AND u.email_verified)`, id))
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// RevokeToken ends the session that an access or a refresh token belongs to. An
// unknown token is no error (RFC 7009).
func (s *Service) RevokeToken(ctx context.Context, text string) error {
	var session data.Filter[Session]
	if token, err := secret.ParseToken(secret.AccessToken, text); err == nil {
		session = digest.In(s.keys.Digests(secret.LabelAccess, token)...)
	} else if token, err := secret.ParseToken(secret.RefreshToken, text); err == nil {
		row, err := refreshTable.On(s.db).GetBy(ctx, refreshDigest.In(s.keys.Digests(secret.LabelRefresh, token)...))
		if fault.KindOf(err) == fault.NotFound {
			return nil
		}
		if err != nil {
			return err
		}
		session = id.Eq(row.SessionID)
	} else {
		return nil
	}
	_, err := table.On(s.db).UpdateWhere(ctx, data.All(session, revokedAt.IsNull()), revokedAt.Set(s.db.Now()))
	return err
}

// Revoke ends one live session of a user. Another's, or none, is
// fault.NotFound.
func (s *Service) Revoke(ctx context.Context, user users.ID, key ID) error {
	now := s.db.Now()
	n, err := table.On(s.db).UpdateWhere(ctx, data.All(id.Eq(key), owner.Eq(user), live(now)), revokedAt.Set(now))
	if err == nil && n == 0 {
		return fault.Errorf(fault.NotFound, "sessions: not found")
	}
	return err
}

// RevokeOthers ends all live sessions of a user but one, and returns how many.
func (s *Service) RevokeOthers(ctx context.Context, user users.ID, except ID) (int, error) {
	now := s.db.Now()
	return table.On(s.db).UpdateWhere(ctx, data.All(id.Ne(except), owner.Eq(user), live(now)), revokedAt.Set(now))
}
