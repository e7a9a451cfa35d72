// Package apikeys keeps long-lived credentials for programs: whose they are, what
// they may do, and from where.
//
// A key is shown once. What is kept of it is a digest under a key that the database
// does not have, bound to the owner, so that who reads the database has no key, and
// who writes to it can make none and move none. Every request looks its key up with
// what its owner may do now, in one statement, so that a key never does more than
// both allow.
package apikeys

import (
	"net/netip"
	"time"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/secret"
)

// An APIKey is a key as the app's own table keeps it. Its JSON is what its owner
// sees.
type APIKey struct {
	data.Audited[APIKey]
	KeyID       string   `json:"key_id" db:"key_id,size=128,unique"`
	UserID      users.ID `json:"user_id" db:"user_id,references=users,ondelete=cascade,index"`
	Name        string   `json:"name" db:"name,size=120,sort"`
	Description string   `json:"description" db:"description,size=1000,default=''"`
	PrefixEnv   string   `json:"prefix_env" db:"prefix_env,size=64"`
	Hint        string   `json:"key_hint" db:"key_hint,size=64"`

	Digest       secret.Digest `json:"-" db:"digest"`
	Form         Form          `json:"-" db:"digest_kind,size=16,enum=|sha256|hmac-sha256,default=''"`
	DigestSecret *secret.Text  `json:"-" db:"digest_secret"`

	Scopes        []string     `json:"scopes" db:"scopes,size=120"`
	Signing       Signing      `json:"signing" db:"signing,size=16,enum=|hmac-sha256|ed25519,default=''"`
	Secret        *secret.Text `json:"-" db:"signing_secret"`
	PublicKey     []byte       `json:"-" db:"public_key"`
	AllowedIPs    []string     `json:"allowed_ips" db:"allowed_ips,size=64"`
	RatePerMinute *int         `json:"rate_per_minute" db:"rate_per_minute,check=rate_per_minute > 0"`

	ExpiresAt     *time.Time `json:"expires_at" db:"expires_at,sort,index"`
	IdleDays      *int       `json:"idle_days" db:"idle_days,check=idle_days > 0"`
	IdleExpiresAt *time.Time `json:"-" db:"idle_expires_at,quiet"`
	LastUsedAt    *time.Time `json:"last_used_at" db:"last_used_at,sort,quiet"`
	RevokedAt     *time.Time `json:"revoked_at" db:"revoked_at"`
	NoticedAt     *time.Time `json:"-" db:"noticed_at,quiet"` // when its owner was last told that it expires

	CreatedVia string            `json:"created_via" db:"created_via,size=16"`
	Metadata   map[string]string `json:"client_metadata" db:"client_metadata,json,default='{}'"`
	Replaces   *string           `json:"replaces" db:"replaces,size=128"`
	ReplacedBy *string           `json:"replaced_by" db:"replaced_by,size=128"`
}

// An ID names a row.
type ID = data.ID[APIKey]

var (
	table         = data.NewTable[APIKey]("api_keys")
	id            = data.Col[ID](table, "id")
	keyID         = data.TextCol(table, "key_id")
	owner         = data.Col[users.ID](table, "user_id")
	name          = data.TextCol(table, "name")
	description   = data.TextCol(table, "description")
	secretColumn  = data.Col[secret.Text](table, "signing_secret")
	scopes        = data.Col[[]string](table, "scopes")
	allowedIPs    = data.Col[[]string](table, "allowed_ips")
	expiresAt     = data.Col[time.Time](table, "expires_at")
	idleExpiresAt = data.Col[time.Time](table, "idle_expires_at")
	lastUsedAt    = data.Col[time.Time](table, "last_used_at")
	revokedAt     = data.Col[time.Time](table, "revoked_at")
	noticedAt     = data.Col[time.Time](table, "noticed_at")
	replacedBy    = data.TextCol(table, "replaced_by")
	createdAt     = data.Col[time.Time](table, "created_at")
)

// active are the keys that are good at a time.
func active(now time.Time) data.Filter[APIKey] {
	return data.All(revokedAt.IsNull(), over(expiresAt, now), over(idleExpiresAt, now))
}

