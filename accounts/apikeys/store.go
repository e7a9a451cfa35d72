package apikeys

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/patch"
	"github.com/manorgo/manor/secret"
)

// A Store keeps keys. [NewStore] is ours; package storetest proves that another one
// keeps these promises.
//
// A key is active while it is not revoked and neither of its times is over, by the
// store's clock. Key IDs and user IDs are compared byte by byte. A store is used by
// many goroutines at once, and by other processes; a method that returns after a
// change has returned sees it.
//
// Errors are of package fault, as the methods say; any other is taken for an
// outage, [fault.Unavailable]. What fails leaves everything as it is.
type Store interface {
	// Create stores a new key and returns it with what the store decides about: ID
	// and times. A taken KeyID is fault.Conflict, a user who is not there
	// fault.NotFound, and what Key.Check refuses fault.Invalid.
	Create(ctx context.Context, k Key) (Key, error)

	// CreateWithLimit is Create for a user who may have most active keys: one more is
	// fault.Conflict with the code API_KEY_LIMIT_REACHED, see [LimitReached]. Of many
	// at once, also from other processes, exactly as many succeed as there is room for.
	CreateWithLimit(ctx context.Context, k Key, most int) (Key, error)

	// DeleteForUser removes all keys of a user, and returns how many there were.
	DeleteForUser(ctx context.Context, userID string) (int, error)

	// ByKeyID returns a key, or fault.NotFound. One that is not active is returned if
	// inactive says so.
	ByKeyID(ctx context.Context, keyID string, inactive bool) (Key, error)

	// ListForUser returns the active keys of a user, or all if inactive says so, in
	// the order of CreatedAt and KeyID. Of a user who is not there it returns none.
	ListForUser(ctx context.Context, userID string, inactive bool) ([]Key, error)

	// SealedSecrets returns the secrets of those signing keys of which stale says so,
	// as the store keeps them: encrypted. Keys without a secret are none of them, nor,
	// unless inactive says so, those that are not active.
	SealedSecrets(ctx context.Context, inactive bool, stale func(sealed []byte) bool) ([]SealedSecret, error)

	// ReplaceSealed puts to in the place of from, if that is what the store keeps of
	// the secret of a signing key, and changes nothing else. Of several at once with
	// the same from exactly one does it; to others, and where from is not what is kept,
	// it is fault.Stale. A key without a secret, or none, is fault.NotFound.
	ReplaceSealed(ctx context.Context, keyID string, from, to []byte) error

	// Revoke ends a key at a time and returns it. One that is revoked stays as it is:
	// the first time counts. No key is fault.NotFound.
	Revoke(ctx context.Context, keyID string, at time.Time) (Key, error)

	// Update changes what c sets of an active key and nothing else, and returns it. Any
	// other key is fault.NotFound, what Key.Check refuses fault.Invalid.
	Update(ctx context.Context, keyID string, c Changes) (Key, error)

	// SawUse notes that an active key was used at a time, unless one was noted within
	// every before it, or later, and reports whether it did. Of several at once
	// exactly one does. Any other key is no error.
	SawUse(ctx context.Context, keyID string, at time.Time, every time.Duration) (bool, error)
}

// A Key is an API key in a Store. The secret of one that signs is kept so that who
// reads the store's files does not have it.
type Key struct {
	ID     string // names the row; the store makes it
	KeyID  string // public part of the key, which names it to everybody: 1 to 128 of A-Z, a-z, 0-9, _ and -
	UserID string // whose it is

	Name        string // 1 to 120 characters
	Description string // at most 1000 characters
	PrefixEnv   string // what the key begins with: "mnk_live"
	Hint        string // by which people know it again; has nothing of the secret

	Digest       secret.Digest // of the key and whose it is
	Form         Form
	DigestSecret secret.Text // of the program that made it, if the Form is HMAC

	Scopes     auth.Permissions // at most 100, each as auth.IsGrant has it, or *
	AllowedIPs []netip.Prefix   // from where it may be used, at most 32; none means from everywhere

	Signing   Signing
	Secret    secret.Text // that requests are signed with, if Signing is SignHMAC
	PublicKey []byte      // of 32 bytes, if Signing is SignEd25519

	RatePerMinute int // 0 means that it has no rate of its own
	IdleDays      int // after which it ends if it is not used; 0 means never

	ExpiresAt     time.Time // zero means never
	IdleExpiresAt time.Time // likewise; SawUse moves it by IdleDays
	LastUsedAt    time.Time // zero means never
	RevokedAt     time.Time // zero means that it is not revoked

	CreatedVia           string            // "http", "cli", "go" or "import"
	Metadata             map[string]string // what its owner wants to keep beside it: see MaxMetadata
	Replaces, ReplacedBy string            // the KeyIDs of the keys before and after it; "" if there is none

	CreatedAt, UpdatedAt time.Time // the store sets them
}

