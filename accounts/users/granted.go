package users

import (
	"strings"

	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
)

// A Grant is a role that somebody holds, with what it permits.
type Grant struct {
	Name        string   `json:"name"`
	Permissions []string `json:"permissions"`
}

// grantsSQL is the grants of the user u.
const grantsSQL = `(SELECT GROUPED FROM roles r WHERE r.id IN (SELECT h.role_id FROM user_roles h WHERE h.user_id = u.id)
		OR (u.is_staff AND r.name = '` + RoleStaff + `'))`

// SelectGrants returns a query in which GRANTED stands for the grants of the user
// u, which are a []Grant with the option json: so a credential and what its owner
// may do now are one statement. On PostgreSQL the query ends with lock, such as
// FOR NO KEY UPDATE OF u, or "". That somebody is a superuser is told by u.is_superuser.
func SelectGrants[R any](text, lock string) *data.Select[R] {
	text = strings.Replace(text, "GRANTED", grantsSQL, 1)
	return data.NewSelect[R](
		strings.Replace(text, "GROUPED", "json_group_array(json_object('name', r.name, 'permissions', json(r.permissions)))", 1),
		strings.Replace(text, "GROUPED", "COALESCE(json_agg(json_build_object('name', r.name, 'permissions', r.permissions)), '[]')", 1)+lock,
	)
}

// PermissionsOf returns what somebody may do who holds the grants. It is * alone
// for a superuser.
func PermissionsOf(superuser bool, grants []Grant) (out auth.Permissions) {
	if superuser {
		return auth.Permissions{"*"}
	}
	for _, g := range grants {
		out = append(out, g.Permissions...)
	}
	return out
}
