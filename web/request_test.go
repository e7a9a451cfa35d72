package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
)

const lamp = `{"name":"Lamp","kind":"lamp","price":"1.00"}`

// Each row is one rule: what a request is answered with, and what is said of
// it. A wrong location is "location: message".
func TestRequests(t *testing.T) {
	t.Parallel()
	writer := []string{bearer, "Bearer writer"}
	login := func(body string) [3]string { return [3]string{"POST", "/api/v1/auth/login", body} }
	for _, tt := range []struct {
		name    string
		request [3]string
		header  []string
		status  int
		code    string
		wrong   string
	}{
		{"unknown path", [3]string{"GET", "/api/v1/nothing"}, nil, 404, "NOT_FOUND", ""},
		{"outside the prefix", [3]string{"GET", "/products"}, nil, 404, "NOT_FOUND", ""},
		{"trailing slash", [3]string{"GET", "/api/v1/products/"}, nil, 404, "NOT_FOUND", ""},
		{"double slash", [3]string{"GET", "/api/v1//products"}, nil, 404, "NOT_FOUND", ""},
		{"dots", [3]string{"GET", "/api/v1/x/../products"}, nil, 404, "NOT_FOUND", ""},
		{"escaped dots", [3]string{"GET", "/api/v1/x/%2e%2e/products"}, nil, 404, "NOT_FOUND", ""},
		{"wrong method", [3]string{"PUT", "/api/v1/products"}, nil, 405, "METHOD_NOT_ALLOWED", ""},
		{"invented method", [3]string{"BREW", "/api/v1/products"}, nil, 405, "METHOD_NOT_ALLOWED", ""},

		{"no credential", [3]string{"GET", "/api/v1/me"}, nil, 401, "UNAUTHENTICATED", ""},
		{"wrong credential", [3]string{"GET", "/api/v1/me"}, []string{bearer, "Bearer stolen"}, 401, "UNAUTHENTICATED", ""},
		{"wrong credential where anyone may", [3]string{"GET", "/api/v1/products"}, []string{bearer, "Bearer stolen"}, 401, "UNAUTHENTICATED", ""},
		{"unknown scheme", [3]string{"GET", "/api/v1/products"}, []string{bearer, "Basic abc"}, 401, "UNAUTHENTICATED", ""},
		{"signed in", [3]string{"GET", "/api/v1/me"}, []string{bearer, "bearer nobody"}, 204, "", ""},
		{"no permission", [3]string{"POST", "/api/v1/products", lamp}, []string{bearer, "Bearer reader"}, 403, "FORBIDDEN", ""},
		{"nobody before the body", [3]string{"POST", "/api/v1/products", "{"}, nil, 401, "UNAUTHENTICATED", ""},
		{"permission", [3]string{"POST", "/api/v1/products", lamp}, writer, 201, "", ""},

		{"form", login("a=b"), []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "UNSUPPORTED_MEDIA_TYPE", ""},
		{"no type", login("{}"), []string{"Content-Type", ""}, 415, "UNSUPPORTED_MEDIA_TYPE", ""},
		{"other charset", login("{}"), []string{"Content-Type", "application/json; charset=latin1"}, 415, "UNSUPPORTED_MEDIA_TYPE", ""},
		{"compressed", login("{}"), []string{"Content-Encoding", "gzip"}, 415, "UNSUPPORTED_MEDIA_TYPE", ""},
		{"utf-8", login(`{"email":"a@b.c","password":"correct horse"}`), []string{"Content-Type", "Application/JSON; charset=UTF-8", "Content-Encoding", "identity"}, 200, "", ""},
		{"body where none is taken", [3]string{"GET", "/api/v1/me", "{}"}, writer, 400, "MALFORMED", "body: is not taken"},
		{"no body", login(""), nil, 400, "MALFORMED", "body: is required"},
		{"too large", login(`{"email":"` + strings.Repeat("a", 5000) + `"}`), nil, 413, "PAYLOAD_TOO_LARGE", ""},

		{"not JSON", login(`{"email":`), nil, 400, "MALFORMED", "body.email: ends too early"},
		{"trailing data", login(`{} {}`), nil, 400, "MALFORMED", "body: has data after its end"},
		{"twice", login(`{"email":"a@b.c","email":"b@b.c"}`), nil, 400, "MALFORMED", "body.email: is given twice"},
		{"twice, escaped", login(`{"email":"a@b.c","\u0065mail":"b@b.c"}`), nil, 400, "MALFORMED", "body.email: is given twice"},
		{"unknown twice", login(`{"x":1,"x":2}`), nil, 400, "MALFORMED", "body.x: is given twice"},
		{"invalid UTF-8", login("{\"email\":\"\xff\"}"), nil, 400, "MALFORMED", "body.email: is not valid UTF-8"},
		{"half a surrogate pair", login(`{"email":"\ud800x"}`), nil, 400, "MALFORMED", "body.email: is not valid UTF-8"},
		{"NUL", login("{\"email\":\"\x00\"}"), nil, 400, "MALFORMED", "body.email: holds a NUL"},
		{"escaped NUL", login(`{"email":"\u0000"}`), nil, 400, "MALFORMED", "body.email: holds a NUL"},
		{"nested", login(strings.Repeat("[", 33) + strings.Repeat("]", 33)), nil, 400, "MALFORMED", "body" + strings.Repeat("[0]", 32) + ": is nested too deep"},

		{"missing field", login(`{"email":"a@b.c"}`), nil, 422, "INVALID", "body.password: is required"},
		{"unknown field", login(`{"email":"a@b.c","password":"hunter2","admin":true}`), nil, 422, "INVALID", "body.admin: is not a known field"},
		{"other case", login(`{"Email":"a@b.c","email":"a@b.c","password":"hunter2"}`), nil, 422, "INVALID", "body.Email: is not a known field"},
		{"wrong type", login(`{"email":1,"password":"hunter2"}`), nil, 422, "INVALID", "body.email: must be a string"},
		{"secret of the wrong type", login(`{"email":"a@b.c","password":77701}`), nil, 422, "INVALID", "body.password: must be a string"},
		{"null", login(`{"email":null,"password":"hunter2"}`), nil, 422, "INVALID", "body.email: may not be null"},
		{"optional null", login(`{"email":"a@b.c","password":"correct horse","age":null,"inner":null}`), nil, 200, "", ""},
		{"null where it cannot be", login(`{"email":"a@b.c","password":"hunter2","remember":null}`), nil, 422, "INVALID", "body.remember: may not be null"},
		{"format", login(`{"email":"hunter2","password":"x"}`), nil, 422, "INVALID", "body.email: is not an e-mail address"},
		{"secret too long", login(`{"email":"a@b.c","password":"` + strings.Repeat("hunter2", 30) + `"}`), nil, 422, "INVALID", "body.password: must have at most 100 characters"},
		{"list too long", login(`{"email":"a@b.c","password":"x","tags":["a","b","c","d"]}`), nil, 422, "INVALID", "body.tags: must have at most 3 entries"},
		{"entry of a list", login(`{"email":"a@b.c","password":"x","tags":["a","bcdefg"]}`), nil, 422, "INVALID", "body.tags[1]: must have at most 5 characters"},
		{"number too small", login(`{"email":"a@b.c","password":"x","age":17}`), nil, 422, "INVALID", "body.age: must be at least 18"},
		{"number too large for its type", login(`{"email":"a@b.c","password":"x","age":3000000000}`), nil, 422, "INVALID", "body.age: is out of range"},
		{"not a whole number", login(`{"email":"a@b.c","password":"x","age":18.5}`), nil, 422, "INVALID", "body.age: must be a whole number"},
		{"exponent", login(`{"email":"a@b.c","password":"x","age":2e1}`), nil, 422, "INVALID", "body.age: must be a whole number"},
		{"deep", login(`{"email":"a@b.c","password":"x","inner":{"deep":{"k":"v"}}}`), nil, 422, "INVALID", "body.inner.deep.k: must be a whole number"},
		{"date", login(`{"email":"a@b.c","password":"x","inner":{"until":"2026-02-30"}}`), nil, 422, "INVALID", "body.inner.until: is not a date, such as 2026-01-31"},
		{"decimal as a number", [3]string{"POST", "/api/v1/products", `{"name":"x","kind":"lamp","price":1}`}, writer, 422, "INVALID", "body.price: must be a string"},
		{"decimal", [3]string{"POST", "/api/v1/products", `{"name":"x","kind":"lamp","price":"1e3"}`}, writer, 422, "INVALID", `body.price: must be a decimal number in a string, such as "12.50"`},
		{"choice", [3]string{"POST", "/api/v1/products", `{"name":"x","kind":"sofa","price":"1"}`}, writer, 422, "INVALID", "body.kind: must be one of lamp, chair, desk"},
		{"empty", [3]string{"POST", "/api/v1/products", `{"name":"","kind":"lamp","price":"1"}`}, writer, 422, "INVALID", "body.name: may not be empty"},
		{"rule of the table", [3]string{"POST", "/api/v1/products", `{"name":"x","kind":"lamp","price":"1.001"}`}, writer, 422, "INVALID", "body.price: has more than 2 decimal places"},
		{"not an object", [3]string{"POST", "/api/v1/products", `[]`}, writer, 422, "INVALID", "body: must be an object"},
		{"query on a write", [3]string{"POST", "/api/v1/products?x=1", lamp}, writer, 400, "MALFORMED", "query.x: is not a known parameter"},

		{"code of its own", login(`{"email":"a@b.c","password":"hunter2"}`), nil, 401, "CREDENTIALS_INVALID", ""},
		{"another status", login(`{"email":"a@b.c","password":"correct horse","remember":true}`), nil, 202, "", ""},
		{"conflict", [3]string{"POST", "/api/v1/products", `{"name":"taken","kind":"lamp","price":"1.00"}`}, writer, 409, "CONFLICT", "body.name: is already taken"},

		{"defaults", [3]string{"GET", "/api/v1/echo/a%2Fb?must=x"}, nil, 200, "", ""},
		{"all of them", [3]string{"GET", "/api/v1/echo/a?must=x&limit=10&on=true&mode=b&ids=01a1fb92-aef7-74f2-8a20-338ed92c3b77&ids=01a1fb92-aef7-74f2-8a20-338ed92c3b78"}, nil, 200, "", ""},
		{"required parameter", [3]string{"GET", "/api/v1/echo/a"}, nil, 400, "MALFORMED", "query.must: is required"},
		{"unknown parameter", [3]string{"GET", "/api/v1/echo/a?must=x&other=1"}, nil, 400, "MALFORMED", "query.other: is not a known parameter"},
		{"parameter in another case", [3]string{"GET", "/api/v1/echo/a?must=x&Limit=1"}, nil, 400, "MALFORMED", "query.Limit: is not a known parameter"},
		{"parameter twice", [3]string{"GET", "/api/v1/echo/a?must=x&must=y"}, nil, 400, "MALFORMED", "query.must: is given twice"},
		{"not a number", [3]string{"GET", "/api/v1/echo/a?must=x&limit=ten"}, nil, 400, "MALFORMED", "query.limit: must be a whole number"},
		{"empty number", [3]string{"GET", "/api/v1/echo/a?must=x&limit="}, nil, 400, "MALFORMED", "query.limit: must be a whole number"},
		{"number with sign", [3]string{"GET", "/api/v1/echo/a?must=x&limit=%2B5"}, nil, 400, "MALFORMED", "query.limit: must be a whole number"},
		{"limit", [3]string{"GET", "/api/v1/echo/a?must=x&limit=11"}, nil, 400, "MALFORMED", "query.limit: must be at most 10"},
		{"parameter too long", [3]string{"GET", "/api/v1/echo/a?must=toolong"}, nil, 400, "MALFORMED", "query.must: must have at most 5 characters"},
		{"choice of a parameter", [3]string{"GET", "/api/v1/echo/a?must=x&mode=c"}, nil, 400, "MALFORMED", "query.mode: must be one of a, b"},
		{"bool", [3]string{"GET", "/api/v1/echo/a?must=x&on=1"}, nil, 400, "MALFORMED", "query.on: must be true or false"},
		{"UUID", [3]string{"GET", "/api/v1/echo/a?must=x&ids=1"}, nil, 400, "MALFORMED", "query.ids: is not a UUID"},
		{"bad escape", [3]string{"GET", "/api/v1/echo/a?must=%zz"}, nil, 400, "MALFORMED", "query.must: is not escaped as it should be"},
		{"NUL in a parameter", [3]string{"GET", "/api/v1/echo/a?must=%00"}, nil, 400, "MALFORMED", "query.must: is not valid text"},
		{"invalid UTF-8 in a parameter", [3]string{"GET", "/api/v1/echo/a?must=%ff"}, nil, 400, "MALFORMED", "query.must: is not valid text"},
		{"invalid UTF-8 in the path", [3]string{"GET", "/api/v1/echo/%ff?must=x"}, nil, 400, "MALFORMED", "path.name: is not valid text"},
		{"header too long", [3]string{"GET", "/api/v1/echo/a?must=x"}, []string{"X-Trace", "12345"}, 400, "MALFORMED", "header.X-Trace: must have at most 4 characters"},
		{"secret parameter", [3]string{"GET", "/api/v1/echo/a?must=x&key=hunter2hunter2"}, nil, 400, "MALFORMED", "query.key: must have at most 8 characters"},

		{"bad id", [3]string{"GET", "/api/v1/products/1"}, nil, 400, "MALFORMED", "path.id: is not a UUID"},
		{"absent row", [3]string{"GET", "/api/v1/products/01a1fb92-aef7-74f2-8a20-338ed92c3b77"}, nil, 404, "NOT_FOUND", ""},
		{"null in a patch", [3]string{"PATCH", "/api/v1/products/01a1fb92-aef7-74f2-8a20-338ed92c3b77", `{"name":null}`}, writer, 422, "INVALID", "body.name: may not be null"},
		{"If-Match that is no tag", [3]string{"DELETE", "/api/v1/products/01a1fb92-aef7-74f2-8a20-338ed92c3b77"}, append(writer, "If-Match", "abc"), 400, "MALFORMED", `header.If-Match: is not one entity tag, such as "1a2b3c", or *`},
		{"weak If-Match", [3]string{"DELETE", "/api/v1/products/01a1fb92-aef7-74f2-8a20-338ed92c3b77"}, append(writer, "If-Match", `W/"abc"`), 412, "STALE", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.add(t, "taken", "lamp", "1.00")
			w := s.do(t, tt.request[0], tt.request[1], tt.request[2], tt.header...)
			if w.Code != tt.status {
				t.Fatalf("status %d, want %d: %s", w.Code, tt.status, w.Body)
			}
			if strings.Contains(w.Body.String(), "hunter2") || strings.Contains(w.Body.String(), "77701") {
				t.Errorf("a secret is repeated: %s", w.Body)
			}
			if w.Header().Get("Vary") == "" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("headers %v", w.Header())
			}
			if tt.status < 400 {
				return
			}
			p := problemOf(t, w)
			if p.Code != tt.code || p.Type != "about:blank" || p.Title != http.StatusText(tt.status) || p.Detail == "" {
				t.Errorf("problem %+v, want code %s", p, tt.code)
			}
			got := ""
			if len(p.Errors) > 0 {
				got = p.Errors[0].Location + ": " + p.Errors[0].Message
			}
			if got != tt.wrong {
				t.Errorf("says %q, want %q", got, tt.wrong)
			}
		})
	}
}

