package httpsig

import (
	"net/http"
	"strings"
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
	// signs all.
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
	if r.URL == nil || t.Origin != "" && !strings.EqualFold(t.Origin, r.URL.Scheme+"://"+r.URL.Host) {
		return base.RoundTrip(r)
	}
	signed := r.Clone(r.Context())
	if err := t.Signer.Sign(signed); err != nil {
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
