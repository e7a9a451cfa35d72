package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/manorgo/manor/fault"
)

// A body is the plan by which request bodies are read.
type body struct {
	schema   *huma.Schema
	shape    *shape
	required bool
	limit    int64
	members  func(v any, body []byte) error // takes those that the type itself does not have; may be nil
}

// body makes the plan for bodies of type t. A pointer may be left out.
func (r *Router) body(t reflect.Type, hint string) *body {
	b := &body{required: true, limit: r.config.MaxBody}
	if t.Kind() == reflect.Pointer {
		b.required, t = false, t.Elem()
	}
	if m := r.schemas.members[t]; m != nil && b.required {
		b.members = m.request
	}
	b.schema = r.schemas.Schema(t, true, hint+"Body")
	b.shape = r.schemas.compile(b.schema)
	return b
}

// hasBody reports whether the request comes with a body, or may.
func hasBody(r *http.Request) bool {
	return r.ContentLength != 0 && r.Body != nil && r.Body != http.NoBody
}

// checkMedia refuses bodies that are not plain JSON before any is read.
func (b *body) checkMedia(r *http.Request) error {
	if !hasBody(r) {
		return nil
	}
	if b == nil {
		// Of a body without a known length only reading tells whether it is empty.
		var one [1]byte
		if r.ContentLength < 0 {
			if n, _ := io.ReadFull(r.Body, one[:]); n == 0 {
				return nil
			}
		}
		return &fault.Error{Kind: fault.Malformed, Msg: "this route takes no body", Details: []fault.Detail{{Location: "body", Message: "is not taken"}}}
	}
	if enc := r.Header.Get("Content-Encoding"); enc != "" && !strings.EqualFold(enc, "identity") {
		return refuse(http.StatusUnsupportedMediaType, codeMediaType, "send the body without Content-Encoding")
	}
	ct := r.Header.Get("Content-Type")
	if ct == "application/json" {
		return nil
	}
	media, params, err := mime.ParseMediaType(ct)
	if charset := params["charset"]; err != nil || media != "application/json" || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return refuse(http.StatusUnsupportedMediaType, codeMediaType, "send the body as application/json")
	}
	return nil
}

var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// maxPooled is the size from which a buffer is left to the collector.
const maxPooled = 64 << 10

// decode reads the body into v, a pointer to what the plan was made for.
func (b *body) decode(w http.ResponseWriter, r *http.Request, v any) error {
	if !hasBody(r) {
		return b.missing()
	}
	if r.ContentLength > b.limit {
		return &http.MaxBytesError{Limit: b.limit}
	}
	buf := bodies.Get().(*bytes.Buffer)
	defer func() {
		clear(buf.Bytes()) // a password may be in it
		if buf.Cap() <= maxPooled {
			buf.Reset()
			bodies.Put(buf)
		}
	}()
	if _, err := buf.ReadFrom(http.MaxBytesReader(w, r.Body, b.limit)); err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return err
		}
		return &fault.Error{Kind: fault.Malformed, Msg: "the body ended too early", Err: err}
	}
	if buf.Len() == 0 {
		return b.missing()
	}
	if err := scan(buf.Bytes(), b.shape, "body", false); err != nil {
		return err
	}
	if err := json.Unmarshal(buf.Bytes(), v); err != nil || b.members == nil {
		return mismatch(err)
	}
	return b.members(v, buf.Bytes())
}

func (b *body) missing() error {
	if !b.required {
		return nil
	}
	return &fault.Error{Kind: fault.Malformed, Msg: "this route takes a JSON body", Details: []fault.Detail{{Location: "body", Message: "is required"}}}
}

// mismatch turns what json says about a body of the right shape into an error
// without values: a type of its own may be stricter than its shape.
func mismatch(err error) error {
	if err == nil {
		return nil
	}
	d := fault.Detail{Location: "body", Message: "holds a value that is not valid"}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && e.Field != "" {
		d = fault.Detail{Location: "body." + e.Field, Message: "is not valid"}
	} else if e, ok := errors.AsType[*fault.Error](err); ok && e.Msg != "" {
		d.Message = e.Msg
	}
	return &fault.Error{Kind: fault.Invalid, Msg: "some fields are not valid", Details: []fault.Detail{d}}
}
