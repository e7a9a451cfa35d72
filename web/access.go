package web

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/fault"
)

// Access says who may call a route. The zero Access is refused when the route
// is registered, so that no route is open because somebody forgot.
//
// Whoever may not call is told so alike, whatever was missing: 401 if they are
// nobody, 403 if they are somebody.
type Access struct{ rule *rule }

// A rule is what an Access stands for.
type rule struct {
	text        string
	public      bool     // nobody is asked who they are
	permissions []string // that it speaks of
	check       func(ctx context.Context) error
}

// The kinds of access that need no permission.
var (
	// Anyone may call, signed in or not. A wrong credential is refused all the
	// same.
	Anyone = Access{&rule{text: "anyone", public: true, check: func(context.Context) error { return nil }}}
	// SignedIn callers may call, whoever they are.
	SignedIn = Access{&rule{text: "signed in", check: func(ctx context.Context) error { return auth.Check(ctx, "") }}}
	// Verified lets callers call who have proved to read mail at their address.
	Verified = Guard("verified", func(ctx context.Context) (bool, error) { return auth.From(ctx).Verified, nil })
	// Staff lets holders of the role staff call. Superusers may do whatever a
	// permission allows, but are not staff by that: AnyOf(Staff, Superuser) lets
	// both.
	Staff = Role("staff")
	// Superuser lets those call who may do everything.
	Superuser = Access{&rule{text: "superuser", check: func(ctx context.Context) error { return auth.Check(ctx, "*") }}}
)

// Require lets callers with the permission call, such as "products:write".
// It panics if permission is not resource:action: a wildcard can be held, and
// not required.
func Require(permission string) Access {
	mustBePermission(permission, "Require")
	return Access{&rule{text: permission, permissions: []string{permission},
		check: func(ctx context.Context) error { return auth.Check(ctx, permission) }}}
}

func mustBePermission(s, where string) {
	if !auth.IsPermission(s) {
		panic(fmt.Sprintf("web: %s needs a permission such as products:write, in lower case and without *, not %q", where, s))
	}
}

// RequireAny lets callers call who hold at least one of the permissions. It
// panics as Require does, and if there is none.
func RequireAny(permissions ...string) Access { return AnyOf(each(permissions, Require)...) }

// RequireAll lets callers call who hold all of the permissions. It panics as
// Require does, and if there is none.
func RequireAll(permissions ...string) Access { return AllOf(each(permissions, Require)...) }

// Role lets callers call who hold the role. A permission is the better thing to
// ask for: it can be given to other roles later, and whoever may write roles can
// make one of any name, but none with a permission that they do not hold. Role
// panics if the name is not in normal form (auth.NormalName), empty or longer
// than auth.MaxName.
func Role(name string) Access {
	if name == "" || len(name) > auth.MaxName || name != auth.NormalName(name) {
		panic(fmt.Sprintf("web: Role needs the name of a role in lower case, not %q", name))
	}
	return Guard("role "+name, func(ctx context.Context) (bool, error) { return auth.From(ctx).Has(name), nil })
}

func each[T any](list []string, fn func(string) T) (out []T) {
	for _, s := range list {
		out = append(out, fn(s))
	}
	return out
}

// Guard lets callers call whom pass lets. It is asked for those only who are
// signed in, once for each request to a route that has it, so that what it must
// look up costs other routes nothing. Its error, such as fault.Unavailable, is
// what the caller is told. The name stands in lists of routes. Guard panics if
// the name is empty or pass is nil.
func Guard(name string, pass func(ctx context.Context) (bool, error)) Access {
	if strings.TrimSpace(name) == "" || pass == nil {
		panic("web: Guard needs a name and a function")
	}
	return Access{&rule{text: name, check: func(ctx context.Context) error {
		if err := auth.Check(ctx, ""); err != nil {
			return err
		}
		ok, err := pass(ctx)
		if err == nil && !ok {
			err = auth.Refuse(ctx)
		}
		return err
	}}}
}

// AnyOf lets callers call whom at least one of the list lets. They are asked in
// their order, until one does. It panics if the list is empty or has Anyone.
func AnyOf(list ...Access) Access {
	rules := joined(list, "AnyOf")
	return combine(rules, " or ", func(ctx context.Context) error {
		for _, r := range rules {
			if err := r.check(ctx); !refused(err) {
				return err
			}
		}
		return auth.Refuse(ctx)
	})
}

// AllOf lets callers call whom each of the list lets. They are asked in their
// order, until one does not. It panics if the list is empty or has Anyone.
func AllOf(list ...Access) Access {
	rules := joined(list, "AllOf")
	return combine(rules, " and ", func(ctx context.Context) error {
		for _, r := range rules {
			if err := r.check(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

func joined(list []Access, where string) (rules []*rule) {
	for _, a := range list {
		if a.rule == nil || a.rule.public {
			panic(fmt.Sprintf("web: %s of %s makes no sense", where, a))
		}
		rules = append(rules, a.rule)
	}
	if rules == nil {
		panic("web: " + where + " needs at least one Access")
	}
	return rules
}

func combine(rules []*rule, word string, check func(context.Context) error) Access {
	out := &rule{check: check}
	var texts []string
	for _, r := range rules {
		text := r.text
		if len(rules) > 1 && (strings.Contains(text, " or ") || strings.Contains(text, " and ")) {
			text = "(" + text + ")"
		}
		texts = append(texts, text)
		out.permissions = append(out.permissions, r.permissions...)
	}
	slices.Sort(out.permissions)
	out.permissions = slices.Compact(out.permissions)
	out.text = strings.Join(texts, word)
	return Access{out}
}

// refused reports whether err says that the caller may not, rather than that
// this could not be told.
func refused(err error) bool {
	k := fault.KindOf(err)
	return k == fault.Unauthenticated || k == fault.Forbidden
}

// Permission returns the permission that is required, or "" if it is none or
// not one alone.
func (a Access) Permission() string {
	if a.rule == nil || len(a.rule.permissions) != 1 || a.rule.text != a.rule.permissions[0] {
		return ""
	}
	return a.rule.permissions[0]
}

// Permissions returns the permissions that decide who may call, sorted. String
// says how.
func (a Access) Permissions() []string {
	if a.rule == nil {
		return nil
	}
	return slices.Clone(a.rule.permissions)
}

// Public reports whether callers need not be signed in.
func (a Access) Public() bool { return a.rule != nil && a.rule.public }

// String returns "anyone", "signed in", the permission, the name of a guard,
// several of these with "or" and "and", or "nobody" for the zero Access.
func (a Access) String() string {
	if a.rule == nil {
		return "nobody"
	}
	return a.rule.text
}

// check returns nil if the caller in ctx has access.
func (a Access) check(ctx context.Context) error {
	if a.rule == nil {
		return auth.Refuse(ctx)
	}
	return a.rule.check(ctx)
}
