package imports

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/manorgo/manor/data/transfer"
	"github.com/manorgo/manor/fault"
)

// fields are the values of one row by name: raw JSON, or text of CSV.
type fields map[string]transfer.Field

func fieldsOf(list []transfer.Field) fields {
	out := make(fields, len(list))
	for _, f := range list {
		out[f.Name] = f
	}
	return out
}

// object returns the object under a name, which in CSV is written as text, or
// nothing.
func (f fields) object(name string) fields {
	raw := []byte(f[name].JSON)
	if raw == nil {
		raw = []byte(f[name].Text)
	}
	var values map[string]json.RawMessage
	if json.Unmarshal(raw, &values) != nil {
		return nil
	}
	out := make(fields, len(values))
	for k, v := range values {
		out[k] = transfer.Field{Name: k, JSON: v}
	}
	return out
}

// objects returns the list of objects under a name, or nothing.
func (f fields) objects(name string) (out []fields) {
	var list []map[string]json.RawMessage
	if json.Unmarshal(f[name].JSON, &list) != nil {
		return nil
	}
	for _, values := range list {
		one := make(fields, len(values))
		for k, v := range values {
			one[k] = transfer.Field{Name: k, JSON: v}
		}
		out = append(out, one)
	}
	return out
}

// text returns the first of some values that is not empty, without spaces around
// it. What is not text counts as empty.
func (f fields) text(names ...string) string {
	for _, name := range names {
		v, ok := f[name]
		if !ok {
			continue
		}
		s := v.Text
		if v.JSON != nil {
			s = unquote(v.JSON)
		}
		if s = strings.TrimSpace(s); s != "" {
			return s
		}
	}
	return ""
}

// unquote returns the text that raw JSON is, or "".
func unquote(raw json.RawMessage) string {
	if len(raw) < 2 || raw[0] != '"' {
		return ""
	}
	inner := raw[1 : len(raw)-1]
	if !slices.Contains(inner, '\\') { // as most are
		return string(inner)
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// flag returns whether a value is true, and whether it is there at all.
func (f fields) flag(names ...string) (is, there bool, err error) {
	for _, name := range names {
		v, ok := f[name]
		if !ok {
			continue
		}
		s := strings.ToLower(strings.Trim(v.Text+string(v.JSON), `" `))
		switch s {
		case "true", "t", "1", "yes", "on":
			return true, true, nil
		case "false", "f", "0", "no", "off":
			return false, true, nil
		case "", "null":
			continue
		}
		return false, false, fault.Field(name, "is neither true nor false")
	}
	return false, false, nil
}

// layouts are how programs write times. Without a zone it is UTC.
var layouts = []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999Z07", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", time.DateOnly}

// time returns the first of some values that is there, or the zero time.
func (f fields) time(names ...string) (time.Time, error) {
	for _, name := range names {
		s := f.text(name)
		if s == "" {
			continue
		}
		for _, layout := range layouts {
			at, err := time.Parse(layout, s)
			if err == nil && at.Year() >= 1900 && at.Year() < 3000 {
				return at.UTC().Truncate(time.Microsecond), nil
			}
		}
		return time.Time{}, fault.Field(name, "is not a time that can be kept")
	}
	return time.Time{}, nil
}

// list returns the texts of a value: a list in JSON, or words in text.
func (f fields) list(name string) []string {
	var out []string
	if raw := f[name].JSON; raw != nil && json.Unmarshal(raw, &out) == nil {
		return out
	}
	return strings.FieldsFunc(f.text(name), func(r rune) bool { return r == ' ' || r == ',' || r == ';' })
}

// known returns an error for a name that means nothing.
func (f fields) known(names []string) error {
	for name := range f {
		if !slices.Contains(names, name) {
			return fault.Field(name, "is not a column of people")
		}
	}
	return nil
}

// plain returns an error for text that a column cannot hold.
func plain(name, s string, most int) error {
	switch {
	case strings.ContainsAny(s, "\x00\ufffd"):
		return fault.Field(name, "holds characters that are not text")
	case utf8.RuneCountInString(s) > most:
		return fault.Field(name, "is too long")
	}
	return nil
}

// named splits a name as people write it into the first and the last one.
func named(whole string) (first, last string) {
	at := strings.LastIndexByte(whole, ' ')
	if at < 0 {
		return whole, ""
	}
	return strings.TrimSpace(whole[:at]), whole[at+1:]
}

// errSkip says that a row is not of a person.
var errSkip = errors.New("imports: another kind of row")

// field returns the name of what an error is about.
func field(location string) string { return strings.TrimPrefix(location, "body.") }
