package manortest

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// A Response is an answer that was read to its end.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
	t      *testing.T
	what   string
}

// Want ends the test if the status is another, and returns the answer.
func (r *Response) Want(status int) *Response {
	r.t.Helper()
	if r.Status != status {
		r.t.Fatalf("%s: %d, want %d: %s", r.what, r.Status, status, r.Body)
	}
	return r
}

// JSON decodes the body.
func (r *Response) JSON(into any) {
	r.t.Helper()
	if err := json.Unmarshal(r.Body, into); err != nil {
		r.t.Fatalf("%s: %v: %s", r.what, err, r.Body)
	}
}

// Value returns what stands in the body at a path of names and positions, such
// as items.0.name, decoded as package json does, or nil if there is nothing.
func (r *Response) Value(path string) any {
	r.t.Helper()
	var v any
	r.JSON(&v)
	for name := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[name]
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

// Text is Value for a text that must be there.
func (r *Response) Text(path string) string {
	r.t.Helper()
	s, ok := r.Value(path).(string)
	if !ok {
		r.t.Fatalf("%s: no text at %s: %s", r.what, path, r.Body)
	}
	return s
}

// Len returns how many entries the list at a path has.
func (r *Response) Len(path string) int {
	r.t.Helper()
	list, ok := r.Value(path).([]any)
	if !ok {
		r.t.Fatalf("%s: no list at %s: %s", r.what, path, r.Body)
	}
	return len(list)
}

// ETag returns the entity tag, which must be there.
func (r *Response) ETag() string {
	r.t.Helper()
	tag := r.Header.Get("ETag")
	if tag == "" {
		r.t.Fatalf("%s: no ETag", r.what)
	}
	return tag
}
