package web

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Client is what a server knows of the program at the other end.
type Client struct {
	IP        netip.Addr // of the client itself, not of a trusted proxy; invalid if it cannot be told
	UserAgent string     // as it calls itself: at most 255 bytes of printable text
	RequestID string     // of this request, also in the answer and in the log
	Languages string     // that it prefers, as in Accept-Language (RFC 9110 §12.5.4): at most 255 bytes of printable text
}

const maxUserAgent = 255

// ClientFrom returns the client whose request ctx belongs to, or the zero
// Client outside a request.
func ClientFrom(ctx context.Context) Client {
	if x := exchangeFrom(ctx); x != nil {
		return x.client
	}
	return Client{}
}

// PrefixOf returns what of an address tells a place from another, not a person:
// 24 bits of IPv4, 48 of IPv6, as "192.0.2.0/24". It is "" for no address.
func PrefixOf(ip netip.Addr) string {
	bits := 48
	if ip = ip.Unmap(); ip.Is4() {
		bits = 24
	}
	p, err := ip.Prefix(bits)
	if err != nil || !p.IsValid() {
		return ""
	}
	return p.String()
}

// PatternOf returns the method and the path of the route that ctx belongs to, as
// it was registered: "PATCH /api/v1/products/{id}". It is "" outside a request.
func PatternOf(ctx context.Context) string {
	if x := exchangeFrom(ctx); x != nil {
		return x.pattern
	}
	return ""
}

// PathValue returns the part of the path that matched the wildcard of this name
// in the pattern of the route that ctx belongs to, or "". It is for the
// functions of HandleList; Handle's have it in their struct.
func PathValue(ctx context.Context, name string) string {
	if x := exchangeFrom(ctx); x != nil && x.request != nil {
		return x.request.PathValue(name)
	}
	return ""
}

// CookieValue returns the value of the cookie of this name that came with the
// request which ctx belongs to, or "".
func CookieValue(ctx context.Context, name string) string {
	if x := exchangeFrom(ctx); x != nil && x.request != nil {
		if c, err := x.request.Cookie(name); err == nil {
			return c.Value
		}
	}
	return ""
}

// LocationOf returns the path of the thing called name that the request which
// ctx belongs to, a POST to a collection, has made there. It is "" outside a
// request.
func LocationOf(ctx context.Context, name string) string {
	x := exchangeFrom(ctx)
	if x == nil || x.request == nil {
		return ""
	}
	// As the client sent it, which a handler above may have shortened; but a
	// request line may also hold a whole address.
	path, _, _ := strings.Cut(x.request.RequestURI, "?")
	if !strings.HasPrefix(path, "/") {
		path = x.request.URL.EscapedPath()
	}
	return path + "/" + url.PathEscape(name)
}

// An exchange is a request and its answer, as Frame and Router share it.
type exchange struct {
	client  Client
	log     *slog.Logger
	pattern string        // of the route that matched, set by Router
	request *http.Request // as Router matched it
}

type exchangeKey struct{}

func exchangeFrom(ctx context.Context) *exchange {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	return x
}

// newExchange returns the exchange of r. The trusted are believed about whom
// they forward for.
func newExchange(r *http.Request, trusted []netip.Prefix, log *slog.Logger) *exchange {
	if log == nil {
		log = slog.Default()
	}
	x := &exchange{log: log}
	peer := peerOf(r)
	x.client.UserAgent = clean(r.Header.Get("User-Agent"))
	x.client.Languages = clean(r.Header.Get("Accept-Language"))
	if !isTrusted(peer, trusted) {
		x.client.IP = peer
		x.client.RequestID = rand.Text()
		return x
	}
	x.client.IP = forwardedFor(peer, r.Header["X-Forwarded-For"], trusted)
	x.client.RequestID = r.Header.Get("X-Request-Id")
	if !isRequestID(x.client.RequestID) {
		x.client.RequestID = rand.Text()
	}
	return x
}

// peerOf returns the address at the other end of the connection.
func peerOf(r *http.Request) netip.Addr {
	if ap, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		return plainAddr(ap.Addr())
	}
	addr, _ := netip.ParseAddr(r.RemoteAddr)
	return plainAddr(addr)
}

// plainAddr makes addresses comparable: IPv4 as such, and without a zone.
func plainAddr(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

func isTrusted(a netip.Addr, trusted []netip.Prefix) bool {
	for _, p := range trusted {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// forwardedFor walks the hops from the nearest to the farthest and returns the
// first that is not trusted: who it says it forwards for is hearsay. Where a
// hop cannot be read, the one that named it is as far as we can see.
func forwardedFor(peer netip.Addr, headers []string, trusted []netip.Prefix) netip.Addr {
	hops := strings.Split(strings.Join(headers, ","), ",")
	at := peer
	for i := len(hops) - 1; i >= 0 && isTrusted(at, trusted); i-- {
		next, ok := parseHop(strings.TrimSpace(hops[i]))
		if !ok {
			break
		}
		at = next
	}
	return at
}

// parseHop reads an address, with or without a port.
func parseHop(s string) (netip.Addr, bool) {
	if a, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return plainAddr(a), true
	}
	host, _, err := net.SplitHostPort(s)
	if err != nil {
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(host)
	return plainAddr(a), err == nil
}

// isRequestID reports whether s is safe to log and to send back.
func isRequestID(s string) bool {
	if len(s) < 8 || len(s) > 64 {
		return false
	}
	for _, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '.', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}

// clean returns the printable characters of s, cut to the limit between two
// of them.
func clean(s string) string {
	plain := len(s) <= maxUserAgent
	for i := 0; plain && i < len(s); i++ {
		plain = ' ' <= s[i] && s[i] < 0x7f
	}
	if plain {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			continue
		}
		if b.Len()+utf8.RuneLen(r) > maxUserAgent {
			break
		}
		b.WriteRune(r)
	}
	return b.String()
}
