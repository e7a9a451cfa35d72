package memberships_test

import (
	"fmt"
	"testing"

	"github.com/manorgo/manor/accounts/internal/accountstest"
)

// The numbers are the acceptance cases of the application that this domain
// comes from.
func TestRoutes(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		call, ada, bob, clerk := h.Serve(), h.Person("ada"), h.Person("bob"), h.Person("clerk")
		const both = "memberships:read memberships:write"
		create := func(id fmt.Stringer, rest string) string { return fmt.Sprintf(`{"user_id":%q%s}`, id, rest) }

		call(nil, "", "GET", "/memberships", "").Is("list, anonymous", 401, "")
		call(&ada, "", "GET", "/memberships", "").Is("list, somebody", 403, "")
		call(&ada, "", "POST", "/memberships", create(ada.ID, "")).Is("create, somebody", 403, "")
		m4 := call(&clerk, both, "POST", "/memberships", create(ada.ID, `,"membership_type":"supporting","country":"UK"`)).Is("M4", 201, "")
		if m4.Body["membership_type"] != "supporting" || m4.Body["higher_level_member"] != true || m4.Body["needs_vote_affirmation"] != true || m4.Body["last_vote_affirmation"] != nil {
			t.Errorf("M4: %v", m4.Body)
		}
		path := "/memberships/" + m4.Body["id"].(string)
		if m4.Header.Get("Location") != "/api/v1"+path {
			t.Errorf("M4: %v", m4.Header)
		}
		call(&clerk, both, "POST", "/memberships", create(ada.ID, "")).Is("M5", 409, "CONFLICT")
		call(&clerk, both, "POST", "/memberships", `{"user_id":"019b0000-0000-7000-8000-000000000000"}`).Is("one of nobody", 409, "REFERENCE")
		call(&clerk, both, "POST", "/memberships", create(bob.ID, `,"membership_type":"king"`)).Is("unknown type", 422, "")
		call(&clerk, both, "POST", "/memberships", create(bob.ID, `,"email_address":"x"`)).Is("bad address", 422, "")
		call(&clerk, both, "POST", "/memberships", create(bob.ID, `,"last_vote_affirmation":"2026-01-01"`)).Is("unknown field", 422, "")
		call(&clerk, both, "POST", "/memberships", `{}`).Is("no user", 422, "")
		call(&clerk, both, "GET", path, "").Is("M6", 200, "")
		call(&clerk, both, "GET", "/memberships/019b0000-0000-7000-8000-000000000000", "").Is("M7", 404, "")
		for query, total := range map[string]float64{
			"": 1, "?membershipType=supporting": 1, "?membershipType=basic": 0, "?votes=true": 0, "?votes=false": 1, "?country=UK": 1, "?country=FR": 0,
		} {
			if a := call(&clerk, both, "GET", "/memberships"+query, "").Is(query, 200, ""); a.Body["total"] != total {
				t.Errorf("%s: %v", query, a.Body)
			}
		}
		call(&clerk, both, "GET", "/memberships?city=x", "").Is("a filter that is none", 400, "")

		of := "/users/" + ada.ID.String() + "/membership"
		call(nil, "", "GET", of, "").Is("of a user, anonymous", 401, "")
		call(&clerk, both, "GET", of, "").Is("M8", 200, "")
		call(&ada, "", "GET", of, "").Is("one's own by id", 200, "")
		call(&bob, "", "GET", of, "").Is("another's by id", 404, "")
		call(&clerk, both, "GET", "/users/"+bob.ID.String()+"/membership", "").Is("M9", 404, "")

		m10 := call(&clerk, both, "PATCH", path, `{"membership_type":"fellow","votes":true,"last_vote_affirmation":"2026-02-01"}`, "If-Match", m4.Header.Get("ETag")).Is("M10", 200, "")
		if m10.Body["needs_vote_affirmation"] != false || m10.Body["country"] != "UK" || m10.Body["last_vote_affirmation"] != "2026-02-01" {
			t.Errorf("M10, M11: %v", m10.Body)
		}
		call(&clerk, both, "PATCH", path, `{"votes":false}`, "If-Match", m4.Header.Get("ETag")).Is("outdated", 412, "")
		call(&clerk, both, "PATCH", path, `{"last_vote_affirmation":"2026-02-30"}`).Is("no day", 422, "")
		call(&clerk, both, "PATCH", path, `{"user_id":"`+bob.ID.String()+`"}`).Is("another user", 422, "")
		call(&clerk, both, "PATCH", "/memberships/019b0000-0000-7000-8000-000000000000", `{}`).Is("M12", 404, "")

		const mine = "/users/me/membership"
		call(nil, "", "GET", mine, "").Is("own, anonymous", 401, "")
		call(&bob, "", "GET", mine, "").Is("own, none", 404, "")
		call(&bob, "", "POST", mine, `{"membership_type":"fellow"}`).Is("own, as a fellow", 422, "")
		call(&bob, "", "POST", mine, `{"votes":true}`).Is("own, with a vote", 422, "")
		joined := call(&bob, "", "POST", mine, `{"legal_name":"Bob","psf_code_of_conduct":true}`).Is("join", 201, "")
		if joined.Body["membership_type"] != "basic" || joined.Body["user_id"] != bob.ID.String() || joined.Header.Get("Location") != "/api/v1"+mine {
			t.Errorf("joined: %v, %v", joined.Body, joined.Header)
		}
		call(&bob, "", "POST", mine, `{}`).Is("join again", 409, "CONFLICT")
		call(&bob, "", "PATCH", mine, `{"membership_type":"fellow"}`).Is("promote oneself", 422, "")
		call(&bob, "", "PATCH", mine, `{"last_vote_affirmation":"2026-02-01"}`).Is("affirm by the way", 422, "")
		call(&bob, "", "PATCH", mine, `{"city":"Berlin"}`, "If-Match", joined.Header.Get("ETag")).Is("own city", 200, "")
		call(&bob, "", "DELETE", mine, "", "If-Match", joined.Header.Get("ETag")).Is("leave, outdated", 412, "")
		call(&bob, "", "DELETE", mine, "").Is("leave", 204, "")
		call(&bob, "", "GET", mine, "").Is("after leaving", 404, "")

		call(&clerk, both, "DELETE", path, "").Is("M13", 204, "")
		call(&clerk, both, "GET", path, "").Is("M13, after it", 404, "")
		call(&clerk, both, "DELETE", path, "").Is("M14", 404, "")
	})
}
