package manortest_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/manorgo/manor/manortest"
	"github.com/manorgo/manor/web"
)

// Strangers can write where they sign in, and nowhere else.
func TestStrangers(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		anon, plain := app.Anonymous(t), app.User(t, "plain")
		var open []string
		for _, r := range app.Router().Routes() {
			var b any
			if writesSomething(r) {
				b = body{}
			}
			if r.Access.Public() {
				if writesSomething(r) {
					open = append(open, short(r))
				}
				continue
			}
			same(t, short(r)+" by nobody", anon.Do(r.Method, anyPath(r), b).Status, 401)
			wrong := anon.Bearer("manor_at_wrong")
			same(t, short(r)+" with a wrong token", wrong.Do(r.Method, anyPath(r), b).Status, 401)
			if r.Access.Permission() != "" {
				same(t, short(r)+" without the permission", plain.Do(r.Method, anyPath(r), b).Status, 403)
			}
		}
		same(t, "open to strangers", open, []string{
			"POST /auth/register", "POST /auth/verify", "POST /auth/verify/resend",
			"POST /auth/password/forgot", "POST /auth/password/reset", "POST /auth/login",
			"POST /auth/token", "POST /auth/token/refresh", "POST /auth/token/revoke",
			"POST /auth/email/confirm", "POST /auth/email/undo", "POST /auth/deletion/undo", "POST /auth/invitations/accept",
		})
	}, manortest.Idle())
}

// Whoever may change people may not change those who may do everything, nor make
// anybody more than they are themselves.
func TestSuperusersAreOutOfReach(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		admin, king, plain := app.Admin(t), app.User(t, "king"), app.User(t, "plain")
		admin.Put("/roles/superuser/users/"+king.User.ID.String(), nil).Want(204)
		editor := app.As(t, "editor", "users:read", "users:write")
		for _, c := range []*manortest.Client{king, editor} {
			c.Get("/users/me").Want(200) // whose cookie follows their rights
		}
		before, asked := dump(t, app), 0
		for _, r := range routes(app, func(r web.Route) bool {
			return writesSomething(r) && r.Access.Permission() == "users:write" && strings.HasPrefix(r.Path, "/api/v1/users/{id}")
		}) {
			asked++
			var send any
			if text := moves[short(r)].body; text != "" {
				send = text
			}
			path := strings.Replace(strings.TrimPrefix(r.Path, "/api/v1"), "{id}", king.User.ID.String(), 1)
			same(t, short(r), editor.Do(r.Method, path, send).Status, 404)
		}
		for _, power := range []body{{"is_staff": true}, {"is_superuser": true}, {"roles": []string{"superuser"}}, {"epoch": 0}} {
			if s := editor.Patch("/users/"+plain.User.ID.String(), power).Status; s != 403 && s != 422 {
				t.Errorf("%v for another: %d", power, s)
			}
			power["email"] = "made@example.com"
			if s := editor.Post("/users", power).Status; s != 403 && s != 422 {
				t.Errorf("%v for a new one: %d", power, s)
			}
		}
		editor.Delete("/users/" + plain.User.ID.String() + "?hard=true").Want(403)
		same(t, "the database", dump(t, app), before)
		king.Get("/users/me").Want(200)
		if asked < 7 {
			t.Errorf("only %d routes", asked)
		}
	}, manortest.Idle())
}

// A wrong credential is refused where none is needed, too.
func TestWrongCredential(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		anon := app.Anonymous(t)
		for _, r := range routes(app, func(r web.Route) bool { return r.Access.Public() && !r.Stranger }) {
			for _, h := range [][]string{
				{"Authorization", "Bearer wrong"}, {"Authorization", "Basic YTpi"}, {"X-API-Key", "wrong"}, {"Cookie", "manor_session=wrong"},
			} {
				res := anon.Do(r.Method, anyPath(r), nil, h...)
				same(t, short(r)+" with "+h[0]+": "+h[1], []any{res.Status, res.Header.Get("WWW-Authenticate")}, []any{401, "Bearer"})
			}
		}
	}, manortest.Idle())
}

// A change that was not committed is never told of as a success, and leaves
// nothing behind: the same request succeeds afterwards.
func TestFailedCommits(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		w := newWorld(t, app)
		w.walk(func(q request) {
			before := dump(t, app)
			app.FailCommits(true)
			r := q.send(q.body)
			app.FailCommits(false)
			same(t, q.route+" when nothing can be committed", []any{r.Status, r.Header.Get("Set-Cookie")}, []any{503, ""})
			same(t, q.route+": the database", dump(t, app), before)
		})
	}, manortest.Idle())
}

