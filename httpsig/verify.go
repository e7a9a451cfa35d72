package httpsig

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/manorgo/manor/fault"
)

// A Verifier decides whether a request is signed by somebody who is known. H is
// what its caller knows of a key: a row, most often. Key and Accept are
// required; zero is good for all others. It is safe for use by many goroutines
// if its functions are.
//
// It does everything in one order, so that nobody can get it wrong: read the
// header fields, within limits; look up the key; compare the time; check the
// signature; compare the body with its digest; and at last, when there is
// nothing left to be wrong, Accept.
type Verifier[H any] struct {
	// Key returns the key that verifies signatures with sig.KeyID, and whatever
	// else is known of it. All of sig is a claim yet.
	//
	// An error of kind fault.NotFound, fault.Unauthenticated or fault.Forbidden
	// refuses the request. Without a key, it is told like a wrong signature and
	// takes as long, so that nobody learns which keys there are. With one, such as
	// that of a key that has been revoked, the error is told to those who hold the
	// key, and the others learn nothing. Errors of other kinds end the request as
	// they are.
	Key func(ctx context.Context, sig *Signature) (Key, H, error)

	// Accept sees what has been proved, and uses the nonce up: it is called last,
	// so that strangers cannot fill whatever keeps nonces. It must refuse a
	// nonce of the same key that comes again before until, with fault.Conflict; it
	// must not forget nonces when a server starts. Errors of other kinds end the
	// request as they are; Invalid makes one look like a wrong signature.
	Accept func(ctx context.Context, sig *Signature, holder H, until time.Time) error

	// Origin says what clients call this server, for servers behind proxies that
	// end TLS or change Host. If it is nil, it is the request's own host, and
	// "https" if the connection is encrypted.
	Origin func(r *http.Request) (scheme, host string)

	Tag     string           // of the signatures that are looked at; "" means DefaultTag
	Window  time.Duration    // 0 means DefaultWindow
	MaxBody int64            // bytes; 0 means DefaultMaxBody
	Cover   []string         // more header fields that RFC 9421 signatures must cover where they are sent
	Now     func() time.Time // nil means time.Now
}

// Signed reports whether the request claims to be signed, by its shape alone.
func (v *Verifier[H]) Signed(r *http.Request) bool {
	for _, a := range r.Header["Authorization"] {
		if isLSA1(a) {
			return true
		}
	}
	for _, line := range r.Header["Signature-Input"] {
		if strings.Contains(line, `tag="`+cmp.Or(v.Tag, DefaultTag)+`"`) {
			return true
		}
	}
	return false
}

// Verify returns the request's signature and what Key knows of its key. The body
// has been read and put back, to be read again.
//
// Every request that is not signed rightly is fault.Unauthenticated with
// CodeInvalid, CodeSkew or CodeReplay, whose cause is for the log. A body of
// more than MaxBody bytes is *http.MaxBytesError, found before anything is
// verified if its length is declared; one that cannot be read is
// fault.Malformed.
func (v *Verifier[H]) Verify(r *http.Request) (*Signature, H, error) {
	max := cmp.Or(v.MaxBody, DefaultMaxBody)
	return v.verify(r, max, func() (content, error) { return takeBody(r, max) })
}

// VerifySum is Verify for a request whose body is elsewhere: with a service
// that asks whether to believe it. Of the body it wants the SHA-256, and
// r.ContentLength, which is not 0 if there is one; r.Body is left alone. Such a
// request needs sha-256 in its Content-Digest.
func (v *Verifier[H]) VerifySum(r *http.Request, sum [sha256.Size]byte) (*Signature, H, error) {
	return v.verify(r, math.MaxInt64, func() (content, error) { return content{sum: sum}, nil })
}

// verify returns nothing but an error, if there is one.
func (v *Verifier[H]) verify(r *http.Request, max int64, body func() (content, error)) (*Signature, H, error) {
	sig, holder, err := v.steps(r, max, body)
	if err != nil {
		var none H
		return nil, none, err
	}
	return sig, holder, nil
}

func (v *Verifier[H]) steps(r *http.Request, max int64, body func() (content, error)) (sig *Signature, holder H, err error) {
	if v.Key == nil || v.Accept == nil {
		return nil, holder, fault.Errorf(fault.Internal, "the verifier of signatures lacks Key or Accept")
	}
	window := cmp.Or(v.Window, DefaultWindow)
	m := RequestMessage(r)
	if v.Origin != nil {
		m.scheme, m.host = v.Origin(r)
	}
	if sig, err = v.read(m, window); err != nil {
		return nil, holder, Invalid(err)
	}
	if r.ContentLength > max {
		return nil, holder, &http.MaxBytesError{Limit: max}
	}
	key, holder, refused := v.Key(r.Context(), sig)
	if refused != nil && !isRefusal(refused) {
		return nil, holder, refused
	}
	now := time.Now()
	if v.Now != nil {
		now = v.Now()
	}
	if err := sig.checkTime(now, window); err != nil {
		return nil, holder, skewed(err)
	}
	if err := sig.check(m, key, body); err != nil {
		return nil, holder, err
	}
	if refused != nil {
		return nil, holder, refused
	}
	err = v.Accept(r.Context(), sig, holder, sig.Created.Add(2*window))
	if errors.Is(err, fault.Conflict) {
		err = replayed(err)
	}
	return sig, holder, err
}