// Active reports whether a key is good at a time.
func (k *Key) Active(now time.Time) bool {
	return k.RevokedAt.IsZero() && (k.ExpiresAt.IsZero() || k.ExpiresAt.After(now)) && (k.IdleExpiresAt.IsZero() || k.IdleExpiresAt.After(now))
}

// Changes are what an Update changes. What is not set stays.
type Changes struct {
	Name, Description patch.Field[string]
	Scopes            patch.Field[auth.Permissions]
	AllowedIPs        patch.Field[[]netip.Prefix]
}

// A SealedSecret is the secret of a signing key, encrypted.
type SealedSecret struct {
	KeyID  string
	Sealed []byte
}

// Signing says how requests are signed with a key.
type Signing string

// The ways of signing.
const (
	Bearer      Signing = ""            // they are not: the key itself is sent
	SignHMAC    Signing = "hmac-sha256" // by a secret that both sides have
	SignEd25519 Signing = "ed25519"     // by a secret that only the client has
)

// Limits of what a key says.
const (
	MaxScopes      = 100
	MaxScope       = 120 // characters of one
	MaxNetworks    = 32
	MaxMetadata    = 16 // entries, of names of at most 64 and values of at most 255 characters
	maxName        = 120
	maxDescription = 1000
	publicKeySize  = 32
)

// Check returns what is wrong with a key: fault.Invalid, or nil.
func (k *Key) Check() error {
	var id, name, description, signing error
	if !isID(k.KeyID) {
		id = fault.Field("key_id", "must have 1 to %d of A-Z, a-z, 0-9, _ and -, a letter or a digit first", maxID)
	}
	if n := utf8.RuneCountInString(k.Name); strings.TrimSpace(k.Name) == "" || n > maxName {
		name = fault.Field("name", "must have 1 to %d characters", maxName)
	}
	if utf8.RuneCountInString(k.Description) > maxDescription {
		description = fault.Field("description", "must have at most %d characters", maxDescription)
	}
	switch {
	case !slices.Contains([]Signing{Bearer, SignHMAC, SignEd25519}, k.Signing):
		signing = fault.Field("signing", "must be %s or %s", SignHMAC, SignEd25519)
	case (k.Signing == SignHMAC) == k.Secret.IsZero():
		signing = fault.Field("signing", "a key has a secret to sign with if it is %s, and only then", SignHMAC)
	case k.Signing == SignEd25519 && len(k.PublicKey) != publicKeySize, k.Signing != SignEd25519 && len(k.PublicKey) > 0:
		signing = fault.Field("public_key", "must have %d bytes if signing is %s, and is for that alone", publicKeySize, SignEd25519)
	}
	return fault.Fields(id, name, description, signing, checkScopes(k.Scopes), checkNetworks(k.AllowedIPs), checkMetadata(k.Metadata))
}

func checkScopes(scopes auth.Permissions) error {
	if len(scopes) > MaxScopes {
		return fault.Field("scopes", "must have at most %d entries", MaxScopes)
	}
	for _, s := range scopes {
		if s != "*" && !auth.IsGrant(s) || len(s) > MaxScope {
			return fault.Field("scopes", "each must be resource:action, resource:* or *, of at most %d characters", MaxScope)
		}
	}
	return nil
}

func checkNetworks(networks []netip.Prefix) error {
	if len(networks) > MaxNetworks {
		return fault.Field("allowed_ips", "must have at most %d entries", MaxNetworks)
	}
	for _, n := range networks {
		if !n.IsValid() || n != n.Masked() {
			return fault.Field("allowed_ips", "each must be a network such as 192.0.2.0/24 or 2001:db8::/48, with no bits beyond its prefix")
		}
	}
	return nil
}

func checkMetadata(m map[string]string) error {
	if len(m) > MaxMetadata {
		return fault.Field("client_metadata", "must have at most %d entries", MaxMetadata)
	}
	for name, value := range m {
		if name == "" || utf8.RuneCountInString(name) > 64 || utf8.RuneCountInString(value) > 255 {
			return fault.Field("client_metadata", "names must have 1 to 64 characters, and values at most 255")
		}
	}
	return nil
}

// CodeLimit is the code of LimitReached.
const CodeLimit = "API_KEY_LIMIT_REACHED"

// LimitReached returns the error of a Store for a user who has as many active keys
// as they may.
func LimitReached() error {
	return fault.Coded(fault.Conflict, CodeLimit, "there are as many active keys as there may be: revoke one first")
}
