package main

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
)

// A server that gives another answer than the others is not measured.
func TestAnswersAreCompared(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RequestURI() != "/products" || r.Header.Get("Authorization") != "Bearer secret" {
			t.Errorf("asked for %s with %v", r.URL, r.Header)
		}
		_, _ = w.Write([]byte(`{"items":[{"id":"a","price":"1.5"}],"total":1}`)) // the client is there
	}))
	defer server.Close()
	theirs, err := meaning([]byte(`{"total":2,"items":[{"price":1.50,"id":"a"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	r := &running{process: &process{kind: "manor", addr: server.Listener.Addr().String()}}
	defer r.hangUp()
	s := site{tokens: []string{"secret"}}
	_, err = r.turn(t.Context(), s, route{path: "/products", auth: true}, -1, plan{}, map[string]any{"hand": theirs})
	if err == nil || !strings.Contains(err.Error(), "hand answers") {
		t.Errorf("another total: %v", err)
	}
	own, err := meaning([]byte(`{"items":[{"id":"a","price":"1.5"}],"total":2}`))
	if err != nil || !reflect.DeepEqual(own, theirs) {
		t.Errorf("a price that is written otherwise: %v and %v, %v", own, theirs, err)
	}
}
