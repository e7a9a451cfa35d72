package httpsig

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/manorgo/manor/fault"
)

// A Signer signs requests so that a Verifier accepts them. KeyID and Key are
// required; zero is good for all others. It is safe for use by many goroutines.
type Signer struct {
	KeyID  string
	Key    Key
	Scheme Scheme // "" means RFC9421; LSA1 wants an HMACKey

	// Cover names more header fields to be signed where they are sent. Content-Type
	// always is.
	Cover []string

	Tag      string        // of RFC9421; "" means DefaultTag, and DefaultResponseTag for responses
	Label    string        // of RFC9421; "" means "manor"
	Lifetime time.Duration // for RFC9421, until the signature expires; 0 leaves it to the window of who verifies
	MaxBody  int64         // bytes that are kept of a body that cannot be read twice; 0 means DefaultMaxBody

	// Origin is used for responses only: what clients call this server, as in
	// Verifier.
	Origin func(r *http.Request) (scheme, host string)

	Now   func() time.Time // nil means time.Now
	Nonce func() string    // nil means 128 random bits
}

// Sign signs a request that is about to be sent, with a new nonce. It sets
// header fields, in place of those of a former signature, and nothing else but
// the body of a request without GetBody: that is read and kept, so that it can
// be read twice. One of more than MaxBody bytes, like a request that cannot be
// signed, is fault.Invalid.
func (s *Signer) Sign(r *http.Request) error {
	if r.URL == nil || r.URL.Opaque != "" {
		return fault.Errorf(fault.Invalid, "a request without a plain URL cannot be signed")
	}
	sum, empty, err := s.bodySum(r)
	if err != nil {
		return err
	}
	if r.Header == nil {
		r.Header = http.Header{}
	}
	if s.Scheme == LSA1 {
		err = s.lsa1(r, sum)
	} else {
		err = s.rfc9421(r, sum, empty)
	}
	return fault.Wrap(fault.Invalid, err, "the request cannot be signed")
}

// bodySum returns the SHA-256 of the request's body, without using it up.
func (s *Signer) bodySum(r *http.Request) (sum [sha256.Size]byte, empty bool, err error) {
	if r.Body == nil || r.Body == http.NoBody {
		return sha256.Sum256(nil), true, nil
	}
	if r.GetBody == nil {
		max := cmp.Or(s.MaxBody, DefaultMaxBody)
		body, err := io.ReadAll(io.LimitReader(r.Body, max+1))
		if err != nil {
			return sum, false, fault.Wrap(fault.Invalid, err, "the body cannot be read to be signed")
		}
		if int64(len(body)) > max {
			return sum, false, fault.Errorf(fault.Invalid, "a body of more than %d bytes cannot be signed unless the request has GetBody", max)
		}
		if err := r.Body.Close(); err != nil {
			return sum, false, fault.Wrap(fault.Invalid, err, "the body cannot be closed")
		}
		r.ContentLength = int64(len(body))
		r.GetBody = func() (io.ReadCloser, error) {
			if len(body) == 0 {
				return http.NoBody, nil
			}
			return io.NopCloser(bytes.NewReader(body)), nil
		}
		r.Body, _ = r.GetBody()
		return sha256.Sum256(body), len(body) == 0, nil
	}
	body, err := r.GetBody()
	if err != nil {
		return sum, false, fault.Wrap(fault.Invalid, err, "the body cannot be had again")
	}
	defer body.Close()
	h := sha256.New()
	n, err := io.Copy(h, body)
	if err != nil {
		return sum, false, fault.Wrap(fault.Invalid, err, "the body cannot be read to be signed")
	}
	return [sha256.Size]byte(h.Sum(nil)), n == 0 && r.ContentLength == 0, nil
}

func (s *Signer) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

func (s *Signer) nonce() string {
	if s.Nonce != nil {
		return s.Nonce()
	}
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(random[:])
}

func (s *Signer) rfc9421(r *http.Request, sum [sha256.Size]byte, empty bool) error {
	for _, name := range [...]string{"Signature-Input", "Signature", digestField} {
		r.Header.Del(name)
	}
	cover := []string{"@method", "@authority", "@path", "@query"}
	if !empty {
		r.Header.Set(digestField, digestValue(sum))
		cover = append(cover, "content-digest")
	}
	return RequestMessage(r).Sign(s.input(s.sent(cover, r.Header), DefaultTag), s.Key)
}

func (s *Signer) input(cover []string, tag string) Input {
	in := Input{
		Label: cmp.Or(s.Label, "manor"), Components: cover, Created: s.now(), KeyID: s.KeyID, Alg: s.Key.Algorithm(),
		Nonce: s.nonce(), Tag: cmp.Or(s.Tag, tag),
	}
	if s.Lifetime > 0 {
		in.Expires = in.Created.Add(s.Lifetime)
	}
	return in
}

// sent adds the header fields to be covered that are there.
func (s *Signer) sent(cover []string, h http.Header) []string {
	for _, name := range append([]string{"content-type"}, s.Cover...) {
		name = strings.ToLower(name)
		if len(h[http.CanonicalHeaderKey(name)]) > 0 && !slices.Contains(cover, name) {
			cover = append(cover, name)
		}
	}
	return cover
}

func (s *Signer) lsa1(r *http.Request, sum [sha256.Size]byte) error {
	if s.Key.Algorithm() != HMACSHA256 || !isKeyID(s.KeyID) {
		return errors.New("LSA1 wants an HMACKey and its id")
	}
	r.Header.Set(dateField, s.now().UTC().Format("2006-01-02T15:04:05Z"))
	r.Header.Set(nonceField, s.nonce())
	r.Header.Del("Authorization") // which may not be signed
	headers := s.sent(lsa1Always[:len(lsa1Always):len(lsa1Always)], r.Header)
	sig := &Signature{headers: headers, signed: strings.Join(headers, ";")}
	canonical, err := RequestMessage(r).appendCanonical(make([]byte, 0, 512), sig, sum)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", fmt.Sprintf("%s Credential=%s, SignedHeaders=%s, Signature=%s",
		LSA1, s.KeyID, sig.signed, hex.EncodeToString(s.Key.mac(nil, canonical))))
	return nil
}
