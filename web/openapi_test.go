package web_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/manorgo/manor/web"
)

// document returns the document as a client reads it.
func document(t *testing.T, s *server) map[string]any {
	t.Helper()
	w := httptest.NewRecorder()
	s.Docs().ServeHTTP(w, httptest.NewRequest("GET", "/openapi.json", nil))
	var doc map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil || w.Code != 200 {
		t.Fatal(w.Code, err)
	}
	return doc
}

// at walks into a document.
func at(v any, path ...string) any {
	for _, p := range path {
		m, _ := v.(map[string]any)
		v = m[p]
	}
	return v
}

func TestDocumentHasEveryRouteAndNothingElse(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	doc := document(t, s)
	if doc["openapi"] != "3.1.0" || at(doc, "info", "title") != "Test" || at(doc, "info", "version") != "0" {
		t.Errorf("%v %v", doc["openapi"], doc["info"])
	}
	var got, want []string
	ids := map[any]bool{}
	for path, item := range doc["paths"].(map[string]any) {
		for method, op := range item.(map[string]any) {
			got = append(got, strings.ToUpper(method)+" "+path)
			if id := at(op, "operationId"); id == "" || ids[id] {
				t.Errorf("%s %s has the operationId %v", method, path, id)
			} else {
				ids[id] = true
			}
			if at(op, "summary") == "" || at(op, "tags") == nil || at(op, "security") == nil {
				t.Errorf("%s %s says too little: %v", method, path, op)
			}
			for _, status := range []string{"400", "401", "403", "500"} {
				if at(op, "responses", status) == nil {
					t.Errorf("%s %s does not say %s", method, path, status)
				}
			}
		}
	}
	for _, r := range s.Routes() {
		want = append(want, r.Method+" "+r.Path)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("documented %v, mounted %v", got, want)
	}
}

func TestDocumentRefersToWhatExists(t *testing.T) {
	t.Parallel()
	doc := document(t, newServer(t))
	n := 0
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok {
				n++
				if at(doc, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...) == nil {
					t.Errorf("%s does not exist", ref)
				}
			}
			for _, kid := range v {
				walk(kid)
			}
		case []any:
			for _, kid := range v {
				walk(kid)
			}
		}
	}
	walk(doc)
	if n < 20 {
		t.Errorf("only %d references", n)
	}
}

