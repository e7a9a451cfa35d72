package roles_test

import (
	"strings"
	"testing"

	"github.com/manorgo/manor/accounts/internal/accountstest"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
)

func TestRoutes(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		call, root := h.Serve(), h.Superuser("root1")
		ada := h.Person("ada", func(c *users.Create) { c.PublicProfile = new(false) })

		for _, path := range []string{"/roles", "/roles/staff", "/roles/staff/users"} {
			call(nil, "", "GET", path, "").Is(path+", anonymous", 401, "")
			call(&ada, "roles:write", "GET", path, "").Is(path+" without the permission", 403, "")
			call(&ada, "roles:read", "GET", path, "").Is(path, 200, "")
		}
		call(&ada, "roles:read", "POST", "/roles", `{"name":"x"}`).Is("create without the permission", 403, "")
		made := call(&root, "*", "POST", "/roles", `{"name":"Editors","permissions":["users:write","users:read"]}`).Is("create", 201, "")
		if made.Header.Get("Location") != "/api/v1/roles/editors" || made.Body["is_system"] != false || made.Header.Get("ETag") == "" {
			t.Errorf("created %v, %v", made.Body, made.Header)
		}
		call(&root, "*", "POST", "/roles", `{"name":"editors"}`).Is("create again", 409, "CONFLICT")
		call(&root, "*", "POST", "/roles", `{"name":"x","permissions":["users:fly"]}`).Is("unknown permission", 422, "")
		call(&root, "*", "POST", "/roles", `{"name":"x","is_system":true}`).Is("a system role", 422, "")
		call(&ada, "roles:write", "POST", "/roles", `{"name":"x","permissions":["users:read"]}`).Is("more than one has", 403, "")
		call(&root, "*", "PATCH", "/roles/EDITORS", `{"description":"x"}`, "If-Match", made.Header.Get("ETag")).Is("change", 200, "")
		call(&root, "*", "PATCH", "/roles/editors", `{"description":"y"}`, "If-Match", made.Header.Get("ETag")).Is("outdated", 412, "")
		call(&root, "*", "PATCH", "/roles/superuser", `{"permissions":[]}`).Is("weaken superuser", 409, "ROLE_SYSTEM")

		holder := "/roles/editors/users/" + ada.ID.String()
		for range 2 {
			call(&root, "*", "PUT", holder, "").Is("grant", 204, "")
		}
		call(&ada, "roles:write", "PUT", "/roles/superuser/users/"+ada.ID.String(), "").Is("make oneself superuser", 403, "")
		call(&root, "*", "PUT", "/roles/nothing/users/"+ada.ID.String(), "").Is("unknown role", 404, "")
		call(&root, "*", "PUT", "/roles/editors/users/019b0000-0000-7000-8000-000000000000", "").Is("unknown user", 404, "")
		call(&root, "*", "PUT", "/roles/editors/users/x", "").Is("no id", 400, "")
		for permissions, total := range map[string]float64{"roles:read users:read": 1, "roles:read": 0} {
			a := call(&root, permissions, "GET", "/roles/editors/users", "").Is("holders", 200, "")
			if a.Body["total"] != total {
				t.Errorf("holders for %q, of whom one hides: %v", permissions, a.Body)
			}
		}
		call(&root, "roles:read", "GET", "/roles/nothing/users", "").Is("holders of nothing", 404, "")
		if a := call(&root, "users:read", "GET", "/users?role=editors", "").Is("users by role", 200, ""); a.Body["total"] != 1.0 {
			t.Errorf("users by role: %v", a.Body)
		}
		many := strings.Repeat("role=x&", auth.MaxRoles-1) + "role=EDITOR%EF%BC%B3" // with a wide letter
		if a := call(&root, "users:read", "GET", "/users?"+many, "").Is("users by many roles", 200, ""); a.Body["total"] != 1.0 {
			t.Errorf("users by many roles: %v", a.Body)
		}
		call(&root, "users:read", "GET", "/users?role=y&"+many, "").Is("users by too many roles", 400, "")
		call(&root, "*", "DELETE", "/roles/editors", "").Is("remove", 409, "ROLE_IN_USE")
		call(&root, "*", "DELETE", "/roles/staff?force=true", "").Is("remove staff", 409, "ROLE_SYSTEM")
		for range 2 {
			call(&root, "*", "DELETE", holder, "").Is("revoke", 204, "")
		}
		call(&root, "*", "DELETE", "/roles/superuser/users/"+root.ID.String(), "").Is("the last superuser", 409, "LAST_SUPERUSER")
		call(&root, "*", "PUT", holder, "").Is("grant", 204, "")
		call(&root, "*", "DELETE", "/roles/editors?force=true", "").Is("force", 204, "")
		call(&root, "*", "GET", "/roles/editors", "").Is("after it", 404, "")
	})
}
