package httpsig

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

const (
	// DefaultTag says that a signature is for a request to Manor.
	DefaultTag = "manor-request"
	// DefaultWindow is how far the time of signing may be from now, to either side.
	DefaultWindow = 5 * time.Minute

	minNonce = 22 // characters: 128 bits in base64
)

// readTagged returns the request's only signature with the tag, or nil if there
// is none. Others are left alone.
func (m *Message) readTagged(tag string) (*Signature, error) {
	var size int
	for _, name := range [...]string{"Signature-Input", "Signature"} {
		for _, line := range m.header[name] {
			size += len(line)
		}
	}
	if size > maxFields {
		return nil, errors.New("the header fields of the signatures are too long")
	}
	var f found
	ours := 0
	err := dictionary(m.header["Signature-Input"], func(mb member) error {
		if !mb.list {
			return fmt.Errorf("%q lists no components", mb.key)
		}
		for _, p := range mb.params {
			if p.name == "tag" && p.value.kind == 's' && p.value.text == tag {
				f.input = mb
				ours++
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("Signature-Input: %w", err)
	}
	if ours == 0 {
		return nil, nil
	}
	if ours > 1 {
		return nil, errors.New("two signatures have our tag")
	}
	err = dictionary(m.header["Signature"], func(mb member) error {
		if mb.key == f.input.key {
			if mb.list || len(mb.items[0].params) > 0 {
				return errSyntax
			}
			f.signature = mb.items[0].bare
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("Signature: %w", err)
	}
	return readSignature(f)
}

// conforms checks what the profile wants of a request's signature, but for its
// time (see the package's comment).
func (s *Signature) conforms(m *Message, extra []string, window time.Duration) error {
	switch {
	case s.Created.IsZero():
		return errors.New("it does not say when it was made")
	case s.KeyID == "" || len(s.KeyID) > maxNonce:
		return errors.New("it names no key")
	case len(s.Nonce) < minNonce || len(s.Nonce) > maxNonce:
		return fmt.Errorf("its nonce is not of %d to %d characters", minNonce, maxNonce)
	case !s.Expires.IsZero() && (!s.Expires.After(s.Created) || s.Expires.Sub(s.Created) > window):
		return errors.New("it expires before it was made, or too late")
	}
	for _, c := range s.components {
		if c.req || c.key != "" {
			return fmt.Errorf("it covers %q, which requests do not", c.name)
		}
	}
	uri := s.Covers("@target-uri")
	for _, name := range [...]string{"@method", "@authority", "@path", "@query"} {
		if !s.Covers(name) && (name == "@method" || !uri) {
			return fmt.Errorf("it does not cover %s", name)
		}
	}
	if m.length != 0 && !s.Covers("content-digest") {
		return errors.New("there is a body, and it does not cover content-digest")
	}
	for _, name := range [...]string{"content-type", "content-digest"} {
		if err := s.coversSent(m, name); err != nil {
			return err
		}
	}
	for _, name := range extra {
		if err := s.coversSent(m, strings.ToLower(name)); err != nil {
			return err
		}
	}
	return nil
}

// coversSent wants the field to be covered if it is sent.
func (s *Signature) coversSent(m *Message, name string) error {
	if len(m.header[http.CanonicalHeaderKey(name)]) > 0 && !s.Covers(name) {
		return fmt.Errorf("it does not cover %s, which is sent", name)
	}
	return nil
}

// checkTime wants now to be within the window around the time of signing, and
// not after the signature's end.
func (s *Signature) checkTime(now time.Time, window time.Duration) error {
	if off := now.Sub(s.Created); off.Abs() > window {
		return fmt.Errorf("it was made %s ago", off)
	}
	if !s.Expires.IsZero() && now.After(s.Expires) {
		return errors.New("it has expired")
	}
	return nil
}