func TestAllow(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	if got := s.do(t, "PUT", "/api/v1/products", "").Header().Get("Allow"); got != "GET, HEAD, POST" {
		t.Errorf("Allow: %s", got)
	}
}

func TestValuesAreRepeatedOnlyForParameters(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	p := problemOf(t, s.do(t, "GET", "/api/v1/echo/a?must=x&limit=ten&mode="+strings.Repeat("m", 65), ""))
	if len(p.Errors) != 2 || p.Errors[0].Value != "ten" || p.Errors[1].Value != "" {
		t.Errorf("got %+v", p.Errors)
	}
}

func TestManyErrorsAreCut(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	var body strings.Builder
	for i := range 30 {
		fmt.Fprintf(&body, `,"k%d%s":1`, i, strings.Repeat("é", 40))
	}
	p := problemOf(t, s.do(t, "POST", "/api/v1/auth/login", "{"+body.String()[1:]+"}"))
	if len(p.Errors) != 20 {
		t.Errorf("%d errors", len(p.Errors))
	}
	for _, e := range p.Errors {
		if len(e.Location) > len("body.")+64 || strings.Contains(e.Location, "\ufffd") {
			t.Errorf("a name was repeated at length: %s", e.Location)
		}
	}
}

// A body of unknown length is held to the limit as it is read, and an empty
// one is none.
func TestBodyOfUnknownLength(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, tt := range []struct {
		name, method, path, body string
		status                   int
	}{
		{"too large", "POST", "/api/v1/auth/login", `{"email":"` + strings.Repeat("a", 5000), 413},
		{"empty", "POST", "/api/v1/auth/login", "", 400},
		{"not taken", "GET", "/api/v1/me", "x", 400},
		{"not taken but empty", "GET", "/api/v1/me", "", 204},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(tt.method, tt.path, strings.NewReader(tt.body))
			r.ContentLength = -1
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Authorization", "Bearer nobody")
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if w.Code != tt.status {
				t.Errorf("status %d, want %d: %s", w.Code, tt.status, w.Body)
			}
		})
	}
}

