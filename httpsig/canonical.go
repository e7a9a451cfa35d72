package httpsig

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// appendCanonical appends what LSA1 signs: method, path, query, headers, their
// names and the body's SHA-256, each on its line.
func (m *Message) appendCanonical(dst []byte, s *Signature, body [sha256.Size]byte) ([]byte, error) {
	if !isMethod(m.method) {
		return nil, fmt.Errorf("the method %q cannot be signed", m.method)
	}
	path, query, err := m.cut()
	if err != nil {
		return nil, err
	}
	dst = append(append(dst, strings.ToUpper(m.method)...), '\n')
	dst = append(percent(dst, path, pathSafe), '\n')
	if dst, err = appendQuery(dst, query); err != nil {
		return nil, err
	}
	dst = append(dst, '\n')
	for _, name := range s.headers {
		dst = append(append(dst, name...), ':')
		for i, v := range m.values(name) {
			if i > 0 {
				dst = append(dst, ',')
			}
			if !printable(v) { // the scheme does not say how others are written
				return nil, fmt.Errorf("the field %q has characters that cannot be signed", name)
			}
			dst = appendCollapsed(dst, v)
		}
		dst = append(dst, '\n')
	}
	dst = append(append(dst, s.signed...), '\n')
	return hex.AppendEncode(dst, body[:]), nil
}

// appendCollapsed appends v trimmed, with one space for each run of them.
func appendCollapsed(dst []byte, v string) []byte {
	v = strings.Trim(v, " \t")
	for i, c := range []byte(v) {
		if c == '\t' {
			c = ' '
		}
		if c != ' ' || v[i-1] != ' ' && v[i-1] != '\t' {
			dst = append(dst, c)
		}
	}
	return dst
}

// appendQuery appends the parameters in the order of their names and values,
// encoded in one way.
func appendQuery(dst []byte, query string) ([]byte, error) {
	if query == "" {
		return dst, nil
	}
	pairs := make([][2]string, 0, 8)
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		n, err1 := url.QueryUnescape(name)
		v, err2 := url.QueryUnescape(value)
		// Go's servers drop what has a semicolon: it would be signed and not seen.
		if err1 != nil || err2 != nil || !utf8.ValidString(n) || !utf8.ValidString(v) || strings.Contains(pair, ";") {
			return nil, errors.New("the query is not well encoded")
		}
		pairs = append(pairs, [2]string{n, v})
	}
	slices.SortFunc(pairs, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	for i, p := range pairs {
		if i > 0 {
			dst = append(dst, '&')
		}
		dst = append(percent(dst, p[0], unreserved), '=')
		dst = percent(dst, p[1], unreserved)
	}
	return dst, nil
}
