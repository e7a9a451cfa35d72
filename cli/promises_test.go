package cli_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// What the documents promise of accounts holds on the server as it is shipped.
func TestPromises(t *testing.T) {
	onBoth(t, func(t *testing.T, env []string) {
		env = append(env, "MANOR_LIMITS=off") // the limits have tests of their own
		s := start(t, env)
		admin := s.person(env, "root-of-all", "--admin")
		ann, ben := s.person(env, "ann"), s.person(env, "ben")
		t.Run("group", func(t *testing.T) { // whose parts end before the server does
			for name, part := range map[string]func(t *testing.T){
				"users":       func(t *testing.T) { promisesOfUsers(t, s, admin, ann) },
				"memberships": func(t *testing.T) { promisesOfMemberships(t, s, admin, ann, ben) },
				"groups":      func(t *testing.T) { promisesOfGroups(t, s, admin, ann) },
				"input":       func(t *testing.T) { promisesOfInput(t, s, admin) },
				"signing in":  func(t *testing.T) { promisesOfSignIn(t, s) },
				"credentials": func(t *testing.T) { promisesOfCredentials(t, s, env) },
				"at once":     func(t *testing.T) { promisesAtOnce(t, s, admin) },
			} {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					part(t)
				})
			}
		})
	})
}

func promisesOfUsers(t *testing.T, s *server, admin, ann *caller) {
	anyone := s.stranger()
	first := admin.do("POST", "/users", `{"email":"Carol@example.com","username":"carol","password":"`+password+`","first_name":"Carol","email_verified":true}`).want(t, 201)
	first.holds(t, map[string]any{"email": "Carol@example.com", "username": "carol", "first_name": "Carol", "is_active": true})
	for _, secret := range []string{"password", "hash", "argon2", "epoch"} {
		if strings.Contains(string(first.body), secret) {
			t.Errorf("a new user's answer has %q: %s", secret, first.body)
		}
	}
	id := first.text(t, "id")
	if got := first.header.Get("Location"); got != "/api/v1/users/"+id {
		t.Errorf("Location is %q", got)
	}

	page := anyone.do("GET", "/users?pageSize=100", "").want(t, 200)
	if n := len(page.items(t, "id")); n < 3 {
		t.Errorf("%d people are listed", n)
	}
	if n := len(anyone.do("GET", "/users?pageSize=1", "").want(t, 200).items(t, "id")); n != 1 {
		t.Errorf("a page of one has %d", n)
	}
	// A taken address or name is a conflict in any case, and nothing is stored.
	admin.do("POST", "/users", `{"email":"CAROL@EXAMPLE.com","username":"carol2"}`).want(t, 409)
	admin.do("POST", "/users", `{"email":"carol2@example.com","username":"CAROL"}`).want(t, 409)
	admin.do("GET", "/users/by-username/carol2", "").want(t, 404)

	admin.do("GET", "/users/"+id, "").want(t, 200).holds(t, map[string]any{"email": "Carol@example.com"})
	admin.do("GET", "/users/"+nobody, "").want(t, 404)
	anyone.do("GET", "/users/by-username/Carol", "").want(t, 200).holds(t, map[string]any{"id": id, "email": nil})
	anyone.do("GET", "/users/by-username/nobody-at-all", "").want(t, 404)
	admin.do("GET", "/users/by-email/carol@example.com", "").want(t, 200).holds(t, map[string]any{"id": id})
	admin.do("GET", "/users/by-email/nobody@example.com", "").want(t, 404)
	ann.do("GET", "/users/by-email/carol@example.com", "").want(t, 403)

	admin.do("PATCH", "/users/"+id, `{"first_name":"Caroline","last_name":"Ray","bio":"x"}`).want(t, 200).
		holds(t, map[string]any{"first_name": "Caroline", "last_name": "Ray", "bio": "x"})
	admin.do("PATCH", "/users/"+id, `{"bio":"y"}`).want(t, 200).
		holds(t, map[string]any{"first_name": "Caroline", "last_name": "Ray", "bio": "y", "username": "carol"})
	admin.do("PATCH", "/users/"+nobody, `{"bio":"y"}`).want(t, 404)
	admin.do("GET", "/users/"+id, "").want(t, 200).holds(t, map[string]any{"bio": "y"})

	admin.do("POST", "/users/"+id+"/deactivate", "").want(t, 200).holds(t, map[string]any{"is_active": false})
	anyone.do("GET", "/users/"+id, "").want(t, 404)
	anyone.do("POST", "/auth/login", login("carol", password)).want(t, 401)
	admin.do("POST", "/users/"+id+"/reactivate", "").want(t, 200).holds(t, map[string]any{"is_active": true})
	anyone.do("POST", "/auth/login", login("carol", password)).want(t, 200)

	// Deleting takes what belongs to a person along.
	admin.do("POST", "/memberships", `{"user_id":"`+id+`"}`).want(t, 201)
	admin.do("DELETE", "/users/"+id, "").want(t, 204)
	admin.do("GET", "/users/"+id, "").want(t, 404)
	admin.do("GET", "/users/"+id+"/membership", "").want(t, 404)
	admin.do("DELETE", "/users/"+id, "").want(t, 404)
	admin.do("DELETE", "/users/"+nobody, "").want(t, 404)
	admin.do("DELETE", "/users/"+admin.id, "").want(t, 409).holds(t, map[string]any{"code": "LAST_SUPERUSER"})

	// Nobody changes others, nor of themselves what is not theirs to say.
	for _, c := range []*caller{anyone, ann} {
		refused := map[*caller]int{anyone: 401, ann: 403}[c]
		c.do("POST", "/users", `{"email":"eve@example.com"}`).want(t, refused)
		c.do("PATCH", "/users/"+admin.id, `{"bio":"x"}`).want(t, refused)
		c.do("DELETE", "/users/"+admin.id, "").want(t, refused)
		c.do("POST", "/users/"+admin.id+"/deactivate", "").want(t, refused)
	}
	for _, privileged := range []string{`"is_active":true`, `"is_staff":true`, `"is_superuser":true`, `"email_verified":true`, `"email":"eve@example.com"`,
		`"username":"eve"`, `"password":"` + password + `"`, `"roles":["superuser"]`, `"id":"` + nobody + `"`, `"epoch":0`} {
		ann.do("PATCH", "/users/me", "{"+privileged+"}").want(t, 422)
	}
	ann.do("GET", "/users/me", "").want(t, 200).holds(t, map[string]any{"is_staff": false, "is_superuser": false, "username": "ann"})

	// What somebody hides is hidden from lists, searches and counts.
	before := anyone.do("GET", "/users?searchString=ann", "").want(t, 200).value(t, "total")
	ann.do("PATCH", "/users/me", `{"search_visibility":"private"}`).want(t, 200)
	if after := anyone.do("GET", "/users?searchString=ann", "").want(t, 200).value(t, "total"); before != 1.0 || after != 0.0 {
		t.Errorf("ann is found %v times, and %v times when hidden", before, after)
	}
	anyone.do("GET", "/users/by-username/ann", "").want(t, 200)
	ann.do("PATCH", "/users/me", `{"public_profile":false}`).want(t, 200)
	anyone.do("GET", "/users/by-username/ann", "").want(t, 404)
	ann.do("GET", "/users/by-username/ann", "").want(t, 200).holds(t, map[string]any{"email": "ann@example.com"})
	ann.do("PATCH", "/users/me", `{"public_profile":true,"search_visibility":"public"}`).want(t, 200)
}

