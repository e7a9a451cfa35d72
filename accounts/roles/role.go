// Package roles keeps named sets of permissions and who holds them.
//
// Two roles are always there: superuser, which may do everything, and staff.
// Who holds those is told by the flags of the account, all others by rows of
// their own. Nobody can give away a permission that they do not hold.
package roles

import (
	"regexp"
	"time"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/patch"
)

// The system roles, which cannot be renamed or removed.
const (
	Superuser = users.RoleSuperuser // may do everything, for ever
	Staff     = users.RoleStaff     // may do what its permissions say
)

// A Role is a set of permissions that people can be given together.
type Role struct {
	data.Audited[Role]
	Name        string   `json:"name" db:"name,size=255,unique,search,sort"`
	Description string   `json:"description" db:"description,size=1000,search,default=''"`
	Permissions []string `json:"permissions" db:"permissions,json,default='[]'"` // sorted, each once
	System      bool     `json:"is_system" db:"is_system,filter,default=false"`

	// Extra holds the columns that the app has added: see Extend.
	Extra data.Extra `json:"-"`
}

// A UserRole says that a user holds a role.
type UserRole struct {
	data.Identified[UserRole]
	UserID    users.ID      `json:"user_id" db:"user_id,references=users,ondelete=cascade"`
	RoleID    data.ID[Role] `json:"role_id" db:"role_id,references=roles,ondelete=cascade,index"`
	CreatedAt time.Time     `json:"created_at" db:"created_at"`
}

var (
	table       = data.NewTable[Role]("roles")
	name        = data.TextCol(table, "name")
	description = data.TextCol(table, "description")
	permissions = data.Col[[]string](table, "permissions")

	holders    = data.NewTable[UserRole]("user_roles", data.UniqueOn("user_id", "role_id"))
	holderUser = data.Col[users.ID](holders, "user_id")
	holderRole = data.Col[data.ID[Role]](holders, "role_id")
)

// NormalName returns a name as it is stored and compared, as auth.NormalName
// does.
func NormalName(s string) string { return auth.NormalName(s) }

var nameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._:-]{0,254}$`)

const maxPermissions = 500

// Validate reports what is wrong with a role, by field.
func (r *Role) Validate() error {
	return fault.Fields(checkName(r.Name), r.checkPermissions())
}

func checkName(s string) error {
	if !nameForm.MatchString(s) {
		return fault.Field("name", "must have 1 to 255 of the letters a to z, digits and . _ - : and start with a letter or a digit")
	}
	return nil
}

func (r *Role) checkPermissions() error {
	if len(r.Permissions) > maxPermissions {
		return fault.Field("permissions", "must have at most %d entries", maxPermissions)
	}
	for _, p := range r.Permissions {
		switch {
		case p == "*" && r.System && r.Name == Superuser:
		case p == "*":
			return fault.Field("permissions", "* is for the role %s only", Superuser)
		case !auth.IsGrant(p):
			return fault.Field("permissions", "each must be resource:action or resource:*")
		}
	}
	return nil
}

// Create is a request for a new role.
type Create struct {
	Name        string   `json:"name" minLength:"1" maxLength:"255" doc:"Letters a to z, digits and . _ - :"`
	Description string   `json:"description,omitempty" maxLength:"1000"`
	Permissions []string `json:"permissions,omitempty" maxItems:"500" doc:"Each is resource:action, or resource:* for all actions."`

	Extra data.Extra `json:"-"` // columns that the app has added
}

// New returns the role that c asks for.
func (c Create) New() Role {
	return Role{Name: NormalName(c.Name), Description: c.Description, Permissions: auth.NormalNames(c.Permissions), Extra: c.Extra}
}

// Update is a request to change a role. Permissions replace those before.
type Update struct {
	Name        patch.Field[string]   `json:"name,omitzero" maxLength:"255"`
	Description patch.Field[string]   `json:"description,omitzero" maxLength:"1000"`
	Permissions patch.Field[[]string] `json:"permissions,omitzero" maxItems:"500"`

	Extra []data.Change[Role] `json:"-"` // of columns that the app has added
}

// Changes returns the columns that u changes.
func (u Update) Changes() []data.Change[Role] {
	if s, ok := u.Name.Get(); ok {
		u.Name = patch.Of(NormalName(s))
	}
	if list, ok := u.Permissions.Get(); ok {
		u.Permissions = patch.Of(auth.NormalNames(list))
	}
	return append([]data.Change[Role]{name.Patch(u.Name), description.Patch(u.Description), permissions.Patch(u.Permissions)}, u.Extra...)
}
