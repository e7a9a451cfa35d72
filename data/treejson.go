package data

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/manorgo/manor/fault"
)

// maxMembers is how many members an object may have, more than any filter.
const maxMembers = 16

// A jsonObject is a JSON object, in order.
type jsonObject []jsonMember

type jsonMember struct {
	name  string
	value any // jsonObject, []any, string, json.Number, bool or nil
}

func (o jsonObject) get(name string) (v any, ok bool) {
	for _, m := range o {
		if m.name == name {
			return m.value, true
		}
	}
	return nil, false
}

// readJSON reads one JSON text, and is stricter than encoding/json: no name
// twice, no text that is not UTF-8, no NUL, no deeper than depth.
func readJSON(text []byte, depth int) (any, error) {
	if !utf8.Valid(text) {
		return nil, badTree("", "is not valid text")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	v, err := readValue(d, "", depth)
	if err != nil {
		return nil, err
	}
	if d.More() || len(bytes.TrimSpace(text[d.InputOffset():])) > 0 {
		return nil, badTree("", "has more than one JSON value")
	}
	return v, nil
}

func readValue(d *json.Decoder, path string, depth int) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, badTree(path, "is not JSON")
	}
	if s, ok := token.(string); ok && strings.IndexByte(s, 0) >= 0 {
		return nil, badTree(path, "is not valid text")
	}
	open, ok := token.(json.Delim)
	if !ok {
		return token, nil
	}
	if depth == 0 {
		return nil, badTree(path, "is nested too deep")
	}
	if open == '[' {
		return readList(d, path, depth)
	}
	return readObject(d, path, depth)
}

func readList(d *json.Decoder, path string, depth int) (any, error) {
	out := []any{}
	for d.More() {
		v, err := readValue(d, fmt.Sprintf("%s[%d]", path, len(out)), depth-1)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, closed(d, path)
}

func readObject(d *json.Decoder, path string, depth int) (any, error) {
	out := jsonObject{}
	for d.More() {
		if len(out) == maxMembers {
			return nil, badTree(path, "has more than %d members", maxMembers)
		}
		token, err := d.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return nil, badTree(path, "is not JSON")
		}
		if _, twice := out.get(name); twice {
			return nil, badTree(at(path, name), "is given twice")
		}
		v, err := readValue(d, at(path, name), depth-1)
		if err != nil {
			return nil, err
		}
		out = append(out, jsonMember{name, v})
	}
	return out, closed(d, path)
}

func closed(d *json.Decoder, path string) error {
	if _, err := d.Token(); err != nil {
		return badTree(path, "is not JSON")
	}
	return nil
}

// maxPath is how much of a name from a request an error repeats.
const maxPath = 40

// at is the path of a member.
func at(path, name string) string {
	if len(name) > maxPath {
		name = strings.ToValidUTF8(name[:maxPath], "")
	}
	if path == "" {
		return name
	}
	return path + "." + name
}

// badTree refuses a tree and names the place in it.
func badTree(path, format string, args ...any) error {
	msg := fmt.Sprintf(format, args...)
	if path == "" {
		path = "filter"
	}
	return &fault.Error{Kind: fault.Malformed, Msg: path + ": " + msg, Details: []fault.Detail{{Location: path, Message: msg}}}
}
