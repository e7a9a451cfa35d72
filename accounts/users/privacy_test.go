package users_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/manorgo/manor/accounts/internal/accountstest"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

// TestPrivacy holds every combination of what people say about themselves to
// what every kind of caller gets to see.
func TestPrivacy(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		stranger := h.Person("stranger", func(c *users.Create) { c.PublicProfile = new(false) })
		type sees struct{ Get, Listed, Email, EmailInList, Whole bool }
		for i := range 1 << 4 {
			bit := func(n int) bool { return i>>n&1 == 1 }
			profile, active, verified, search := bit(0), bit(1), bit(2), bit(3)
			for _, privacy := range []users.EmailPrivacy{users.EmailPublic, users.EmailPrivate, users.EmailNever} {
				name := fmt.Sprintf("u-%d-%s", i, privacy)
				u := h.Person(name, func(c *users.Create) {
					c.PublicProfile, c.Active, c.EmailVerified, c.EmailPrivacy = &profile, &active, verified, privacy
					if !search {
						c.SearchVisibility = users.SearchPrivate
					}
				})
				public := profile && active && verified
				for caller, c := range map[string]struct {
					ctx  context.Context
					want sees
				}{
					"anonymous": {t.Context(), sees{
						Get: public, Listed: public && search, Email: public && privacy == users.EmailPublic,
						EmailInList: public && search && privacy == users.EmailPublic,
					}},
					"stranger": {h.As(stranger), sees{
						Get: public, Listed: public && search, Email: public && privacy != users.EmailNever,
						EmailInList: public && search && privacy == users.EmailPublic,
					}},
					"self": {h.As(u), sees{
						Get: true, Listed: public && search, Email: true, EmailInList: public && search, Whole: true,
					}},
					"reader": {h.As(stranger, users.Read), sees{true, true, true, true, true}},
				} {
					var got sees
					row, err := h.Users.Get(c.ctx, u.ID)
					if got.Get = err == nil; !got.Get {
						h.Want(name, err, fault.NotFound)
					} else {
						v := h.Users.View(c.ctx, &row)
						got.Email, got.Whole = v.Email == u.Email, v.Private != nil
					}
					page, err := h.Users.List(c.ctx, data.Query[users.User]{Limit: -1})
					h.Must(err)
					for _, row := range page.Items {
						if row.ID == u.ID {
							got.Listed, got.EmailInList = true, h.Users.ListView(c.ctx, &row).Email == u.Email
						}
					}
					if diff := cmp.Diff(c.want, got); diff != "" {
						t.Errorf("%s, profile %v, active %v, verified %v, search %v, for %s (-want +got):\n%s",
							name, profile, active, verified, search, caller, diff)
					}
				}
			}
		}
	})
}

func TestPrivacyOverHTTP(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		call := h.Serve()
		ada, bob := h.Person("ada"), h.Person("bob", func(c *users.Create) { c.PublicProfile = new(false) })

		seen := call(nil, "", "GET", "/users/"+ada.ID.String(), "").Is("public profile", 200, "")
		want := map[string]any{"id": ada.ID.String(), "username": "ada", "first_name": "", "last_name": "", "bio": ""}
		if diff := cmp.Diff(want, seen.Body); diff != "" {
			t.Errorf("what everybody sees (-want +got):\n%s", diff)
		}
		if seen.Header.Get("ETag") == "" {
			t.Error("no ETag")
		}
		call(nil, "", "GET", "/users/"+bob.ID.String(), "").Is("hidden profile", 404, "")
		call(nil, "", "GET", "/users/by-username/bob", "").Is("hidden profile by name", 404, "")
		call(nil, "", "GET", "/users/by-username/ADA", "").Is("by name in any case", 200, "")
		call(nil, "", "GET", "/users/by-email/ada@example.com", "").Is("by address, anonymous", 401, "")
		call(&bob, "", "GET", "/users/by-email/ada@example.com", "").Is("by address", 403, "")
		call(&bob, users.Read, "GET", "/users/by-email/ADA@example.com", "").Is("by address, reader", 200, "")
		call(&bob, users.Read, "GET", "/users/by-email/nobody@example.com", "").Is("by address of nobody", 404, "")
		me := call(&bob, "", "GET", "/users/me", "").Is("me", 200, "")
		if me.Body["email"] != bob.Email || me.Body["password_hash"] != nil || me.Body["email_key"] != nil {
			t.Errorf("me: %v", me.Body)
		}
		call(nil, "", "GET", "/users/me", "").Is("me, anonymous", 401, "")

		for _, restricted := range []string{"isActive=true", "isStaff=false", "isSuperuser=true", "emailVerified=true", "ids=" + bob.ID.String(), "role=staff"} {
			if a := call(&ada, "", "GET", "/users?"+restricted, ""); a.Status != 403 && a.Status != 400 {
				t.Errorf("?%s by somebody without users:read: %d", restricted, a.Status)
			}
			call(&ada, users.Read, "GET", "/users?"+restricted, "").Is("?"+restricted+" by a reader", 200, "")
		}
		list := call(nil, "", "GET", "/users", "").Is("list", 200, "")
		if list.Body["total"] != 1.0 {
			t.Errorf("list: %v", list.Body)
		}
	})
}
