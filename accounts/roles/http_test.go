package roles_test

import (
	"testing"

	"github.com/manorgo/manor/accounts/users"
)

func TestRoutes(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		call, root := h.serve(t), h.superuser(t, "root1")
		ada := h.person(t, "ada", func(c *users.Create) { c.PublicProfile = new(false) })

		for _, path := range []string{"/roles", "/roles/staff", "/roles/staff/users"} {
			call(nil, "", "GET", path, "").is(t, path+", anonymous", 401, "")
			call(&ada, "roles:write", "GET", path, "").is(t, path+" without the permission", 403, "")
			call(&ada, "roles:read", "GET", path, "").is(t, path, 200, "")
		}
		call(&ada, "roles:read", "POST", "/roles", `{"name":"x"}`).is(t, "create without the permission", 403, "")
		made := call(&root, "*", "POST", "/roles", `{"name":"Editors","permissions":["users:write","users:read"]}`).is(t, "create", 201, "")
		if made.header.Get("Location") != "/api/v1/roles/editors" || made.body["is_system"] != false || made.header.Get("ETag") == "" {
			t.Errorf("created %v, %v", made.body, made.header)
		}
		call(&root, "*", "POST", "/roles", `{"name":"editors"}`).is(t, "create again", 409, "CONFLICT")
		call(&root, "*", "POST", "/roles", `{"name":"x","permissions":["users:fly"]}`).is(t, "unknown permission", 422, "")
		call(&root, "*", "POST", "/roles", `{"name":"x","is_system":true}`).is(t, "a system role", 422, "")
		call(&ada, "roles:write", "POST", "/roles", `{"name":"x","permissions":["users:read"]}`).is(t, "more than one has", 403, "")
		call(&root, "*", "PATCH", "/roles/EDITORS", `{"description":"x"}`, "If-Match", made.header.Get("ETag")).is(t, "change", 200, "")
		call(&root, "*", "PATCH", "/roles/editors", `{"description":"y"}`, "If-Match", made.header.Get("ETag")).is(t, "outdated", 412, "")
		call(&root, "*", "PATCH", "/roles/superuser", `{"permissions":[]}`).is(t, "weaken superuser", 409, "ROLE_SYSTEM")

		holder := "/roles/editors/users/" + ada.ID.String()
		for range 2 {
			call(&root, "*", "PUT", holder, "").is(t, "grant", 204, "")
		}
		call(&ada, "roles:write", "PUT", "/roles/superuser/users/"+ada.ID.String(), "").is(t, "make oneself superuser", 403, "")
		call(&root, "*", "PUT", "/roles/nothing/users/"+ada.ID.String(), "").is(t, "unknown role", 404, "")
		call(&root, "*", "PUT", "/roles/editors/users/019b0000-0000-7000-8000-000000000000", "").is(t, "unknown user", 404, "")
		call(&root, "*", "PUT", "/roles/editors/users/x", "").is(t, "no id", 400, "")
		for permissions, total := range map[string]float64{"roles:read users:read": 1, "roles:read": 0} {
			a := call(&root, permissions, "GET", "/roles/editors/users", "").is(t, "holders", 200, "")
			if a.body["total"] != total {
				t.Errorf("holders for %q, of whom one hides: %v", permissions, a.body)
			}
		}
		call(&root, "roles:read", "GET", "/roles/nothing/users", "").is(t, "holders of nothing", 404, "")
		if a := call(&root, "users:read", "GET", "/users?role=editors", "").is(t, "users by role", 200, ""); a.body["total"] != 1.0 {
			t.Errorf("users by role: %v", a.body)
		}
		call(&root, "*", "DELETE", "/roles/editors", "").is(t, "remove", 409, "ROLE_IN_USE")
		call(&root, "*", "DELETE", "/roles/staff?force=true", "").is(t, "remove staff", 409, "ROLE_SYSTEM")
		for range 2 {
			call(&root, "*", "DELETE", holder, "").is(t, "revoke", 204, "")
		}
		call(&root, "*", "DELETE", "/roles/superuser/users/"+root.ID.String(), "").is(t, "the last superuser", 409, "LAST_SUPERUSER")
		call(&root, "*", "PUT", holder, "").is(t, "grant", 204, "")
		call(&root, "*", "DELETE", "/roles/editors?force=true", "").is(t, "force", 204, "")
		call(&root, "*", "GET", "/roles/editors", "").is(t, "after it", 404, "")
	})
}
