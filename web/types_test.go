package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/patch"
	"github.com/manorgo/manor/web"
)

type shade string

// A dozen is a type that is stricter than its schema.
type dozen int

// UnmarshalText refuses everything but 12.
func (d *dozen) UnmarshalText(b []byte) error {
	if string(b) != "12" {
		return fault.Errorf(fault.Invalid, "is not twelve")
	}
	*d = 12
	return nil
}

// A quiet type says more than it should when it fails.
type leaky struct{ s string }

func (l *leaky) UnmarshalText(b []byte) error {
	if strings.HasPrefix(string(b), "bad") {
		return errors.New("cannot use " + string(b))
	}
	l.s = string(b)
	return nil
}

func (l leaky) MarshalText() ([]byte, error) { return []byte(l.s), nil }

type anything struct {
	Shade  shade       `query:"shade"`
	Shades []shade     `query:"shades" enum:"red,blue"`
	U      uint8       `query:"u"`
	I8     int8        `query:"i8"`
	F      float64     `query:"f" minimum:"0.5"`
	At     time.Time   `query:"at"`
	Since  *time.Time  `query:"since"`
	N      *int        `query:"n"`
	IP     netip.Addr  `query:"ip"`
	Dozen  dozen       `query:"dozen"`
	Leaky  leaky       `query:"leaky"`
	Match  web.IfMatch `header:"If-Match"`
	Until  time.Time   `header:"X-Until"`
	Body   *struct {
		Dozen dozen                  `json:"dozen,omitzero"`
		Leaky leaky                  `json:"leaky,omitzero"`
		Shade patch.Field[shade]     `json:"shade" maxLength:"4"`
		Day   patch.Field[data.Date] `json:"day"`
		List  patch.Field[[]int]     `json:"list"`
		Inner patch.Field[inner]     `json:"inner"`
		Raw   json.RawMessage        `json:"raw,omitempty"`
		Num   json.Number            `json:"num,omitempty"`
	}
}

func serveAnything(t *testing.T, got *anything) *server {
	t.Helper()
	s := &server{Router: web.NewRouter(web.Config{Log: quiet})}
	web.Handle(s.Router, "POST /x", func(_ context.Context, in *anything) (*web.None, error) {
		*got = *in
		return nil, nil
	}, web.Anyone, web.Status(http.StatusAccepted), web.Describe("takes anything"))
	return s
}

func TestParameterTypes(t *testing.T) {
	t.Parallel()
	var got anything
	s := serveAnything(t, &got)
	w := s.do(t, "POST", "/x?shade=red&shades=red&shades=blue&u=255&i8=-128&f=1e2&at=2026-01-01T01:00:00%2B01:00&since=2026-01-01T00:00:00.5Z&n=0&ip=::1&dozen=12&leaky=ok", "",
		"If-Match", `"1"`, "X-Until", "2026-01-01T00:00:00Z")
	if w.Code != 202 || w.Body.Len() > 0 {
		t.Fatal(w.Code, w.Body)
	}
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	if got.Shade != "red" || len(got.Shades) != 2 || got.Shades[1] != "blue" || got.U != 255 || got.I8 != -128 || got.F != 100 || got.At != at ||
		*got.Since != at.Add(time.Second/2) || *got.N != 0 || got.IP != netip.IPv6Loopback() || got.Dozen != 12 || got.Leaky.s != "ok" ||
		got.Match.Version() != 1 || got.Until != at || got.Body != nil {
		t.Errorf("got %+v", got)
	}
	for query, want := range map[string]string{
		"shades=red&shades=green":      "query.shades: must be one of red, blue",
		"u=256":                        "query.u: is out of range",
		"u=-1":                         "query.u: must be at least 0",
		"i8=200":                       "query.i8: is out of range",
		"f=0.1":                        "query.f: must be at least 0.5",
		"f=NaN":                        "query.f: must be a number",
		"f=0x1":                        "query.f: must be a number",
		"at=2026-01-01T00:00:00":       "query.at: is not a time with zone, such as 2026-01-31T12:00:00Z",
		"at=9999-12-31T23:59:59-01:00": "query.at: is not a time with zone, such as 2026-01-31T12:00:00Z",
		"ip=localhost":                 "query.ip: is not valid",
		"dozen=13":                     "query.dozen: is not twelve",
		"leaky=bad":                    "query.leaky: is not valid",
		"n=":                           "query.n: must be a whole number",
		"shades=" + strings.Repeat("red&shades=", 200) + "red": "query.shades: has more than 200 values",
	} {
		w := s.do(t, "POST", "/x?"+query, "")
		if w.Code != 400 {
			t.Errorf("%s: %d", query, w.Code)
			continue
		}
		if e := problemOf(t, w).Errors[0]; e.Location+": "+e.Message != want {
			t.Errorf("%s: %s: %s, want %s", query, e.Location, e.Message, want)
		}
	}
}

