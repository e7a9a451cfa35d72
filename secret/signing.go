package secret

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
)

// A SigningKey signs what others check who do not have the keyring, by its
// public half (Ed25519, RFC 8032). It is printed, logged and marshalled as
// "[redacted]", and safe for use by many goroutines.
type SigningKey struct {
	redacted
	private Text // fmt would print the bytes of a key
	public  ed25519.PublicKey
}

// SigningKeys returns the label's signing key under each version of the master
// key, the current one first, which alone is for signing. The others are for
// checking what was signed before they were replaced, or will be when they are
// current. They are derived: who has the keyring has them.
func (k *Keyring) SigningKeys(l Label) []SigningKey {
	out := make([]SigningKey, len(k.masters))
	for v := range out {
		private := ed25519.NewKeyFromSeed(k.key(v, string(l)+"|ed25519"))
		out[v] = SigningKey{private: NewText(string(private)), public: private.Public().(ed25519.PublicKey)}
	}
	return out
}

// Sign returns the signature of message, of 64 bytes.
func (k SigningKey) Sign(message []byte) []byte {
	return ed25519.Sign(ed25519.PrivateKey(k.private.Reveal()), message)
}

// Verify reports whether signature is one that Sign made of message.
func (k SigningKey) Verify(message, signature []byte) bool {
	return len(signature) == ed25519.SignatureSize && ed25519.Verify(k.public, message, signature)
}

// Public returns the 32 bytes of the public half in base64url, as a JSON Web
// Key has them (RFC 8037).
func (k SigningKey) Public() string { return base64.RawURLEncoding.EncodeToString(k.public) }

// ID returns the thumbprint of the public half (RFC 7638), which names the key
// to others.
func (k SigningKey) ID() string {
	sum := sha256.Sum256([]byte(`{"crv":"Ed25519","kty":"OKP","x":"` + k.Public() + `"}`))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