func promisesOfMemberships(t *testing.T, s *server, admin, ann, ben *caller) {
	admin.do("GET", "/users/"+ben.id+"/membership", "").want(t, 404)
	first := admin.do("POST", "/memberships", `{"user_id":"`+ben.id+`","membership_type":"supporting","city":"Basel"}`).want(t, 201)
	first.holds(t, map[string]any{"membership_type": "supporting", "user_id": ben.id, "higher_level_member": true, "needs_vote_affirmation": true})
	id := first.text(t, "id")
	admin.do("POST", "/memberships", `{"user_id":"`+ben.id+`"}`).want(t, 409)
	admin.do("POST", "/memberships", `{"user_id":"`+nobody+`"}`).want(t, 409)
	ann.do("POST", "/users/me/membership", `{"country":"Chile"}`).want(t, 201).holds(t, map[string]any{"membership_type": "basic", "higher_level_member": false})

	if n := len(admin.do("GET", "/memberships?pageSize=1", "").want(t, 200).items(t, "id")); n != 1 {
		t.Errorf("a page of one has %d", n)
	}
	every(t, admin.do("GET", "/memberships?membershipType=basic", "").want(t, 200), "membership_type", "basic")
	every(t, admin.do("GET", "/memberships?country=Chile", "").want(t, 200), "user_id", ann.id)
	admin.do("GET", "/memberships/"+id, "").want(t, 200).holds(t, map[string]any{"city": "Basel"})
	admin.do("GET", "/memberships/"+nobody, "").want(t, 404)
	admin.do("GET", "/users/"+ben.id+"/membership", "").want(t, 200).holds(t, map[string]any{"id": id})
	ben.do("GET", "/users/"+ben.id+"/membership", "").want(t, 200).holds(t, map[string]any{"id": id})
	ann.do("GET", "/users/"+ben.id+"/membership", "").want(t, 404)

	admin.do("PATCH", "/memberships/"+id, `{"city":"Bern","votes":true,"membership_type":"fellow","last_vote_affirmation":"2020-01-01"}`).want(t, 200).
		holds(t, map[string]any{"city": "Bern", "votes": true, "membership_type": "fellow", "needs_vote_affirmation": true})
	admin.do("PATCH", "/memberships/"+id, `{"region":"BE"}`).want(t, 200).holds(t, map[string]any{"city": "Bern", "region": "BE", "votes": true})
	admin.do("PATCH", "/memberships/"+nobody, `{"city":"Bern"}`).want(t, 404)
	every(t, admin.do("GET", "/memberships?votes=true", "").want(t, 200), "votes", true)
	// What the organisation decides is not for members to say.
	ben.do("PATCH", "/users/me/membership", `{"votes":true}`).want(t, 422)
	ben.do("PATCH", "/users/me/membership", `{"membership_type":"managing"}`).want(t, 422)
	ann.do("GET", "/memberships", "").want(t, 403)
	s.stranger().do("GET", "/memberships/"+id, "").want(t, 401)

	admin.do("DELETE", "/memberships/"+id, "").want(t, 204)
	admin.do("GET", "/memberships/"+id, "").want(t, 404)
	admin.do("DELETE", "/memberships/"+nobody, "").want(t, 404)
	ann.do("DELETE", "/users/me/membership", "").want(t, 204)
}

