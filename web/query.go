package web

import (
	"net/url"
	"strings"
	"unicode/utf8"
)

// A query reads the parameters of a raw query one by one.
type query struct{ rest string }

// next returns the next parameter, and false at the end. problem is not "" if
// it cannot be read.
func (q *query) next() (name, value, problem string, ok bool) {
	var part string
	for part == "" {
		if q.rest == "" {
			return "", "", "", false
		}
		part, q.rest, _ = strings.Cut(q.rest, "&")
	}
	name, value, _ = strings.Cut(part, "=")
	var errName, errValue error
	name, errName = url.QueryUnescape(name)
	value, errValue = url.QueryUnescape(value)
	switch {
	case errName != nil, !isText(name):
		return "", "", "has a name that cannot be read", true
	case errValue != nil:
		return name, "", "is not escaped as it should be", true
	case !isText(value):
		return name, "", "is not valid text", true
	}
	return name, value, "", true
}

// isText reports whether s can be stored and shown everywhere.
func isText(s string) bool {
	return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0
}

// queryLocation names a parameter in an error.
func queryLocation(name string) string {
	if name == "" {
		return "query"
	}
	return "query." + cut(name)
}

const unknownParam = "is not a known parameter"
