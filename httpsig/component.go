package httpsig

import (
	"fmt"
	"strings"
)

// A component is one thing that a signature covers (RFC 9421 section 2).
type component struct {
	name  string // "@method", or the name of a header field in lower case
	query string // of @query-param, the parameter's name as it is encoded there
	key   string // of a dictionary field, the one member that is covered
	req   bool   // of the request that a response answers
}

// what a signature may cover beside header fields.
const derived = " @method @target-uri @authority @scheme @request-target @path @query @query-param @status "

// readComponent understands one item of a signature's list.
func readComponent(it item) (c component, err error) {
	if it.kind != 's' {
		return c, fmt.Errorf("%s names no component", it.text)
	}
	c.name = it.bare.text
	if strings.HasPrefix(c.name, "@") {
		if strings.Contains(c.name, " ") || !strings.Contains(derived, " "+c.name+" ") {
			return c, fmt.Errorf("there is no component %q", c.name)
		}
	} else if !isField(c.name) {
		return c, fmt.Errorf("%q is no name of a field in lower case", c.name)
	}
	for _, p := range it.params {
		switch {
		case p.name == "req" && p.value.kind == '?' && p.value.num == 1:
			c.req = true
		case p.name == "key" && p.value.kind == 's' && c.name[0] != '@' && p.value.text != "":
			c.key = p.value.text
		case p.name == "name" && p.value.kind == 's' && c.name == "@query-param":
			c.query = p.value.text
		default: // sf, bs and tr among them
			return c, fmt.Errorf("%s: the parameter %q is not supported", it.text, p.name)
		}
	}
	if c.name == "@query-param" && c.query == "" {
		return c, fmt.Errorf("%s names no parameter", it.text)
	}
	return c, nil
}

// readComponents understands a list, in which nothing may come twice.
func readComponents(items []item) ([]component, error) {
	out := make([]component, len(items))
	for i, it := range items {
		c, err := readComponent(it)
		if err != nil {
			return nil, err
		}
		for _, before := range out[:i] {
			if before == c {
				return nil, fmt.Errorf("%s is covered twice", it.text)
			}
		}
		out[i] = c
	}
	return out, nil
}

// isField reports whether s is the name of a header field as signatures have
// it.
func isField(s string) bool {
	for _, c := range []byte(s) {
		if !isToken(c) || c >= 'A' && c <= 'Z' {
			return false
		}
	}
	return s != ""
}

func isMethod(s string) bool {
	for _, c := range []byte(s) {
		if !isToken(c) {
			return false
		}
	}
	return s != ""
}

// appendValue appends what c stands for in the message.
func (m *Message) appendValue(dst []byte, c component) ([]byte, error) {
	if c.req {
		if m.request == nil {
			return nil, fmt.Errorf("%q: only responses are to a request", c.name)
		}
		c.req = false
		return m.request.appendValue(dst, c)
	}
	if c.name == "@status" || c.name[0] == '@' && m.request != nil {
		if c.name != "@status" || m.request == nil {
			return nil, fmt.Errorf("%q is not of this message", c.name)
		}
		return fmt.Appendf(dst, "%03d", m.status), nil
	}
	switch c.name {
	case "@method":
		if !isMethod(m.method) {
			return nil, fmt.Errorf("the method %q cannot be signed", m.method)
		}
		return append(dst, m.method...), nil
	case "@scheme":
		return append(dst, m.scheme...), nil
	case "@authority":
		return m.appendAuthority(dst)
	case "@request-target":
		if m.target == "" || !visible(m.target) {
			return nil, fmt.Errorf("the target %q cannot be signed", m.target)
		}
		return append(dst, m.target...), nil
	case "@target-uri":
		return m.appendURI(dst)
	case "@path":
		path, _, err := m.split()
		return append(dst, path...), err
	case "@query":
		_, query, err := m.split()
		return append(append(dst, '?'), query...), err
	case "@query-param":
		return m.appendParam(dst, c.query)
	}
	if c.key != "" {
		return m.appendMember(dst, c.name, c.key)
	}
	return m.appendField(dst, c.name)
}

// appendMember appends one member of a dictionary field.
func (m *Message) appendMember(dst []byte, name, key string) ([]byte, error) {
	found := false
	err := dictionary(m.values(name), func(mb member) error {
		if mb.key == key {
			found = true
			dst = append(dst, mb.text...)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("the field %q: %w", name, err)
	}
	if !found {
		return nil, fmt.Errorf("the field %q has no member %q", name, key)
	}
	return dst, nil
}

// appendField appends the values of a header field, joined.
func (m *Message) appendField(dst []byte, name string) ([]byte, error) {
	values := m.values(name)
	if len(values) == 0 {
		return nil, fmt.Errorf("the field %q is missing", name)
	}
	for i, v := range values {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		v = unfold(strings.Trim(v, " \t\r\n"))
		if !printable(v) {
			return nil, fmt.Errorf("the field %q has characters that cannot be signed", name)
		}
		dst = append(dst, v...)
	}
	return dst, nil
}

// unfold makes one space of each fold of a line (RFC 9112 section 5.2).
func unfold(v string) string {
	for {
		at := strings.IndexByte(v, '\n')
		if at < 0 || at == len(v)-1 || v[at+1] != ' ' && v[at+1] != '\t' {
			return v
		}
		v = strings.TrimRight(v[:at], " \t\r") + " " + strings.TrimLeft(v[at+1:], " \t")
	}
}

// printable reports whether v is ASCII on one line.
func printable(v string) bool {
	for _, c := range []byte(v) {
		if c != '\t' && (c < ' ' || c > '~') {
			return false
		}
	}
	return true
}
