package httpsig

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// maxTarget bounds what a request asks for, in bytes, since it is sorted before
// anybody knows who asks.
const maxTarget = 16 << 10

// A Message is a request, or a response with the request that it answers, as
// its signature sees it. It is a view: what it was made of must not change
// while it is in use.
//
// Paths and queries count as they travel, byte for byte: no percent-encoding is
// undone, and nothing is put into order.
type Message struct {
	method, scheme, host string
	target               string // of the request line
	header               http.Header
	length               int64
	status               int
	request              *Message // of a response
}

// RequestMessage returns the view of a request: one that a server received, or
// one that a client is about to send.
func RequestMessage(r *http.Request) *Message {
	m := &Message{method: r.Method, host: r.Host, target: r.RequestURI, header: r.Header, length: r.ContentLength}
	if m.target != "" { // received
		m.scheme = "http"
		if r.TLS != nil {
			m.scheme = "https"
		}
		return m
	}
	if m.method == "" {
		m.method = http.MethodGet
	}
	if r.URL != nil {
		m.scheme, m.target = strings.ToLower(r.URL.Scheme), r.URL.RequestURI()
		if m.host == "" {
			m.host = r.URL.Host
		}
	}
	return m
}

// ResponseMessage returns the view of a response with this status and header to
// the request r.
func ResponseMessage(status int, header http.Header, r *http.Request) *Message {
	return &Message{status: status, header: header, request: RequestMessage(r)}
}

// values returns what there is of a header field, two of which net/http keeps
// elsewhere.
func (m *Message) values(name string) []string {
	if name == "host" && m.request == nil {
		return []string{m.host}
	}
	v := m.header[http.CanonicalHeaderKey(name)]
	if len(v) == 0 && name == "content-length" && m.length > 0 {
		return []string{strconv.FormatInt(m.length, 10)}
	}
	return v
}

// split returns the path and the query of the request's target, where they are
// ASCII without spaces.
func (m *Message) split() (path, query string, err error) {
	path, query, err = m.cut()
	if err == nil && (!visible(path) || !visible(query)) {
		err = errors.New("the path or the query has characters that cannot be signed")
	}
	return path, query, err
}

// cut returns the path and the query as they are. A client of a proxy writes
// scheme and host before them.
func (m *Message) cut() (path, query string, err error) {
	if len(m.target) > maxTarget {
		return "", "", errors.New("the request's target is too long")
	}
	rest := m.target
	if !strings.HasPrefix(rest, "/") {
		scheme, after, _ := strings.Cut(rest, "://")
		if !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") {
			return "", "", errors.New("the request has no path")
		}
		if rest = ""; strings.ContainsAny(after, "/?") {
			rest = after[strings.IndexAny(after, "/?"):]
		}
	}
	path, query, _ = strings.Cut(rest, "?")
	if path == "" {
		path = "/"
	}
	return path, query, nil
}

// visible reports whether s is ASCII without spaces.
func visible(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return true
}

// appendAuthority appends the host, in lower case and without the port that
// goes without saying.
func (m *Message) appendAuthority(dst []byte) ([]byte, error) {
	host := strings.TrimSuffix(m.host, ":")
	port := ":443"
	if m.scheme == "http" {
		port = ":80"
	}
	if bare, ok := strings.CutSuffix(host, port); ok && (!strings.Contains(bare, ":") || strings.HasSuffix(bare, "]")) {
		host = bare
	}
	if host == "" || !visible(host) || strings.ContainsAny(host, "/?#@%\\,") {
		return nil, fmt.Errorf("the host %q cannot be signed", m.host)
	}
	return append(dst, strings.ToLower(host)...), nil
}

func (m *Message) appendURI(dst []byte) ([]byte, error) {
	path, _, err := m.split()
	if err != nil {
		return nil, err
	}
	dst, err = m.appendAuthority(append(append(dst, m.scheme...), "://"...))
	if err != nil {
		return nil, err
	}
	dst = append(dst, path...)
	if at := strings.IndexByte(m.target, '?'); at >= 0 {
		dst = append(dst, m.target[at:]...)
	}
	return dst, nil
}

// appendParam appends the value of the one parameter of the query with this
// name, both encoded as RFC 9421 section 2.2.8 says.
func (m *Message) appendParam(dst []byte, name string) ([]byte, error) {
	_, query, err := m.split()
	if err != nil {
		return nil, err
	}
	found := false
	for pair := range strings.SplitSeq(query, "&") {
		k, v, _ := strings.Cut(pair, "=")
		key, err1 := url.QueryUnescape(k)
		value, err2 := url.QueryUnescape(v)
		if err1 != nil || err2 != nil {
			return nil, errors.New("the query is not well encoded")
		}
		if string(percent(nil, key, formSafe)) != name || pair == "" {
			continue
		}
		if found {
			return nil, fmt.Errorf("the parameter %q comes twice", name)
		}
		found = true
		dst = percent(dst, value, formSafe)
	}
	if !found {
		return nil, fmt.Errorf("the parameter %q is missing", name)
	}
	return dst, nil
}

const (
	alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZ" + lower + "0123456789"
	formSafe     = alphanumeric + "*-._" // application/x-www-form-urlencoded
	unreserved   = alphanumeric + "-._~" // RFC 3986
	pathSafe     = unreserved + "/%"
)

// percent appends s with everything encoded that is not safe.
func percent(dst []byte, s, safe string) []byte {
	const hex = "0123456789ABCDEF"
	for _, c := range []byte(s) {
		if strings.IndexByte(safe, c) >= 0 {
			dst = append(dst, c)
		} else {
			dst = append(dst, '%', hex[c>>4], hex[c&15])
		}
	}
	return dst
}