// Fields that a request does not have are refused by name, those above all
// that would give power.
func TestMassAssignment(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		w := newWorld(t, app)
		w.walk(func(q request) {
			if q.body == nil {
				same(t, q.route+" with a body that it does not take", q.send(body{"is_superuser": true}).Status, 400)
				return
			}
			before := dump(t, app)
			for _, name := range []string{
				"is_superuser", "id", "created_at", "updated_at", "password_hash", "username_key", "epoch", "last_login", "date_joined",
				"approved", "trusted", "submitter_id", "owner_id", "is_system", "unknown", "$ref", "__proto__", "first_name ",
			} {
				b := maps.Clone(q.body)
				b[name] = true
				r := q.send(b)
				same(t, q.route+" with "+name, []any{r.Status, r.Value("errors.0.location")}, []any{422, "body." + name})
			}
			// All columns of all tables, and what other programs call power.
			has := fields(app, routeOf(t, app, q.route))
			for some := range slices.Chunk(powers(app), 15) {
				b, want := maps.Clone(q.body), []string(nil)
				for _, name := range some {
					if has[name] == nil {
						b[name] = true
						want = append(want, "body."+name)
					}
				}
				if len(want) == 0 {
					continue
				}
				r := q.send(b)
				same(t, q.route+" with columns", []any{r.Status, blamed(r)}, []any{422, want})
			}
			for _, name := range []string{"user", "users", "data", "attributes", "extra", "set"} {
				b := maps.Clone(q.body)
				b[name] = body{"is_superuser": true, "roles": []string{"superuser"}}
				same(t, q.route+" with power within "+name, q.send(b).Status, 422)
			}
			for name := range q.body { // another case is another name
				b := maps.Clone(q.body)
				b[strings.ToUpper(name)] = b[name]
				same(t, q.route+" with "+strings.ToUpper(name), q.send(b).Status, 422)
			}
			same(t, q.route+": the database", dump(t, app), before)
		})
	}, manortest.Idle())
}

// powers returns names that must not be taken from a request by the way, sorted.
func powers(app *manortest.App) []string {
	names := []string{
		"admin", "role", "roles", "is_admin", "superuser", "staff", "verified", "is_verified", "active", "permissions", "scopes", "tenant_id", "organization_id",
		"group_ids", "owner", "created_by", "updated_by", "deleted", "is_deleted", "password_digest", "hashed_password", "salt", "totp_secret", "recovery_codes",
		"session_id", "max_keys_per_user", "quota", "balance", "version", "etag", "_id", "type", "__class__", "constructor",
	}
	for _, s := range app.Schemas() {
		for _, c := range s.Columns {
			names = append(names, c.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// blamed returns what the errors of an answer are about, sorted.
func blamed(r *manortest.Response) (out []string) {
	for i := range r.Len("errors") {
		out = append(out, r.Text("errors."+itoa(i)+".location"))
	}
	slices.Sort(out)
	return out
}

// Other bodies than JSON are refused before anything happens.
func TestBodies(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		w := newWorld(t, app)
		w.walk(func(q request) {
			if q.body == nil {
				return
			}
			for what, x := range map[string]struct {
				text, media string
				statuses    []int
			}{
				"a form":        {"a=b", "application/x-www-form-urlencoded", []int{415}},
				"plain text":    {"{}", "text/plain", []int{415}},
				"nothing":       {"", "application/json", []int{400}},
				"half of it":    {`{"a":`, "application/json", []int{400}},
				"two":           {`{}{}`, "application/json", []int{400, 422}},
				"a list":        {`[]`, "application/json", []int{422}},
				"null":          {`null`, "application/json", []int{422}},
				"a NUL":         {`{"name":"\u0000"}`, "application/json", []int{400, 422}},
				"not UTF-8":     {"{\"name\":\"\xff\"}", "application/json", []int{400, 422}},
				"half a letter": {`{"name":"\ud800"}`, "application/json", []int{400, 422}},
				"too much":      {`{"name":"` + strings.Repeat("x", 2<<20) + `"}`, "application/json", []int{413}},
				"too deep":      {`{"name":` + strings.Repeat("[", 100_000) + `}`, "application/json", []int{400, 422}},
			} {
				if what == "nothing" && q.route == "DELETE /users/me" {
					continue // for who has just proved who they are
				}
				r := q.client.Do(q.method, q.path, x.text, "Content-Type", x.media)
				if !slices.Contains(x.statuses, r.Status) {
					t.Errorf("%s with %s: %d, want %v", q.route, what, r.Status, x.statuses)
				}
			}
		})
	}, manortest.Idle())
}
