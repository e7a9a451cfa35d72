package apikeys_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/manorgo/manor/accounts/apikeys"
	"github.com/manorgo/manor/accounts/internal/accountstest"
	"github.com/manorgo/manor/auth"
)

func TestRoutes(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		call, ann, bob := h.Serve(), h.Person("ann"), h.Person("bob")
		const sent = `{"name":"Deploy","scopes":["users:read"],"allowed_ips":["192.0.2.7"],"expires_in_days":30,"client_metadata":{"host":"a"},"idle_days":9}`
		call(nil, "", "POST", "/api-keys", sent).Is("nobody", 401, "")
		h.Must(h.Env.DB.Tx(t.Context(), grantRead(t, h, ann)))
		for what, c := range map[string]struct {
			body string
			code string
		}{
			"for somebody else":  {`{"name":"x","scopes":[],"user_id":"` + bob.ID.String() + `"}`, "INVALID"},
			"in the past":        {`{"name":"x","scopes":[],"expires_at":"2026-03-01T11:59:59Z"}`, "INVALID"},
			"beyond the longest": {`{"name":"x","scopes":[],"expires_in_days":366}`, "INVALID"},
			"for ever":           {`{"name":"x","scopes":[],"expires_in_days":0}`, "INVALID"},
			"two ends":           {`{"name":"x","scopes":[],"expires_in_days":1,"expires_at":"2026-03-02T12:00:00Z"}`, "INVALID"},
			"no name":            {`{"name":" ","scopes":[]}`, "INVALID"},
			"a bad scope":        {`{"name":"x","scopes":["users"]}`, "INVALID"},
			"without its key":    {`{"name":"x","scopes":[],"signing":"ed25519"}`, "INVALID"},
			"long metadata":      {`{"name":"x","scopes":[],"client_metadata":{"a":"` + strings.Repeat("x", 256) + `"}}`, "INVALID"},
		} {
			call(&ann, "users:read", "POST", "/api-keys", c.body).Is(what, 422, c.code)
		}
		call(&ann, "users:read", "POST", "/api-keys", `{"name":"x","scopes":["*"]}`).Is("for more", 403, "SCOPE_DENIED")
		made := call(&ann, "users:read", "POST", "/api-keys", sent).Is("create", 201, "")
		key, name := made.Body["key"].(string), made.Body["key_id"].(string)
		if made.Header.Get("Location") != "/api/v1/api-keys/"+name || made.Header.Get("ETag") == "" || !strings.HasPrefix(key, "mnk_live_"+name+"_") {
			t.Errorf("created %v, %v", made.Body, made.Header)
		}
		path := "/api-keys/" + name
		got := call(&ann, "", "GET", path, "").Is("read", 200, "")
		want := map[string]any{
			"id": made.Body["id"], "key_id": name, "user_id": ann.ID.String(), "name": "Deploy", "description": "", "prefix_env": "mnk_live",
			"key_hint": "mnk_live_" + name[:4], "scopes": []any{"users:read"}, "signing": "", "allowed_ips": []any{"192.0.2.7/32"}, "rate_per_minute": nil,
			"expires_at": "2026-03-31T12:00:00Z", "idle_days": 9.0, "last_used_at": nil, "revoked_at": nil, "created_via": "http",
			"created_at": "2026-03-01T12:00:00Z", "updated_at": "2026-03-01T12:00:00Z", "client_metadata": map[string]any{"host": "a"}, "replaces": nil, "replaced_by": nil,
		}
		if diff := cmp.Diff(want, got.Body); diff != "" {
			t.Errorf("a key as it is read (-want +got):\n%s", diff)
		}
		for _, who := range []string{"GET", "PATCH", "DELETE"} {
			body := map[string]string{"PATCH": `{"name":"y"}`}[who]
			theirs, none := call(&bob, "*", who, path, body).Is("another's", 404, ""), call(&bob, "*", who, "/api-keys/0000000000000000", body)
			if theirs.Body["detail"] != none.Body["detail"] || none.Status != 404 {
				t.Errorf("%s of another's is %v, of none %v", who, theirs.Body, none.Body)
			}
		}
		call(&bob, "*", "POST", path+"/rotate", `{}`).Is("another's", 404, "")
		etag := made.Header.Get("ETag")
		call(&ann, "users:read", "PATCH", path, `{"scopes":["users:*"]}`).Is("wider than the owner", 403, "SCOPE_DENIED")
		call(&ann, "", "PATCH", path, `{"name":null}`).Is("no name", 422, "")
		call(&ann, "", "PATCH", path, `{"expires_at":null}`).Is("what may not be changed", 422, "")
		changed := call(&ann, "", "PATCH", path, `{"name":"New","description":"d","scopes":[],"allowed_ips":[]}`, "If-Match", etag).Is("change", 200, "")
		if changed.Body["name"] != "New" || len(changed.Body["scopes"].([]any)) != 0 || len(changed.Body["allowed_ips"].([]any)) != 0 {
			t.Errorf("changed %v", changed.Body)
		}
		call(&ann, "", "PATCH", path, `{"name":"z"}`, "If-Match", etag).Is("outdated", 412, "")
		call(&ann, "", "DELETE", path, "", "If-Match", etag).Is("outdated", 412, "")
		call(nil, "", "GET", "/users/me", "", "X-API-Key", key).Is("by the key", 200, "")

		for what, who := range map[string]string{"by the key": "", "by nobody": "x"} {
			status := map[string]int{"": 403, "x": 401}[who]
			for _, route := range []string{"GET /api-keys", "POST /api-keys/revoke-all", "DELETE " + path} {
				method, at, _ := strings.Cut(route, " ")
				call(nil, "", method, at, "", "X-API-Key", key+who).Is(what+": "+route, status, "")
			}
		}
		next := call(&ann, "", "POST", path+"/rotate", `{"overlap_seconds":60}`).Is("rotate", 201, "")
		if next.Body["replaces"] != name || next.Body["name"] != "New" || next.Body["expires_at"] != "2026-03-31T12:00:00Z" ||
			next.Header.Get("Location") != "/api/v1/api-keys/"+next.Body["key_id"].(string) {
			t.Errorf("the successor is %v, %v", next.Body, next.Header)
		}
		if old := call(&ann, "", "GET", path, ""); old.Body["replaced_by"] != next.Body["key_id"] || old.Body["expires_at"] != "2026-03-01T12:01:00Z" {
			t.Errorf("the old one is %v", old.Body)
		}
		call(&ann, "", "POST", path+"/rotate", `{}`).Is("rotate again", 409, "API_KEY_REPLACED")
		call(nil, "", "GET", "/users/me", "", "X-API-Key", key).Is("in the overlap", 200, "")
		h.Clock.Advance(time.Minute)
		call(nil, "", "GET", "/users/me", "", "X-API-Key", key).Is("after the overlap", 401, "API_KEY_EXPIRED")
		call(&ann, "", "PATCH", path, `{"name":"z"}`).Is("change what has expired", 409, "API_KEY_EXPIRED")
		newest := next.Body["key"].(string)
		call(nil, "", "GET", "/users/me", "", "Authorization", "Bearer "+newest).Is("the successor", 200, "")

		last := "/api-keys/" + next.Body["key_id"].(string)
		for range 2 {
			call(&ann, "", "DELETE", last, "").Is("revoke", 204, "")
			h.Clock.Advance(time.Second)
		}
		if got := call(&ann, "", "GET", last, ""); got.Body["revoked_at"] != "2026-03-01T12:01:00Z" {
			t.Errorf("revoked twice: %v", got.Body)
		}
		call(&ann, "", "POST", last+"/rotate", `{}`).Is("rotate what was revoked", 409, "API_KEY_REVOKED")
		call(nil, "", "GET", "/users/me", "", "X-API-Key", newest).Is("revoked", 401, "API_KEY_REVOKED")

		signs := call(&ann, "", "POST", "/api-keys", `{"name":"s","scopes":[],"signing":"hmac-sha256"}`).Is("to sign", 201, "")
		if s, _ := signs.Body["signing_secret"].(string); len(s) != 43 || !strings.Contains(signs.Body["key"].(string), s) {
			t.Errorf("a key for signing is %v", signs.Body)
		}
		public := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32)))
		ed := call(&ann, "", "POST", "/api-keys", `{"name":"e","scopes":[],"signing":"ed25519","public_key":"`+public+`"}`).Is("with a public key", 201, "")
		if ed.Body["key"] != nil || ed.Body["signing_secret"] != nil {
			t.Errorf("a key with a public half is %v", ed.Body)
		}
		list := func(query string, want float64) {
			t.Helper()
			if got := call(&ann, "", "GET", "/api-keys"+query, "").Is(query, 200, ""); got.Body["total"] != want {
				t.Errorf("%s: %v", query, got.Body)
			}
		}
		for query, want := range map[string]float64{"": 4, "?state=active": 2, "?state=expired": 1, "?state=revoked": 1, "?state=active,revoked": 3, "?state=expired&state=revoked": 2} {
			list(query, want)
		}
		call(&ann, "", "GET", "/api-keys?state=gone", "").Is("a state that there is not", 400, "")
		all := call(&ann, "", "GET", "/api-keys", "")
		if first := all.Body["items"].([]any)[0].(map[string]any); first["name"] == "New" {
			t.Errorf("the newest is not first: %v", first)
		}
		if text, _ := json.Marshal(all.Body); strings.Contains(string(text), "secret") || strings.Contains(string(text), "digest") || strings.Contains(string(text), key[26:]) {
			t.Errorf("a list says %s", text)
		}
		if got := call(&ann, "", "POST", "/api-keys/revoke-all", "").Is("all", 200, ""); got.Body["revoked"] != 3.0 {
			t.Errorf("revoked %v", got.Body)
		}
		list("?state=active", 0)
	})
}

