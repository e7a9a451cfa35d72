package groups_test

import (
	"slices"
	"testing"
	"time"

	"github.com/manorgo/manor/accounts/groups"
	"github.com/manorgo/manor/accounts/internal/accountstest"
	"github.com/manorgo/manor/accounts/users"
)

// The numbers are the acceptance cases of the application that this domain
// comes from.
func TestRoutes(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		call, ada, bob, mod := h.Serve(), h.Person("ada"), h.Person("bob"), h.Person("mod1")
		const nothing = "/groups/019b0000-0000-7000-8000-000000000000"

		call(nil, "", "POST", "/groups", `{"name":"x"}`).Is("submit, anonymous", 401, "")
		g6 := call(&ada, "", "POST", "/groups", `{"name":"Gophers 50%","url":"https://example.com","url_type":"meetup","start_date":"2020-01-02"}`).Is("G6", 201, "")
		if g6.Body["approved"] != false || g6.Body["trusted"] != false || g6.Body["submitter_id"] != ada.ID.String() || g6.Body["start_date"] != "2020-01-02" || g6.Body["name_key"] != nil {
			t.Errorf("G6: %v", g6.Body)
		}
		path := "/groups/" + g6.Body["id"].(string)
		call(&ada, "", "POST", "/groups", `{"name":"GOPHERS 50%"}`).Is("a taken name", 409, "CONFLICT")
		for what, body := range map[string]string{
			"approved by the way": `{"name":"x","approved":true}`, "trusted by the way": `{"name":"x","trusted":true}`,
			"for another": `{"name":"x","submitter_id":"` + bob.ID.String() + `"}`, "no name": `{}`, "empty name": `{"name":""}`,
			"script": `{"name":"x","url":"javascript:alert(1)"}`, "no day": `{"name":"x","start_date":"2020-13-01"}`, "type": `{"name":"x","url_type":"club"}`,
		} {
			call(&ada, "", "POST", "/groups", body).Is(what, 422, "")
		}

		call(&ada, "", "GET", path, "").Is("G7, own pending one", 200, "")
		call(nil, "", "GET", path, "").Is("a pending one, anonymous", 404, "")
		call(&bob, "", "GET", path, "").Is("another's pending one", 404, "")
		call(&bob, "", "PATCH", path, `{"location":"x"}`).Is("change another's", 404, "")
		call(&bob, "", "DELETE", path, "").Is("remove another's", 404, "")
		call(&mod, groups.Moderate, "GET", nothing, "").Is("G8", 404, "")
		call(&ada, "", "PATCH", path, `{"approved":true}`).Is("approve by the way", 422, "")
		g9 := call(&ada, "", "PATCH", path, `{"location":"Zürich"}`, "If-Match", g6.Header.Get("ETag")).Is("G9", 200, "")
		if g9.Body["location"] != "Zürich" || g9.Body["url"] != "https://example.com" {
			t.Errorf("G9, G10: %v", g9.Body)
		}
		call(&ada, "", "PATCH", path, `{"location":"x"}`, "If-Match", g6.Header.Get("ETag")).Is("outdated", 412, "")
		call(&mod, groups.Moderate, "PATCH", nothing, `{"location":"x"}`).Is("G11", 404, "")

		for _, action := range []string{"approve", "revoke-approval", "trust", "revoke-trust"} {
			call(nil, "", "POST", path+"/"+action, "").Is(action+", anonymous", 401, "")
			call(&ada, "", "POST", path+"/"+action, "").Is(action+" by the submitter", 403, "")
			call(&mod, groups.Moderate, "POST", nothing+"/"+action, "").Is("G17", 404, "")
		}
		flags := func(what, action string, approved, trusted bool) {
			t.Helper()
			for range 2 {
				a := call(&mod, groups.Moderate, "POST", path+"/"+action, "").Is(what, 200, "")
				if a.Body["approved"] != approved || a.Body["trusted"] != trusted || a.Header.Get("ETag") == "" {
					t.Errorf("%s: %v", what, a.Body)
				}
			}
		}
		listed := func(what, query string, total float64) {
			t.Helper()
			if a := call(nil, "", "GET", "/groups"+query, "").Is(what, 200, ""); a.Body["total"] != total {
				t.Errorf("%s: %v", what, a.Body)
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
		if a := call(nil, "", "GET", path, "").Is("listed", 200, ""); a.Body["submitter_id"] != nil {
			t.Errorf("everybody sees who submitted: %v", a.Body)
		}
		flags("G15", "revoke-trust", true, false)
		if a := call(&ada, "", "PATCH", path, `{"name":"Casino"}`).Is("a new name", 200, ""); a.Body["approved"] != false {
			t.Errorf("a new name: %v", a.Body)
		}
		flags("approved again", "approve", true, false)
		flags("G13", "revoke-approval", false, false)

		call(&ada, "", "DELETE", path, "").Is("G16", 204, "")
		call(&ada, "", "GET", path, "").Is("G16, after it", 404, "")
		call(&ada, "", "DELETE", path, "").Is("remove again", 404, "")
	})
}

// TestQueue lists what waits for a decision, what waits longest first.
func TestQueue(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		call, ada, bob, mod := h.Serve(), h.Person("ada"), h.Person("bob"), h.Person("mod1")
		var last accountstest.Answer
		for i, name := range []string{"first", "second", "third"} {
			last = call([]*users.User{&ada, &bob, &ada}[i], "", "POST", "/groups", `{"name":"`+name+`"}`).Is(name, 201, "")
			h.Clock.Advance(time.Hour)
		}
		call(&mod, groups.Moderate, "POST", "/groups/"+last.Body["id"].(string)+"/trust", "").Is("trust", 200, "")
		list := func(who *users.User, permissions, query string, want ...string) {
			t.Helper()
			var got []string
			for _, item := range call(who, permissions, "GET", "/groups"+query, "").Is(query, 200, "").Body["items"].([]any) {
				got = append(got, item.(map[string]any)["name"].(string))
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: %q, want %q", query, got, want)
			}
		}
		list(&mod, groups.Moderate, "?approved=false", "first", "second", "third")
		list(&mod, groups.Moderate, "?approved=false&sortOrder=desc", "third", "second", "first")
		list(&mod, groups.Moderate, "?approved=false&orderBy=name&sortOrder=desc", "third", "second", "first")
		list(&mod, groups.Moderate, "?approved=false&pageSize=1&currentPage=2", "second")
		list(&mod, groups.Moderate, "?approved=false&trusted=false", "first", "second")
		list(&mod, groups.Moderate, "?approvedIn=false", "third", "second", "first")
		list(&mod, groups.Moderate, "?approved=true&approved=false", "third", "second", "first")
		list(&mod, groups.Moderate, "", "third", "second", "first")
		list(&ada, "", "?approved=false", "first", "third")
		list(&bob, "memberships:read", "?approved=false", "second")
		list(nil, "", "?approved=false")
	})
}
