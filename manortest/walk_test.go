package manortest_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/manorgo/manor/accounts/identities"
	"github.com/manorgo/manor/examples/shop/products"
	"github.com/manorgo/manor/manortest"
	"github.com/manorgo/manor/secret"
	"github.com/manorgo/manor/web"
)

type body = map[string]any

// each runs a test on every database, with a domain beside the built-in ones.
func each(t *testing.T, run func(t *testing.T, app *manortest.App), opts ...manortest.Option) {
	t.Helper()
	t.Parallel()
	manortest.Each(t, run, append(opts, manortest.Domains(products.Domain))...)
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// A world is an app in which every route that writes has something to do.
type world struct {
	t                *testing.T
	app              *manortest.App
	admin, ann, anon *manortest.Client
	bob, carol, dan  *manortest.Client
	known            map[string]string   // ids and tokens that answers gave, by name
	cost             map[string][]string // the statements of each route that was walked
}

func newWorld(t *testing.T, app *manortest.App) *world {
	t.Helper()
	w := &world{t: t, app: app, known: map[string]string{}, cost: map[string][]string{}, anon: app.Anonymous(t), admin: app.Admin(t)}
	w.ann, w.bob, w.carol, w.dan = app.User(t, "ann"), app.User(t, "bob"), app.User(t, "carol"), app.User(t, "dan")
	w.known["ann"], w.known["bob"], w.known["carol"] = w.ann.User.ID.String(), w.bob.User.ID.String(), w.carol.User.ID.String()
	w.anon.Post("/auth/login", login("bob")).Want(200)
	w.known["session"] = w.bob.Get("/auth/sessions?orderBy=created_at&pageSize=1").Want(200).Text("items.0.id")
	w.anon = app.Anonymous(t) // without the cookie
	w.known["identity"] = identityOf(t, app, w.ann.User.ID.String())
	return w
}

// identityOf links an account at a provider to a user, and returns what it is here.
func identityOf(t *testing.T, app *manortest.App, user string) string {
	t.Helper()
	a, err := app.Identities().Upsert(t.Context(), user, identities.Account{Provider: "google", AccountID: user, Access: secret.NewText("access")})
	if err != nil {
		t.Fatal(err)
	}
	return a.ID
}

func login(name string) body { return body{"identifier": name, "password": manortest.Password} }

// A write is a request that changes something.
type write struct {
	route  string // as Routes has it, without the prefix
	caller string // ann, bob, carol, dan or admin; "" is nobody
	path   string // with {name} for what is known; "" means as the route
	body   func(w *world) body
	keep   string // what the id in the answer is known as, for later
	after  func(w *world, r *manortest.Response)
}

func fixed(b body) func(*world) body { return func(*world) body { return maps.Clone(b) } }

// writes are requests to every route that writes, in an order in which all
// succeed.
var writes = []write{
	{route: "POST /auth/register", body: fixed(body{"email": "new@example.com", "password": manortest.Password}), after: func(w *world, _ *manortest.Response) {
		w.known["verify"] = w.app.MailedToken(w.t, "new@example.com")
	}},
	{route: "POST /auth/verify/resend", body: fixed(body{"email": "new@example.com"})},
	{route: "POST /auth/verify", body: func(w *world) body { return body{"token": w.known["verify"]} }, keep: "new"},
	{route: "POST /auth/password/forgot", body: fixed(body{"email": "new@example.com"})},
	{route: "POST /users/{id}/password-reset", caller: "admin", path: "/users/{new}/password-reset", after: func(w *world, _ *manortest.Response) {
		w.known["reset"] = w.app.MailedToken(w.t, "new@example.com")
	}},
	{route: "POST /auth/password/reset", body: func(w *world) body {
		return body{"token": w.known["reset"], "password": manortest.Password}
	}},
	{route: "POST /auth/login", body: fixed(login("new@example.com"))},
	{route: "POST /auth/token", body: fixed(login("new@example.com")), after: keepTokens},
	{route: "POST /auth/token/refresh", body: func(w *world) body { return body{"refresh_token": w.known["refresh"]} }, after: keepTokens},
	{route: "POST /auth/token/revoke", body: func(w *world) body { return body{"token": w.known["access"]} }},
	{route: "DELETE /auth/sessions/{id}", caller: "bob", path: "/auth/sessions/{session}"},
	{route: "POST /auth/sessions/revoke-others", caller: "bob"},
	{route: "PATCH /users/me", caller: "ann", body: fixed(body{"first_name": "Ann"})},
	{route: "DELETE /users/me/identities/{id}", caller: "ann", path: "/users/me/identities/{identity}"},
	{route: "POST /auth/password/change", caller: "bob", body: fixed(body{"current_password": manortest.Password, "new_password": manortest.Password})},

	{route: "POST /api-keys", caller: "bob", body: fixed(body{"name": "deploy", "scopes": []string{}}), after: keepKey},
	{route: "PATCH /api-keys/{key_id}", caller: "bob", path: "/api-keys/{key}", body: fixed(body{"name": "deploys", "scopes": []string{}})},
	{route: "POST /api-keys/{key_id}/rotate", caller: "bob", path: "/api-keys/{key}/rotate", body: fixed(body{"overlap_seconds": 60}), after: keepKey},
	{route: "DELETE /api-keys/{key_id}", caller: "bob", path: "/api-keys/{key}"},
	{route: "POST /users/{id}/api-keys", caller: "admin", path: "/users/{bob}/api-keys", body: fixed(body{"name": "theirs", "scopes": []string{}}), after: keepKey},
	{route: "DELETE /users/{id}/api-keys/{key_id}", caller: "admin", path: "/users/{bob}/api-keys/{key}"},
	{route: "POST /api-keys/revoke-all", caller: "bob"},

	{route: "POST /users/me/membership", caller: "ann", body: fixed(body{"city": "Oslo"})},
	{route: "PATCH /users/me/membership", caller: "ann", body: fixed(body{"city": "Bergen"})},
	{route: "DELETE /users/me/membership", caller: "ann"},
	{route: "POST /memberships", caller: "admin", body: func(w *world) body { return body{"user_id": w.known["bob"]} }, keep: "membership"},
	{route: "PATCH /memberships/{id}", caller: "admin", path: "/memberships/{membership}", body: fixed(body{"votes": true})},
	{route: "DELETE /memberships/{id}", caller: "admin", path: "/memberships/{membership}"},

	{route: "POST /groups", caller: "ann", body: fixed(body{"name": "Gophers"}), keep: "group"},
	{route: "PATCH /groups/{id}", caller: "ann", path: "/groups/{group}", body: fixed(body{"location": "Oslo"})},
	{route: "POST /groups/{id}/approve", caller: "admin", path: "/groups/{group}/approve"},
	{route: "POST /groups/{id}/trust", caller: "admin", path: "/groups/{group}/trust"},
	{route: "POST /groups/{id}/revoke-trust", caller: "admin", path: "/groups/{group}/revoke-trust"},
	{route: "POST /groups/{id}/revoke-approval", caller: "admin", path: "/groups/{group}/revoke-approval"},
	{route: "DELETE /groups/{id}", caller: "ann", path: "/groups/{group}"},

	{route: "POST /products", caller: "ann", body: fixed(body{"name": "Lamp", "price": "9.50"}), keep: "product"},
	{route: "PATCH /products/{id}", caller: "ann", path: "/products/{product}", body: fixed(body{"name": "Floor lamp"})},
	{route: "DELETE /products/{id}", caller: "ann", path: "/products/{product}"},

	{route: "POST /auth/email/change", caller: "carol", body: fixed(body{"current_password": manortest.Password, "email": "new-carol@example.com"}), after: func(w *world, _ *manortest.Response) {
		w.known["confirm"], w.known["undo"] = w.app.MailedToken(w.t, "new-carol@example.com"), w.app.MailedToken(w.t, "carol@example.com")
	}},
	{route: "POST /auth/email/confirm", body: func(w *world) body { return body{"token": w.known["confirm"]} }},
	{route: "POST /auth/email/undo", body: func(w *world) body { return body{"token": w.known["undo"]} }},
	{route: "DELETE /users/me", caller: "dan", body: fixed(body{"current_password": manortest.Password}), after: func(w *world, _ *manortest.Response) {
		w.known["return"] = w.app.MailedToken(w.t, "dan@example.com")
	}},
	{route: "POST /auth/deletion/undo", body: func(w *world) body { return body{"token": w.known["return"]} }},

	{route: "POST /roles", caller: "admin", body: fixed(body{"name": "editors", "permissions": []string{"groups:moderate"}})},
	{route: "PATCH /roles/{name}", caller: "admin", path: "/roles/editors", body: fixed(body{"description": "They edit."})},
	{route: "PUT /roles/{name}/users/{user_id}", caller: "admin", path: "/roles/editors/users/{bob}"},
	{route: "DELETE /roles/{name}/users/{user_id}", caller: "admin", path: "/roles/editors/users/{bob}"},
	{route: "DELETE /roles/{name}", caller: "admin", path: "/roles/editors"},

	{route: "POST /users", caller: "admin", body: fixed(body{"email": "made@example.com"}), keep: "made"},
	{route: "PATCH /users/{id}", caller: "admin", path: "/users/{made}", body: fixed(body{"first_name": "Made"})},
	{route: "POST /users/invitations", caller: "admin", body: fixed(body{"email": "invited@example.com"}), after: func(w *world, _ *manortest.Response) {
		w.known["invite"] = w.app.MailedToken(w.t, "invited@example.com")
		w.known["invitation"] = w.admin.Post("/users/invitations", body{"email": "other-invited@example.com"}).Want(201).Text("id")
	}},
	{route: "POST /auth/invitations/accept", body: func(w *world) body {
		return body{"token": w.known["invite"], "password": manortest.Password}
	}},
	{route: "DELETE /users/invitations/{id}", caller: "admin", path: "/users/invitations/{invitation}"},
	{route: "POST /users/{id}/verify/resend", caller: "admin", path: "/users/{made}/verify/resend"},
	{route: "POST /users/{id}/sessions/revoke", caller: "admin", path: "/users/{carol}/sessions/revoke"},
	{route: "POST /users/{id}/deactivate", caller: "admin", path: "/users/{carol}/deactivate"},
	{route: "POST /users/{id}/reactivate", caller: "admin", path: "/users/{carol}/reactivate"},
	{route: "DELETE /users/{id}", caller: "admin", path: "/users/{carol}"},
	{route: "POST /auth/step-up", caller: "bob", body: fixed(body{"password": manortest.Password})},
	{route: "POST /auth/logout", caller: "bob"},
}

func keepKey(w *world, r *manortest.Response) { w.known["key"] = r.Text("key_id") }

func keepTokens(w *world, r *manortest.Response) {
	w.known["access"], w.known["refresh"] = r.Text("access_token"), r.Text("refresh_token")
}

// A request is a write in a world.
type request struct {
	write
	client       *manortest.Client
	method, path string
	body         body // nil if there is none
}

func (q request) send(b body) *manortest.Response {
	if b == nil {
		return q.client.Do(q.method, q.path, nil)
	}
	return q.client.Do(q.method, q.path, b)
}

// walk sends all writes, each of which must succeed. Before each it calls do.
func (w *world) walk(do func(q request)) {
	w.t.Helper()
	clients := map[string]*manortest.Client{"": w.anon, "ann": w.ann, "bob": w.bob, "carol": w.carol, "dan": w.dan, "admin": w.admin}
	for _, x := range writes {
		q := request{write: x, client: clients[x.caller]}
		if x.caller == "" {
			q.client = w.app.Anonymous(w.t)
		}
		q.method, q.path, _ = strings.Cut(x.route, " ")
		if x.path != "" {
			q.path = w.fill(x.path)
		}
		if x.body != nil {
			q.body = x.body(w)
		}
		do(q)
		var r *manortest.Response
		w.cost[x.route] = w.app.Statements(func() { r = q.send(q.body) })
		if r.Status/100 != 2 {
			w.t.Fatalf("%s: %d: %s", x.route, r.Status, r.Body)
		}
		if x.keep != "" {
			w.known[x.keep] = r.Text("id")
		}
		if x.after != nil {
			x.after(w, r)
		}
	}
}

// fill puts what is known into a path.
func (w *world) fill(path string) string {
	for name, value := range w.known {
		path = strings.ReplaceAll(path, "{"+name+"}", value)
	}
	return path
}

// routes returns the routes of an app that satisfy a condition.
func routes(app *manortest.App, which func(web.Route) bool) (out []web.Route) {
	for _, r := range app.Router().Routes() {
		if which(r) {
			out = append(out, r)
		}
	}
	return out
}

// writesSomething leaves out the one question that is too long for an address.
func writesSomething(r web.Route) bool {
	return r.Method != http.MethodGet && short(r) != "POST /api-keys/verify"
}

// short returns a route as writes name it.
func short(r web.Route) string { return r.Method + " " + strings.TrimPrefix(r.Path, "/api/v1") }

// anyPath puts something into each wildcard of a route's path.
func anyPath(r web.Route) string {
	return strings.NewReplacer(
		"/api/v1", "", "{id}", "01890000-0000-7000-8000-000000000000", "{user_id}", "01890000-0000-7000-8000-000000000001",
		"{name}", "staff", "{username}", "nobody", "{email}", "nobody@example.com", "{key_id}", "0000000000000000",
	).Replace(r.Path)
}

// A route that is added must be walked, too.
func TestWritesAreComplete(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		var got, want []string
		for _, x := range writes {
			got = append(got, x.route)
		}
		for _, r := range routes(app, writesSomething) {
			want = append(want, short(r))
		}
		slices.Sort(got)
		slices.Sort(want)
		same(t, "routes that are walked", got, want)
	}, manortest.Idle())
}
