package groups_test

import (
	"testing"

	"github.com/manorgo/manor/accounts/groups"
)

// The numbers are the acceptance cases of the application that this domain
// comes from.
func TestRoutes(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		call, ada, bob, mod := h.serve(t), h.person(t, "ada"), h.person(t, "bob"), h.person(t, "mod1")
		const nothing = "/groups/019b0000-0000-7000-8000-000000000000"

		call(nil, "", "POST", "/groups", `{"name":"x"}`).is(t, "submit, anonymous", 401, "")
		g6 := call(&ada, "", "POST", "/groups", `{"name":"Gophers 50%","url":"https://example.com","url_type":"meetup","start_date":"2020-01-02"}`).is(t, "G6", 201, "")
		if g6.body["approved"] != false || g6.body["trusted"] != false || g6.body["submitter_id"] != ada.ID.String() || g6.body["start_date"] != "2020-01-02" || g6.body["name_key"] != nil {
			t.Errorf("G6: %v", g6.body)
		}
		path := "/groups/" + g6.body["id"].(string)
		call(&ada, "", "POST", "/groups", `{"name":"GOPHERS 50%"}`).is(t, "a taken name", 409, "CONFLICT")
		for what, body := range map[string]string{
			"approved by the way": `{"name":"x","approved":true}`, "trusted by the way": `{"name":"x","trusted":true}`,
			"for another": `{"name":"x","submitter_id":"` + bob.ID.String() + `"}`, "no name": `{}`, "empty name": `{"name":""}`,
			"script": `{"name":"x","url":"javascript:alert(1)"}`, "no day": `{"name":"x","start_date":"2020-13-01"}`, "type": `{"name":"x","url_type":"club"}`,
		} {
			call(&ada, "", "POST", "/groups", body).is(t, what, 422, "")
		}

		call(&ada, "", "GET", path, "").is(t, "G7, own pending one", 200, "")
		call(nil, "", "GET", path, "").is(t, "a pending one, anonymous", 404, "")
		call(&bob, "", "GET", path, "").is(t, "another's pending one", 404, "")
		call(&bob, "", "PATCH", path, `{"location":"x"}`).is(t, "change another's", 404, "")
		call(&bob, "", "DELETE", path, "").is(t, "remove another's", 404, "")
		call(&mod, groups.Moderate, "GET", nothing, "").is(t, "G8", 404, "")
		call(&ada, "", "PATCH", path, `{"approved":true}`).is(t, "approve by the way", 422, "")
		g9 := call(&ada, "", "PATCH", path, `{"location":"Zürich"}`, "If-Match", g6.header.Get("ETag")).is(t, "G9", 200, "")
		if g9.body["location"] != "Zürich" || g9.body["url"] != "https://example.com" {
			t.Errorf("G9, G10: %v", g9.body)
		}
		call(&ada, "", "PATCH", path, `{"location":"x"}`, "If-Match", g6.header.Get("ETag")).is(t, "outdated", 412, "")
		call(&mod, groups.Moderate, "PATCH", nothing, `{"location":"x"}`).is(t, "G11", 404, "")

		for _, action := range []string{"approve", "revoke-approval", "trust", "revoke-trust"} {
			call(nil, "", "POST", path+"/"+action, "").is(t, action+", anonymous", 401, "")
			call(&ada, "", "POST", path+"/"+action, "").is(t, action+" by the submitter", 403, "")
			call(&mod, groups.Moderate, "POST", nothing+"/"+action, "").is(t, "G17", 404, "")
		}
		flags := func(what, action string, approved, trusted bool) {
			t.Helper()
			for range 2 {
				a := call(&mod, groups.Moderate, "POST", path+"/"+action, "").is(t, what, 200, "")
				if a.body["approved"] != approved || a.body["trusted"] != trusted || a.header.Get("ETag") == "" {
					t.Errorf("%s: %v", what, a.body)
				}
			}
		}
		listed := func(what, query string, total float64) {
			t.Helper()
			if a := call(nil, "", "GET", "/groups"+query, "").is(t, what, 200, ""); a.body["total"] != total {
				t.Errorf("%s: %v", what, a.body)
			}
		}
		listed("nothing yet", "", 0)
		flags("G14", "trust", false, true)
		flags("G12", "approve", true, true)
		listed("G4", "?approved=true", 1)
		listed("G5", "?trusted=true", 1)
		listed("G18", "?approved=false", 0)
		listed("G19", "?trusted=false", 0)
		listed("by type", "?urlType=meetup", 1)
		listed("by another type", "?urlType=other", 0)
		listed("search", "?searchString=50%25", 1)
		listed("a % is itself", "?searchString=G%25s", 0)
		listed("search by place", "?searchString=z%C3%BCrich", 0)
		if a := call(nil, "", "GET", path, "").is(t, "listed", 200, ""); a.body["submitter_id"] != nil {
			t.Errorf("everybody sees who submitted: %v", a.body)
		}
		flags("G15", "revoke-trust", true, false)
		if a := call(&ada, "", "PATCH", path, `{"name":"Casino"}`).is(t, "a new name", 200, ""); a.body["approved"] != false {
			t.Errorf("a new name: %v", a.body)
		}
		flags("approved again", "approve", true, false)
		flags("G13", "revoke-approval", false, false)

		call(&ada, "", "DELETE", path, "").is(t, "G16", 204, "")
		call(&ada, "", "GET", path, "").is(t, "G16, after it", 404, "")
		call(&ada, "", "DELETE", path, "").is(t, "remove again", 404, "")
	})
}
