package manortest_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/manorgo/manor/manortest"
	"github.com/manorgo/manor/web"
)

// fields returns the fields of a route's body, as OpenAPI has them.
func fields(app *manortest.App, r web.Route) map[string]*huma.Schema {
	b := operation(app, r).RequestBody
	if b == nil {
		return nil
	}
	s := b.Content["application/json"].Schema
	if s.Ref != "" {
		s = app.Router().OpenAPI().Components.Schemas.SchemaFromRef(s.Ref)
	}
	return s.Properties
}

// routeOf returns the route that a write is a request to.
func routeOf(t *testing.T, app *manortest.App, name string) web.Route {
	t.Helper()
	found := routes(app, func(r web.Route) bool { return short(r) == name })
	if len(found) != 1 {
		t.Fatalf("%d routes are called %s", len(found), name)
	}
	return found[0]
}

// Every text of every body has a greatest length. As much is not too much, for
// the tables either, and one character more is refused by name.
func TestLengths(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		w, tried := newWorld(t, app), 0
		w.walk(func(q request) {
			if q.body == nil {
				return
			}
			for name, s := range fields(app, routeOf(t, app, q.route)) {
				if s.MaxLength == nil {
					if s.Type == "string" && len(s.Enum) == 0 && s.Format == "" && s.ContentEncoding == "" && !strings.Contains(q.route, "/products") { // an example's
						t.Errorf("%s: %s may be as long as you like", q.route, name)
					}
					continue
				}
				tried++
				b := maps.Clone(q.body)
				b[name] = strings.Repeat("é", *s.MaxLength+1)
				r := q.send(b)
				same(t, q.route+" with a long "+name, []any{r.Status, r.Value("errors.0.location")}, []any{422, "body." + name})
				b[name] = strings.Repeat("é", *s.MaxLength)
				app.FailCommits(true) // so that nothing comes of it
				r = q.send(b)
				app.FailCommits(false)
				if !slices.Contains([]int{400, 401, 403, 404, 409, 422, 503, 204}, r.Status) || strings.Contains(string(r.Body), "at most") {
					t.Errorf("%s with %s of %d characters: %d: %s", q.route, name, *s.MaxLength, r.Status, r.Body)
				}
			}
		})
		if tried < 40 {
			t.Errorf("only %d texts were tried", tried)
		}
	}, manortest.Idle())
}

// What is gone is as what was never there, for those who may do everything and
// those whose it was.
func TestGoneIsAsNeverThere(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		w := newWorld(t, app)
		carol := "/users/" + w.known["carol"]
		w.admin.Post("/memberships", body{"user_id": w.known["carol"]}).Want(201)
		membership := "/memberships/" + w.admin.Post("/memberships", body{"user_id": w.known["bob"]}).Want(201).Text("id")
		group := "/groups/" + w.ann.Post("/groups", body{"name": "Gophers"}).Want(201).Text("id")
		product := "/products/" + w.ann.Post("/products", body{"name": "Lamp", "price": "1"}).Want(201).Text("id")
		invitation := "/users/invitations/" + w.admin.Post("/users/invitations", body{"email": "guest@example.com"}).Want(201).Text("id")
		w.admin.Post("/roles", body{"name": "editors"}).Want(201)
		for _, path := range []string{carol, membership, group, invitation, "/roles/editors"} {
			w.admin.Delete(path).Want(204)
		}
		w.ann.Delete(product).Want(204)
		w.bob.Delete("/auth/sessions/" + w.known["session"]).Want(204)
		w.ann.Delete("/users/me/identities/" + w.known["identity"]).Want(204)
		asked := 0
		for prefix, gone := range map[string]string{
			"/users/{id}": carol, "/memberships/{id}": membership, "/groups/{id}": group, "/products/{id}": product, "/users/invitations/{id}": invitation,
			"/auth/sessions/{id}": "/auth/sessions/" + w.known["session"], "/users/me/identities/{id}": "/users/me/identities/" + w.known["identity"],
			"/users/by-username/{username}": "/users/by-username/carol", "/users/by-email/{email}": "/users/by-email/carol@example.com",
			"/roles/{name}": "/roles/editors",
		} {
			for _, r := range routes(app, func(r web.Route) bool { return strings.HasPrefix(r.Path, "/api/v1"+prefix) }) {
				if short(r) == "POST /users/{id}/reactivate" { // which brings back what is deleted
					continue
				}
				rest := strings.NewReplacer("{user_id}", w.known["ann"]).Replace(strings.TrimPrefix(r.Path, "/api/v1"+prefix))
				never := anyPath(web.Route{Path: "/api/v1" + strings.Replace(prefix, "{name}", "nothing", 1)}) + rest
				var send any
				if text := moves[short(r)].body; text != "" {
					send = strings.NewReplacer("{other}", w.known["bob"]).Replace(text)
				} else if r.Method == "PATCH" {
					send = body{"name": "New"}
				}
				query := ""
				if strings.HasSuffix(r.Path, "/permissions") {
					query = "?permission=users:read"
				}
				for _, c := range []*manortest.Client{w.admin, w.ann, w.bob} {
					asked++
					was, never := c.Do(r.Method, gone+rest+query, send), c.Do(r.Method, never+query, send)
					if same(t, short(r), told(was), told(never)); was.Status != 404 && was.Status != 403 && was.Value("total") != 0.0 { // or a list of nothing
						t.Errorf("%s of what is gone: %d", short(r), was.Status)
					}
				}
			}
		}
		if asked < 3*30 {
			t.Errorf("only %d requests", asked)
		}
	}, manortest.Idle())
}
