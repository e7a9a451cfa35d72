package auth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/fault"
)

func Example() {
	ctx := auth.NewContext(context.Background(), &auth.Principal{
		Subject:     "ann",
		Permissions: auth.Permissions{"products:*"},
	})
	fmt.Println(auth.Check(ctx, "products:write"))
	fmt.Println(auth.Check(ctx, "users:write"))
	fmt.Println(auth.Check(context.Background(), ""))
	// Output:
	// <nil>
	// you may not do this
	// sign in first
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		have auth.Permissions
		ask  string
		want bool
	}{
		{nil, "users:read", false},
		{auth.Permissions{"users:read"}, "users:read", true},
		{auth.Permissions{"users:read"}, "users:write", false},
		{auth.Permissions{"users:*"}, "users:write", true},
		{auth.Permissions{"users:*"}, "usersx:write", false},
		{auth.Permissions{"*"}, "anything:at-all", true},
		{auth.Permissions{""}, "users:read", false},
		{auth.Permissions{":*"}, "users:read", false},
	} {
		if got := c.have.Allow(c.ask); got != c.want {
			t.Errorf("%v allows %q: %v", c.have, c.ask, got)
		}
	}
}

func TestAnonymousCanNothing(t *testing.T) {
	t.Parallel()
	p := &auth.Principal{Permissions: auth.Permissions{"*"}}
	if p.Can("users:read") {
		t.Error("a principal without a subject holds a permission")
	}
	if err := auth.Check(context.Background(), "users:read"); !errors.Is(err, fault.Unauthenticated) {
		t.Errorf("got %v", err)
	}
}

func TestGateNeverFallsThrough(t *testing.T) {
	t.Parallel()
	scheme := func(name, header, good string) auth.Scheme {
		return auth.Scheme{
			Name: name,
			Find: func(r *http.Request) (string, bool) { v := r.Header.Get(header); return v, v != "" },
			Verify: func(_ context.Context, c string) (*auth.Principal, error) {
				if c != good {
					return nil, fault.Errorf(fault.Unauthenticated, "no")
				}
				return &auth.Principal{Subject: auth.Subject(name)}, nil
			},
		}
	}
	g := auth.Gate{scheme("one", "X-One", "a"), scheme("two", "X-Two", "b")}
	for _, c := range []struct {
		name    string
		headers map[string]string
		want    auth.Subject
		kind    fault.Kind
	}{
		{"none", nil, "", ""},
		{"first", map[string]string{"X-One": "a"}, "one", ""},
		{"second", map[string]string{"X-Two": "b"}, "two", ""},
		{"wrong first, right second", map[string]string{"X-One": "z", "X-Two": "b"}, "", fault.Unauthenticated},
		{"unknown authorization", map[string]string{"Authorization": "Basic x"}, "", fault.Unauthenticated},
		{"unknown key", map[string]string{"X-API-Key": "x"}, "", fault.Unauthenticated},
		{"two headers", map[string]string{"Authorization": "Bearer x", "X-API-Key": "x"}, "", fault.Unauthenticated},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		for k, v := range c.headers {
			r.Header.Set(k, v)
		}
		p, err := g.Authenticate(r)
		if fault.KindOf(err) != c.kind || (err == nil && p.Subject != c.want) {
			t.Errorf("%s: %+v, %v", c.name, p, err)
		}
	}
}

func TestBearer(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{"Bearer x": "x", "bearer x": "x", "BEARER  x": "x", "Basic x": "", "Bearer": "", "": ""} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", header)
		if got, _ := auth.Bearer(r); got != want {
			t.Errorf("%q gives %q", header, got)
		}
	}
}
