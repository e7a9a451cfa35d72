package memberships_test

import (
	"fmt"
	"testing"
)

// The numbers are the acceptance cases of the application that this domain
// comes from.
func TestRoutes(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		call, ada, bob, clerk := h.serve(t), h.person(t, "ada"), h.person(t, "bob"), h.person(t, "clerk")
		const both = "memberships:read memberships:write"
		create := func(id fmt.Stringer, rest string) string { return fmt.Sprintf(`{"user_id":%q%s}`, id, rest) }

		call(nil, "", "GET", "/memberships", "").is(t, "list, anonymous", 401, "")
		call(&ada, "", "GET", "/memberships", "").is(t, "list, somebody", 403, "")
		call(&ada, "", "POST", "/memberships", create(ada.ID, "")).is(t, "create, somebody", 403, "")
		m4 := call(&clerk, both, "POST", "/memberships", create(ada.ID, `,"membership_type":"supporting","country":"UK"`)).is(t, "M4", 201, "")
		if m4.body["membership_type"] != "supporting" || m4.body["higher_level_member"] != true || m4.body["needs_vote_affirmation"] != true || m4.body["last_vote_affirmation"] != nil {
			t.Errorf("M4: %v", m4.body)
		}
		path := "/memberships/" + m4.body["id"].(string)
		if m4.header.Get("Location") != "/api/v1"+path {
			t.Errorf("M4: %v", m4.header)
		}
		call(&clerk, both, "POST", "/memberships", create(ada.ID, "")).is(t, "M5", 409, "CONFLICT")
		call(&clerk, both, "POST", "/memberships", `{"user_id":"019b0000-0000-7000-8000-000000000000"}`).is(t, "one of nobody", 409, "REFERENCE")
		call(&clerk, both, "POST", "/memberships", create(bob.ID, `,"membership_type":"king"`)).is(t, "unknown type", 422, "")
		call(&clerk, both, "POST", "/memberships", create(bob.ID, `,"email_address":"x"`)).is(t, "bad address", 422, "")
		call(&clerk, both, "POST", "/memberships", create(bob.ID, `,"last_vote_affirmation":"2026-01-01"`)).is(t, "unknown field", 422, "")
		call(&clerk, both, "POST", "/memberships", `{}`).is(t, "no user", 422, "")
		call(&clerk, both, "GET", path, "").is(t, "M6", 200, "")
		call(&clerk, both, "GET", "/memberships/019b0000-0000-7000-8000-000000000000", "").is(t, "M7", 404, "")
		for query, total := range map[string]float64{
			"": 1, "?membershipType=supporting": 1, "?membershipType=basic": 0, "?votes=true": 0, "?votes=false": 1, "?country=UK": 1, "?country=FR": 0,
		} {
			if a := call(&clerk, both, "GET", "/memberships"+query, "").is(t, query, 200, ""); a.body["total"] != total {
				t.Errorf("%s: %v", query, a.body)
			}
		}
		call(&clerk, both, "GET", "/memberships?city=x", "").is(t, "a filter that is none", 400, "")

		of := "/users/" + ada.ID.String() + "/membership"
		call(nil, "", "GET", of, "").is(t, "of a user, anonymous", 401, "")
		call(&clerk, both, "GET", of, "").is(t, "M8", 200, "")
		call(&ada, "", "GET", of, "").is(t, "one's own by id", 200, "")
		call(&bob, "", "GET", of, "").is(t, "another's by id", 404, "")
		call(&clerk, both, "GET", "/users/"+bob.ID.String()+"/membership", "").is(t, "M9", 404, "")

		m10 := call(&clerk, both, "PATCH", path, `{"membership_type":"fellow","votes":true,"last_vote_affirmation":"2026-02-01"}`, "If-Match", m4.header.Get("ETag")).is(t, "M10", 200, "")
		if m10.body["needs_vote_affirmation"] != false || m10.body["country"] != "UK" || m10.body["last_vote_affirmation"] != "2026-02-01" {
			t.Errorf("M10, M11: %v", m10.body)
		}
		call(&clerk, both, "PATCH", path, `{"votes":false}`, "If-Match", m4.header.Get("ETag")).is(t, "outdated", 412, "")
		call(&clerk, both, "PATCH", path, `{"last_vote_affirmation":"2026-02-30"}`).is(t, "no day", 422, "")
		call(&clerk, both, "PATCH", path, `{"user_id":"`+bob.ID.String()+`"}`).is(t, "another user", 422, "")
		call(&clerk, both, "PATCH", "/memberships/019b0000-0000-7000-8000-000000000000", `{}`).is(t, "M12", 404, "")

		const mine = "/users/me/membership"
		call(nil, "", "GET", mine, "").is(t, "own, anonymous", 401, "")
		call(&bob, "", "GET", mine, "").is(t, "own, none", 404, "")
		call(&bob, "", "POST", mine, `{"membership_type":"fellow"}`).is(t, "own, as a fellow", 422, "")
		call(&bob, "", "POST", mine, `{"votes":true}`).is(t, "own, with a vote", 422, "")
		joined := call(&bob, "", "POST", mine, `{"legal_name":"Bob","psf_code_of_conduct":true}`).is(t, "join", 201, "")
		if joined.body["membership_type"] != "basic" || joined.body["user_id"] != bob.ID.String() || joined.header.Get("Location") != "/api/v1"+mine {
			t.Errorf("joined: %v, %v", joined.body, joined.header)
		}
		call(&bob, "", "POST", mine, `{}`).is(t, "join again", 409, "CONFLICT")
		call(&bob, "", "PATCH", mine, `{"membership_type":"fellow"}`).is(t, "promote oneself", 422, "")
		call(&bob, "", "PATCH", mine, `{"last_vote_affirmation":"2026-02-01"}`).is(t, "affirm by the way", 422, "")
		call(&bob, "", "PATCH", mine, `{"city":"Berlin"}`, "If-Match", joined.header.Get("ETag")).is(t, "own city", 200, "")
		call(&bob, "", "DELETE", mine, "", "If-Match", joined.header.Get("ETag")).is(t, "leave, outdated", 412, "")
		call(&bob, "", "DELETE", mine, "").is(t, "leave", 204, "")
		call(&bob, "", "GET", mine, "").is(t, "after leaving", 404, "")

		call(&clerk, both, "DELETE", path, "").is(t, "M13", 204, "")
		call(&clerk, both, "GET", path, "").is(t, "M13, after it", 404, "")
		call(&clerk, both, "DELETE", path, "").is(t, "M14", 404, "")
	})
}
