package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"sync"

	"github.com/manorgo/manor/data"
)

// A reply is an answer before it is encoded.
type reply struct {
	status  int
	body    any // nil means none
	etag    string
	more    bool // the body holds more than the row that etag names
	header  [][2]string
	cookies []*http.Cookie
}

// An output is the plan by which a struct becomes a reply. It is made once.
type output struct {
	body, status, cookies []int // nil if there is none
	headers               []outHeader
	versioned             bool
	list                  bool // the body is a list, which is never null
}

type outHeader struct {
	name  string
	index []int
}

// newOutput makes the plan for t. It panics if t has fields of no use.
func newOutput(t reflect.Type, pattern string) *output {
	if t.Kind() != reflect.Struct {
		panic(fmt.Sprintf("web: %s: %v is not a struct", pattern, t))
	}
	out := &output{}
	for _, f := range reflect.VisibleFields(t) {
		switch name := f.Tag.Get("header"); {
		case f.Anonymous || !f.IsExported():
		case f.Name == "Body":
			out.body = f.Index
			out.versioned = f.Type.Implements(reflect.TypeFor[versioned]())
			out.list = f.Type.Kind() == reflect.Slice
		case f.Name == "Status" && f.Type.Kind() == reflect.Int:
			out.status = f.Index
		case f.Name == "Cookies" && f.Type == reflect.TypeFor[[]*http.Cookie]():
			out.cookies = f.Index
		case name != "" && f.Type.Kind() == reflect.String:
			out.headers = append(out.headers, outHeader{http.CanonicalHeaderKey(name), f.Index})
		default:
			panic(fmt.Sprintf("web: %s: %v: field %s is not Body, Status, Cookies or a string with a header tag", pattern, t, f.Name))
		}
	}
	return out
}

// reply takes an answer apart.
func (out *output) reply(v reflect.Value, status int) reply {
	rep := reply{status: status}
	if out.status != nil {
		if n := v.FieldByIndex(out.status).Int(); n != 0 {
			rep.status = int(n)
		}
	}
	if out.body != nil {
		b := v.FieldByIndex(out.body)
		empty := (b.Kind() == reflect.Pointer || b.Kind() == reflect.Interface) && b.IsNil()
		switch {
		case empty:
		case out.list && b.IsNil():
			rep.body = []struct{}{}
		case b.Kind() == reflect.Pointer || b.Kind() == reflect.Interface:
			rep.body = b.Interface()
		default:
			rep.body = b.Addr().Interface() // a struct is not copied to become an interface
		}
		if out.versioned && !empty {
			rep.etag = tag(b.Interface().(versioned).Version())
		}
	}
	for _, h := range out.headers {
		if s := v.FieldByIndex(h.index).String(); s != "" {
			rep.header = append(rep.header, [2]string{h.name, s})
		}
	}
	if out.cookies != nil {
		rep.cookies, _ = v.FieldByIndex(out.cookies).Interface().([]*http.Cookie)
	}
	return rep
}

// An encoder is a buffer with what writes JSON into it.
type encoder struct {
	buf  bytes.Buffer
	json *json.Encoder
}

var encoders = sync.Pool{New: func() any {
	e := &encoder{}
	e.json = json.NewEncoder(&e.buf)
	e.json.SetEscapeHTML(false) // it is JSON, and browsers are told not to guess
	return e
}}

// Values that many answers share. Header.Add copies such a slice before it
// grows, and nothing changes it in place.
var (
	noStore  = []string{"no-store"}
	vary     = []string{"Authorization, Cookie, X-API-Key"}
	noSniff  = []string{"nosniff"}
	jsonType = []string{"application/json"}
)

// setHeaders sets what every answer of an API has: it depends on who asks, is
// kept by nobody, and is what its type says.
func setHeaders(h http.Header) {
	h["Cache-Control"] = noStore
	h["Vary"] = vary
	h["X-Content-Type-Options"] = noSniff
}

// write sends the reply. Nothing is sent before all of it is encoded, so an
// error means that nothing was.
func (rep *reply) write(w http.ResponseWriter, r *http.Request) error {
	h := w.Header()
	if rep.etag != "" && !rep.more && !isWrite(r.Method) && notModified(r.Header, rep.etag) {
		setHeaders(h)
		h["Etag"] = []string{rep.etag}
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	var text []byte
	if rep.body != nil {
		e := encoders.Get().(*encoder)
		defer func() {
			if e.buf.Cap() <= maxPooled {
				e.buf.Reset()
				encoders.Put(e)
			}
		}()
		if err := e.json.Encode(rep.body); err != nil {
			e.buf.Reset()
			return fmt.Errorf("the answer cannot be encoded: %w", err)
		}
		text = e.buf.Bytes()
	}
	setHeaders(h)
	if rep.etag != "" {
		h["Etag"] = []string{rep.etag}
	}
	for _, kv := range rep.header {
		h[kv[0]] = []string{kv[1]}
	}
	for _, c := range rep.cookies {
		http.SetCookie(w, c)
	}
	if rep.body == nil {
		w.WriteHeader(rep.status)
		return nil
	}
	h["Content-Type"] = jsonType
	h["Content-Length"] = []string{strconv.Itoa(len(text))}
	w.WriteHeader(rep.status)
	_, _ = w.Write(text) // the client is gone if this fails
	return nil
}

// etagOf returns the entity tag of a row, or "".
func etagOf[T any](v *T) string {
	if x, ok := any(v).(interface{ Version() data.Version }); ok {
		return tag(x.Version())
	}
	return ""
}
