package users_test

import (
	"testing"

	"github.com/manorgo/manor/accounts/internal/accountstest"
	"github.com/manorgo/manor/accounts/users"
)

// The numbers are the acceptance cases of the application that this domain
// comes from.
func TestRoutes(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		call := h.Serve()
		root := h.Superuser("root1")
		const create = `{"email":"ada@example.com","username":"ada","password":"a long enough pass phrase"}`

		call(nil, "", "POST", "/users", create).Is("create, anonymous", 401, "")
		call(&root, users.Read, "POST", "/users", create).Is("create without the permission", 403, "")
		u4 := call(&root, "*", "POST", "/users", create).Is("U4", 201, "")
		if u4.Body["password"] != nil || u4.Body["password_hash"] != nil || u4.Header.Get("Location") != "/api/v1/users/"+u4.Body["id"].(string) {
			t.Errorf("U4: %v, %v", u4.Body, u4.Header)
		}
		path := "/users/" + u4.Body["id"].(string)
		call(&root, "*", "POST", "/users", `{"email":"ADA@example.com","username":"x2"}`).Is("U5", 409, "CONFLICT")
		call(&root, "*", "POST", "/users", `{"email":"x@example.com","username":"ADA"}`).Is("U6", 409, "CONFLICT")
		call(&root, "*", "POST", "/users", `{"email":"x@example.com","is_superuser":true}`).Is("superuser by the way", 422, "")
		u7 := call(&root, "*", "GET", path, "").Is("U7", 200, "")
		if u7.Body["email"] != "ada@example.com" {
			t.Errorf("U7: %v", u7.Body)
		}
		const nobody = "/users/019b0000-0000-7000-8000-000000000000"
		call(&root, "*", "GET", nobody, "").Is("U8", 404, "")
		call(&root, "*", "GET", "/users/by-username/nobody", "").Is("U10", 404, "")
		u13 := call(&root, "*", "PATCH", path, `{"first_name":"Ada","bio":"x"}`, "If-Match", u7.Header.Get("ETag")).Is("U13", 200, "")
		if u13.Body["first_name"] != "Ada" || u13.Body["username"] != "ada" {
			t.Errorf("U13, U14: %v", u13.Body)
		}
		call(&root, "*", "PATCH", path, `{"bio":"y"}`, "If-Match", u7.Header.Get("ETag")).Is("outdated", 412, "")
		call(&root, "*", "PATCH", nobody, `{"bio":"y"}`).Is("U15", 404, "")
		if a := call(&root, "*", "POST", path+"/deactivate", "").Is("U16", 200, ""); a.Body["is_active"] != false {
			t.Errorf("U16: %v", a.Body)
		}
		if a := call(&root, "*", "POST", path+"/reactivate", "").Is("U17", 200, ""); a.Body["is_active"] != true {
			t.Errorf("U17: %v", a.Body)
		}
		call(&root, "*", "POST", "/users/"+root.ID.String()+"/deactivate", "").Is("the last superuser", 409, "LAST_SUPERUSER")
		call(&root, "*", "DELETE", path, "").Is("U18", 204, "")
		call(&root, "*", "GET", path, "").Is("U18, after it", 404, "")
		call(&root, "*", "DELETE", path, "").Is("U19", 404, "")

		call(&root, "", "PATCH", "/users/me", `{"username":"other"}`).Is("own username", 422, "")
		call(&root, "", "PATCH", "/users/me", `{"is_staff":true}`).Is("own flag", 422, "")
		call(&root, "", "PATCH", "/users/me", `{"bio":null}`).Is("null", 422, "")
		call(&root, "", "PATCH", "/users/me", `{"bio":"me"}`).Is("own profile", 200, "")
	})
}
