package apikeys

import (
	"context"
	"slices"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/event"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/limit"
	"github.com/manorgo/manor/patch"
	"github.com/manorgo/manor/secret"
	"github.com/manorgo/manor/web"
)

// Admin is the permission to see, make and end everybody's keys.
const Admin = "api-keys:admin"

// The codes of errors, beside CodeLimit.
const (
	CodeScope    = "SCOPE_DENIED"     // fault.Forbidden: the key would be allowed more than whoever makes it
	CodeInvalid  = "API_KEY_INVALID"  // fault.Unauthenticated, for whatever is wrong
	CodeRevoked  = "API_KEY_REVOKED"  // the same, to who has the secret, and fault.Conflict to its owner
	CodeExpired  = "API_KEY_EXPIRED"  // likewise
	CodeSigns    = "API_KEY_SIGNS"    // fault.Unauthenticated: the key signs requests, and is not to be sent
	CodeReplaced = "API_KEY_REPLACED" // fault.Conflict: the key has a successor
)

// A Service issues, verifies, rotates and revokes keys.
type Service struct {
	db     *data.DB
	keys   *secret.Keyring
	events *event.Bus // nil tells nobody
	limits *limit.Limiter
	links  web.Links
	config Config
	format Format
	seen   *seenLog
}

// NewService returns the service of an app. The Config is one that Check finds
// nothing wrong with.
func NewService(env domain.Env, c Config) *Service {
	c = c.complete(env.DB.Now)
	return &Service{
		db: env.DB, keys: env.Keys, events: env.Events, limits: env.Limits, links: env.Links, config: c, format: c.format(), seen: newSeenLog(),
	}
}

// Format returns what the keys of the app look like.
func (s *Service) Format() Format { return s.format }

// An Issued is a key that has just come to be, with what nobody can read again.
type Issued struct {
	APIKey
	Key           secret.Text // what the program sends; zero if it signs by a secret that only it has
	SigningSecret secret.Text // what it signs with; zero if it does not, or has it already
}

// Get returns a key of a user, whatever became of it. Another's, or none, is
// fault.NotFound.
func (s *Service) Get(ctx context.Context, user users.ID, key string) (APIKey, error) {
	return table.On(s.db).GetBy(ctx, keyID.Eq(key), owner.Eq(user))
}

// List returns the keys of a user that q picks.
func (s *Service) List(ctx context.Context, user users.ID, q data.Query[APIKey]) (data.Page[APIKey], error) {
	q.Where = data.All(q.Where, owner.Eq(user))
	return table.On(s.db).List(ctx, q)
}

// lock returns a key of a user, held until the transaction ends. One that is in
// another version is fault.Stale.
func (s *Service) lock(ctx context.Context, tx *data.Tx, user users.ID, key string, version data.Version) (APIKey, error) {
	row, err := table.On(tx).Lock(ctx, keyID.Eq(key), owner.Eq(user))
	if err == nil && !version.IsZero() && version != row.Version() {
		err = fault.Errorf(fault.Stale, "api keys: it has changed since you read it")
	}
	return row, err
}

// lockActive is lock for a key that is good; others are fault.Conflict.
func (s *Service) lockActive(ctx context.Context, tx *data.Tx, user users.ID, key string, version data.Version) (APIKey, error) {
	row, err := s.lock(ctx, tx, user, key, version)
	if err != nil {
		return row, err
	}
	switch row.State(s.db.Now()) {
	case Revoked:
		err = fault.Coded(fault.Conflict, CodeRevoked, "the key has been revoked")
	case Expired:
		err = fault.Coded(fault.Conflict, CodeExpired, "the key has expired")
	}
	return row, err
}

// An Update is a request to change a key.
type Update struct {
	Name        patch.Field[string]   `json:"name,omitzero" maxLength:"120"`
	Description patch.Field[string]   `json:"description,omitzero" maxLength:"1000"`
	Scopes      patch.Field[[]string] `json:"scopes,omitzero" maxItems:"100" doc:"They replace those before, and must be within what you may do."`
	AllowedIPs  patch.Field[[]string] `json:"allowed_ips,omitzero" maxItems:"32" doc:"They replace those before; none means from everywhere."`
}

func (u Update) changes() (c Changes, err error) {
	c.Name, c.Description = u.Name, u.Description
	if list, ok := u.Scopes.Get(); ok {
		c.Scopes = patch.Of(permissions(list))
	}
	if list, ok := u.AllowedIPs.Get(); ok {
		networks, err := readNetworks(list)
		if err != nil {
			return c, err
		}
		c.AllowedIPs = patch.Of(networks)
	}
	return c, nil
}

// Update changes a key of a user. If a version is given, the key must still be in
// that state: fault.Stale. Scopes that the owner does not hold, or whoever calls, are
// fault.Forbidden with SCOPE_DENIED; a key that has ended is fault.Conflict with
// API_KEY_REVOKED or API_KEY_EXPIRED.
func (s *Service) Update(ctx context.Context, user users.ID, key string, in Update, version data.Version) (row APIKey, err error) {
	c, err := in.changes()
	if err != nil {
		return row, err
	}
	err = s.db.Tx(ctx, func(tx *data.Tx) error {
		if wanted, ok := c.Scopes.Get(); ok {
			if err := s.granted(ctx, tx, user, wanted); err != nil {
				return err
			}
		}
		was, err := s.lockActive(ctx, tx, user, key, version)
		if err != nil {
			return err
		}
		if row, err = update(ctx, tx, id.Eq(was.ID), c); err != nil {
			return err
		}
		return s.emit(ctx, tx, Changed{row.ID, row.KeyID, user})
	})
	return row, err
}

