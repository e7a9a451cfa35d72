package users_test

import (
	"testing"

	"github.com/manorgo/manor/accounts/users"
)

// The numbers are the acceptance cases of the application that this domain
// comes from.
func TestRoutes(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		call := h.serve(t)
		root := h.superuser(t, "root1")
		const create = `{"email":"ada@example.com","username":"ada","password":"a long enough pass phrase"}`

		call(nil, "", "POST", "/users", create).is(t, "create, anonymous", 401, "")
		call(&root, users.Read, "POST", "/users", create).is(t, "create without the permission", 403, "")
		u4 := call(&root, "*", "POST", "/users", create).is(t, "U4", 201, "")
		if u4.body["password"] != nil || u4.body["password_hash"] != nil || u4.header.Get("Location") != "/api/v1/users/"+u4.body["id"].(string) {
			t.Errorf("U4: %v, %v", u4.body, u4.header)
		}
		path := "/users/" + u4.body["id"].(string)
		call(&root, "*", "POST", "/users", `{"email":"ADA@example.com","username":"x2"}`).is(t, "U5", 409, "CONFLICT")
		call(&root, "*", "POST", "/users", `{"email":"x@example.com","username":"ADA"}`).is(t, "U6", 409, "CONFLICT")
		call(&root, "*", "POST", "/users", `{"email":"x@example.com","is_superuser":true}`).is(t, "superuser by the way", 422, "")
		u7 := call(&root, "*", "GET", path, "").is(t, "U7", 200, "")
		if u7.body["email"] != "ada@example.com" {
			t.Errorf("U7: %v", u7.body)
		}
		const nobody = "/users/019b0000-0000-7000-8000-000000000000"
		call(&root, "*", "GET", nobody, "").is(t, "U8", 404, "")
		call(&root, "*", "GET", "/users/by-username/nobody", "").is(t, "U10", 404, "")
		u13 := call(&root, "*", "PATCH", path, `{"first_name":"Ada","bio":"x"}`, "If-Match", u7.header.Get("ETag")).is(t, "U13", 200, "")
		if u13.body["first_name"] != "Ada" || u13.body["username"] != "ada" {
			t.Errorf("U13, U14: %v", u13.body)
		}
		call(&root, "*", "PATCH", path, `{"bio":"y"}`, "If-Match", u7.header.Get("ETag")).is(t, "outdated", 412, "")
		call(&root, "*", "PATCH", nobody, `{"bio":"y"}`).is(t, "U15", 404, "")
		if a := call(&root, "*", "POST", path+"/deactivate", "").is(t, "U16", 200, ""); a.body["is_active"] != false {
			t.Errorf("U16: %v", a.body)
		}
		if a := call(&root, "*", "POST", path+"/reactivate", "").is(t, "U17", 200, ""); a.body["is_active"] != true {
			t.Errorf("U17: %v", a.body)
		}
		call(&root, "*", "POST", "/users/"+root.ID.String()+"/deactivate", "").is(t, "the last superuser", 409, "LAST_SUPERUSER")
		call(&root, "*", "DELETE", path, "").is(t, "U18", 204, "")
		call(&root, "*", "GET", path, "").is(t, "U18, after it", 404, "")
		call(&root, "*", "DELETE", path, "").is(t, "U19", 404, "")

		call(&root, "", "PATCH", "/users/me", `{"username":"other"}`).is(t, "own username", 422, "")
		call(&root, "", "PATCH", "/users/me", `{"is_staff":true}`).is(t, "own flag", 422, "")
		call(&root, "", "PATCH", "/users/me", `{"bio":null}`).is(t, "null", 422, "")
		call(&root, "", "PATCH", "/users/me", `{"bio":"me"}`).is(t, "own profile", 200, "")
	})
}
