package roles

import (
	"context"
	"slices"
	"strings"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

// An Explanation says why somebody may do something, or why not.
type Explanation struct {
	UserID     users.ID `json:"user_id"`
	Permission string   `json:"permission"`
	Allowed    bool     `json:"allowed" doc:"Whether the person may do it, once signed in."`
	Because    []Reason `json:"because" doc:"What permits it; empty if nothing does."`
	Would      []string `json:"would" doc:"Roles that would permit it and are not held, sorted."`
	Blocked    []string `json:"blocked" doc:"What keeps the person from signing in, whatever is permitted: inactive, unverified."`
}

// A Reason is a role that somebody holds and what of it permits something.
type Reason struct {
	Role  string `json:"role"`
	Grant string `json:"grant" doc:"The permission itself, or a wildcard that stands for it."`
	Flag  string `json:"flag,omitempty" doc:"The field of the account that says who holds this role, if it is not told by a list of holders."`
}

// flags are the fields that tell who holds the system roles.
var flags = map[string]string{Superuser: "is_superuser", Staff: "is_staff"}

var rolesOf = data.NewSelect[struct {
	Name        string   `db:"name"`
	Permissions []string `db:"permissions,json"`
	Held        bool     `db:"held"`
}](`SELECT r.name, r.permissions, EXISTS (SELECT 1 FROM user_roles h WHERE h.role_id = r.id AND h.user_id = ?) AS held
	FROM roles r ORDER BY r.name`, "")

// Explain says why a user, whom the caller must be able to see, may do
// something or not. No such user is fault.NotFound, a permission that the
// program does not know fault.Malformed.
func (s *Service) Explain(ctx context.Context, user users.ID, permission string) (Explanation, error) {
	out := Explanation{UserID: user, Permission: auth.NormalName(permission), Because: []Reason{}, Would: []string{}, Blocked: []string{}}
	if known := s.catalogue(); !slices.Contains(known, out.Permission) {
		msg := "is not one of " + strings.Join(auth.NormalNames(known), ", ")
		return out, &fault.Error{Kind: fault.Malformed, Msg: "there is no such permission", Details: []fault.Detail{{Location: "query.permission", Message: msg}}}
	}
	u, err := s.users.Get(ctx, user)
	if err != nil {
		return out, err
	}
	rows, err := rolesOf.All(ctx, s.DB, user)
	if err != nil {
		return out, err
	}
	for _, r := range rows {
		i := slices.IndexFunc(r.Permissions, func(grant string) bool { return auth.Grants(grant, out.Permission) })
		switch held := r.Held || r.Name == Staff && u.Staff || r.Name == Superuser && u.Superuser; {
		case i < 0:
		case held:
			out.Because = append(out.Because, Reason{Role: r.Name, Grant: r.Permissions[i], Flag: flags[r.Name]})
		default:
			out.Would = append(out.Would, r.Name)
		}
	}
	if !u.Active {
		out.Blocked = append(out.Blocked, "inactive")
	}
	if !u.EmailVerified {
		out.Blocked = append(out.Blocked, "unverified")
	}
	out.Allowed = len(out.Because) > 0 && len(out.Blocked) == 0
	return out, nil
}
