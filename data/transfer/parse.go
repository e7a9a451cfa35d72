package transfer

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// byte reads a byte and counts lines.
func (f *Fixture) byte() (byte, error) {
	b, err := f.r.ReadByte()
	if b == '\n' && err == nil {
		f.line++
	}
	return b, err
}

// object returns the next object of a list, of lines, or alone. It finds its end
// by itself, so that no row, however it is written, takes more memory than it
// may, and so that its line is known.
func (f *Fixture) object() (Record, error) {
	var b byte
	var err error
	for {
		if f.state.within && f.state.ended {
			return Record{}, io.EOF // what the object has beside the list
		}
		if b, err = f.byte(); err != nil {
			if errors.Is(err, io.EOF) && f.state.list && !f.state.ended {
				err = f.wrong(f.line, "the file ends in the middle of its list")
			}
			return Record{}, err
		}
		if strings.IndexByte(" \t\r\n,[]", b) < 0 {
			break
		}
		if err := f.punctuation(b); err != nil {
			return Record{}, err
		}
	}
	line := f.line
	if b != '{' {
		return Record{}, f.wrong(line, "an object is expected, not %q", b)
	}
	if f.state.ended || f.state.list && f.state.between {
		return Record{}, f.wrong(line, "a comma is missing before the row, or it is after the end of the list")
	}
	f.state.between, f.state.comma = true, false
	text, err := f.balanced()
	if err != nil {
		if errors.Is(err, io.EOF) {
			return Record{}, f.wrong(line, "the file ends in the middle of a row")
		}
		return Record{}, err
	}
	fields, err := objectFields(text)
	if err != nil {
		return Record{}, f.wrong(line, "%s", err)
	}
	return Record{line, fields}, nil
}

// brackets is where in a file of JSON the reader is.
type brackets struct {
	list    bool // inside [
	ended   bool // after ]
	between bool // a row was read, and no comma since
	comma   bool // a row must follow
	within  bool // the list stands in an object
}

// punctuation checks what stands between rows.
func (f *Fixture) punctuation(b byte) error {
	s := &f.state
	switch b {
	case '[':
		if s.list || s.ended || s.between {
			return f.wrong(f.line, "a list begins where a row is expected")
		}
		s.list = true
	case ']':
		if !s.list || s.ended || s.comma {
			return f.wrong(f.line, "a list ends that did not begin, or after a comma")
		}
		s.ended = true
	case ',':
		if !s.list || s.ended || !s.between {
			return f.wrong(f.line, "a comma stands where a row is expected")
		}
		s.between, s.comma = false, true
	}
	return nil
}

// balanced returns an object whose first brace was read.
func (f *Fixture) balanced() ([]byte, error) {
	text := append(make([]byte, 0, 256), '{')
	depth, quoted, escaped := 1, false, false
	for depth > 0 {
		b, err := f.byte()
		if err != nil {
			return nil, err
		}
		if text = append(text, b); len(text) > maxRow {
			return nil, f.wrong(f.line, "a row has more than %d MiB", maxRow>>20)
		}
		switch {
		case escaped:
			escaped = false
		case quoted && b == '\\':
			escaped = true
		case b == '"':
			quoted = !quoted
		case quoted:
		case b == '{' || b == '[':
			depth++
		case b == '}' || b == ']':
			depth--
		}
	}
	return text, nil
}

// objectFields takes an object apart.
func objectFields(text []byte) ([]Field, error) {
	if !utf8.Valid(text) {
		return nil, errors.New("the row is not UTF-8")
	}
	if !json.Valid(text) {
		var v any
		err := json.Unmarshal(text, &v)
		return nil, errors.New("the row is no valid JSON: " + err.Error())
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	var out []Field
	seen := map[string]bool{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return nil, err
		}
		key := name.(string)
		if seen[key] {
			return nil, errors.New(key + " stands there twice")
		}
		seen[key] = true
		out = append(out, Field{Name: key, JSON: raw})
	}
	return out, nil
}

// csvRecords returns a function that reads rows of CSV (RFC 4180), the first of
// which names the columns.
func (f *Fixture) csvRecords() func() (Record, error) {
	var names []string
	return func() (Record, error) {
		if names == nil {
			head, err := f.csvRow(2)
			if err != nil {
				return Record{}, err
			}
			seen := map[string]bool{}
			for _, h := range head.Fields {
				if h.Text == "" || seen[h.Text] {
					return Record{}, f.wrong(head.Line, "the first line must name each column once")
				}
				seen[h.Text] = true
				names = append(names, h.Text)
			}
		}
		r, err := f.csvRow(len(names))
		if err != nil {
			return Record{}, err
		}
		if len(r.Fields) != len(names) {
			return Record{}, f.wrong(r.Line, "the row has %d fields, not %d", len(r.Fields), len(names))
		}
		for i := range r.Fields {
			r.Fields[i].Name = names[i]
		}
		return r, nil
	}
}

// csvRow reads one row, over empty lines, which are rows if there is but one
// column.
func (f *Fixture) csvRow(width int) (Record, error) {
	for {
		r, err := f.csvLine()
		if err != nil || width == 1 || len(r.Fields) > 1 || r.Fields[0].Text != "" || r.Fields[0].Quoted {
			return r, err
		}
	}
}

func (f *Fixture) csvLine() (Record, error) {
	r := Record{Line: f.line}
	size := 0
	for first := true; ; first = false {
		field, end, err := f.csvField(&size)
		if errors.Is(err, io.EOF) && first && field.Text == "" && !field.Quoted {
			return r, io.EOF
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return r, err
		}
		r.Fields = append(r.Fields, field)
		if end {
			return r, nil
		}
	}
}

// csvField reads one field and whether it is the line's last.
func (f *Fixture) csvField(size *int) (field Field, end bool, err error) {
	var text []byte
	closed := false // a quoted text has ended
	begun := f.line
	for {
		b, err := f.byte()
		if err != nil {
			if errors.Is(err, io.EOF) && field.Quoted && !closed {
				return field, true, f.wrong(begun, "a quoted field does not end")
			}
			return done(field, text), true, err
		}
		if *size++; *size > maxRow {
			return field, true, f.wrong(begun, "a row has more than %d MiB", maxRow>>20)
		}
		if field.Quoted && !closed {
			if b != '"' {
				text = append(text, b)
				continue
			}
			if next, err := f.r.Peek(1); err == nil && next[0] == '"' {
				text = append(text, '"')
				_, _ = f.r.Discard(1)
				continue
			}
			closed = true
			continue
		}
		switch {
		case b == ',':
			return f.checked(done(field, text), false, begun)
		case b == '\n':
			return f.checked(done(field, text), true, begun)
		case b == '\r':
			if next, err := f.r.Peek(1); err == nil && next[0] != '\n' {
				return field, true, f.wrong(begun, "a line ends in a carriage return alone")
			}
		case b == '"' && len(text) == 0 && !closed:
			field.Quoted = true
		case b == '"' || closed:
			return field, true, f.wrong(f.line, "a quote stands where none may be")
		default:
			text = append(text, b)
		}
	}
}

func (f *Fixture) checked(field Field, end bool, line int) (Field, bool, error) {
	if !utf8.ValidString(field.Text) {
		return field, end, f.wrong(line, "the row is not UTF-8")
	}
	return field, end, nil
}

func done(field Field, text []byte) Field {
	field.Text = string(text)
	return field
}
