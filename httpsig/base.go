package httpsig

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// What is read at most, before anybody knows who sent it.
const (
	maxFields     = 8 << 10 // bytes of the header fields that make a signature
	maxComponents = 32
)

// An Input says what a signature covers and how (RFC 9421 section 2.3): what
// stands in the field Signature-Input. All but the label and the components may
// be missing.
type Input struct {
	Label string

	// Components are written as in RFC 9421, with or without the quotes:
	// "@method", "content-type", `@query-param;name="page"`, and in responses
	// `@method;req`. The parameters req, key and name are supported; sf, bs and tr
	// are not.
	Components []string

	Created, Expires time.Time // to the second
	KeyID            string
	Alg              Algorithm
	Nonce            string
	Tag              string
}

// params writes the value of Signature-Input, without the label.
func (in *Input) params() (items []item, params string, err error) {
	b := []byte{'('}
	for i, c := range in.Components {
		if i > 0 {
			b = append(b, ' ')
		}
		if !strings.HasPrefix(c, `"`) {
			name, rest, has := strings.Cut(c, ";")
			if c = `"` + name + `"`; has {
				c += ";" + rest
			}
		}
		b = append(b, c...)
	}
	b = append(b, ')')
	number := func(name string, t time.Time) {
		if !t.IsZero() {
			b = strconv.AppendInt(append(append(append(b, ';'), name...), '='), t.Unix(), 10)
		}
	}
	text := func(name, s string) {
		if s != "" && err == nil {
			b, err = quote(append(append(append(b, ';'), name...), '='), s)
		}
	}
	number("created", in.Created)
	number("expires", in.Expires)
	text("keyid", in.KeyID)
	text("alg", string(in.Alg))
	text("nonce", in.Nonce)
	text("tag", in.Tag)
	if err != nil {
		return nil, "", err
	}
	var m member
	r := reader{s: string(b)}
	if err := r.innerList(&m); err != nil || r.i != len(r.s) {
		return nil, "", fmt.Errorf("%s cannot be covered", b)
	}
	return m.items, string(r.out), nil
}

// appendBase appends what is signed (RFC 9421 section 2.5).
func (m *Message) appendBase(dst []byte, items []item, components []component, params string) ([]byte, error) {
	var err error
	for i, c := range components {
		dst = append(append(dst, items[i].text...), ": "...)
		if dst, err = m.appendValue(dst, c); err != nil {
			return nil, err
		}
		dst = append(dst, '\n')
	}
	return append(append(dst, `"@signature-params": `...), params...), nil
}

// Sign adds a signature to the message's header, beside those that it has. It
// knows nothing of profiles; Signer does. An input that the message cannot
// satisfy, or a label that it has already, is an error.
func (m *Message) Sign(in Input, k Key) error {
	if r := (reader{s: in.Label}); !isLabel(&r) {
		return fmt.Errorf("%q is no label", in.Label)
	}
	if _, err := m.find(in.Label); err == nil {
		return fmt.Errorf("there is a signature %q already", in.Label)
	}
	items, params, err := in.params()
	if err != nil {
		return err
	}
	components, err := readComponents(items)
	if err != nil {
		return err
	}
	base, err := m.appendBase(make([]byte, 0, 512), items, components, params)
	if err != nil {
		return err
	}
	var buf [64]byte
	signature, err := k.sign(buf[:0], base)
	if err != nil {
		return err
	}
	add(m.header, "Signature-Input", in.Label+"="+params)
	add(m.header, "Signature", in.Label+"=:"+base64.StdEncoding.EncodeToString(signature)+":")
	return nil
}

func isLabel(r *reader) bool {
	_, err := r.key()
	return err == nil && r.i == len(r.s)
}

func add(h http.Header, name, value string) { h[name] = append(h[name], value) }

// found is a signature as it stands in a message.
type found struct {
	input     member
	signature bare
}

// find returns the signature with a label.
func (m *Message) find(label string) (f found, err error) {
	inputs, n := 0, 0
	err = dictionary(m.header["Signature-Input"], func(mb member) error {
		if mb.key == label && mb.list {
			inputs++
			f.input = mb
		}
		return nil
	})
	if err != nil {
		return f, fmt.Errorf("Signature-Input: %w", err)
	}
	err = dictionary(m.header["Signature"], func(mb member) error {
		if mb.key == label && !mb.list {
			n++
			f.signature = mb.items[0].bare
		}
		return nil
	})
	if err != nil {
		return f, fmt.Errorf("Signature: %w", err)
	}
	if inputs != 1 || n != 1 {
		return f, fmt.Errorf("there is no signature %q", label)
	}
	return f, nil
}

// Verify checks the signature with a label by the key alone and returns what it
// says of itself. Whether it covers enough, is recent, and is seen for the first
// time is the caller's business, or that of a Verifier. The field Content-Digest
// is not compared with the body. All errors mean that there is no such
// signature; they are for the log.
func (m *Message) Verify(label string, k Key) (Input, error) {
	f, err := m.find(label)
	if err != nil {
		return Input{}, err
	}
	s, err := readSignature(f)
	if err != nil {
		return Input{}, err
	}
	base, err := m.appendBase(make([]byte, 0, 512), s.items, s.components, s.params)
	if err != nil {
		return Input{}, err
	}
	if !s.verify(k, base) {
		return Input{}, errors.New("the signature is wrong")
	}
	in := Input{Label: label, Created: s.Created, Expires: s.Expires, KeyID: s.KeyID, Alg: s.Alg, Nonce: s.Nonce, Tag: s.Tag}
	for _, it := range s.items {
		in.Components = append(in.Components, it.text)
	}
	return in, nil
}
