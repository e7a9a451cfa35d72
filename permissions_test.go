package manor_test

import (
	"context"
	"strings"
	"testing"

	"github.com/manorgo/manor"
	"github.com/manorgo/manor/data/datatest"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/secret"
	"github.com/manorgo/manor/web"
)

// TestPermissionsAreKnown keeps an app from starting whose routes nobody could
// ever be allowed to call, since the permission is misspelt.
func TestPermissionsAreKnown(t *testing.T) {
	t.Parallel()
	keys, err := secret.NewKeyring([]byte("0123456789abcdefghijklmnopqrstuv"))
	if err != nil {
		t.Fatal(err)
	}
	db := datatest.Setup{}.SQLite(t)
	answer := func(context.Context, *web.None) (*web.None, error) { return nil, nil }
	for name, c := range map[string]struct {
		has   []string
		asks  web.Access
		wrong string
	}{
		"one of its own":   {[]string{"tides:read"}, web.Require("tides:read"), ""},
		"another domain's": {nil, web.AnyOf(web.Staff, web.Require("users:read")), ""},
		"unknown":          {[]string{"tides:read"}, web.Require("tides:write"), "asks for the permission tides:write, which no domain has"},
		"one unknown":      {[]string{"tides:read"}, web.RequireAny("tides:read", "tides:raed"), "tides:raed"},
		"a wildcard":       {[]string{"tides:*"}, web.SignedIn, `the domain tides has the permission "tides:*"`},
		"a blank":          {[]string{""}, web.SignedIn, `the domain tides has the permission ""`},
		"upper case":       {[]string{"Tides:read"}, web.SignedIn, `"Tides:read"`},
	} {
		tides := func(domain.Env) domain.Domain {
			return domain.Domain{Name: "tides", Permissions: c.has, Mount: func(r *web.Router) { web.Handle(r, "GET /tides", answer, c.asks) }}
		}
		_, err := manor.New(manor.Config{DB: db, Keys: keys, Domains: []domain.Func{tides}})
		if c.wrong == "" && err != nil || c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)) {
			t.Errorf("%s: %v, want %q", name, err, c.wrong)
		}
	}
}

// An app does not start in which an API key could change what proves who somebody is.
func TestPersonalRoutesAreForPeople(t *testing.T) {
	t.Parallel()
	keys, err := secret.NewKeyring([]byte("0123456789abcdefghijklmnopqrstuv"))
	if err != nil {
		t.Fatal(err)
	}
	db := datatest.Setup{}.SQLite(t)
	answer := func(context.Context, *web.None) (*web.None, error) { return nil, nil }
	for _, c := range []struct {
		pattern string
		asks    web.Access
		opts    []web.Option
		good    bool
	}{
		{"POST /auth/tides", web.SignedIn, nil, false},
		{"POST /tides/sessions", web.Require("users:write"), nil, false},
		{"POST /auth/tides", web.SignedIn, []web.Option{web.ForPeople()}, true},
		{"POST /auth/tides", web.SignedIn, []web.Option{web.Sensitive()}, true},
		{"POST /auth/tides", web.Anyone, nil, true},
		{"POST /authors", web.SignedIn, nil, true},
	} {
		tides := func(domain.Env) domain.Domain {
			return domain.Domain{Name: "tides", Mount: func(r *web.Router) { web.Handle(r, c.pattern, answer, c.asks, c.opts...) }}
		}
		_, err := manor.New(manor.Config{DB: db, Keys: keys, Domains: []domain.Func{tides}})
		if (err == nil) != c.good || err != nil && !strings.Contains(err.Error(), "say web.ForPeople or web.Sensitive") {
			t.Errorf("%s for %s: %v", c.pattern, c.asks, err)
		}
	}
}
