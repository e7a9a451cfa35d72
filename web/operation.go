package web

import (
	"strings"
	"unicode"
)

// operationID makes a name from a method and a path: GET /users/{id}/roles is
// getUsersByIdRoles.
func operationID(method, path string) string {
	var b strings.Builder
	b.WriteString(strings.ToLower(method))
	for part := range strings.SplitSeq(path, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			b.WriteString("By")
			part = strings.TrimRight(name, ".}")
		}
		for word := range strings.FieldsFuncSeq(part, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			b.WriteString(title(word))
		}
	}
	return b.String()
}

// sentence writes a camelCase name as words: "List products".
func sentence(name string) string {
	var b strings.Builder
	for i, r := range name {
		switch {
		case i == 0:
			b.WriteRune(unicode.ToUpper(r))
		case unicode.IsUpper(r):
			b.WriteByte(' ')
			b.WriteRune(unicode.ToLower(r))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// slug writes a part of a path as a name in snake_case.
func slug(part string) string { return strings.ReplaceAll(part, "-", "_") }
