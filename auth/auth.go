// Package auth says who is calling, and what the caller may do.
//
// A [Gate] is the one place where a request's credential becomes a
// [Principal]; [Check] and its like are the one place where a principal's
// permission is asked for. A request without a credential has the anonymous principal.
package auth

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/manorgo/manor/fault"
)

// A Subject names an account for as long as it exists, in protocols and logs.
// "" is nobody.
type Subject string

// A Principal is the verified caller of a request. The zero Principal is
// anonymous and may do nothing that needs a permission.
type Principal struct {
	Subject     Subject
	Scheme      string      // the name of the Scheme that vouched for the caller
	Session     string      // the id of the session it belongs to, or ""
	Key         string      // the public id of the API key it came with, or ""; then Session is ""
	Permissions Permissions // what the caller may do
	Roles       []string    // the names of the roles held, superuser and staff among them; none if the credential is limited to less
	Verified    bool        // the caller has proved to read mail at their address
	Since       time.Time   // when the caller last proved who they are

	// Renewed is the cookie that takes the place of the request's, which is
	// worth nothing from now on: whoever answers sends it. nil means that the
	// request's stays.
	Renewed *http.Cookie
}

// SignedIn reports whether the caller is somebody.
func (p *Principal) SignedIn() bool { return p.Subject != "" }

// Has reports whether the caller holds the role, whose name is in normal form.
func (p *Principal) Has(role string) bool { return p.SignedIn() && slices.Contains(p.Roles, role) }

// Can reports whether the caller holds the permission.
func (p *Principal) Can(permission string) bool {
	return p.SignedIn() && p.Permissions.Allow(permission)
}

// Permissions are what a caller may do, each as resource:action. A * stands for
// every action, as in users:*, or alone for everything.
type Permissions []string

// Allow reports whether the permission is among ps.
func (ps Permissions) Allow(permission string) bool {
	return slices.ContainsFunc(ps, func(grant string) bool { return Grants(grant, permission) })
}

type key struct{}

// NewContext returns a context whose caller is p.
func NewContext(ctx context.Context, p *Principal) context.Context {
	return context.WithValue(ctx, key{}, p)
}

// From returns the caller. It is never nil.
func From(ctx context.Context) *Principal {
	if p, _ := ctx.Value(key{}).(*Principal); p != nil {
		return p
	}
	return &Principal{}
}

// Check returns nil if the caller holds permission. An empty permission asks
// only that the caller is somebody. Nobody is fault.Unauthenticated, a missing
// permission fault.Forbidden; neither names what was missing.
func Check(ctx context.Context, permission string) error {
	if p := From(ctx); p.SignedIn() && (permission == "" || p.Can(permission)) {
		return nil
	}
	return Refuse(ctx)
}

// A Scheme is one kind of credential.
type Scheme struct {
	Name string // in OpenAPI: "bearer", "session"

	// Find returns the request's credential if it has one of this kind. It
	// judges by shape alone, before anything is verified.
	Find func(r *http.Request) (credential string, ok bool)

	// Verify returns whose credential it is. A credential that is wrong,
	// expired or revoked is fault.Unauthenticated, all alike.
	Verify func(ctx context.Context, credential string) (*Principal, error)

	// Prove, if it is not nil, is Verify for a credential that is the whole request,
	// such as a signature. It may read the body if it puts it back. Such schemes are
	// asked before all others.
	Prove func(r *http.Request) (*Principal, error)

	// Codes are those of errors of Verify that OpenAPI is to list.
	Codes []string
}

// A Gate authenticates requests by the first scheme that finds a credential.
type Gate []Scheme

// Authenticate returns the request's caller, anonymous if it has no credential
// at all. A wrong credential is fault.Unauthenticated; no other is tried.
func (g Gate) Authenticate(r *http.Request) (*Principal, error) {
	if len(r.Header.Values("Authorization")) > 1 || (r.Header.Get("Authorization") != "" && r.Header.Get("X-API-Key") != "") {
		return nil, fault.Errorf(fault.Unauthenticated, "send one credential")
	}
	for _, s := range g {
		if credential, ok := s.Find(r); ok {
			p, err := s.principal(r, credential)
			if err != nil {
				return nil, err
			}
			p.Scheme = s.Name
			return p, nil
		}
	}
	if r.Header.Get("Authorization") != "" || r.Header.Get("X-API-Key") != "" {
		return nil, fault.Errorf(fault.Unauthenticated, "the credential is not valid")
	}
	return &Principal{}, nil
}

// NewGate returns the gate of some schemes, in the order in which they are asked.
func NewGate(schemes ...Scheme) Gate {
	g := slices.Clone(schemes)
	slices.SortStableFunc(g, func(a, b Scheme) int {
		switch {
		case (a.Prove == nil) == (b.Prove == nil):
			return 0
		case a.Prove != nil:
			return -1
		}
		return 1
	})
	return g
}

func (s *Scheme) principal(r *http.Request, credential string) (*Principal, error) {
	if s.Prove != nil {
		return s.Prove(r)
	}
	return s.Verify(r.Context(), credential)
}

// Bearer returns the token of an Authorization: Bearer header (RFC 6750), whose
// scheme name has no case.
func Bearer(r *http.Request) (string, bool) {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return "", false
	}
	return strings.TrimSpace(token), true
}
