package web

import (
	"net/url"
	"strings"
)

// Links makes the public addresses of an app, for mails and redirects. It is
// the only place that does. They come from configuration and never from a
// request, whose Host anybody can choose. The zero Links makes addresses
// without a host.
type Links struct{ base url.URL }

// NewLinks returns the Links of the app that the world reaches at base. A nil
// base gives the zero Links. Query and fragment of base are dropped.
func NewLinks(base *url.URL) Links {
	if base == nil {
		return Links{}
	}
	return Links{url.URL{Scheme: base.Scheme, Host: base.Host, Path: strings.TrimRight(base.Path, "/")}}
}

// To returns the address of path, which starts with a slash and is not yet
// escaped, with query. A nil query adds none.
func (l Links) To(path string, query url.Values) string {
	u := l.base
	u.Path += "/" + strings.TrimLeft(path, "/")
	u.RawQuery = query.Encode()
	return u.String()
}

// Secure reports whether people reach the app by HTTPS.
func (l Links) Secure() bool { return l.base.Scheme == "https" }

// Origin returns the scheme and the host, with a port if it needs one, that the
// world knows the app by. They are empty for the zero Links.
func (l Links) Origin() (scheme, host string) { return l.base.Scheme, l.base.Host }
