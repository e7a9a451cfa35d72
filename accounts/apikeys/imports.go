package apikeys

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// An Import is a key that another program made, with what that program kept of it.
// Its holder goes on using it.
type Import struct {
	Name, Description string
	Scopes            []string
	AllowedIPs        []string

	// SHA256 is the hexadecimal SHA-256 of all of a key of the form pyorg_ and 43
	// characters. Such keys have no id of their own.
	SHA256 string

	// Of a key of the form ak_ENVIRONMENT_ID.SECRET, HMAC is the hexadecimal
	// HMAC-SHA-256 of the secret, and Pepper the key of it.
	KeyID, Environment string
	HMAC               string
	Pepper             secret.Text

	CreatedAt, LastUsedAt, ExpiresAt, RevokedAt time.Time // zero for none
	Metadata                                    map[string]string
}

// Import takes over a key for a user. Scopes are not held to what the user may do,
// which they are met with whenever the key is used; nor is the number of keys limited.
// A key that is there is fault.Conflict, what makes no sense fault.Invalid, a user who
// is not there fault.NotFound.
func (s *Service) Import(ctx context.Context, user users.ID, in Import) (row APIKey, err error) {
	k, material, err := in.key()
	if err != nil {
		return row, err
	}
	k.Digest = s.digests(k.Form, user, k.KeyID, material)[0]
	if err := k.Check(); err != nil {
		return row, err
	}
	row = rowOf(user, k)
	row.CreatedAt = in.CreatedAt // zero means now
	err = s.db.Tx(ctx, func(tx *data.Tx) error {
		if _, err := lockOwner(ctx, tx, user); err != nil {
			return err
		}
		if err := table.On(tx).Add(ctx, &row); err != nil {
			return err
		}
		return s.emit(ctx, tx, Created{ID: row.ID, KeyID: row.KeyID, UserID: user})
	})
	return row, err
}

// key returns what is to be stored, and what its digest is made of.
func (in Import) key() (k Key, material string, err error) {
	networks, err := readNetworks(in.AllowedIPs)
	if err != nil {
		return k, "", err
	}
	k = Key{
		Name: in.Name, Description: in.Description, Scopes: permissions(in.Scopes), AllowedIPs: networks, CreatedVia: "import",
		ExpiresAt: in.ExpiresAt, LastUsedAt: in.LastUsedAt, RevokedAt: in.RevokedAt, Metadata: in.Metadata,
	}
	switch {
	case (in.SHA256 == "") == (in.HMAC == ""):
		return k, "", fault.Errorf(fault.Invalid, "an imported key has the digest of one of the two forms")
	case in.SHA256 != "":
		k.Form, material = SHA256, in.SHA256
	default:
		k.Form, material, k.DigestSecret = HMAC, in.HMAC, in.Pepper
		k.KeyID, k.PrefixEnv = in.KeyID, dottedPrefix+in.Environment
		k.Hint = k.PrefixEnv + "_" + in.KeyID[:min(4, len(in.KeyID))]
	}
	if sum, err := hex.DecodeString(material); err != nil || len(sum) != len(secret.Digest{}) || hex.EncodeToString(sum) != material {
		return k, "", fault.Field("digest", "must have 64 hexadecimal digits in lower case")
	}
	if k.Form == SHA256 {
		k.KeyID, k.PrefixEnv, k.Hint = hashedID(material), "pyorg", "pyorg"
	} else if !isEnvironment(in.Environment) || in.Pepper.IsZero() {
		return k, "", fault.Field("environment", "a key of this form has an environment, and its program a secret")
	}
	return k, material, nil
}
