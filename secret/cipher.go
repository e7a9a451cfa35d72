package secret

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/manorgo/manor/fault"
)

// A KeyID tells a version of the master key from another and nothing about it:
// its String is what Keyring.Fingerprint returns when it is the current one.
type KeyID [4]byte

// String returns eight hexadecimal digits. They may be shown.
func (id KeyID) String() string { return hex.EncodeToString(id[:]) }

// KeyIDs returns the versions of the master key, the current one first.
func (k *Keyring) KeyIDs() []KeyID {
	out := make([]KeyID, len(k.masters))
	for v := range out {
		sum := sha256.Sum256(k.key(v, string(labelFingerprint)))
		out[v] = KeyID(sum[:4])
	}
	return out
}

const (
	sealedFormat = 1
	sealedHead   = 1 + len(KeyID{}) // format and key
	nonceSize    = 12
	gcmTagSize   = 16

	// SealedExtra is how many bytes a sealed value has more than the plain one.
	SealedExtra = sealedHead + nonceSize + gcmTagSize
)

// A Cipher seals values of one use: whoever lacks the key can neither read nor
// make nor change one. Values are sealed under the current version of the
// master key and opened under each. It is printed, logged and marshalled as
// "[redacted]", and safe for use by many goroutines. Make one with
// Keyring.Cipher and keep it: making it costs more than using it.
//
// A sealed value is the byte 1, the four bytes of its KeyID, a nonce of 12
// random bytes and the output of AES-256-GCM (NIST SP 800-38D), whose
// associated data are the first five bytes and then what the value is bound
// to. Nonces are random, so that one Cipher may seal 2³² values under a version
// of the key before two nonces are the same with a chance of 2⁻³².
type Cipher struct {
	redacted
	ids   []KeyID
	aeads []cipher.AEAD
}

// Cipher returns the cipher of one use under a label. Each use has a key of its
// own, derived with the info LABEL|use|USE.
func (k *Keyring) Cipher(l Label, use string) *Cipher {
	c := &Cipher{ids: k.KeyIDs(), aeads: make([]cipher.AEAD, len(k.masters))}
	for v := range c.aeads {
		block, err := aes.NewCipher(k.key(v, string(l)+"|use|"+use))
		if err == nil {
			c.aeads[v], err = cipher.NewGCM(block)
		}
		if err != nil { // only for keys of other lengths
			panic(fmt.Sprintf("secret: making a cipher: %v", err))
		}
	}
	return c
}

// Seal encrypts plain, to be opened only with the same bound, which is neither
// kept in the sealed value nor secret: the place the value belongs to.
func (c *Cipher) Seal(plain, bound []byte) []byte {
	out := make([]byte, sealedHead+nonceSize, len(plain)+SealedExtra)
	out[0] = sealedFormat
	copy(out[1:], c.ids[0][:])
	nonce := out[sealedHead:]
	_, _ = rand.Read(nonce) // never fails
	return c.aeads[0].Seal(out, nonce, plain, slices.Concat(out[:sealedHead], bound))
}

// Open decrypts what Seal returned. A value that is sealed under a key the
// keyring does not hold is fault.Internal with the code KEY_MISSING; one that
// is not what Seal returned for this use and bound is fault.Internal with the
// code SEAL_BROKEN. Neither says anything of the content.
func (c *Cipher) Open(sealed, bound []byte) ([]byte, error) {
	id, ok := SealedWith(sealed)
	if !ok {
		return nil, fault.Coded(fault.Internal, "SEAL_BROKEN", "the value is not sealed")
	}
	known := false
	for v, is := range c.ids {
		if is != id {
			continue
		}
		known = true
		aad := slices.Concat(sealed[:sealedHead], bound)
		plain, err := c.aeads[v].Open(nil, sealed[sealedHead:sealedHead+nonceSize], sealed[sealedHead+nonceSize:], aad)
		if err == nil {
			return plain, nil
		}
	}
	if !known {
		return nil, fault.Coded(fault.Internal, "KEY_MISSING", "the value is sealed with the key %s, which is not in the keyring", id)
	}
	return nil, fault.Coded(fault.Internal, "SEAL_BROKEN", "the sealed value has been changed, or does not belong here")
}

// Current reports whether sealed is under the current version of the key.
func (c *Cipher) Current(sealed []byte) bool { return bytes.HasPrefix(sealed, c.Head()) }

// Head returns what values begin with that Seal returns now, so that a database
// can look for others.
func (c *Cipher) Head() []byte { return append([]byte{sealedFormat}, c.ids[0][:]...) }

// SealedWith returns the key that a value was sealed with, by its beginning
// alone, and false if it cannot be a sealed value.
func SealedWith(sealed []byte) (KeyID, bool) {
	if len(sealed) < SealedExtra || sealed[0] != sealedFormat {
		return KeyID{}, false
	}
	return KeyID(sealed[1:sealedHead]), true
}

// DigestsOver returns the digests of data under every version of the label's
// key, the current one first.
func (k *Keyring) DigestsOver(l Label, data []byte) []Digest {
	out := make([]Digest, len(k.masters))
	for v := range out {
		out[v] = Digest(mac(k.key(v, string(l)), data))
	}
	return out
}
