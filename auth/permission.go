package auth

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/manorgo/manor/fault"
)

// Limits of names.
const (
	MaxName  = 255 // characters of the name of a role or a permission
	MaxRoles = 64  // roles that one request names
)

// NormalName returns the name of a role or of a permission as it is stored and
// compared: without spaces around it, in one form of Unicode (NFKC), in lower
// case. Whoever writes, asks for or compares such a name uses this.
func NormalName(s string) string {
	return strings.TrimSpace(norm.NFKC.String(strings.ToLower(norm.NFKC.String(s))))
}

// NormalNames returns the normal forms of names, sorted, each once. It is never
// nil.
func NormalNames(names []string) []string {
	out := make([]string, 0, len(names))
	for _, n := range names {
		out = append(out, NormalName(n))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

var permissionForm = regexp.MustCompile(`^[a-z][a-z0-9_-]*:[a-z][a-z0-9_-]*$`)

// IsPermission reports whether s is what can be required of a caller:
// resource:action in normal form, of at most MaxName characters. A wildcard is
// not; it can only be held.
func IsPermission(s string) bool { return len(s) <= MaxName && permissionForm.MatchString(s) }

// IsGrant reports whether s is what a role can permit: a permission, or
// resource:* for every action. * alone is for superusers and no grant.
func IsGrant(s string) bool {
	resource, all := strings.CutSuffix(s, ":*")
	return IsPermission(s) || all && IsPermission(resource+":x")
}

// Grants reports whether holding the grant permits the permission: it is the
// same, or a wildcard that stands for it.
func Grants(grant, permission string) bool {
	if grant == permission || grant == "*" {
		return true
	}
	resource, ok := strings.CutSuffix(grant, ":*")
	return ok && strings.HasPrefix(permission, resource+":")
}

// Meet returns what both ps and qs permit, and nothing else: the smaller of each
// two grants of which one holds the other. Since a wildcard stands for all of a
// resource or for everything, any two grants are so, or have nothing in common.
func (ps Permissions) Meet(qs Permissions) (out Permissions) {
	for _, p := range ps {
		for _, q := range qs {
			switch {
			case Grants(q, p):
				out = append(out, p)
			case Grants(p, q):
				out = append(out, q)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Cover reports whether ps permit all that qs do.
func (ps Permissions) Cover(qs Permissions) bool {
	return !slices.ContainsFunc(qs, func(q string) bool { return !ps.Allow(q) })
}

// CheckAny returns nil if the caller holds at least one of the permissions, and
// what Refuse does otherwise. Nobody holds one of none.
func CheckAny(ctx context.Context, permissions ...string) error {
	if slices.ContainsFunc(permissions, From(ctx).Can) {
		return nil
	}
	return Refuse(ctx)
}

// CheckAll returns nil if the caller holds all of the permissions, and what
// Refuse does otherwise. None asks only that the caller is somebody.
func CheckAll(ctx context.Context, permissions ...string) error {
	p := From(ctx)
	if !p.SignedIn() || slices.ContainsFunc(permissions, func(s string) bool { return !p.Can(s) }) {
		return Refuse(ctx)
	}
	return nil
}

// Refuse returns the error for a caller who may not do something:
// fault.Unauthenticated to nobody, fault.Forbidden to somebody. It is the same
// whatever was missing, and names nothing.
func Refuse(ctx context.Context) error {
	if !From(ctx).SignedIn() {
		return fault.Errorf(fault.Unauthenticated, "sign in first")
	}
	return fault.Errorf(fault.Forbidden, "you may not do this")
}
