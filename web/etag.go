package web

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

// versioned is a body whose state has a name, such as a row with data.Audited.
type versioned interface{ Version() data.Version }

// tag returns the strong entity tag (RFC 9110 §8.8.3) of a version: the
// number in base 36. The zero Version has none.
func tag(v data.Version) string {
	if v.IsZero() {
		return ""
	}
	b := make([]byte, 1, 16)
	b[0] = '"'
	b = strconv.AppendInt(b, int64(v), 36)
	return string(append(b, '"'))
}

// IfMatch is the If-Match header (RFC 9110 §13.1.1) as a parameter:
//
//	Match web.IfMatch `header:"If-Match"`
//
// It is one strong entity tag, or *, or absent. Anything that is not an entity
// tag, or several, is fault.Malformed. A weak tag, or one that no answer of
// ours had, matches nothing and is fault.Stale.
type IfMatch struct{ version data.Version }

// Version returns the state that the caller wants to change, zero for any.
func (m IfMatch) Version() data.Version { return m.version }

// UnmarshalText reads the header's value.
func (m *IfMatch) UnmarshalText(b []byte) error {
	s := strings.Trim(string(b), " \t")
	if s == "*" {
		*m = IfMatch{}
		return nil
	}
	opaque, weak, rest, ok := cutTag(s)
	if !ok || strings.Trim(rest, " \t") != "" {
		return fault.Errorf(fault.Malformed, `is not one entity tag, such as "1a2b3c", or *`)
	}
	n, err := strconv.ParseInt(opaque, 36, 64)
	if weak || err != nil || n <= 0 || time.UnixMicro(n).UTC().Year() > 9999 || strconv.FormatInt(n, 36) != opaque {
		return fault.Errorf(fault.Stale, "it has changed since you read it")
	}
	m.version = data.Version(n)
	return nil
}

// cutTag takes an entity tag off the beginning of s.
func cutTag(s string) (opaque string, weak bool, rest string, ok bool) {
	s, weak = strings.CutPrefix(s, "W/")
	if len(s) < 2 || s[0] != '"' {
		return "", false, "", false
	}
	end := strings.IndexByte(s[1:], '"')
	if end < 0 {
		return "", false, "", false
	}
	opaque, rest = s[1:1+end], s[end+2:]
	for _, c := range []byte(opaque) {
		if c < 0x21 || c == 0x7f {
			return "", false, "", false
		}
	}
	return opaque, weak, rest, true
}

// notModified reports whether If-None-Match (RFC 9110 §13.1.2) names the tag.
// A header that cannot be read names nothing: the caller gets the whole answer.
func notModified(h http.Header, tag string) bool {
	for _, s := range h["If-None-Match"] {
		if strings.Trim(s, " \t") == "*" {
			return true
		}
		for s = strings.TrimLeft(s, " \t,"); s != ""; s = strings.TrimLeft(s, " \t,") {
			opaque, _, rest, ok := cutTag(s)
			if !ok {
				break
			}
			if opaque == tag[1:len(tag)-1] {
				return true
			}
			s = rest
		}
	}
	return false
}
