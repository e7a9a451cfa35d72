package web_test

import (
	"encoding/json"
	"net/http"
	"testing"
)

func TestMountLife(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	w := s.do(t, "POST", "/api/v1/products", `{"name":"Tall lamp","kind":"lamp","price":"12.50"}`, bearer, "Bearer writer")
	if w.Code != 201 {
		t.Fatal(w.Code, w.Body)
	}
	location, etag := w.Header().Get("Location"), w.Header().Get("ETag")
	w = s.do(t, "GET", location, "")
	if w.Code != 200 || w.Header().Get("ETag") != etag {
		t.Fatal(w.Code, w.Header(), w.Body)
	}
	t.Log(w.Body.String())
	w = s.do(t, "GET", location, "", "If-None-Match", `"x", W/`+etag)
	if w.Code != http.StatusNotModified || w.Body.Len() > 0 {
		t.Fatal(w.Code, w.Body)
	}
	w = s.do(t, "PATCH", location, `{"note":"old"}`, bearer, "Bearer writer", "If-Match", etag)
	if w.Code != 200 {
		t.Fatal(w.Code, w.Body)
	}
	w = s.do(t, "PATCH", location, `{"note":null}`, bearer, "Bearer writer", "If-Match", etag)
	if w.Code != 412 {
		t.Fatal(w.Code, w.Body)
	}
	w = s.do(t, "GET", "/api/v1/products?pageSize=1&kindNotIn=desk&searchString=LAMP&searchIgnoreCase=true&orderBy=price&cheap=20", "")
	t.Log(w.Code, w.Body.String())
	w = s.do(t, "DELETE", location, "", bearer, "Bearer writer")
	if w.Code != 204 {
		t.Fatal(w.Code, w.Body)
	}
	w = s.do(t, "DELETE", location, "", bearer, "Bearer writer")
	if w.Code != 404 {
		t.Fatal(w.Code, w.Body)
	}
	b, _ := json.MarshalIndent(s.OpenAPI(), "", " ")
	t.Log(string(b))
}
