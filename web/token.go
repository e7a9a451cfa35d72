package web

import (
	"strconv"
	"unicode/utf8"
)

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func appendIndex(loc []byte, i int) []byte {
	return append(strconv.AppendInt(append(loc, '['), int64(i), 10), ']')
}

// quoted reads a string and returns what is between its quotes.
func (sc *scanner) quoted() (raw []byte, escaped, ok bool) {
	sc.i++
	start := sc.i
	for sc.i < len(sc.b) {
		switch c := sc.b[sc.i]; {
		case c == '"':
			sc.i++
			return sc.b[start : sc.i-1], escaped, true
		case c == '\\':
			escaped = true
			if !sc.escape() {
				return nil, false, false
			}
		case c == 0:
			return nil, false, sc.fail("holds a NUL")
		case c < ' ':
			return nil, false, sc.fail("holds a control character")
		case c < utf8.RuneSelf:
			sc.i++
		default:
			r, n := utf8.DecodeRune(sc.b[sc.i:])
			if r == utf8.RuneError && n == 1 {
				return nil, false, sc.fail("is not valid UTF-8")
			}
			sc.i += n
		}
	}
	return nil, false, sc.fail("ends too early")
}

// escape reads an escape sequence. Half a surrogate pair is no character, and
// decoders would put something else in its place.
func (sc *scanner) escape() bool {
	if sc.i+1 >= len(sc.b) {
		return sc.fail("ends too early")
	}
	switch sc.b[sc.i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		sc.i += 2
		return true
	case 'u':
	default:
		return sc.fail("is not JSON")
	}
	r, ok := sc.hex()
	switch {
	case !ok:
		return sc.fail("is not JSON")
	case r == 0:
		return sc.fail("holds a NUL")
	case 0xdc00 <= r && r < 0xe000:
		return sc.fail("is not valid UTF-8")
	case 0xd800 <= r && r < 0xdc00:
		if low, ok := sc.hex(); !ok || low < 0xdc00 || low >= 0xe000 {
			return sc.fail("is not valid UTF-8")
		}
	}
	return true
}

// hex reads \u and four digits.
func (sc *scanner) hex() (rune, bool) {
	if sc.i+6 > len(sc.b) || sc.b[sc.i] != '\\' || sc.b[sc.i+1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range sc.b[sc.i+2 : sc.i+6] {
		switch {
		case isDigit(c):
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	sc.i += 6
	return r, true
}

// number reads a number by JSON's grammar.
func (sc *scanner) number() ([]byte, bool) {
	start := sc.i
	if sc.b[sc.i] == '-' {
		sc.i++
	}
	first := sc.i
	if !sc.digits() || sc.b[first] == '0' && sc.i > first+1 {
		return nil, sc.fail("is not JSON")
	}
	if sc.i < len(sc.b) && sc.b[sc.i] == '.' {
		sc.i++
		if !sc.digits() {
			return nil, sc.fail("is not JSON")
		}
	}
	if sc.i < len(sc.b) && sc.b[sc.i]|0x20 == 'e' {
		sc.i++
		if sc.i < len(sc.b) && (sc.b[sc.i] == '+' || sc.b[sc.i] == '-') {
			sc.i++
		}
		if !sc.digits() {
			return nil, sc.fail("is not JSON")
		}
	}
	return sc.b[start:sc.i], true
}

func (sc *scanner) digits() bool {
	start := sc.i
	for sc.i < len(sc.b) && isDigit(sc.b[sc.i]) {
		sc.i++
	}
	return sc.i > start
}

// A seen remembers which names of an object were given.
type seen struct {
	n      int
	props  [4]uint64       // of the shape's names, by position
	others map[string]bool // all other names
}

func (x *seen) has(i int) bool { return x.props[i/64]&(1<<(i%64)) != 0 }

// add notes a name and returns the shape of its value, what is wrong with the
// name, and false if it was given before.
func (x *seen) add(s *shape, name string, answer bool) (kid *shape, msg string, fresh bool) {
	x.n++
	if s != nil {
		if i, ok := s.index[name]; ok {
			p := &s.props[i]
			fresh = !x.has(i)
			x.props[i/64] |= 1 << (i % 64)
			switch {
			case p.readOnly && !answer:
				msg = "cannot be set"
			case p.writeOnly && answer:
				msg = "may not be shown"
			}
			return p.shape, msg, fresh
		}
		kid = s.extra
		if s.closed {
			msg = "is not a known field"
		}
	}
	if x.others == nil {
		x.others = map[string]bool{}
	}
	fresh = !x.others[name]
	x.others[name] = true
	return kid, msg, fresh
}