func TestBodyTypes(t *testing.T) {
	t.Parallel()
	var got anything
	s := serveAnything(t, &got)
	w := s.do(t, "POST", "/x", `{"dozen":"12","shade":null,"day":"2026-01-31","list":[1],"inner":{"deep":{"k":1}},"raw":{"a":[1]},"num":1.5}`)
	if w.Code != 202 {
		t.Fatal(w.Code, w.Body)
	}
	b := got.Body
	day, _ := b.Day.Get()
	list, _ := b.List.Get()
	in, _ := b.Inner.Get()
	if b.Dozen != 12 || !b.Shade.IsNull() || day != "2026-01-31" || len(list) != 1 || in.Deep["k"] != 1 || string(b.Raw) != `{"a":[1]}` || b.Num != "1.5" {
		t.Errorf("got %+v", b)
	}
	if w = s.do(t, "POST", "/x", `{}`); w.Code != 202 || got.Body.Shade.Sent() || got.Body.List.Sent() {
		t.Errorf("%d %+v", w.Code, got.Body)
	}
	for body, want := range map[string]string{
		`{"dozen":"13"}`:         "body: is not twelve",
		`{"dozen":12}`:           "body.dozen: must be a string",
		`{"leaky":"bad secret"}`: "body: holds a value that is not valid",
		`{"shade":"green"}`:      "body.shade: must have at most 4 characters",
		`{"day":"31.1.2026"}`:    "body.day: is not a date, such as 2026-01-31",
		`{"list":["x"]}`:         "body.list[0]: must be a whole number",
		`{"list":[null]}`:        "body.list[0]: may not be null",
		`{"inner":{"x":1}}`:      "body.inner.x: is not a known field",
		`{"raw":{"a":1,"a":2}}`:  "body.raw.a: is given twice",
		`null`:                   "body: may not be null",
	} {
		w := s.do(t, "POST", "/x", body)
		if w.Code != 422 && w.Code != 400 {
			t.Errorf("%s: %d", body, w.Code)
			continue
		}
		if e := problemOf(t, w).Errors[0]; e.Location+": "+e.Message != want {
			t.Errorf("%s: %s: %s, want %s", body, e.Location, e.Message, want)
		}
		if strings.Contains(w.Body.String(), "secret") {
			t.Errorf("a value is repeated: %s", w.Body)
		}
	}
}

func TestAnswerTypes(t *testing.T) {
	t.Parallel()
	s := &server{Router: web.NewRouter(web.Config{Log: quiet})}
	web.Handle(s.Router, "GET /list", func(context.Context, *web.None) (*struct{ Body []int }, error) { return nil, nil }, web.Anyone)
	web.Handle(s.Router, "GET /pointer", func(context.Context, *web.None) (*struct{ Body *product }, error) {
		p := &product{Name: "x"}
		p.UpdatedAt = time.UnixMicro(36)
		return &struct{ Body *product }{p}, nil
	}, web.Anyone)
	web.Handle(s.Router, "GET /text", func(context.Context, *web.None) (*struct{ Body string }, error) {
		return &struct{ Body string }{"<a>"}, nil
	}, web.Anyone)
	web.Handle(s.Router, "GET /map", func(context.Context, *web.None) (*struct{ Body map[string]time.Time }, error) {
		return &struct{ Body map[string]time.Time }{map[string]time.Time{"a": time.Unix(0, 0).UTC()}}, nil
	}, web.Anyone)
	for path, want := range map[string]string{"/list": "[]", "/text": `"<a>"`, "/map": `{"a":"1970-01-01T00:00:00Z"}`} {
		if w := s.do(t, "GET", path, ""); strings.TrimSpace(w.Body.String()) != want {
			t.Errorf("%s: %s", path, w.Body)
		}
	}
	if w := s.do(t, "GET", "/pointer", ""); w.Header().Get("ETag") != `"10"` {
		t.Errorf("%v", w.Header())
	}
	if w := s.do(t, "GET", "/pointer", "", "If-None-Match", `"10"`); w.Code != 304 || w.Header().Get("ETag") != `"10"` {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

// Over a real connection: a body that is too large ends it, HEAD has the
// length and no body, and the pieces fit together.
func TestOverTheWire(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.add(t, "a", "lamp", "1")
	srv := httptest.NewServer(web.Frame(web.FrameConfig{Log: quiet}, s))
	defer srv.Close()
	do := func(method, path string, body io.Reader) *http.Response {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, srv.URL+path, body)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		res, err := srv.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { res.Body.Close() })
		return res
	}
	if res := do("HEAD", "/api/v1/products", nil); res.StatusCode != 200 || res.ContentLength < 100 {
		t.Errorf("HEAD: %d with %d bytes", res.StatusCode, res.ContentLength)
	}
	large := strings.Repeat(" ", 100_000)
	if res := do("POST", "/api/v1/auth/login", strings.NewReader(large)); res.StatusCode != 413 || !res.Close {
		t.Errorf("too large: %d, closed %v", res.StatusCode, res.Close)
	}
	if res := do("POST", "/api/v1/auth/login", io.MultiReader(strings.NewReader(large))); res.StatusCode != 413 || !res.Close {
		t.Errorf("too large without a length: %d, closed %v", res.StatusCode, res.Close)
	}
	if res := do("GET", "/api/v1/products//", nil); res.StatusCode != 404 || res.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("not clean: %d", res.StatusCode)
	}
}