func TestDocumentSays(t *testing.T) {
	t.Parallel()
	doc := document(t, newServer(t))
	op := func(method, path string, rest ...string) any {
		return at(doc, append([]string{"paths", "/api/v1" + path, method}, rest...)...)
	}
	schema := func(name string, rest ...string) any {
		return at(doc, append([]string{"components", "schemas", name}, rest...)...)
	}
	for name, tt := range map[string]struct {
		got  any
		want string
	}{
		"bearer":              {at(doc, "components", "securitySchemes", "bearer"), `{"scheme":"bearer","type":"http"}`},
		"session":             {at(doc, "components", "securitySchemes", "session"), `{"in":"cookie","name":"session","type":"apiKey"}`},
		"anyone":              {op("get", "/products", "security"), `[{},{"bearer":[]},{"session":[]}]`},
		"signed in":           {op("get", "/me", "security"), `[{"bearer":[]},{"session":[]}]`},
		"permission":          {op("post", "/products", "x-permission"), `"products:write"`},
		"codes":               {op("post", "/auth/login", "x-codes"), `["CREDENTIALS_INVALID"]`},
		"location":            {op("post", "/products", "responses", "201", "headers", "Location"), `{"$ref":"#/components/headers/Location"}`},
		"etag":                {op("get", "/products/{id}", "responses", "200", "headers", "ETag"), `{"$ref":"#/components/headers/ETag"}`},
		"request id":          {op("get", "/products", "responses", "200", "headers", "X-Request-Id"), `{"$ref":"#/components/headers/X-Request-Id"}`},
		"not modified":        {op("get", "/products/{id}", "responses", "304", "content"), `null`},
		"no body":             {op("delete", "/products/{id}", "responses", "204", "content"), `null`},
		"stale":               {op("delete", "/products/{id}", "responses", "412"), `{"$ref":"#/components/responses/Problem412"}`},
		"problem":             {at(doc, "components", "responses", "Problem412", "content"), `{"application/problem+json":{"schema":{"$ref":"#/components/schemas/Problem"}}}`},
		"retry":               {at(doc, "components", "responses", "Problem503", "headers", "Retry-After"), `{"$ref":"#/components/headers/Retry-After"}`},
		"also":                {op("post", "/auth/login", "responses", "202", "description"), `"later"`},
		"body required":       {op("patch", "/products/{id}", "requestBody", "required"), `true`},
		"body":                {op("patch", "/products/{id}", "requestBody", "content", "application/json", "schema"), `{"$ref":"#/components/schemas/ProductUpdate"}`},
		"page":                {op("get", "/products", "responses", "200", "content", "application/json", "schema"), `{"$ref":"#/components/schemas/ProductPage"}`},
		"requests are closed": {schema("ProductCreate", "additionalProperties"), `false`},
		"answers are open":    {schema("Product", "additionalProperties"), `null`},
		"hidden column":       {schema("Product", "properties", "cost"), `null`},
		"required":            {schema("ProductCreate", "required"), `["name","kind","price"]`},
		"nothing in a patch":  {schema("ProductUpdate", "required"), `null`},
		"nullable":            {schema("ProductUpdate", "properties", "name"), `{"maxLength":50,"minLength":1,"type":["string","null"]}`},
		"nullable choice":     {schema("ProductUpdate", "properties", "kind"), `{"enum":["lamp","chair","desk",null],"type":["string","null"]}`},
		"secret":              {schema("Credentials", "properties", "password"), `{"format":"password","maxLength":100,"type":"string","writeOnly":true}`},
		"id":                  {schema("Product", "properties", "id"), `{"format":"uuid","type":"string"}`},
		"time":                {schema("Product", "properties", "created_at"), `{"format":"date-time","type":"string"}`},
		"struct or null":      {schema("Credentials", "properties", "inner"), `{"oneOf":[{"$ref":"#/components/schemas/Inner"},{"type":"null"}]}`},
		"codes of problems":   {at(schema("Problem", "properties", "code", "enum")), `["ANYTHING","CONFLICT","CREDENTIALS_INVALID","FORBIDDEN","INTERNAL","INVALID","MALFORMED","METHOD_NOT_ALLOWED","MISDIRECTED","NOT_FOUND","PAYLOAD_TOO_LARGE","RATE_LIMITED","REFERENCE","SESSION_RENEWED","STALE","UNAUTHENTICATED","UNAVAILABLE","UNSUPPORTED_MEDIA_TYPE"]`},
	} {
		if got, _ := json.Marshal(tt.got); string(got) != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
	params := map[any]any{}
	for _, p := range op("get", "/products", "parameters").([]any) {
		params[at(p, "name")] = at(p, "schema")
	}
	for name, want := range map[string]string{
		"pageSize":      `{"default":20,"format":"int32","maximum":100,"minimum":1,"type":"integer"}`,
		"sortOrder":     `{"default":["desc"],"items":{"enum":["asc","desc"],"type":"string"},"maxItems":4,"type":"array"}`,
		"orderBy":       `{"items":{"enum":["created_at","updated_at","name","price","in_stock"],"type":"string"},"maxItems":4,"type":"array","uniqueItems":true}`,
		"kindIn":        `{"items":{"enum":["lamp","chair","desk"],"type":"string"},"maxItems":200,"type":"array"}`,
		"isActive":      `{"items":{"type":"boolean"},"maxItems":200,"type":"array"}`,
		"createdBefore": `{"format":"date-time","type":"string"}`,
		"searchString":  `{"maxLength":128,"type":"string"}`,
		"cheap":         `{"items":{"type":"string"},"maxItems":200,"type":"array"}`,
	} {
		if got, _ := json.Marshal(params[name]); string(got) != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestDocs(t *testing.T) {
	t.Parallel()
	docs := newServer(t).Docs()
	for _, tt := range []struct {
		method, path, media, has string
		status                   int
	}{
		{"GET", "/openapi.json", "application/json", `"openapi":"3.1.0"`, 200},
		{"GET", "/openapi.yaml", "application/yaml", "openapi: 3.1.0", 200},
		{"GET", "/docs", "text/html; charset=utf-8", "docs/page.js", 200},
		{"GET", "/docs/page.js", "text/javascript; charset=utf-8", "use strict", 200},
		{"GET", "/docs/page.css", "text/css; charset=utf-8", "color-scheme", 200},
		{"GET", "/docs/page.html", "application/problem+json", "NOT_FOUND", 404},
		{"POST", "/docs", "application/problem+json", "METHOD_NOT_ALLOWED", 405},
	} {
		w := httptest.NewRecorder()
		docs.ServeHTTP(w, httptest.NewRequest(tt.method, tt.path, nil))
		if w.Code != tt.status || w.Header().Get("Content-Type") != tt.media || !strings.Contains(w.Body.String(), tt.has) || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %v", tt.path, w.Code, w.Header())
		}
		if tt.media == "text/html; charset=utf-8" {
			if csp := w.Header().Get("Content-Security-Policy"); strings.Contains(csp, "unsafe") || !strings.Contains(csp, "default-src 'none'") {
				t.Errorf("the page's policy is %s", csp)
			}
			if strings.Contains(w.Body.String(), "://") || strings.Contains(w.Body.String(), "<style") {
				t.Error("the page loads from elsewhere")
			}
		}
	}
}

func TestCheckResponseNotices(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	id := s.add(t, "a", "lamp", "1").ID.String()
	for _, tt := range []struct {
		name, method, path string
		status             int
		change             func(h http.Header, body string) string
		want               string
	}{
		{"status", "GET", "/api/v1/products/" + id, 202, nil, "the status is not documented"},
		{"problem status", "GET", "/api/v1/products/1", 418, nil, "the status is not documented"},
		{"field", "GET", "/api/v1/products/" + id, 0, func(_ http.Header, b string) string { return strings.Replace(b, `"name"`, `"nom"`, 1) }, "body.nom: is not a known field"},
		{"type", "GET", "/api/v1/products/" + id, 0, func(_ http.Header, b string) string { return strings.Replace(b, `"in_stock":0`, `"in_stock":"0"`, 1) }, "body.in_stock: must be a whole number"},
		{"media", "GET", "/api/v1/products/" + id, 0, func(h http.Header, b string) string { h.Set("Content-Type", "text/plain"); return b }, "Content-Type is"},
		{"etag", "GET", "/api/v1/products/" + id, 0, func(h http.Header, b string) string { h.Del("ETag"); return b }, "no ETag"},
		{"cache", "GET", "/api/v1/products", 0, func(h http.Header, b string) string { h.Del("Cache-Control"); return b }, "Cache-Control is"},
		{"request id", "GET", "/api/v1/products", 0, func(h http.Header, b string) string { h.Del("X-Request-Id"); return b }, "no X-Request-Id"},
		{"challenge", "GET", "/api/v1/me", 0, func(h http.Header, b string) string { h.Del("WWW-Authenticate"); return b }, "no WWW-Authenticate"},
		{"code", "GET", "/api/v1/me", 0, func(_ http.Header, b string) string {
			return strings.Replace(b, "UNAUTHENTICATED", "CREDENTIALS_INVALID", 1)
		}, "the code CREDENTIALS_INVALID is not documented"},
		{"route", "GET", "/api/v1/nothing", 200, nil, "no route is documented"},
		{"fine", "GET", "/api/v1/products", 0, nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(tt.method, tt.path, nil)
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			body := w.Body.String()
			if tt.change != nil {
				body = tt.change(w.Header(), body)
			}
			if tt.status != 0 {
				w.Code = tt.status
			}
			err := s.CheckResponse(r, w.Code, w.Header(), []byte(body))
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

func TestLinks(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ base, path, want string }{
		{"https://shop.example", "/verify", "https://shop.example/verify?token=a+b%26c"},
		{"https://shop.example/", "verify", "https://shop.example/verify?token=a+b%26c"},
		{"https://shop.example/app/?x=1#y", "/a b/c", "https://shop.example/app/a%20b/c?token=a+b%26c"},
		{"https://user:pass@shop.example", "/", "https://shop.example/?token=a+b%26c"},
		{"", "/verify", "/verify?token=a+b%26c"},
		{"", "//evil.example/verify", "/evil.example/verify?token=a+b%26c"},
	} {
		l := web.NewLinks(parseURL(t, tt.base))
		if got := l.To(tt.path, map[string][]string{"token": {"a b&c"}}); got != tt.want {
			t.Errorf("%s and %s: %s, want %s", tt.base, tt.path, got, tt.want)
		}
		if l.Secure() != strings.HasPrefix(tt.base, "https") {
			t.Errorf("%s: Secure is %v", tt.base, l.Secure())
		}
	}
	if got := web.NewLinks(nil).To("/x", nil); got != "/x" {
		t.Errorf("without a base: %s", got)
	}
}
