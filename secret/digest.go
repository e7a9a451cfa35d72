package secret

import (
	"crypto/hmac"
	"crypto/sha256"
	"database/sql/driver"
	"fmt"
	"log/slog"
)

// A Digest stands for a secret in a database: the HMAC-SHA-256 of it under a
// key that the database does not hold, so that whoever reads the database
// cannot use what is there, and whoever writes to it cannot make a credential
// that works. It is looked up by equality, in a unique index. It is stored as
// 32 bytes and printed, logged and marshalled as "[redacted]".
type Digest [sha256.Size]byte

// String returns "[redacted]".
func (Digest) String() string { return mask }

// GoString returns "[redacted]".
func (Digest) GoString() string { return mask }

// Format prints "[redacted]" for every verb.
func (Digest) Format(f fmt.State, _ rune) { redact(f) }

// LogValue returns "[redacted]".
func (Digest) LogValue() slog.Value { return slog.StringValue(mask) }

// MarshalText returns "[redacted]".
func (Digest) MarshalText() ([]byte, error) { return []byte(mask), nil }

// IsZero reports whether d is the digest of nothing.
func (d Digest) IsZero() bool { return d == Digest{} }

// Equal reports whether both are the same, in constant time.
func (d Digest) Equal(e Digest) bool { return hmac.Equal(d[:], e[:]) }

// Value returns the 32 bytes, for a database.
func (d Digest) Value() (driver.Value, error) { return d[:], nil }

// Scan reads the 32 bytes from a database.
func (d *Digest) Scan(src any) error {
	b, ok := src.([]byte)
	if !ok || len(b) != len(d) {
		return fmt.Errorf("secret: a stored digest must be %d bytes, not %d of %T", len(d), len(b), src)
	}
	copy(d[:], b)
	return nil
}
