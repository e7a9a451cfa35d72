package httpsig

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/manorgo/manor/fault"
)

// read finds the signature and holds it to what can be asked without a key.
func (v *Verifier[H]) read(m *Message, window time.Duration) (*Signature, error) {
	sig, err := m.readTagged(cmp.Or(v.Tag, DefaultTag))
	if err != nil {
		return nil, err
	}
	for _, a := range m.header["Authorization"] {
		if !isLSA1(a) {
			continue
		}
		if sig != nil {
			return nil, errors.New("it is signed in two ways")
		}
		return readLSA1(m.header)
	}
	if sig == nil {
		return nil, errors.New("it is not signed")
	}
	return sig, sig.conforms(m, v.Cover, window)
}

// check holds the request to its signature, and the body to its digest.
func (s *Signature) check(m *Message, key Key, body func() (content, error)) error {
	var buf [1 << 10]byte
	if s.Scheme == LSA1 { // whose signature is over the body's digest
		c, err := body()
		if err != nil {
			return err
		}
		canonical, err := m.appendCanonical(buf[:0], s, c.sum)
		if err != nil {
			return Invalid(err)
		}
		return wrong(s.verify(key, canonical))
	}
	base, err := m.appendBase(buf[:0], s.items, s.components, s.params)
	if err != nil {
		return Invalid(err)
	}
	if err := wrong(s.verify(key, base)); err != nil {
		return err
	}
	c, err := body()
	if err != nil {
		return err
	}
	if s.Covers("content-digest") {
		err = checkDigest(m.header, c)
	} else if c.sum != sha256.Sum256(nil) {
		err = errors.New("there is a body that is not covered")
	}
	if err != nil {
		return Invalid(err)
	}
	return nil
}

func wrong(right bool) error {
	if right {
		return nil
	}
	return Invalid(errors.New("the signature is not that of this key"))
}

// isRefusal reports whether err says that there is no such key, or none that
// may be used.
func isRefusal(err error) bool {
	switch fault.KindOf(err) {
	case fault.NotFound, fault.Unauthenticated, fault.Forbidden:
		return true
	}
	return false
}
