package httpsig

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"

	"github.com/manorgo/manor/fault"
)

// A Transport is an http.RoundTripper that signs what it sends, each time anew:
// a request that is sent again, or that follows a redirect, has another nonce.
// The caller's request is not changed.
//
// net/http itself may send a request a second time, unasked, when a connection
// that it kept has died; if the first did arrive, the second is refused as a
// replay. Signed requests are done at most once.
type Transport struct {
	Signer Signer

	// Origin is whom requests are signed for, such as "https://api.example.com".
	// Requests to others, such as where a redirect leads, are sent as they are. ""
	// signs all. What is no scheme and host fails each request as fault.Invalid.
	Origin string

	// Responses, if it is not nil, checks what comes back. A response that it
	// refuses is an error.
	Responses *ResponseVerifier

	Base http.RoundTripper // nil means http.DefaultTransport
}

// RoundTrip signs a copy of the request and sends it.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	base := t.Base
	if base == nil {
		base = http.DefaultTransport
	}
	ours, err := t.ours(r.URL)
	if err == nil && !ours {
		return base.RoundTrip(r)
	}
	signed := r.Clone(r.Context())
	if err == nil {
		err = t.Signer.Sign(signed)
	}
	if err != nil {
		if r.Body != nil {
			_ = r.Body.Close() // a RoundTripper does, also when it fails
		}
		return nil, err
	}
	res, err := base.RoundTrip(signed)
	if err != nil || t.Responses == nil {
		return res, err
	}
	if res.Request == nil {
		res.Request = signed
	}
	if err := t.Responses.Verify(res); err != nil {
		_ = res.Body.Close()
		return nil, err
	}
	return res, nil
}

// ours reports whether the address belongs to the origin.
func (t *Transport) ours(u *url.URL) (bool, error) {
	if t.Origin == "" || u == nil {
		return t.Origin == "", nil
	}
	scheme, host, _ := strings.Cut(t.Origin, "://")
	want, err := (&Message{scheme: strings.ToLower(scheme), host: host}).appendAuthority(nil)
	if err != nil {
		return false, fault.Wrap(fault.Invalid, err, "%q is no origin to sign requests for", t.Origin)
	}
	is, err := (&Message{scheme: strings.ToLower(u.Scheme), host: u.Host}).appendAuthority(nil)
	return err == nil && bytes.Equal(is, want) && strings.EqualFold(scheme, u.Scheme), nil
}
