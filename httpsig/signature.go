package httpsig

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"
)

// A Scheme is a way to write a signature into a message.
type Scheme string

// The schemes.
const (
	RFC9421 Scheme = "rfc9421"          // HTTP Message Signatures
	LSA1    Scheme = "LSA1-HMAC-SHA256" // of an Authorization header, for requests alone
)

// A Signature is what a message says of its signature. Until a Verifier returns
// it without an error, all of it is a claim.
type Signature struct {
	Scheme  Scheme
	Label   string    // of RFC9421
	KeyID   string    // names the key
	Alg     Algorithm // "" if it is not said
	Created time.Time
	Expires time.Time // zero if it is not said
	Nonce   string
	Tag     string // of RFC9421

	value [64]byte
	size  int

	items      []item // of RFC9421
	components []component
	params     string

	headers []string // of LSA1: what is signed, in this order
	signed  string   // the same, joined
}

// Covers reports whether the message's own component with this name, in lower
// case, is signed.
func (s *Signature) Covers(name string) bool {
	if s.Scheme == LSA1 {
		return name == "@method" || name == "@path" || name == "@query" || slices.Contains(s.headers, name)
	}
	return s.covers(component{name: name})
}

func (s *Signature) covers(c component) bool { return slices.Contains(s.components, c) }

// readSignature understands a signature of RFC 9421.
func readSignature(f found) (*Signature, error) {
	s := &Signature{Scheme: RFC9421, Label: f.input.key, items: f.input.items, params: f.input.text}
	var err error
	if s.size, err = f.signature.decode(s.value[:]); err != nil {
		return nil, fmt.Errorf("the signature: %w", err)
	}
	if s.size != sha256.Size && s.size != ed25519.SignatureSize {
		return nil, errors.New("the signature has a length that no algorithm gives")
	}
	if s.components, err = readComponents(s.items); err != nil {
		return nil, err
	}
	for _, p := range f.input.params {
		if err := s.set(p); err != nil {
			return nil, err
		}
	}
	return s, nil
}

const maxSeconds = 253402300799 // the last second of the year 9999

func (s *Signature) set(p param) error {
	wants := byte('s')
	switch p.name {
	case "created", "expires":
		wants = 'i'
		if p.value.num < 1 || p.value.num > maxSeconds {
			return fmt.Errorf("the parameter %q is no time", p.name)
		}
	}
	if p.value.kind != wants {
		return fmt.Errorf("the parameter %q has the wrong type, or is not known", p.name)
	}
	switch p.name {
	case "created":
		s.Created = time.Unix(p.value.num, 0)
	case "expires":
		s.Expires = time.Unix(p.value.num, 0)
	case "keyid":
		s.KeyID = p.value.text
	case "alg":
		s.Alg = Algorithm(p.value.text)
	case "nonce":
		s.Nonce = p.value.text
	case "tag":
		s.Tag = p.value.text
	default:
		return fmt.Errorf("the parameter %q is not known", p.name)
	}
	return nil
}

// verify reports whether the signature is that of message by k. How long it
// takes depends on the signature's length and not on whether there is such a
// key: the wrong kind of key, and none, do the same work for nothing.
func (s *Signature) verify(k Key, message []byte) bool {
	alg := HMACSHA256
	if s.size == ed25519.SignatureSize {
		alg = Ed25519
	}
	ok := k.Algorithm() == alg && (s.Alg == "" || s.Alg == alg)
	if !ok {
		k = decoy(alg)
	}
	return k.verify(message, s.value[:s.size]) && ok
}
