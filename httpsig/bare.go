package httpsig

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

const lower = "abcdefghijklmnopqrstuvwxyz"

func (r *reader) key() (string, error) {
	start := r.i
	if r.peek() != '*' && (r.peek() < 'a' || r.peek() > 'z') {
		return "", errSyntax
	}
	r.skip(lower + "0123456789_-.*")
	return r.s[start:r.i], nil
}

func (r *reader) bare() (b bare, err error) {
	start := r.i
	switch c := r.peek(); {
	case c == '"':
		b.kind = 's'
		b.text, err = r.str()
	case c == ':':
		b.kind = 'b'
		b.text, err = r.bytes()
	case c == '?':
		r.i++
		b.kind, b.num = '?', int64(r.next())-'0'
		if b.num != 0 && b.num != 1 {
			err = errSyntax
		}
	case c == '@' || c == '-' || c >= '0' && c <= '9':
		b, err = r.number()
	case c == '*' || c|0x20 >= 'a' && c|0x20 <= 'z':
		b.kind = 't'
		for isToken(r.peek()) || r.peek() == ':' || r.peek() == '/' {
			r.i++
		}
		b.text = r.s[start:r.i]
	default:
		err = errSyntax
	}
	if err != nil {
		return b, err
	}
	r.out = append(r.out, r.s[start:r.i]...)
	return b, nil
}

func (r *reader) str() (string, error) {
	r.i++
	start, escaped := r.i, false
	for {
		switch c := r.next(); {
		case c == '"':
			text := r.s[start : r.i-1]
			if escaped {
				text = strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(text)
			}
			return text, nil
		case c == '\\':
			escaped = true
			if c := r.next(); c != '"' && c != '\\' {
				return "", errSyntax
			}
		case c < ' ' || c > '~': // also the end
			return "", errSyntax
		}
	}
}

func (r *reader) bytes() (string, error) {
	r.i++
	end := strings.IndexByte(r.s[r.i:], ':')
	if end < 0 {
		return "", errEnd
	}
	text := r.s[r.i : r.i+end]
	r.i += end + 1
	return text, nil
}

// number reads integers, decimals and dates, which it wants as they are written
// canonically: without zeros that say nothing.
func (r *reader) number() (b bare, err error) {
	b.kind = 'i'
	if r.peek() == '@' {
		r.i++
		b.kind = '@'
	}
	start := r.i
	if r.peek() == '-' {
		r.i++
	}
	digits := r.i
	r.skip("0123456789")
	n := r.i - digits
	if n == 0 || n > 15 || n > 1 && r.s[digits] == '0' || n == 1 && r.s[digits] == '0' && digits > start && r.peek() != '.' {
		return b, errSyntax
	}
	if r.peek() == '.' && b.kind == 'i' {
		r.i++
		fraction := r.i
		r.skip("0123456789")
		if f := r.i - fraction; f == 0 || f > 3 || n > 12 || f > 1 && r.s[r.i-1] == '0' {
			return b, errSyntax
		}
		return bare{kind: 'd', text: r.s[start:r.i]}, nil
	}
	b.num, err = strconv.ParseInt(r.s[start:r.i], 10, 64)
	return b, err
}

// decode writes the bytes of a byte sequence to dst, which must be long enough
// for what is wanted, and returns how many there are.
func (b bare) decode(dst []byte) (int, error) {
	var text [128]byte
	if b.kind != 'b' || len(b.text) > len(text) || base64.StdEncoding.DecodedLen(len(b.text)) > len(dst)+2 || strings.ContainsAny(b.text, "\r\n") {
		return 0, errors.New("it is no byte sequence of the right length")
	}
	var out [96]byte
	n, err := base64.StdEncoding.Strict().Decode(out[:], text[:copy(text[:], b.text)])
	if err != nil || n > len(dst) {
		return 0, errors.New("it is not base64 of the right length")
	}
	return copy(dst, out[:n]), nil
}

// isToken reports whether c may stand in the name of a header field.
func isToken(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c != 0 && strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}

// quote appends s as a string of a structured field. Text that cannot stand in
// one is an error.
func quote(dst []byte, s string) ([]byte, error) {
	dst = append(dst, '"')
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' {
			return nil, fmt.Errorf("%q is not ASCII", s)
		}
		if c == '"' || c == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, c)
	}
	return append(dst, '"'), nil
}