// granted returns nil if the owner of keys, who is held until the transaction ends,
// and whoever calls may do all that scopes permit.
func (s *Service) granted(ctx context.Context, tx *data.Tx, user users.ID, scopes auth.Permissions) error {
	if err := checkScopes(scopes); err != nil {
		return err
	}
	is, err := lockOwner(ctx, tx, user)
	if err != nil {
		return err
	}
	return is.cover(ctx, scopes)
}

// cover is granted for an owner who is locked.
func (is standing) cover(ctx context.Context, scopes auth.Permissions) error {
	caller := auth.From(ctx)
	if caller.SignedIn() && is.Superuser && !caller.Can("*") { // whose keys are out of reach
		return noUser()
	}
	held := users.PermissionsOf(is.Superuser, is.Granted)
	if !is.Active || !held.Cover(scopes) || caller.SignedIn() && !caller.Permissions.Cover(scopes) {
		return fault.Coded(fault.Forbidden, CodeScope, "a key may only be allowed what you and its owner are")
	}
	return nil
}

// Revoke ends a key of a user for good, and returns it. One that was revoked before
// stays as it is. A version works as with Update.
func (s *Service) Revoke(ctx context.Context, user users.ID, key string, version data.Version) (row APIKey, err error) {
	err = s.db.Tx(ctx, func(tx *data.Tx) error {
		was, err := s.lock(ctx, tx, user, key, version)
		if err != nil {
			return err
		}
		row, err = s.end(ctx, tx, was)
		return err
	})
	return row, err
}

// end revokes a key that is locked.
func (s *Service) end(ctx context.Context, tx *data.Tx, was APIKey) (APIKey, error) {
	row, now, err := revoke(ctx, tx, id.Eq(was.ID), s.db.Now())
	if err != nil || !now {
		return row, err
	}
	return row, s.emit(ctx, tx, Ended{row.ID, row.KeyID, row.UserID})
}

// RevokeAll ends all keys of a user for good, and returns how many.
func (s *Service) RevokeAll(ctx context.Context, user users.ID) (n int, err error) {
	err = s.db.Tx(ctx, func(tx *data.Tx) error {
		n, err = s.endAll(ctx, tx, user)
		return err
	})
	return n, err
}

// endAll revokes the keys of a user that have not been.
func (s *Service) endAll(ctx context.Context, tx *data.Tx, user users.ID) (int, error) {
	n, err := table.On(tx).UpdateWhere(ctx, data.All(owner.Eq(user), revokedAt.IsNull()), revokedAt.Set(s.db.Now()))
	if err != nil || n == 0 {
		return n, err
	}
	return n, s.emit(ctx, tx, AllRevoked{user, n})
}

func (s *Service) emit(ctx context.Context, tx *data.Tx, e event.Event) error {
	if s.events == nil {
		return nil
	}
	return s.events.Emit(ctx, tx, e)
}

// handlers end keys for good with the accounts that they belong to.
func (s *Service) handlers() []event.Handler {
	return []event.Handler{
		event.Inside(func(ctx context.Context, tx *data.Tx, e users.Deactivated) error {
			_, err := s.endAll(ctx, tx, e.ID)
			return err
		}),
		event.Inside(func(ctx context.Context, tx *data.Tx, e users.Deleted) error {
			_, err := s.endAll(ctx, tx, e.ID)
			return err
		}),
	}
}

// states picks keys by what became of them; no state means all.
func (s *Service) states(of ...State) (data.Filter[APIKey], error) {
	now := s.db.Now()
	if len(of) == 0 {
		return data.Everything[APIKey](), nil
	}
	var any []data.Filter[APIKey]
	for _, state := range of {
		switch state {
		case Live:
			any = append(any, active(now))
		case Revoked:
			any = append(any, revokedAt.NotNull())
		case Expired:
			any = append(any, data.All(revokedAt.IsNull(), data.Not(active(now))))
		default:
			return data.Nothing[APIKey](), fault.Errorf(fault.Malformed, "must be one or more of active, expired and revoked")
		}
	}
	return data.Any(any...), nil
}

// Unused returns the active keys that nobody has used for a number of days, those
// made first at first, whoever's they are. Their owners may not need them any more.
func (s *Service) Unused(ctx context.Context, inDays int) ([]APIKey, error) {
	now := s.db.Now()
	before := now.AddDate(0, 0, -inDays)
	page, err := table.On(s.db).List(ctx, data.Query[APIKey]{
		Where: data.All(active(now), createdAt.Le(before), data.Any(lastUsedAt.IsNull(), lastUsedAt.Le(before))),
		Order: data.By(createdAt.Asc(), keyID.Asc()), Limit: -1,
	})
	return page.Items, err
}

// export returns somebody's keys, of which nothing that is secret.
func (s *Service) export(ctx context.Context, who auth.Subject) (any, error) {
	page, err := table.On(s.db).List(ctx, data.Query[APIKey]{Where: owner.Eq(users.IDOf(who)), Order: data.By(id.Asc()), Limit: -1})
	return slices.Clip(page.Items), err
}
