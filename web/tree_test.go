package web

import (
	"slices"
	"strings"
	"testing"
)

func TestTreeFinds(t *testing.T) {
	t.Parallel()
	var routes tree
	for _, pattern := range []string{
		"GET /users", "POST /users", "GET /users/{id}", "PATCH /users/{id}", "GET /users/me",
		"GET /users/{id}/membership", "GET /users/by-username/{username}", "DELETE /users/me/keys/{key}",
	} {
		method, path, _ := strings.Cut(pattern, " ")
		routes.add(&endpoint{Route: Route{Method: method, Path: path}, pattern: pattern})
	}
	for _, c := range []struct{ method, path, want, values string }{
		{"GET", "/users", "GET /users", ""},
		{"HEAD", "/users", "GET /users", ""},
		{"GET", "/users/7", "GET /users/{id}", "7"},
		{"GET", "/users/me", "GET /users/me", ""},
		{"PATCH", "/users/me", "PATCH /users/{id}", "me"}, // no PATCH of its own
		{"GET", "/users/7/membership", "GET /users/{id}/membership", "7"},
		{"GET", "/users/by-username/membership", "GET /users/by-username/{username}", "membership"},
		{"GET", "/users/by-username/a%2Fb%20c", "GET /users/by-username/{username}", "a/b c"},
		{"GET", "/users/me/membership", "GET /users/{id}/membership", "me"},
		{"DELETE", "/users/me/keys/1", "DELETE /users/me/keys/{key}", "1"},
		{"GET", "/users/", "", ""},
		{"GET", "/users//membership", "", ""},
		{"GET", "/users/7/", "", ""},
		{"GET", "/users/%zz", "", ""},
		{"GET", "", "", ""},
		{"PUT", "/users", "", ""},
	} {
		ep, values := routes.find(c.method, c.path)
		got := ""
		if ep != nil {
			got = ep.pattern
		}
		if got != c.want || strings.Join(values, ",") != c.values {
			t.Errorf("%s %s: %q with %q", c.method, c.path, got, values)
		}
	}
	if got := routes.methods("/users/me"); !slices.Equal(got, []string{"GET", "HEAD", "PATCH"}) {
		t.Errorf("methods of /users/me: %v", got)
	}
}

func TestTreeRefusesTheSameTwice(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("two routes of one method and path were taken")
		}
	}()
	var routes tree
	routes.add(&endpoint{Route: Route{Method: "GET", Path: "/users/{id}"}})
	routes.add(&endpoint{Route: Route{Method: "GET", Path: "/users/{name}"}})
}
