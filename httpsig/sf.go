package httpsig

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A reader reads structured fields (RFC 9651) strictly: what the RFC would have
// repaired, such as a key that comes twice, is an error. Beside what it reads,
// it writes the same canonically, since that is what is signed.
type reader struct {
	s   string
	i   int
	out []byte
}

// A bare is an item without parameters.
type bare struct {
	kind byte   // 's' string, 't' token, 'i' integer, 'd' decimal, 'b' bytes, '?' boolean, '@' date
	text string // of a string what it says, else as it is written; of bytes the base64
	num  int64  // of an integer or a date; 1 for true
}

type param struct {
	name  string
	value bare
}

// An item has parameters and, in text, its canonical form with them.
type item struct {
	bare
	params []param
	text   string
}

// A member is one entry of a dictionary: an inner list, or a single item.
type member struct {
	key    string
	list   bool
	items  []item  // one if it is no list
	params []param // of the list
	text   string  // its canonical form without the key
}

var (
	errEnd    = errors.New("it ends too early")
	errSyntax = errors.New("it is no structured field")
)

// dictionary reads the members of one header line after another.
func dictionary(lines []string, each func(member) error) error {
	var seen []string
	for _, line := range lines {
		r := reader{s: line}
		r.skip(" ")
		for r.i < len(r.s) {
			m, err := r.member()
			if err != nil {
				return err
			}
			if slices.Contains(seen, m.key) {
				return fmt.Errorf("%q comes twice", m.key)
			}
			seen = append(seen, m.key)
			if err := each(m); err != nil {
				return err
			}
			r.skip(" \t")
			if r.i == len(r.s) {
				break
			}
			if r.next() != ',' {
				return errSyntax
			}
			if r.skip(" \t"); r.i == len(r.s) {
				return errEnd
			}
		}
	}
	return nil
}

func (r *reader) peek() byte {
	if r.i < len(r.s) {
		return r.s[r.i]
	}
	return 0
}

func (r *reader) next() byte {
	c := r.peek()
	r.i++
	return c
}

func (r *reader) skip(set string) {
	for r.i < len(r.s) && strings.IndexByte(set, r.s[r.i]) >= 0 {
		r.i++
	}
}

// since returns what has been written since, as a part of the input if that is
// the same.
func (r *reader) since(in, out int) string {
	if read := r.s[in:r.i]; read == string(r.out[out:]) {
		return read
	}
	return string(r.out[out:])
}

func (r *reader) member() (m member, err error) {
	if m.key, err = r.key(); err != nil {
		return m, err
	}
	in, out := r.i, len(r.out)
	if r.peek() != '=' { // true
		r.out = append(r.out, "?1"...)
		m.items = []item{{bare: bare{kind: '?', num: 1}}}
		err = r.params(&m.items[0].params)
		m.text = string(r.out[out:])
		return m, err
	}
	r.i++
	in++
	if m.list = r.peek() == '('; m.list {
		err = r.innerList(&m)
	} else {
		m.items = make([]item, 1)
		err = r.item(&m.items[0])
	}
	if err == nil {
		m.text = r.since(in, out)
	}
	return m, err
}

func (r *reader) innerList(m *member) error {
	r.i++
	r.out = append(r.out, '(')
	m.items = make([]item, 0, 8)
	for {
		spaced := r.peek() == ' '
		r.skip(" ")
		switch c := r.peek(); {
		case c == 0:
			return errEnd
		case c == ')':
			r.i++
			r.out = append(r.out, ')')
			return r.params(&m.params)
		case len(m.items) == maxComponents:
			return fmt.Errorf("it lists more than %d things", maxComponents)
		case len(m.items) > 0 && !spaced:
			return errSyntax
		case len(m.items) > 0:
			r.out = append(r.out, ' ')
		}
		m.items = append(m.items, item{})
		if err := r.item(&m.items[len(m.items)-1]); err != nil {
			return err
		}
	}
}

func (r *reader) item(it *item) (err error) {
	in, out := r.i, len(r.out)
	if it.bare, err = r.bare(); err != nil {
		return err
	}
	if err = r.params(&it.params); err == nil {
		it.text = r.since(in, out)
	}
	return err
}

func (r *reader) params(to *[]param) error {
	for r.peek() == ';' {
		r.i++
		r.skip(" ")
		r.out = append(r.out, ';')
		name, err := r.key()
		if err != nil {
			return err
		}
		for _, p := range *to {
			if p.name == name {
				return fmt.Errorf("the parameter %q comes twice", name)
			}
		}
		r.out = append(r.out, name...)
		value := bare{kind: '?', num: 1}
		if r.peek() == '=' {
			r.i++
			before := len(r.out)
			r.out = append(r.out, '=')
			if value, err = r.bare(); err != nil {
				return err
			}
			if value.kind == '?' && value.num == 1 {
				r.out = r.out[:before] // true is not written
			}
		}
		if *to == nil {
			*to = make([]param, 0, 6)
		}
		*to = append(*to, param{name, value})
	}
	return nil
}
