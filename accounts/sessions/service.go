package sessions

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/event"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
	"github.com/manorgo/manor/web"
)

// A Service opens, verifies, renews and ends sessions.
type Service struct {
	db     *data.DB
	keys   *secret.Keyring
	events *event.Bus // nil tells nobody
	links  web.Links
	log    *slog.Logger
	config Config
	jwt    *jwtSigner // nil if access tokens are opaque
	seen   *seenLog
}

// NewService returns the service of an app. The Config is one that Check finds
// nothing wrong with.
func NewService(env domain.Env, c Config) *Service {
	log := env.Log
	if log == nil {
		log = slog.Default()
	}
	s := &Service{
		db: env.DB, keys: env.Keys, events: env.Events, links: env.Links, log: log, config: c.complete(), seen: newSeenLog(),
	}
	if s.config.AccessTokens == JWT {
		s.jwt = newJWTSigner(env.Keys, strings.TrimSuffix(env.Links.To("/", nil), "/"))
	}
	return s
}

// An Opening says what session is to begin.
type Opening struct {
	User     *users.User
	Kind     Kind
	Remember bool       // for cookies: keep it when the browser closes, and longer
	Client   web.Client // who asks
	First    bool       // nobody has signed in as them before, so that no device is new
}

// An Issued is a session that has just begun or was renewed, with its secrets,
// which nobody can read again. A cookie session has Cookie, a token session
// Access and Refresh.
type Issued struct {
	Session   Session
	Cookie    secret.Token
	Access    secret.Text
	Refresh   secret.Token
	ExpiresIn time.Duration // how long the access token is good for
}

// Open begins a session for somebody who has proved who they are. It is the
// one way that sessions come to be; its secrets are always new.
func (s *Service) Open(ctx context.Context, tx *data.Tx, o Opening) (out Issued, err error) {
	is, err := s.standing(ctx, tx, o)
	if err != nil {
		return out, err
	}
	now := tx.DB().Now()
	row := Session{
		UserID: o.User.ID, Kind: o.Kind, Remember: o.Remember || o.Kind == Token, Epoch: o.User.Epoch,
		AuthenticatedAt: now, LastSeenAt: now, UserAgent: o.Client.UserAgent, IPPrefix: web.PrefixOf(o.Client.IP),
		Device: is.device, Rights: fingerprint(is.Superuser, is.Granted),
	}
	row.IdleExpiresAt, row.ExpiresAt = now.Add(s.config.idle(row.Remember)), now.Add(s.config.life(row.Remember))
	if o.Kind == Cookie {
		out, err = s.openCookie(ctx, tx, row)
	} else {
		out, err = s.openToken(ctx, tx, row, now)
	}
	if err != nil {
		return out, err
	}
	return out, s.tellDevice(ctx, tx, o, &out.Session, is.Known)
}

func (s *Service) openCookie(ctx context.Context, tx *data.Tx, row Session) (Issued, error) {
	cookie := secret.NewToken(secret.SessionCookie)
	row.Digest = s.keys.DigestOf(secret.LabelSession, cookie)
	err := table.On(tx).Add(ctx, &row)
	return Issued{Session: row, Cookie: cookie}, err
}

func (s *Service) openToken(ctx context.Context, tx *data.Tx, row Session, now time.Time) (Issued, error) {
	pair := tokenPair{secret.NewToken(s.accessPrefix()), secret.NewToken(secret.RefreshToken)}
	row.Digest = s.keys.DigestOf(secret.LabelAccess, pair.access)
	until := now.Add(s.config.AccessLife)
	row.AccessExpiresAt = &until
	if err := table.On(tx).Add(ctx, &row); err != nil {
		return Issued{}, err
	}
	return s.issued(&row, pair, now), s.addRefresh(ctx, tx, &row, pair)
}

// live are the sessions that have not ended, whoever's they are.
func live(now time.Time) data.Filter[Session] {
	return data.All(revokedAt.IsNull(), expiresAt.Gt(now), idleExpiresAt.Gt(now),
		data.SQL[Session](`EXISTS (SELECT 1 FROM users u WHERE u.id = sessions.user_id AND u.epoch = sessions.epoch AND u.is_active AND u.email_verified)`, id))
}

// RevokeToken ends the session that an access or a refresh token belongs to. An
// unknown token is no error (RFC 7009).
func (s *Service) RevokeToken(ctx context.Context, text string) error {
	var session data.Filter[Session]
	if digests, ok := s.accessDigests(text); ok {
		session = digest.In(digests...)
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

// Prove notes that the owner of a live session has just proved again who they
// are, and gives a cookie session a new cookie: the one before is worth nothing
// then. What the answer to the caller must bring is in the Issued. A program's
// access token stays: nobody can plant one there. Another's session, or none, is
// fault.NotFound.
func (s *Service) Prove(ctx context.Context, tx *data.Tx, user users.ID, key ID) (out Issued, err error) {
	now := tx.DB().Now()
	mine := data.All(id.Eq(key), owner.Eq(user), live(now))
	if out.Session, err = table.On(tx).Lock(ctx, mine); err != nil {
		return out, err
	}
	changes := []data.Change[Session]{authenticatedAt.Set(now)}
	if out.Session.Kind == Cookie {
		out.Cookie = secret.NewToken(secret.SessionCookie)
		changes = append(changes, s.cookieChanges(out.Cookie, out.Session.Digest)...)
	}
	out.Session, err = table.On(tx).UpdateOne(ctx, id.Eq(key), changes...)
	return out, err
}

// RevokeCookie ends the session that a browser had until now, if there is one.
func (s *Service) RevokeCookie(ctx context.Context, tx *data.Tx, text string) error {
	token, err := secret.ParseToken(secret.SessionCookie, text)
	if err != nil {
		return nil
	}
	_, err = table.On(tx).UpdateWhere(ctx, data.All(digest.In(s.keys.Digests(secret.LabelSession, token)...), revokedAt.IsNull()),
		revokedAt.Set(tx.DB().Now()))
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
