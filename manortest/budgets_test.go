package manortest_test

import (
	"strings"
	"testing"

	"github.com/manorgo/manor/manortest"
)

// budgets say how many statements a request may cost, with those that find out
// who is calling and without the commit and what is queued for later. One of a
// write is its entry in the audit.
var budgets = map[string]int{"GET": 2, "list": 3, "POST": 5, "PUT": 5, "PATCH": 4, "DELETE": 4}

// dearer are routes that must look at more than their own row.
var dearer = map[string]int{
	"GET /roles/{name}/users":              4, // is there such a role?
	"DELETE /roles/{name}":                 5, // does anybody hold it?
	"DELETE /roles/{name}/users/{user_id}": 5, // are there such a role and such a user?
	"POST /auth/password/forgot":           0, // the same for everybody: a task looks
	"POST /auth/verify/resend":             0,
	"POST /auth/password/reset":            7,  // is the link good, whose is it, the account, the link, the password, other links
	"POST /auth/password/change":           7,  // and who: the account, the password, open links, the session that goes on
	"POST /auth/email/change":              11, // and who: the account twice, is it taken, earlier links, two links, two mails
	"POST /auth/email/undo":                9,  // whose is the link, the link, who is in the way, the address, three kinds of links, the new link
	"DELETE /users/me":                     10, // and who: the account, the last superuser, the mark, keys, open links, the link, the mail
	"POST /users/invitations":              6,  // and who: is it taken, earlier ones, the link, the mail
	"POST /auth/invitations/accept":        6,  // is the link good, whose is it, the link, the account, other links
	"POST /users/{id}/deactivate":          7,  // and who: the last superuser, the switch, keys, open links
	"DELETE /users/{id}":                   6,
	"POST /api-keys":                       6, // and who: the account, what they may do, how many keys, the key
	"POST /users/{id}/api-keys":            6,
	"PATCH /api-keys/{key_id}":             6, // and who: the account, what they may do, hold the key, the key
	"POST /api-keys/{key_id}/rotate":       9, // and who: the account, what they may do, hold the key, its end, how many, the new one, its name
	"DELETE /users/{id}/api-keys/{key_id}": 5, // and who: is it in reach, hold it, its end
	"DELETE /users/me/identities/{id}":     5, // and who: hold them, the row, what is left
	"POST /auth/token":                     6, // who is it, when they last came, what they may do, the session, its refresh token
	"POST /users/{id}/password-reset":      7, // who is it, the earlier link, the link, the mail
	"POST /users/{id}/verify/resend":       7, // who is it, how many links are open, the link, the mail
}

func within(t *testing.T, route, kind string, statements []string) {
	t.Helper()
	most, ok := dearer[route]
	if !ok {
		most = budgets[kind]
	}
	if len(statements) < min(1, most) || len(statements) > most {
		t.Errorf("%s costs %d statements, want at most %d:\n%s", route, len(statements), most, strings.Join(statements, "\n"))
	}
}

func TestReadBudgets(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		w := newWorld(t, app)
		product := "/products/" + w.ann.Post("/products", body{"name": "Lamp", "price": "1"}).Want(201).Text("id")
		access := w.anon.Post("/auth/token", login("ann")).Want(200).Text("access_token")
		read := func(c *manortest.Client, kind, route, path string) {
			t.Helper()
			within(t, route, kind, app.Statements(func() { c.Get(path).Want(200) }))
		}
		for _, ann := range []*manortest.Client{w.ann, w.ann.Bearer(access)} {
			read(ann, "GET", "GET /users/me", "/users/me")
			read(ann, "GET", "GET /products/{id}", product)
			read(ann, "GET", "GET /users/{id}", "/users/"+w.known["bob"])
			read(ann, "GET", "GET /products/price-range", "/products/price-range")
		}
		for _, r := range lists(app) {
			read(w.admin, "list", short(r), anyPath(r)+"?pageSize=50")
		}
	}, manortest.Idle())
}

func TestWriteBudgets(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		w := newWorld(t, app)
		w.walk(func(request) {})
		for route, statements := range w.cost {
			method, _, _ := strings.Cut(route, " ")
			within(t, route, method, statements)
		}
		// A condition on the state costs nothing.
		made := w.ann.Post("/products", body{"name": "Lamp", "price": "1"}).Want(201)
		path, tag := "/products/"+made.Text("id"), made.ETag()
		within(t, "PATCH /products/{id}", "PATCH", app.Statements(func() {
			tag = w.ann.Do("PATCH", path, body{"price": "2"}, "If-Match", tag).Want(200).ETag()
		}))
		within(t, "DELETE /products/{id}", "DELETE", app.Statements(func() {
			w.ann.Do("DELETE", path, nil, "If-Match", tag).Want(204)
		}))
	}, manortest.Idle())
}
