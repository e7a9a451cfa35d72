package httpsig

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"slices"

	"github.com/manorgo/manor/fault"
)

// An Algorithm is how a message is signed, by its name in the registry of RFC 9421.
type Algorithm string

// The algorithms. LSA1 has the first only.
const (
	HMACSHA256 Algorithm = "hmac-sha256" // one secret signs and verifies
	Ed25519    Algorithm = "ed25519"     // a private key signs, its public key verifies
)

const (
	minSecret = 16 // bytes
	mask      = "[redacted]"
)

// A Key signs or verifies with the one algorithm that it is for: what a message
// says of its algorithm never chooses another. It is printed, logged and
// marshalled as "[redacted]", and safe for use by many goroutines. The zero Key
// is none: it signs nothing and verifies nothing.
type Key struct {
	m *material // a pointer, because fmt prints what is inside a field without asking its methods
}

type material struct {
	alg     Algorithm
	secret  []byte
	private ed25519.PrivateKey
	public  ed25519.PublicKey
}

// HMACKey returns the key that both signs and verifies with hmac-sha256, and
// with LSA1, where the secret is the text that was given out. Fewer than 16
// bytes are fault.Invalid: a secret is random, not a password.
func HMACKey(secret []byte) (Key, error) {
	if len(secret) < minSecret {
		return Key{}, fault.Errorf(fault.Invalid, "a secret to sign with has at least %d bytes", minSecret)
	}
	return Key{&material{alg: HMACSHA256, secret: bytes.Clone(secret)}}, nil
}

// PrivateKey returns the key that signs and verifies with ed25519. Another
// length than ed25519.PrivateKeySize is fault.Invalid.
func PrivateKey(k ed25519.PrivateKey) (Key, error) {
	if len(k) != ed25519.PrivateKeySize {
		return Key{}, fault.Errorf(fault.Invalid, "a private key has %d bytes", ed25519.PrivateKeySize)
	}
	k = bytes.Clone(k)
	return Key{&material{alg: Ed25519, private: k, public: k.Public().(ed25519.PublicKey)}}, nil
}

// PublicKey returns the key that verifies with ed25519 and cannot sign. Another
// length than ed25519.PublicKeySize is fault.Invalid, as are the few keys that
// anybody can sign for.
func PublicKey(k ed25519.PublicKey) (Key, error) {
	if len(k) != ed25519.PublicKeySize {
		return Key{}, fault.Errorf(fault.Invalid, "a public key has %d bytes", ed25519.PublicKeySize)
	}
	if weak(k) {
		return Key{}, fault.Errorf(fault.Invalid, "this public key proves nothing: anybody can sign for it")
	}
	return Key{&material{alg: Ed25519, public: bytes.Clone(k)}}, nil
}

// IsZero reports whether k is none.
func (k Key) IsZero() bool { return k.m == nil }

// Algorithm returns what k is for, "" for none.
func (k Key) Algorithm() Algorithm {
	if k.m == nil {
		return ""
	}
	return k.m.alg
}

// String returns "[redacted]".
func (Key) String() string { return mask }

// GoString returns "[redacted]".
func (Key) GoString() string { return mask }

// Format prints "[redacted]" for every verb.
func (Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, mask) }

// LogValue returns "[redacted]".
func (Key) LogValue() slog.Value { return slog.StringValue(mask) }

// MarshalText returns "[redacted]".
func (Key) MarshalText() ([]byte, error) { return []byte(mask), nil }

// sign appends the signature of message to dst.
func (k Key) sign(dst, message []byte) ([]byte, error) {
	switch {
	case k.m == nil:
		return nil, fault.Errorf(fault.Invalid, "there is no key to sign with")
	case k.m.alg == HMACSHA256:
		return k.mac(dst, message), nil
	case k.m.private == nil:
		return nil, fault.Errorf(fault.Invalid, "a public key cannot sign")
	}
	return append(dst, ed25519.Sign(k.m.private, message)...), nil
}

func (k Key) mac(dst, message []byte) []byte {
	h := hmac.New(sha256.New, k.m.secret)
	h.Write(message)
	return h.Sum(dst)
}

// verify reports whether signature is that of message, in a time that does not
// depend on how much of it is right.
func (k Key) verify(message, signature []byte) bool {
	switch k.Algorithm() {
	case HMACSHA256:
		var sum [sha256.Size]byte
		return hmac.Equal(k.mac(sum[:0], message), signature)
	case Ed25519:
		return len(signature) == ed25519.SignatureSize && ed25519.Verify(k.m.public, message, signature)
	}
	return false
}

// decoy returns a key that takes as long as a real one, for work whose result
// is not looked at.
func decoy(alg Algorithm) Key {
	if alg == Ed25519 {
		return Key{&material{alg: alg, public: make(ed25519.PublicKey, ed25519.PublicKeySize)}}
	}
	return Key{&material{alg: HMACSHA256, secret: make([]byte, sha256.Size)}}
}

// weakKeys are the points of small order, without the sign of x.
var weakKeys = [...]string{
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0100000000000000000000000000000000000000000000000000000000000000",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
}

func weak(k ed25519.PublicKey) bool {
	k = bytes.Clone(k)
	k[len(k)-1] &= 0x7f
	return slices.Contains(weakKeys[:], hex.EncodeToString(k))
}