// over are the keys of which a time is not over yet.
func over(c data.Column[APIKey, time.Time], now time.Time) data.Filter[APIKey] {
	return data.Any(c.IsNull(), c.Gt(now))
}

// Active reports whether a key is good at a time.
func (k *APIKey) Active(now time.Time) bool {
	return k.RevokedAt == nil && !past(k.ExpiresAt, now) && !past(k.IdleExpiresAt, now)
}

func past(t *time.Time, now time.Time) bool { return t != nil && !t.After(now) }

// A State says what became of a key.
type State string

// The states.
const (
	Live    State = "active"
	Expired State = "expired" // its time was up, or it was not used for too long
	Revoked State = "revoked"
)

// State returns the state of a key at a time.
func (k *APIKey) State(now time.Time) State {
	switch {
	case k.RevokedAt != nil:
		return Revoked
	case k.Active(now):
		return Live
	}
	return Expired
}

// contract returns a row as the contract of stores has it.
func contract(row *APIKey) Key {
	return Key{
		ID: row.ID.String(), KeyID: row.KeyID, UserID: row.UserID.String(), Name: row.Name, Description: row.Description,
		PrefixEnv: row.PrefixEnv, Hint: row.Hint, Digest: row.Digest, Form: row.Form, DigestSecret: value(row.DigestSecret),
		Scopes: row.Scopes, AllowedIPs: networksOf(row.AllowedIPs), Signing: row.Signing, Secret: value(row.Secret), PublicKey: row.PublicKey,
		RatePerMinute: value(row.RatePerMinute), IdleDays: value(row.IdleDays), ExpiresAt: value(row.ExpiresAt),
		IdleExpiresAt: value(row.IdleExpiresAt), LastUsedAt: value(row.LastUsedAt), RevokedAt: value(row.RevokedAt),
		CreatedVia: row.CreatedVia, Metadata: row.Metadata, Replaces: value(row.Replaces), ReplacedBy: value(row.ReplacedBy),
		CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
	}
}

// rowOf returns the row of a new key.
func rowOf(user users.ID, k Key) APIKey {
	row := APIKey{
		KeyID: k.KeyID, UserID: user, Name: k.Name, Description: k.Description, PrefixEnv: k.PrefixEnv, Hint: k.Hint,
		Digest: k.Digest, Form: k.Form, Scopes: k.Scopes, AllowedIPs: textsOf(k.AllowedIPs), Signing: k.Signing, PublicKey: k.PublicKey,
		RatePerMinute: pointer(k.RatePerMinute), IdleDays: pointer(k.IdleDays), ExpiresAt: pointer(k.ExpiresAt),
		IdleExpiresAt: pointer(k.IdleExpiresAt), LastUsedAt: pointer(k.LastUsedAt), RevokedAt: pointer(k.RevokedAt),
		CreatedVia: k.CreatedVia, Metadata: k.Metadata, Replaces: pointer(k.Replaces), ReplacedBy: pointer(k.ReplacedBy),
	}
	if row.Metadata == nil {
		row.Metadata = map[string]string{}
	}
	if !k.DigestSecret.IsZero() {
		row.DigestSecret = &k.DigestSecret
	}
	if !k.Secret.IsZero() {
		row.Secret = &k.Secret
	}
	return row
}

// value returns what p points to, or nothing.
func value[V any](p *V) (v V) {
	if p != nil {
		v = *p
	}
	return v
}

// pointer returns nil for nothing.
func pointer[V comparable](v V) *V {
	var nothing V
	if v == nothing {
		return nil
	}
	return &v
}

// networksOf reads what textsOf wrote. What is no network has no address in it, so
// that it does not open what it was to close.
func networksOf(texts []string) (out []netip.Prefix) {
	for _, s := range texts {
		n, _ := netip.ParsePrefix(s)
		out = append(out, n)
	}
	return out
}

func textsOf(networks []netip.Prefix) []string {
	out := make([]string, len(networks))
	for i, n := range networks {
		out[i] = n.String()
	}
	return out
}

// permissions are scopes as they are stored: in normal form, sorted, each once.
func permissions(scopes []string) auth.Permissions { return auth.NormalNames(scopes) }