func promisesOfGroups(t *testing.T, s *server, admin, ann *caller) {
	anyone := s.stranger()
	made := ann.do("POST", "/groups", `{"name":"Lima Gophers","location":"Lima","url_type":"meetup","url":"https://example.com/lima"}`).want(t, 201)
	made.holds(t, map[string]any{"name": "Lima Gophers", "approved": false, "trusted": false, "submitter_id": ann.id})
	id := made.text(t, "id")
	ann.do("POST", "/groups", `{"name":"lima  gophers"}`).want(t, 409)
	ann.do("POST", "/groups", `{"name":"Mine","approved":true}`).want(t, 422)
	anyone.do("POST", "/groups", `{"name":"Ours"}`).want(t, 401)

	anyone.do("GET", "/groups/"+id, "").want(t, 404)
	ann.do("GET", "/groups/"+id, "").want(t, 200)
	for _, step := range []struct {
		action string
		want   map[string]any
	}{
		{"approve", map[string]any{"approved": true, "trusted": false}},
		{"approve", map[string]any{"approved": true, "trusted": false}},
		{"trust", map[string]any{"approved": true, "trusted": true}},
		{"revoke-approval", map[string]any{"approved": false, "trusted": true}},
		{"revoke-trust", map[string]any{"approved": false, "trusted": false}},
		{"approve", map[string]any{"approved": true, "trusted": false}},
	} {
		ann.do("POST", "/groups/"+id+"/"+step.action, "").want(t, 403)
		admin.do("POST", "/groups/"+id+"/"+step.action, "").want(t, 200).holds(t, step.want)
		admin.do("GET", "/groups/"+id, "").want(t, 200).holds(t, step.want)
		for flag, on := range step.want { // and is listed by it, and by nothing else
			listed := admin.do("GET", "/groups?searchString=Lima&"+flag+"="+fmt.Sprint(on), "").want(t, 200).items(t, "id")
			others := admin.do("GET", "/groups?searchString=Lima&"+flag+"="+fmt.Sprint(on != true), "").want(t, 200).items(t, "id")
			if len(listed) != 1 || listed[0] != id || len(others) != 0 {
				t.Errorf("after %s, %s=%v lists %v, and not so %v", step.action, flag, on, listed, others)
			}
		}
	}
	anyone.do("GET", "/groups/"+id, "").want(t, 200).holds(t, map[string]any{"submitter_id": nil})
	anyone.do("GET", "/groups/"+nobody, "").want(t, 404)

	pending := ann.do("POST", "/groups", `{"name":"Quito Gophers"}`).want(t, 201).text(t, "id")
	every(t, anyone.do("GET", "/groups?pageSize=100", "").want(t, 200), "approved", true)
	every(t, admin.do("GET", "/groups?approved=false", "").want(t, 200), "approved", false)
	if n := len(admin.do("GET", "/groups?trusted=true", "").want(t, 200).items(t, "id")); n != 0 {
		t.Errorf("%d groups are trusted", n)
	}
	if n := len(admin.do("GET", "/groups?pageSize=1", "").want(t, 200).items(t, "id")); n != 1 {
		t.Errorf("a page of one has %d", n)
	}

	ann.do("PATCH", "/groups/"+id, `{"location":"Callao","url_type":"other"}`).want(t, 200).holds(t, map[string]any{"location": "Callao", "url_type": "other"})
	ann.do("PATCH", "/groups/"+id, `{"location":"Lima"}`).want(t, 200).holds(t, map[string]any{"name": "Lima Gophers", "url_type": "other"})
	ann.do("PATCH", "/groups/"+id, `{"trusted":true}`).want(t, 422)
	admin.do("PATCH", "/groups/"+nobody, `{"location":"x"}`).want(t, 404)
	anyone.do("DELETE", "/groups/"+id, "").want(t, 401)
	ann.do("DELETE", "/groups/"+pending, "").want(t, 204)
	admin.do("DELETE", "/groups/"+id, "").want(t, 204)
	admin.do("GET", "/groups/"+id, "").want(t, 404)
	admin.do("DELETE", "/groups/"+nobody, "").want(t, 404)
	admin.do("POST", "/groups/"+nobody+"/approve", "").want(t, 404)
}

