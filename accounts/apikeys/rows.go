package apikeys

import (
	"context"
	"errors"
	"time"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

// A store is the Store in the app's own table.
type store struct{ db *data.DB }

// NewStore returns the Store in the app's own table, for users of its own. The
// database must have keys, see data.DB.SetKeys.
func NewStore(db *data.DB) Store { return store{db} }

// Create stores a key.
func (s store) Create(ctx context.Context, k Key) (Key, error) {
	return s.add(ctx, k, func(tx *data.Tx, row *APIKey) error { return table.On(tx).Add(ctx, row) })
}

// CreateWithLimit stores a key of a user who may have some.
func (s store) CreateWithLimit(ctx context.Context, k Key, most int) (Key, error) {
	return s.add(ctx, k, func(tx *data.Tx, row *APIKey) error {
		if _, err := lockOwner(ctx, tx, row.UserID); err != nil {
			return err
		}
		return addWithin(ctx, tx, row, most)
	})
}

func (s store) add(ctx context.Context, k Key, do func(*data.Tx, *APIKey) error) (Key, error) {
	if err := k.Check(); err != nil {
		return Key{}, err
	}
	row := rowOf(users.IDOf(auth.Subject(k.UserID)), k)
	err := s.db.Tx(ctx, func(tx *data.Tx) error { return do(tx, &row) })
	if e, ok := errors.AsType[*fault.Error](err); ok && e.Code == "REFERENCE" {
		err = noUser()
	}
	if err != nil {
		return Key{}, err
	}
	return contract(&row), nil
}

func noUser() error { return fault.Errorf(fault.NotFound, "api keys: no such user") }

// addWithin stores a row unless its owner, who is locked, has as many active keys as
// they may.
func addWithin(ctx context.Context, tx *data.Tx, row *APIKey, most int) error {
	n, err := table.On(tx).Count(ctx, owner.Eq(row.UserID), active(tx.DB().Now()))
	if err != nil {
		return err
	}
	if n >= most {
		return LimitReached()
	}
	return table.On(tx).Add(ctx, row)
}

// A standing is what the owner of keys may do now.
type standing struct {
	Active    bool          `db:"alive"`
	Superuser bool          `db:"is_superuser"`
	Granted   []users.Grant `db:"granted,json"`
}

// owners are held until the transaction ends, so that no two keys of one owner are
// counted at once. Foreign keys may refer to them meanwhile.
var owners = users.SelectGrants[standing](`SELECT u.is_active AS alive, u.is_superuser, GRANTED AS granted
FROM users u WHERE u.id = ? AND u.deleted_at IS NULL`, " FOR NO KEY UPDATE OF u")

// lockOwner returns what a user may do, or fault.NotFound.
func lockOwner(ctx context.Context, tx *data.Tx, user users.ID) (standing, error) {
	is, err := owners.One(ctx, tx, user)
	if fault.KindOf(err) == fault.NotFound {
		err = noUser()
	}
	return is, err
}

// DeleteForUser removes the keys of a user.
func (s store) DeleteForUser(ctx context.Context, userID string) (int, error) {
	return table.On(s.db).DeleteWhere(ctx, owner.Eq(users.IDOf(auth.Subject(userID))))
}

// ByKeyID returns a key.
func (s store) ByKeyID(ctx context.Context, key string, inactive bool) (Key, error) {
	row, err := table.On(s.db).GetBy(ctx, s.among(keyID.Eq(key), inactive))
	return contract(&row), err
}

// among are those of some keys that are active, or all.
func (s store) among(which data.Filter[APIKey], inactive bool) data.Filter[APIKey] {
	if inactive {
		return which
	}
	return data.All(which, active(s.db.Now()))
}

// ListForUser returns the keys of a user.
func (s store) ListForUser(ctx context.Context, userID string, inactive bool) ([]Key, error) {
	page, err := table.On(s.db).List(ctx, data.Query[APIKey]{
		Where: s.among(owner.Eq(users.IDOf(auth.Subject(userID))), inactive), Order: data.By(createdAt.Asc(), keyID.Asc()), Limit: -1,
	})
	out := make([]Key, len(page.Items))
	for i := range page.Items {
		out[i] = contract(&page.Items[i])
	}
	return out, err
}

var (
	sealedSecrets = data.NewSelect[struct {
		KeyID  string `db:"key_id"`
		Sealed []byte `db:"sealed"`
		Active bool   `db:"active"`
	}](`SELECT key_id, signing_secret AS sealed, revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)
	AND (idle_expires_at IS NULL OR idle_expires_at > ?) AS active FROM api_keys WHERE signing_secret IS NOT NULL ORDER BY key_id`, "")

	replacedSecret = data.NewSelect[struct {
		KeyID string `db:"key_id"`
	}](`UPDATE api_keys SET signing_secret = ? WHERE key_id = ? AND signing_secret = ? RETURNING key_id`, "")
)

// SealedSecrets returns secrets as they are stored.
func (s store) SealedSecrets(ctx context.Context, inactive bool, stale func(sealed []byte) bool) (out []SealedSecret, err error) {
	now := s.db.Now()
	rows, err := sealedSecrets.All(ctx, s.db, now, now)
	for _, row := range rows {
		if (inactive || row.Active) && stale(row.Sealed) {
			out = append(out, SealedSecret{row.KeyID, row.Sealed})
		}
	}
	return out, err
}

// ReplaceSealed puts one sealed secret in the place of another.
func (s store) ReplaceSealed(ctx context.Context, key string, from, to []byte) error {
	return s.db.Tx(ctx, func(tx *data.Tx) error {
		_, err := replacedSecret.One(ctx, tx, to, key, from)
		if fault.KindOf(err) != fault.NotFound {
			return err
		}
		there, err := table.On(tx).Exists(ctx, keyID.Eq(key), secretColumn.NotNull())
		if err == nil && there {
			err = fault.Errorf(fault.Stale, "api keys: the secret is another by now")
		} else if err == nil {
			err = fault.Errorf(fault.NotFound, "api keys: no such secret")
		}
		return err
	})
}

// Revoke ends a key.
func (s store) Revoke(ctx context.Context, key string, at time.Time) (Key, error) {
	row, _, err := revoke(ctx, s.db, keyID.Eq(key), at)
	return contract(&row), err
}

// revoke ends a key that has not been revoked, and reports whether it did.
func revoke(ctx context.Context, h data.Handle, which data.Filter[APIKey], at time.Time) (row APIKey, now bool, err error) {
	row, err = table.On(h).UpdateOne(ctx, data.All(which, revokedAt.IsNull()), revokedAt.Set(at))
	if fault.KindOf(err) == fault.NotFound { // or it was before
		row, err = table.On(h).GetBy(ctx, which)
		return row, false, err
	}
	return row, err == nil, err
}

// Update changes an active key.
func (s store) Update(ctx context.Context, key string, c Changes) (out Key, err error) {
	err = s.db.Tx(ctx, func(tx *data.Tx) error {
		row, err := update(ctx, tx, data.All(keyID.Eq(key), active(s.db.Now())), c)
		out = contract(&row)
		return err
	})
	return out, err
}

// update changes a key and holds what comes of it to what keys are.
func update(ctx context.Context, tx *data.Tx, which data.Filter[APIKey], c Changes) (APIKey, error) {
	changes := []data.Change[APIKey]{name.Patch(c.Name), description.Patch(c.Description)}
	if s, ok := c.Scopes.Get(); ok {
		changes = append(changes, scopes.Set(permissions(s)))
	}
	if n, ok := c.AllowedIPs.Get(); ok {
		changes = append(changes, allowedIPs.Set(textsOf(n)))
	}
	row, err := table.On(tx).UpdateOne(ctx, which, changes...)
	if err != nil {
		return row, err
	}
	k := contract(&row)
	return row, k.Check()
}

// SawUse notes that a key was used.
func (s store) SawUse(ctx context.Context, key string, at time.Time, every time.Duration) (bool, error) {
	row, found, err := table.On(s.db).Find(ctx, keyID.Eq(key))
	if err != nil || !found {
		return false, err
	}
	return sawUse(ctx, s.db, s.db.Now(), sighting{row.ID, row.KeyID, row.UserID, at, value(row.IdleDays)}, every)
}

// A sighting is one use of a key.
type sighting struct {
	id       ID
	keyID    string
	owner    users.ID
	at       time.Time
	idleDays int
}

// sawUse notes a use in one statement, which does nothing if one was noted within
// every before it, and reports whether it did.
func sawUse(ctx context.Context, h data.Handle, now time.Time, s sighting, every time.Duration) (bool, error) {
	changes := []data.Change[APIKey]{lastUsedAt.Set(s.at)}
	if s.idleDays > 0 {
		changes = append(changes, idleExpiresAt.Set(s.at.Add(days(s.idleDays))))
	}
	due := data.Any(lastUsedAt.IsNull(), lastUsedAt.Le(s.at.Add(-every)))
	n, err := table.On(h).UpdateWhere(ctx, data.All(id.Eq(s.id), active(now), due), changes...)
	return n == 1, err
}

func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }
