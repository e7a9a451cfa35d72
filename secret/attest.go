package secret

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"hash"
)

// Attest returns the Ed25519 signature of message under the label's current
// key. Unlike that of Sign, whoever has the PublicKey can check it.
func (k *Keyring) Attest(l Label, message []byte) []byte {
	return ed25519.Sign(k.private(0, l), message)
}

// Attested reports whether signature is what Attest returned for message, with
// any version of the master key.
func (k *Keyring) Attested(l Label, message, signature []byte) bool {
	for _, key := range k.PublicKeys(l) {
		if ed25519.Verify(key, message, signature) {
			return true
		}
	}
	return false
}

// PublicKeys returns the keys that check what Attest signs, the current one
// first. They are no secrets.
func (k *Keyring) PublicKeys(l Label) []ed25519.PublicKey {
	out := make([]ed25519.PublicKey, len(k.masters))
	for v := range k.masters {
		out[v] = k.private(v, l).Public().(ed25519.PublicKey)
	}
	return out
}

func (k *Keyring) private(version int, l Label) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(k.key(version, string(l)+"|ed25519"))
}

// MACs returns what makes the digests of a label, one for each version of the
// key, the current one first. They are for many digests one after the other:
// Reset before each. They are not safe for concurrent use.
func (k *Keyring) MACs(l Label) []hash.Hash {
	out := make([]hash.Hash, len(k.masters))
	for v := range k.masters {
		out[v] = hmac.New(sha256.New, k.key(v, string(l)))
	}
	return out
}
