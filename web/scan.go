package web

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/manorgo/manor/fault"
)

const (
	maxDepth   = 32 // objects and lists within each other
	maxDetails = 20 // named in one answer
	maxName    = 64 // bytes of a name that a caller made up, when it is repeated to them
)

// A scanner reads one JSON text (RFC 8259) and holds it to a shape in the same
// pass. It refuses what decoders let pass: names given twice, bytes and escapes
// that are not text, NUL, data after the end, deep nesting. No value ever gets
// into a message.
type scanner struct {
	b      []byte
	i      int
	depth  int
	loc    []byte         // of the value being read, as in body.items[3].name
	found  []fault.Detail // where it differs from the shape
	bad    fault.Detail   // why it is not JSON that we take
	answer bool           // it is an answer of ours and not a request
}

// scan checks that b is JSON and has the shape. It returns fault.Malformed or
// fault.Invalid. A nil shape asks only for JSON.
func scan(b []byte, s *shape, location string, answer bool) error {
	sc := scanner{b: b, loc: append(make([]byte, 0, 64), location...), answer: answer}
	ok := sc.value(s)
	if ok {
		sc.space()
		ok = sc.i == len(b) || sc.fail("has data after its end")
	}
	switch {
	case !ok:
		return &fault.Error{Kind: fault.Malformed, Msg: "the body cannot be read", Details: []fault.Detail{sc.bad}}
	case len(sc.found) > 0:
		return &fault.Error{Kind: fault.Invalid, Msg: "some fields are not valid", Details: sc.found}
	}
	return nil
}

func (sc *scanner) fail(msg string) bool {
	sc.bad = fault.Detail{Location: string(sc.loc), Message: msg}
	return false
}

func (sc *scanner) differs(msg string) {
	if msg != "" && len(sc.found) < maxDetails {
		sc.found = append(sc.found, fault.Detail{Location: string(sc.loc), Message: msg})
	}
}

func (sc *scanner) space() {
	for sc.i < len(sc.b) {
		switch sc.b[sc.i] {
		case ' ', '\t', '\r', '\n':
			sc.i++
		default:
			return
		}
	}
}

// peek returns the next byte that is not space, or 0 at the end.
func (sc *scanner) peek() byte {
	sc.space()
	if sc.i == len(sc.b) {
		return 0
	}
	return sc.b[sc.i]
}

// value reads one value. It returns false if the text is malformed.
func (sc *scanner) value(s *shape) bool {
	c := sc.peek()
	if s != nil && s.choices != nil {
		return sc.choice(s)
	}
	switch {
	case c == '{':
		return sc.object(s)
	case c == '[':
		return sc.list(s)
	case c == '"':
		raw, escaped, ok := sc.quoted()
		if ok && s != nil {
			sc.differs(s.checkString(unquote(raw, escaped)))
		}
		return ok
	case c == 't':
		return sc.word("true", s, typeBoolean)
	case c == 'f':
		return sc.word("false", s, typeBoolean)
	case c == 'n':
		return sc.word("null", s, typeNull)
	case c == '-' || isDigit(c):
		lit, ok := sc.number()
		if ok && s != nil {
			sc.differs(s.checkNumber(string(lit)))
		}
		return ok
	case c == 0 && sc.i == len(sc.b):
		return sc.fail("ends too early")
	}
	return sc.fail("is not JSON")
}

func (sc *scanner) word(w string, s *shape, typ string) bool {
	if !strings.HasPrefix(string(sc.b[sc.i:min(sc.i+len(w), len(sc.b))]), w) {
		return sc.fail("is not JSON")
	}
	sc.i += len(w)
	if s != nil {
		sc.differs(s.checkType(typ))
	}
	return true
}

