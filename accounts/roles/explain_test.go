package roles_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/manorgo/manor/accounts/internal/accountstest"
	"github.com/manorgo/manor/accounts/roles"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/patch"
)

func TestExplain(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		s, root, ada := service(h), h.Superuser("root1"), h.Person("ada", func(c *users.Create) { c.PublicProfile = new(false) })
		ctx := h.As(root, "*")
		for name, list := range map[string][]string{"readers": {"users:read"}, "keepers": {"users:*", "products:write"}} {
			_, err := s.Create(ctx, roles.Create{Name: name, Permissions: list})
			h.Must(err)
		}
		type reasons = []roles.Reason
		check := func(what, permission string, allowed bool, because reasons, would, blocked []string) {
			t.Helper()
			x, err := s.Explain(ctx, ada.ID, permission)
			want := roles.Explanation{UserID: ada.ID, Permission: strings.ToLower(permission), Allowed: allowed, Because: because, Would: would, Blocked: blocked}
			if diff := cmp.Diff(want, x); diff != "" || err != nil {
				t.Errorf("%s (-want +got), %v:\n%s", what, err, diff)
			}
		}
		none := []string{}
		check("nothing held", "users:read", false, reasons{}, []string{"keepers", "readers", "staff", "superuser"}, none)
		h.Must(s.Assign(ctx, "readers", ada.ID))
		h.Must(s.Assign(ctx, roles.Staff, ada.ID))
		check("by two roles, one by a flag", "Users:Read", true, reasons{{Role: "readers", Grant: "users:read"}, {Role: "staff", Grant: "users:read", Flag: "is_staff"}}, []string{"keepers", "superuser"}, none)
		check("not by either", "users:write", false, reasons{}, []string{"keepers", "superuser"}, none)
		h.Must(s.Assign(ctx, "keepers", ada.ID))
		check("by a wildcard", "users:write", true, reasons{{Role: "keepers", Grant: "users:*"}}, []string{"superuser"}, none)
		h.Must(s.Assign(ctx, roles.Superuser, ada.ID))
		check("by everything", "products:write", true, reasons{{Role: "keepers", Grant: "products:write"}, {Role: "superuser", Grant: "*", Flag: "is_superuser"}}, none, none)
		_, err := h.Users.Update(ctx, ada.ID, users.Update{Active: patch.Of(false), EmailVerified: patch.Of(false)})
		h.Must(err)
		check("who cannot sign in", "groups:moderate", false, reasons{{Role: "staff", Grant: "groups:moderate", Flag: "is_staff"}, {Role: "superuser", Grant: "*", Flag: "is_superuser"}}, none, []string{"inactive", "unverified"})

		for _, p := range []string{"users:fly", "users:*", "*", ""} {
			_, err := s.Explain(ctx, ada.ID, p)
			if fault.KindOf(err) != fault.Malformed {
				t.Errorf("explain %q: %v", p, err)
			}
		}
		_, err = s.Explain(ctx, users.ID{1}, "users:read")
		h.Want("of nobody", err, fault.NotFound)

		call, bob := h.Serve(), h.Person("bob")
		path := "/users/" + ada.ID.String() + "/permissions?permission="
		call(nil, "", "GET", path+"users:read", "").Is("explained to nobody", 401, "")
		call(&bob, "users:read roles:write", "GET", path+"users:read", "").Is("without roles:read", 403, "")
		call(&bob, "roles:read", "GET", path+"users:read", "").Is("of somebody who hides", 404, "")
		call(&bob, "roles:read users:read", "GET", path+"users:fly", "").Is("of no permission", 400, "")
		call(&bob, "roles:read users:read", "GET", strings.TrimSuffix(path, "?permission="), "").Is("of what is not said", 400, "")
		a := call(&bob, "roles:read users:read", "GET", path+"users:write", "").Is("explained", 200, "")
		if list, _ := a.Body["because"].([]any); a.Body["allowed"] != false || len(list) != 2 {
			t.Errorf("explained as %v", a.Body)
		}
	})
}

// TestEnsure has many programs prepare the same role at once.
func TestEnsure(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		s, ctx := service(h), h.As(h.Superuser("root1"), "*")
		told := listen(h)
		made := make([]roles.Role, 16)
		var wg sync.WaitGroup
		for i := range made {
			wg.Go(func() {
				var err error
				if made[i], err = s.Ensure(ctx, roles.Create{Name: "ＥDITORS", Permissions: []string{"users:read"}}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for _, r := range made {
			if diff := cmp.Diff(made[0], r); diff != "" || r.Name != "editors" {
				t.Errorf("two roles of one name:\n%s", diff)
			}
		}
		told.want(t, "that", "roles.created editors users:read")
		r, err := s.Ensure(ctx, roles.Create{Name: "editors", Permissions: []string{"users:write"}})
		if diff := cmp.Diff(made[0], r); diff != "" || err != nil {
			t.Errorf("a role that is there was changed, %v:\n%s", err, diff)
		}
		_, err = s.Ensure(h.As(h.Person("ada"), roles.Write), roles.Create{Name: "more", Permissions: []string{"users:read"}})
		h.Want("more than one holds", err, fault.Forbidden)
		_, err = s.Ensure(ctx, roles.Create{Name: "a b"})
		h.Want("a bad name", err, fault.Invalid)
	})
}

// TestLastSuperuserRace has the last two superusers go at once, in every way
// there is: one of them stays, each time.
func TestLastSuperuserRace(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		s, ctx := service(h), h.As(h.Person("root1"), "*")
		ways := []func(users.User) error{
			func(u users.User) error { return s.Unassign(ctx, roles.Superuser, u.ID) },
			func(u users.User) error { _, err := h.Users.SetActive(ctx, u.ID, false); return err },
			func(u users.User) error {
				_, err := h.Users.Update(ctx, u.ID, users.Update{EmailVerified: patch.Of(false)})
				return err
			},
			func(u users.User) error { return h.Users.Delete(ctx, u.ID) },
		}
		two := []users.User{h.Superuser("one"), h.Superuser("two")}
		for round := range 500 {
			var wg sync.WaitGroup
			begin, errs := make(chan struct{}), make([]error, 2)
			for i, u := range two {
				wg.Go(func() {
					<-begin
					way := ways[(round>>(2*i))%len(ways)]
					for errs[i] = way(u); fault.KindOf(errs[i]) == fault.Unavailable; {
						errs[i] = way(u)
					}
				})
			}
			close(begin)
			wg.Wait()
			there, err := h.Users.HasSuperuser(t.Context(), h.Env.DB)
			h.Must(err)
			went := 0
			for i, u := range two {
				switch {
				case errs[i] == nil:
					went++
					two[i] = again(h, u, fmt.Sprintf("super-%d-%d", i, round))
				default:
					wantCode(t, "the last superuser", errs[i], "LAST_SUPERUSER")
				}
			}
			if !there || went != 1 {
				t.Fatalf("round %d: %d of the last two superusers went, %v", round, went, errs)
			}
		}
	})
}

// again makes somebody a superuser who can sign in, as a new account of this name
// if the old one is gone.
func again(h *accountstest.Harness, u users.User, name string) users.User {
	ctx := h.As(u, "*")
	back, err := h.Users.Update(ctx, u.ID, users.Update{Active: patch.Of(true), EmailVerified: patch.Of(true)})
	if fault.KindOf(err) == fault.NotFound {
		return h.Superuser(name)
	}
	h.Must(err)
	h.Must(h.Env.DB.Tx(ctx, func(tx *data.Tx) error {
		back, err = h.Users.SetSuperuser(ctx, tx, u.ID, true)
		return err
	}))
	return back
}
