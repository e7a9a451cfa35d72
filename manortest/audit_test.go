package manortest_test

import (
	"strings"
	"testing"

	"github.com/manorgo/manor/audit"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/manortest"
)

// changeless are routes that change nothing when they are walked.
var changeless = map[string]bool{
	"POST /auth/password/forgot":        true, // it asks a task
	"POST /auth/verify/resend":          true,
	"POST /auth/sessions/revoke-others": true, // there is no other by then
}

// trail returns the entries of the audit, the newest first.
func trail(t *testing.T, app *manortest.App) []audit.Entry {
	t.Helper()
	page, err := app.Audit().List(t.Context(), data.Query[audit.Entry]{Order: audit.Newest(), Limit: -1})
	if err != nil {
		t.Fatal(err)
	}
	return page.Items
}

// Every route that writes has an entry of who called it, and whoever may not
// call it has one, too.
func TestAudit(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		w := newWorld(t, app)
		last, route := len(trail(t, app)), ""
		check := func() {
			t.Helper()
			now := trail(t, app)
			fresh := now[:len(now)-last]
			last = len(now)
			if route == "" || changeless[route] {
				return
			}
			if len(fresh) == 0 {
				t.Errorf("%s has no entry", route)
			}
			method, path, _ := strings.Cut(route, " ")
			for _, e := range fresh {
				if e.Via != method+" /api/v1"+path || e.RequestID == "" || e.IPPrefix == "" || (e.ActorKind == audit.User) != (e.Actor != "") {
					t.Errorf("%s: %+v", route, e)
				}
			}
		}
		w.walk(func(q request) {
			check()
			route = q.route
		})
		check()

		if _, err := app.Audit().Checkpoint(t.Context()); err != nil {
			t.Fatal(err)
		}
		r, err := app.Audit().Verify(t.Context())
		if err != nil || r.Broken != nil || r.Entries != int64(last) {
			t.Errorf("verified %+v, %v", r, err)
		}

		// A refused change is told of, a refused look is not.
		for range 3 {
			w.ann.Post("/roles", body{"name": "kings"}).Want(403)
		}
		w.ann.Get("/audit").Want(403)
		app.Anonymous(t).Post("/auth/login", body{"identifier": "bob", "password": "wrong wrong wrong"}).Want(401)
		if err := app.Audit().Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		roles := w.admin.Get("/audit?outcome=refused&reason=forbidden").Want(200)
		same(t, "without the permission", []any{roles.Value("total"), roles.Value("items.0.via"), roles.Value("items.0.actor"), roles.Value("items.0.count")},
			[]any{1.0, "POST /api/v1/roles", w.known["ann"], 3.0})
		logins := w.admin.Get("/audit?outcome=refused&reason=CREDENTIALS_INVALID").Want(200)
		same(t, "with a wrong password", []any{logins.Value("total"), logins.Value("items.0.via"), logins.Value("items.0.actor_kind"), logins.Value("items.0.count")},
			[]any{1.0, "POST /api/v1/auth/login", "anonymous", 1.0})

		same(t, "whose password it was not", []any{logins.Value("items.0.object_type"), logins.Value("items.0.object_id")}, []any{"users", w.known["bob"]})

		// People see what concerns them, and nothing else.
		mine := w.ann.Get("/users/me/audit?pageSize=100").Want(200)
		items, _ := mine.Value("items").([]any)
		if len(items) == 0 {
			t.Error("ann sees nothing")
		}
		for _, i := range items {
			row := i.(map[string]any)
			if row["actor"] != w.known["ann"] && row["on_behalf_of"] != w.known["ann"] && row["object_id"] != w.known["ann"] {
				t.Errorf("ann sees %v", row)
			}
		}
		app.Anonymous(t).Get("/audit").Want(401)
		same(t, "writing", w.admin.Post("/audit", body{}).Status, 405)
	}, manortest.Idle())
}
