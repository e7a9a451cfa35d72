package session

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/manorgo/manor/secret"
)

// tokenOf returns the id in r's cookie if it is one that could have been made
// here: 53 characters with a checksum. Whatever else it holds is no id, so that
// no text of a stranger is looked up.
func (st *Store) tokenOf(r *http.Request, secure bool) (secret.Token, bool) {
	for _, c := range r.CookiesNamed(st.cookieName(secure)) {
		if token, err := secret.ParseToken(secret.BrowserCookie, c.Value); err == nil {
			return token, true
		}
	}
	return secret.Token{}, false
}

// cookieName returns what the cookie is called. A name with the prefix means
// that it came over HTTPS; the plain one means nothing then.
func (st *Store) cookieName(secure bool) string {
	if secure && st.cfg.HostPrefix {
		return hostPrefix + st.cfg.Name
	}
	return st.cfg.Name
}

// cookie returns the cookie that carries token until end.
func (st *Store) cookie(secure bool, token secret.Token, now, end time.Time) *http.Cookie {
	c := st.noCookie(secure)
	c.Value = token.Reveal()
	c.MaxAge = max(1, int(end.Sub(now)/time.Second))
	c.Expires = end
	return c
}

// noCookie returns the cookie that makes the browser forget its session.
func (st *Store) noCookie(secure bool) *http.Cookie {
	return &http.Cookie{
		Name: st.cookieName(secure), Path: st.cfg.Path, Domain: st.cfg.Domain,
		MaxAge: -1, HttpOnly: true, Secure: secure, SameSite: st.cfg.SameSite,
	}
}

// secure reports whether the cookie of a response to r needs HTTPS.
func (st *Store) secure(r *http.Request) bool {
	return st.cfg.Secure == SecureAlways || st.cfg.Secure == SecureButLocal && !local(r)
}

// Headers by which proxies and browsers show that somebody else than this
// machine's own user may be behind a request.
var traces = []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-Ip", "Via"}

// local reports whether r came by plain HTTP from this machine for this
// machine, and not through a proxy on it. A proxy may hide everything but what
// the browser says of the page that asks, which is looked at too.
func local(r *http.Request) bool {
	if r.TLS != nil || !loopback(r.RemoteAddr) || !loopback(r.Host) {
		return false
	}
	for _, name := range traces {
		if len(r.Header.Values(name)) > 0 {
			return false
		}
	}
	for _, name := range []string{"Origin", "Referer"} {
		from := r.Header.Get(name)
		if u, err := url.Parse(from); from != "" && (err != nil || u.Scheme != "http" || !loopback(u.Host)) {
			return false
		}
	}
	return true
}

// loopback reports whether a host, with or without a port, is this machine.
func loopback(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
