package client

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// A Transport is an http.RoundTripper that sends an API key with each request, as
// a bearer token. The caller's request is not changed.
type Transport struct {
	Key secret.Text // required

	// Origin is who gets the key, such as "https://api.example.com". Required:
	// requests to others, such as where a redirect leads, are sent without it.
	// Anything but https is refused, unless it is this machine.
	Origin string

	Base http.RoundTripper // nil means http.DefaultTransport
}

// RoundTrip sends a copy of the request with the key. A Transport without a key, or
// with an Origin that would show it to others, fails each as fault.Invalid.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	base := t.Base
	if base == nil {
		base = http.DefaultTransport
	}
	origin, err := originOf(t.Origin)
	if err == nil && t.Key.IsZero() {
		err = fault.Errorf(fault.Invalid, "there is no API key to send")
	}
	if err != nil {
		if r.Body != nil {
			_ = r.Body.Close() // a RoundTripper does, also when it fails
		}
		return nil, err
	}
	if address(r.URL) != origin {
		return base.RoundTrip(r)
	}
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+t.Key.Reveal())
	return base.RoundTrip(r)
}

// originOf returns the address of an origin, or what is wrong with it.
func originOf(origin string) (string, error) {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return "", fault.Errorf(fault.Invalid, "%q is no origin, such as https://api.example.com", origin)
	}
	switch host := u.Hostname(); {
	case u.Scheme == "https":
	case u.Scheme == "http" && (host == "localhost" || host == "127.0.0.1" || host == "::1"):
	default:
		return "", fault.Errorf(fault.Invalid, "an API key is not sent to %s, where others could read it on its way", origin)
	}
	return address(u), nil
}

// address returns scheme, host and port of a URL in one form.
func address(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[strings.ToLower(u.Scheme)]
	}
	return strings.ToLower(u.Scheme + "://" + u.Hostname() + ":" + port)
}