// Whatever comes in, the answer is JSON that names what is wrong, never a page
// and never an error of the server.
func promisesOfInput(t *testing.T, s *server, admin *caller) {
	anyone := s.stranger()
	for _, c := range []struct{ query, location string }{
		{"surprise=1", "query.surprise"}, {"currentPage=", "query.currentPage"}, {"pageSize=abc", "query.pageSize"}, {"pageSize=1.5", "query.pageSize"},
		{"currentPage=0", "query.currentPage"}, {"currentPage=-1", "query.currentPage"}, {"pageSize=0", "query.pageSize"},
		{"pageSize=-10", "query.pageSize"}, {"pageSize=101", "query.pageSize"}, {"pageSize=999999", "query.pageSize"},
	} {
		for _, list := range []string{"/users?", "/groups?"} {
			a := anyone.do("GET", list+c.query, "").want(t, 400)
			if got := a.text(t, "errors.0.location"); got != c.location || a.text(t, "detail") == "" {
				t.Errorf("%s: %s", a.what, a.body)
			}
		}
	}
	far := anyone.do("GET", "/users?currentPage=999999", "").want(t, 200)
	if len(far.items(t, "id")) != 0 || far.value(t, "total").(float64) < 1 {
		t.Errorf("a page past the end: %s", far.body)
	}
	admin.do("GET", "/users/no-id", "").want(t, 400)
	for body, want := range map[string]int{
		`{}`: 422, `{"email":7}`: 422, `{"email":"no address"}`: 422, `{"email":"a@example.com","is_active":"yes"}`: 422,
		`{"email":"a@example.com","email":"b@example.com"}`: 400, `{"email":`: 400, `[]`: 422, ``: 400, `{"email":"a@example.com","surprise":1}`: 422,
		"{\"email\":\"a@example.com\",\"username\":\"a\\u0000b\"}": 400, "{\"email\":\"\xff@example.com\"}": 400,
		`{"email":"nul@example.com","username":"a b"}`: 422, `{"email":"nul@example.com","username":"admin"}`: 422,
	} {
		if a := admin.do("POST", "/users", body); a.status != want && !(want == 400 && a.status == 422) {
			t.Errorf("%q: %d, want %d: %s", body, a.status, want, a.body)
		} else {
			a.want(t, a.status)
		}
	}
	anyone.do("GET", "/nowhere", "").want(t, 404)
	if got := anyone.do("POST", "/users/me", "").want(t, 405).header.Get("Allow"); !strings.Contains(got, "GET") {
		t.Errorf("Allow is %q", got)
	}
}

