package accounts_test

import (
	"strconv"
	"sync"
	"testing"

	"github.com/manorgo/manor/manortest"
)

// TestRightsFollowTheRole changes what a role permits, and who holds it, on one
// instance: the next request to another one knows.
func TestRightsFollowTheRole(t *testing.T) {
	t.Parallel()
	manortest.Two(t, func(t *testing.T, a, b *manortest.App) {
		admin, ann := a.Admin(t), a.User(t, "ann")
		holding := "/roles/helpers/users/" + ann.User.ID.String()
		check := func(what string, status int) {
			t.Helper()
			for _, app := range []*manortest.App{b, a} {
				same(t, what, ann.At(app).Get("/memberships").Status, status)
			}
		}
		admin.Post("/roles", body{"name": "helpers", "permissions": []string{"users:read"}}).Want(201)
		admin.Put(holding, nil).Want(204)
		check("a role without the permission", 403)
		for _, list := range [][]string{{"memberships:read"}, {"memberships:*", "users:read"}} {
			admin.Patch("/roles/helpers", body{"permissions": list}).Want(200)
			check("the role got the permission", 200)
			admin.Patch("/roles/helpers", body{"permissions": []string{}}).Want(200)
			check("the role lost it", 403)
		}
		admin.Patch("/roles/helpers", body{"name": "readers", "permissions": []string{"memberships:read"}}).Want(200)
		check("under another name", 200)
		holding = "/roles/readers/users/" + ann.User.ID.String()
		admin.At(b).Delete(holding).Want(204)
		check("taken from her", 403)
		admin.Put(holding, nil).Want(204)
		check("given back", 200)
		admin.At(b).Delete("/roles/readers?force=true").Want(204)
		check("the role is gone", 403)
	}, manortest.Idle())
}

// TestLostUpdates has 32 count in one field of one row, each from the state that
// it read: every success is one more, and who came late is told so.
func TestLostUpdates(t *testing.T) {
	const writers, rounds = 32, 4
	each(t, func(t *testing.T, app *manortest.App) {
		admin, ann := app.Admin(t), app.User(t, "ann")
		admin.Post("/roles", body{"name": "helpers"}).Want(201)
		mine := "/users/me/membership"
		membership := ann.Post(mine, body{}).Want(201).Text("id")
		group := "/groups/" + ann.Post("/groups", body{"name": "Gophers"}).Want(201).Text("id")
		for _, c := range []struct {
			who         *manortest.Client
			path, field string
		}{
			{admin, "/roles/helpers", "description"},
			{admin, "/memberships/" + membership, "city"},
			{ann, mine, "region"},
			{ann, group, "location"},
			{admin, group, "location"},
			{ann, "/users/me", "bio"},
			{admin, "/users/" + ann.User.ID.String(), "last_name"},
		} {
			c.who.Patch(c.path, body{c.field: "0"}).Want(200)
			var mu sync.Mutex
			states, won := map[string]bool{}, 0
			for range rounds {
				got := together(writers, func(int) *manortest.Response {
					was := c.who.Get(c.path).Want(200)
					n, err := strconv.Atoi(was.Text(c.field))
					if err != nil {
						t.Error(err)
					}
					next := body{c.field: strconv.Itoa(n + 1)}
					r := c.who.Do("PATCH", c.path, next, "If-Match", was.ETag())
					for r.Status == 503 { // busy: nothing happened
						r = c.who.Do("PATCH", c.path, next, "If-Match", was.ETag())
					}
					if r.Status == 200 {
						mu.Lock()
						defer mu.Unlock()
						states[r.ETag()] = true
					}
					return r
				})
				if got[200] == 0 || got[200]+got[412] != writers {
					t.Errorf("PATCH %s by %d: %v", c.path, writers, got)
				}
				won += got[200]
			}
			count := c.who.Get(c.path).Want(200).Text(c.field)
			same(t, c.path+": the count and the states", []string{count, strconv.Itoa(len(states))}, []string{strconv.Itoa(won), strconv.Itoa(won)})
		}
	}, manortest.Idle())
}