func TestAdminRoutes(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		call, ann, bob, root := h.Serve(), h.Person("ann"), h.Person("bob"), h.Superuser("root1")
		of := func(id string) string { return "/users/" + id + "/api-keys" }
		h.Must(h.Env.DB.Tx(t.Context(), grantRead(t, h, ann)))
		call(&bob, "users:write", "GET", of(ann.ID.String()), "").Is("without the permission", 403, "")
		call(&bob, apikeys.Admin, "POST", of(ann.ID.String()), `{"name":"x","scopes":["users:read"]}`).Is("more than the admin may", 403, "SCOPE_DENIED")
		call(&bob, apikeys.Admin+" users:write", "POST", of(ann.ID.String()), `{"name":"x","scopes":["users:write"]}`).Is("more than the owner may", 403, "SCOPE_DENIED")
		made := call(&bob, apikeys.Admin+" users:read", "POST", of(ann.ID.String()), `{"name":"x","scopes":["users:read"]}`).Is("create", 201, "")
		if made.Body["user_id"] != ann.ID.String() {
			t.Errorf("it is %v", made.Body)
		}
		call(nil, "", "GET", "/users/me", "", "X-API-Key", made.Body["key"].(string)).Is("the key", 200, "")
		if got := call(&bob, apikeys.Admin, "GET", of(ann.ID.String()), "").Is("list", 200, ""); got.Body["total"] != 1.0 {
			t.Errorf("the list is %v", got.Body)
		}
		rooted := call(&root, "*", "POST", "/api-keys", `{"name":"x","scopes":["*"]}`).Is("of a superuser", 201, "").Body["key_id"].(string)
		for permissions, want := range map[string]float64{apikeys.Admin: 0, "*": 1} {
			if got := call(&bob, permissions, "GET", of(root.ID.String()), "").Is("list of a superuser", 200, ""); got.Body["total"] != want {
				t.Errorf("to %s the keys of a superuser are %v", permissions, got.Body)
			}
		}
		call(&bob, apikeys.Admin, "DELETE", of(root.ID.String())+"/"+rooted, "").Is("revoke one of a superuser", 404, "")
		for _, c := range [][3]string{{"POST", "", `{"name":"x","scopes":[]}`}, {"DELETE", "/" + made.Body["key_id"].(string), ""}} {
			call(&bob, apikeys.Admin, c[0], of(root.ID.String())+c[1], c[2]).Is(c[0]+" of a superuser", 404, "")
			call(&bob, apikeys.Admin, c[0], of("01890000-0000-7000-8000-000000000000")+c[1], c[2]).Is(c[0]+" of nobody", 404, "")
		}
		call(&bob, apikeys.Admin, "DELETE", of(bob.ID.String())+"/"+made.Body["key_id"].(string), "").Is("of another owner", 404, "")
		for range 2 {
			call(&bob, apikeys.Admin, "DELETE", of(ann.ID.String())+"/"+made.Body["key_id"].(string), "").Is("revoke", 204, "")
		}
		call(nil, "", "GET", "/users/me", "", "X-API-Key", made.Body["key"].(string)).Is("revoked", 401, "API_KEY_REVOKED")
	})
}

// The export has a person's keys, and nothing of their secrets.
func TestExport(t *testing.T) {
	each(t, apikeys.Config{}, func(b *bench) {
		key := b.issue(func(c *apikeys.Create) { c.Signing = apikeys.SignHMAC })
		found := false
		for _, d := range b.Domains {
			if d.Name != "apikeys" {
				continue
			}
			found = true
			held, err := d.Export(b.t.Context(), auth.Subject(b.ann.ID.String()))
			b.Must(err)
			text, err := json.Marshal(held)
			b.Must(err)
			if !strings.Contains(string(text), key.KeyID) || strings.Contains(string(text), key.SigningSecret.Reveal()) {
				b.t.Errorf("the export is %s", text)
			}
		}
		if !found {
			b.t.Error("there is no such domain")
		}
	})
}