// choice reads a value that may have one of several shapes.
func (sc *scanner) choice(s *shape) bool {
	start := sc.i
	if !sc.value(nil) {
		return false
	}
	var differs []fault.Detail
	met, real := 0, 0
	for _, c := range s.choices {
		sub := scanner{b: sc.b[:sc.i], i: start, depth: sc.depth, loc: slices.Clone(sc.loc), answer: sc.answer}
		sub.value(c)
		if len(sub.found) == 0 {
			met++
		} else if c.typ != typeNull {
			real++
			differs = sub.found
		}
	}
	switch {
	case s.all && met < len(s.choices), met == 0 && real == 1:
		sc.found = append(sc.found, differs...)
	case met == 0:
		sc.differs("has none of the forms that are allowed")
	case s.one && met > 1:
		sc.differs("has several forms at once")
	}
	return true
}

func (sc *scanner) object(s *shape) bool {
	if s != nil {
		if msg := s.checkType(typeObject); msg != "" {
			sc.differs(msg)
			s = nil
		}
	}
	if !sc.enter() {
		return false
	}
	var given seen
	at := len(sc.loc)
	for sc.peek() != '}' {
		if given.n > 0 && !sc.take(',') {
			return sc.fail("is not JSON")
		}
		if sc.peek() != '"' {
			return sc.fail("is not JSON")
		}
		raw, escaped, ok := sc.quoted()
		if !ok {
			return false
		}
		name := unquote(raw, escaped)
		sc.loc = append(append(sc.loc, '.'), cut(name)...)
		kid, msg, fresh := given.add(s, name, sc.answer)
		if !fresh {
			return sc.fail("is given twice")
		}
		if msg != "" {
			sc.differs(msg)
		}
		if !sc.take(':') {
			return sc.fail("is not JSON")
		}
		if !sc.value(kid) {
			return false
		}
		sc.loc = sc.loc[:at]
	}
	sc.i++
	sc.depth--
	if s == nil {
		return true
	}
	for i, p := range s.props {
		if p.required && !given.has(i) && !(p.readOnly && !sc.answer) && !(p.writeOnly && sc.answer) {
			sc.loc = append(append(sc.loc, '.'), p.name...)
			sc.differs("is required")
			sc.loc = sc.loc[:at]
		}
	}
	sc.differs(s.checkCount(given.n, "entries", s.minProps, s.maxProps))
	return true
}

func (sc *scanner) list(s *shape) bool {
	if s != nil {
		if msg := s.checkType(typeArray); msg != "" {
			sc.differs(msg)
			s = nil
		}
	}
	if !sc.enter() {
		return false
	}
	var kid *shape
	var known map[string]bool
	if s != nil {
		kid = s.items
		if s.unique {
			known = map[string]bool{}
		}
	}
	at, n := len(sc.loc), 0
	for sc.peek() != ']' {
		if n > 0 && !sc.take(',') {
			return sc.fail("is not JSON")
		}
		sc.peek()
		start := sc.i
		sc.loc = appendIndex(sc.loc, n)
		if !sc.value(kid) {
			return false
		}
		if known != nil {
			key := string(sc.b[start:sc.i])
			if known[key] {
				sc.differs("is given twice")
			}
			known[key] = true
		}
		sc.loc = sc.loc[:at]
		n++
	}
	sc.i++
	sc.depth--
	if s != nil {
		sc.differs(s.checkCount(n, "entries", s.minItems, s.maxItems))
	}
	return true
}

func (sc *scanner) enter() bool {
	sc.i++
	sc.depth++
	return sc.depth <= maxDepth || sc.fail("is nested too deep")
}

func (sc *scanner) take(c byte) bool {
	if sc.peek() != c {
		return false
	}
	sc.i++
	return true
}

// cut shortens a name that the caller made up.
func cut(s string) string {
	if len(s) <= maxName {
		return s
	}
	n := maxName
	for !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// unquote returns what a string that was found to be valid says.
func unquote(raw []byte, escaped bool) string {
	if !escaped {
		return string(raw)
	}
	var s string
	quoted := append(append([]byte{'"'}, raw...), '"')
	_ = json.Unmarshal(quoted, &s) // valid, as quoted has seen
	return s
}
