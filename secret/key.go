package secret

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/manorgo/manor/fault"
)

// KeySize is the length of a master key in bytes.
const KeySize = 32

// A Keyring holds a master key, in one or several versions of which the first
// is current, and the keys derived from it: HKDF-SHA-256 (RFC 5869) without
// salt, with the info "manor/kdf/v1|" and the label. It is printed, logged and
// marshalled as "[redacted]", and safe for use by many goroutines. Make one
// with OpenKeyFile, CreateKeyFile or NewKeyring.
type Keyring struct {
	redacted
	masters []Text   // Texts, because fmt follows pointers and slices when a verb does not fit
	derived sync.Map // of derivation to []byte
}

type derivation struct {
	version int
	info    string
}

// NewKeyring returns a keyring of master keys of 32 random bytes each, the
// current one first. They are copied. A key of another length, one whose bytes
// are all the same, one given twice, and none at all are fault.Invalid.
func NewKeyring(masters ...[]byte) (*Keyring, error) {
	k := new(Keyring)
	for i, m := range masters {
		switch {
		case len(m) != KeySize:
			return nil, fault.Errorf(fault.Invalid, "master key %d has %d bytes, not %d", i+1, len(m), KeySize)
		case bytes.Count(m, m[:1]) == KeySize:
			return nil, fault.Errorf(fault.Invalid, "master key %d is one byte repeated: it must be random", i+1)
		case slices.ContainsFunc(k.masters, NewText(string(m)).Equal):
			return nil, fault.Errorf(fault.Invalid, "master key %d is there twice", i+1)
		}
		k.masters = append(k.masters, NewText(string(m)))
	}
	if len(k.masters) == 0 {
		return nil, fault.Errorf(fault.Invalid, "there is no master key")
	}
	return k, nil
}

// Digest returns the digest of data under the label's current key. For tokens
// there is DigestOf.
func (k *Keyring) Digest(l Label, data []byte) Digest {
	return Digest(mac(k.key(0, string(l)), data))
}

// DigestOf returns what is stored in place of a token.
func (k *Keyring) DigestOf(l Label, t Token) Digest {
	return k.Digest(l, []byte(t.Reveal()))
}

// Digests returns the digests of a token under every version of the label's
// key, the current one first: a lookup that must survive a change of the
// master key asks for all of them.
func (k *Keyring) Digests(l Label, t Token) []Digest {
	return k.DigestsOver(l, []byte(t.Reveal()))
}

// Fingerprint returns eight hexadecimal digits that tell the current master
// key from another and nothing about it. They may be shown.
func (k *Keyring) Fingerprint() string {
	return k.KeyIDs()[0].String()
}

const (
	// MaxSigned is the size in bytes of the largest payload that Open accepts.
	MaxSigned = 1024

	signatureSize = 16
)

var signedEncoding = base64.RawURLEncoding.Strict()

// Sign returns payload in a form that is safe in a URL and that Open, with the
// same label, accepts only unchanged. The payload is not hidden. It must not be
// longer than MaxSigned: Open refuses it then.
func (k *Keyring) Sign(l Label, payload []byte) string {
	sum := mac(k.signingKey(0, l), payload)
	return signedEncoding.EncodeToString(slices.Concat(payload, sum[:signatureSize]))
}

// Open returns the payload of a value that Sign made with the same label and
// any version of the master key. Every other value is fault.Malformed.
func (k *Keyring) Open(l Label, s string) (payload []byte, err error) {
	if len(s) > signedEncoding.EncodedLen(MaxSigned+signatureSize) || strings.ContainsAny(s, "\r\n") {
		return nil, notSigned()
	}
	b, err := signedEncoding.DecodeString(s)
	if err != nil || len(b) < signatureSize {
		return nil, notSigned()
	}
	payload, signature := b[:len(b)-signatureSize:len(b)-signatureSize], b[len(b)-signatureSize:]
	for v := range k.masters {
		if sum := mac(k.signingKey(v, l), payload); hmac.Equal(sum[:signatureSize], signature) {
			return payload, nil
		}
	}
	return nil, notSigned()
}

func notSigned() error {
	return fault.Errorf(fault.Malformed, "the value was not made by this server, or has been changed")
}

// signingKey differs from the key of Digest under the same label, so that no
// digest is ever a signature. No label holds a "|".
func (k *Keyring) signingKey(version int, l Label) []byte {
	return k.key(version, string(l)+"|sign")
}

// key derives a key, or returns it from the time before.
func (k *Keyring) key(version int, info string) []byte {
	d := derivation{version, info}
	if key, ok := k.derived.Load(d); ok {
		return key.([]byte)
	}
	key, err := hkdf.Key(sha256.New, []byte(k.masters[version].Reveal()), nil, "manor/kdf/v1|"+info, sha256.Size)
	if err != nil { // only for lengths beyond what HKDF can give
		panic(fmt.Sprintf("secret: deriving a key: %v", err))
	}
	k.derived.Store(d, key)
	return key
}

func mac(key, data []byte) (sum [sha256.Size]byte) {
	h := hmac.New(sha256.New, key)
	h.Write(data)
	h.Sum(sum[:0])
	return sum
}