func TestBrokenBody(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	r := httptest.NewRequest("POST", "/api/v1/auth/login", iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader(`{"email":"a"}`))))
	r.ContentLength = 13
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if w.Code != 400 {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
}

func TestSuccess(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	w := s.do(t, "POST", "/api/v1/auth/login", `{"email":"a@b.c","password":"correct horse"}`)
	if got := w.Header(); got.Get("Location") != "/me" || got.Get("Set-Cookie") != "session=s; HttpOnly" ||
		got.Get("Content-Length") != "18" || got.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", got)
	}
	w = s.do(t, "GET", "/api/v1/echo/a%2Fb?must=x&&", "")
	if got := strings.TrimSpace(w.Body.String()); got != `{"name":"a/b","limit":5,"ids":[],"mode":null,"on":false}` {
		t.Errorf("body %s", got)
	}
	if w = s.do(t, "HEAD", "/api/v1/products", ""); w.Code != 200 {
		t.Errorf("HEAD: %d", w.Code)
	}
}

// An answer that cannot be encoded is an error as a whole.
func TestUnencodable(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	w := s.do(t, "GET", "/api/v1/unencodable", "")
	if w.Code != 500 || problemOf(t, w).Detail != "internal error" || !strings.Contains(s.log.String(), "cannot be encoded") {
		t.Errorf("%d %s\n%s", w.Code, w.Body, s.log)
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		kind   string
		status int
		code   string
		header string
	}{
		{"malformed", 400, "MALFORMED", ""},
		{"invalid", 422, "INVALID", ""},
		{"unauthenticated", 401, "UNAUTHENTICATED", "WWW-Authenticate"},
		{"forbidden", 403, "FORBIDDEN", ""},
		{"not_found", 404, "NOT_FOUND", ""},
		{"conflict", 409, "CONFLICT", ""},
		{"stale", 412, "STALE", ""},
		{"limited", 429, "RATE_LIMITED", "Retry-After"},
		{"unavailable", 503, "UNAVAILABLE", "Retry-After"},
		{"internal", 500, "INTERNAL", ""},
		{"a kind of its own", 500, "INTERNAL", ""},
	} {
		t.Run(tt.kind, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			r := httptest.NewRequest("GET", "/api/v1/fail/"+strings.ReplaceAll(tt.kind, " ", "%20"), nil)
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			p := problemOf(t, w)
			want := "public words"
			if tt.status == 500 {
				want = "internal error"
			}
			if w.Code != tt.status || p.Code != tt.code || p.Detail != want || p.Status != tt.status ||
				p.Instance != r.URL.EscapedPath() || p.RequestID != w.Header().Get("X-Request-Id") || p.RequestID == "" {
				t.Errorf("%d %+v", w.Code, p)
			}
			if tt.header != "" && w.Header().Get(tt.header) == "" {
				t.Errorf("no %s", tt.header)
			}
			if strings.Contains(w.Body.String(), "EOF") {
				t.Errorf("the cause is shown: %s", w.Body)
			}
			if logged := strings.Contains(s.log.String(), "EOF") && strings.Contains(s.log.String(), p.RequestID); logged != (tt.status >= 500) {
				t.Errorf("log: %s", s.log)
			}
		})
	}
}