func promisesOfSignIn(t *testing.T, s *server) {
	visitor := s.stranger()
	register := func(email string) *answer {
		return visitor.do("POST", "/auth/register", `{"email":"`+email+`","password":"`+password+`","username":"dora"}`).want(t, 202)
	}
	free := register("Dora@example.com")
	visitor.do("POST", "/auth/login", login("dora@example.com", password)).want(t, 401) // not verified
	link := tokenIn(s.line(s.url + "/verify?token="))
	// Whether an address is taken is told to nobody but its owner.
	if taken := register("DORA@example.com"); string(taken.body) != string(free.body) {
		t.Errorf("a taken address answers %s, a free one %s", taken.body, free.body)
	}
	visitor.do("POST", "/auth/register", `{"email":"short@example.com","password":"short"}`).want(t, 422).holds(t, map[string]any{"code": "PASSWORD_REJECTED"})
	for _, privileged := range []string{`"is_active":true`, `"email_verified":true`, `"is_superuser":true`, `"roles":["superuser"]`, `"id":"` + nobody + `"`} {
		visitor.do("POST", "/auth/register", `{"email":"e@example.com","password":"`+password+`",`+privileged+`}`).want(t, 422)
	}
	visitor.do("POST", "/auth/password/reset", `{"token":"`+link+`","password":"`+password+`"}`).want(t, 400) // another purpose
	visitor.do("POST", "/auth/verify", `{"token":"`+link+`"}`).want(t, 200).holds(t, map[string]any{"email_verified": true, "username": "dora"})
	visitor.do("POST", "/auth/verify", `{"token":"`+link+`"}`).want(t, 400).holds(t, map[string]any{"code": "TOKEN_INVALID"})

	unknown := visitor.do("POST", "/auth/login", login("nobody@example.com", password)).want(t, 401)
	wrong := visitor.do("POST", "/auth/login", login("dora", "not the password 1")).want(t, 401)
	if withoutID(t, unknown) != withoutID(t, wrong) || unknown.header.Get("Set-Cookie")+wrong.header.Get("Set-Cookie") != "" {
		t.Errorf("an unknown person answers %s, a wrong password %s", unknown.body, wrong.body)
	}
	in := visitor.do("POST", "/auth/login", login("DORA", password)).want(t, 200)
	cookie := in.header.Get("Set-Cookie")
	for _, attribute := range []string{"HttpOnly", "Path=/", "SameSite=Lax"} {
		if !strings.Contains(cookie, attribute) {
			t.Errorf("the cookie lacks %s: %s", attribute, cookie)
		}
	}

	second := s.stranger()
	second.do("POST", "/auth/login", login("dora@example.com", password)).want(t, 200)
	if got := second.do("GET", "/auth/sessions", "").want(t, 200).items(t, "is_current"); len(got) != 2 {
		t.Errorf("two sign-ins are %d sessions", len(got))
	}
	out := visitor.do("POST", "/auth/logout", "").want(t, 204)
	if got := out.header.Get("Set-Cookie"); !strings.Contains(got, "Max-Age=0") {
		t.Errorf("signing out sets the cookie %q", got)
	}
	old := s.stranger()
	old.header.Set("Cookie", strings.SplitN(cookie, ";", 2)[0])
	old.do("GET", "/users/me", "").want(t, 401)
	second.do("GET", "/users/me", "").want(t, 200)
	s.stranger().do("POST", "/auth/logout", "").want(t, 401)

	// A forgotten password: the answer says nothing, the link works once, and everything signed in ends.
	known := visitor.do("POST", "/auth/password/forgot", `{"email":"dORA@EXAMPLE.com"}`).want(t, 202)
	if other := visitor.do("POST", "/auth/password/forgot", `{"email":"nobody@example.com"}`).want(t, 202); string(other.body) != string(known.body) {
		t.Errorf("an unknown address answers %s, a known one %s", other.body, known.body)
	}
	reset := tokenIn(s.line(s.url + "/reset?token="))
	const next = "copper meadow 5513 harbour"
	visitor.do("POST", "/auth/password/reset", `{"token":"`+reset+`","password":"short"}`).want(t, 422)
	visitor.do("POST", "/auth/password/reset", `{"token":"`+reset+`","password":"`+next+`"}`).want(t, 204)
	visitor.do("POST", "/auth/password/reset", `{"token":"`+reset+`","password":"`+next+`"}`).want(t, 400)
	second.do("GET", "/users/me", "").want(t, 401)
	visitor.do("POST", "/auth/login", login("dora", password)).want(t, 401)
	visitor.do("POST", "/auth/login", login("dora", next)).want(t, 200)
}

