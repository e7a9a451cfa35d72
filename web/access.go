package web

import (
	"context"

	"github.com/manorgo/manor/auth"
)

// Access says who may call a route. The zero Access is refused when the route
// is registered, so that no route is open because somebody forgot.
type Access struct {
	mode       accessMode
	permission string
}

type accessMode uint8

const (
	undecided accessMode = iota
	anyone
	signedIn
)

// The kinds of access that need no permission.
var (
	// Anyone may call, signed in or not. A wrong credential is refused all the
	// same.
	Anyone = Access{mode: anyone}
	// SignedIn callers may call, whoever they are.
	SignedIn = Access{mode: signedIn}
)

// Require lets callers with the permission call, such as "products:write".
// It panics if permission is empty.
func Require(permission string) Access {
	if permission == "" {
		panic("web: Require needs a permission; say SignedIn or Anyone")
	}
	return Access{mode: signedIn, permission: permission}
}

// Permission returns the permission that is required, or "".
func (a Access) Permission() string { return a.permission }

// Public reports whether callers need not be signed in.
func (a Access) Public() bool { return a.mode == anyone }

// String returns "anyone", "signed in", the permission, or "nobody" for the
// zero Access.
func (a Access) String() string {
	switch {
	case a.mode == undecided:
		return "nobody"
	case a.mode == anyone:
		return "anyone"
	case a.permission == "":
		return "signed in"
	}
	return a.permission
}

// check returns nil if the caller in ctx has access.
func (a Access) check(ctx context.Context) error {
	if a.mode == anyone {
		return nil
	}
	return auth.Check(ctx, a.permission)
}