func promisesOfCredentials(t *testing.T, s *server, env []string) {
	c := s.person(env, "finn")
	pair := s.stranger().do("POST", "/auth/token", login("finn", password)).want(t, 200).holds(t, map[string]any{"token_type": "Bearer"})
	access, refresh := pair.text(t, "access_token"), pair.text(t, "refresh_token")
	bearer := func(scheme, token string) *caller {
		b := s.stranger()
		b.header.Set("Authorization", scheme+token)
		return b
	}
	bearer("Bearer ", access).do("GET", "/users/me", "").want(t, 200).holds(t, map[string]any{"username": "finn", "email": "finn@example.com"})
	bearer("bearer ", access).do("GET", "/users/me", "").want(t, 200)
	// A wrong credential is refused at once, whatever else the request brings.
	for _, bad := range []string{"", "x", refresh, access[:len(access)-1], access + "x", strings.Repeat("a", 10_000), "..", "eyJhbGciOiJub25lIn0.e30."} {
		b := bearer("Bearer ", bad)
		b.http.Jar = c.http.Jar
		if a := b.do("GET", "/users/me", ""); a.status != 401 || a.header.Get("WWW-Authenticate") == "" {
			t.Errorf("a bearer token of %d characters answers %d, WWW-Authenticate %q", len(bad), a.status, a.header.Get("WWW-Authenticate"))
		}
	}
	corrupt := s.stranger()
	corrupt.header.Set("Cookie", "manor_session=corrupt")
	if a := corrupt.do("GET", "/users/me", ""); a.status != 401 {
		t.Errorf("a corrupt cookie answers %d", a.status)
	}
	s.stranger().do("GET", "/users/me", "").want(t, 401)

	renewed := s.stranger().do("POST", "/auth/token/refresh", `{"refresh_token":"`+refresh+`"}`).want(t, 200)
	if renewed.text(t, "access_token") == access || renewed.text(t, "refresh_token") == refresh {
		t.Error("renewing gives the same tokens")
	}
	bearer("Bearer ", access).do("GET", "/users/me", "").want(t, 401)
	s.stranger().do("POST", "/auth/token/refresh", `{"refresh_token":"garbage"}`).want(t, 401).holds(t, map[string]any{"code": "REFRESH_INVALID"})
	again := bearer("Bearer ", renewed.text(t, "access_token"))
	again.do("POST", "/auth/logout", "").want(t, 204)
	again.do("GET", "/users/me", "").want(t, 401)
	s.stranger().do("POST", "/auth/token/refresh", `{"refresh_token":"`+renewed.text(t, "refresh_token")+`"}`).want(t, 401)
	c.do("GET", "/users/me", "").want(t, 200) // the other session goes on
}

// Of many who want the same name at once, one gets it, and all hear so.
func promisesAtOnce(t *testing.T, s *server, admin *caller) {
	const n = 10
	answers := make([]*answer, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			answers[i] = admin.do("POST", "/users", fmt.Sprintf(`{"email":"%s@example.com","username":"%s"}`,
				[]string{"gail", "Gail", fmt.Sprint("gail", i)}[i%3], []string{"gail", "GAIL"}[i%2]))
		})
	}
	all.Wait()
	made := 0
	for _, a := range answers {
		switch a.status {
		case 201:
			made++
		case 409:
		default:
			t.Errorf("%s answers %d: %s", a.what, a.status, a.body)
		}
	}
	if made != 1 {
		t.Errorf("%d accounts of one name were made", made)
	}
}
