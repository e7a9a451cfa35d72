package roles_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/manorgo/manor/accounts/internal/accountstest"
	"github.com/manorgo/manor/accounts/roles"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/event"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/patch"
)

// heard notes the events of a house.
type heard struct {
	mu   sync.Mutex
	said []string
}

func listen(h *accountstest.Harness) *heard {
	out := &heard{}
	note := func(s string) error {
		out.mu.Lock()
		defer out.mu.Unlock()
		out.said = append(out.said, s)
		return nil
	}
	h.Env.Events.Listen(
		event.Inside(func(_ context.Context, _ *data.Tx, e roles.Granted) error {
			return note(e.Kind() + " " + e.Role + " " + e.UserID.String())
		}),
		event.Inside(func(_ context.Context, _ *data.Tx, e roles.Revoked) error {
			return note(e.Kind() + " " + e.Role + " " + e.UserID.String())
		}),
		event.Inside(func(_ context.Context, _ *data.Tx, e roles.Created) error {
			return note(e.Kind() + " " + e.Role + " " + strings.Join(e.Permissions, " "))
		}),
		event.Inside(func(_ context.Context, _ *data.Tx, e roles.Changed) error {
			return note(e.Kind() + " " + e.Role + " " + strings.Join(e.Permissions, " "))
		}),
		event.Inside(func(_ context.Context, _ *data.Tx, e roles.Deleted) error { return note(e.Kind() + " " + e.Role) }),
	)
	return out
}

func (x *heard) want(t *testing.T, what string, said ...string) {
	t.Helper()
	x.mu.Lock()
	defer x.mu.Unlock()
	if !slices.Equal(x.said, said) {
		t.Errorf("%s was told as %q, want %q", what, x.said, said)
	}
	x.said = nil
}

func TestGrant(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		s, root, ada := service(h), h.Superuser("root1"), h.Person("ada")
		told := listen(h)
		ctx := h.As(root, "*")
		_, err := s.Create(ctx, roles.Create{Name: "editors", Permissions: []string{"users:write"}})
		h.Must(err)
		told.want(t, "creating", "roles.created editors users:write")
		for _, role := range []string{"editors", roles.Staff, roles.Superuser} {
			who := role + " " + ada.ID.String()
			h.Must(s.Assign(ctx, strings.ToUpper(role), ada.ID))
			told.want(t, "granting "+role, "roles.granted "+who)
			h.Must(s.Assign(ctx, role, ada.ID))
			told.want(t, "granting it again")
			holders, err := h.Users.List(ctx, data.Query[users.User]{Where: data.All(users.WithRole(role), users.WithRole(strings.ToUpper(role)))})
			if err != nil || !slices.ContainsFunc(holders.Items, func(u users.User) bool { return u.ID == ada.ID }) {
				t.Errorf("ada is not among the holders of %s: %v", role, err)
			}
			h.Must(s.Unassign(ctx, role, ada.ID))
			told.want(t, "revoking "+role, "roles.revoked "+who)
			h.Must(s.Unassign(ctx, role, ada.ID))
			told.want(t, "revoking it again")
		}
		for _, change := range []func(context.Context, string, users.ID) error{s.Assign, s.Unassign} {
			h.Want("no such role", change(ctx, "nothing", ada.ID), fault.NotFound)
			h.Want("no such user", change(ctx, "editors", users.ID{1}), fault.NotFound)
			h.Want("no such user, for staff", change(ctx, roles.Staff, users.ID{1}), fault.NotFound)
		}
		wantCode(t, "the last superuser", s.Unassign(ctx, roles.Superuser, root.ID), "LAST_SUPERUSER")

		writer := h.As(ada, roles.Write, "users:read", "groups:moderate")
		for _, role := range []string{"editors", roles.Staff, roles.Superuser} {
			h.Want("granting "+role+" without holding what it permits", s.Assign(writer, role, ada.ID), fault.Forbidden)
		}
		h.Want("granting what one holds", s.Assign(h.As(ada, roles.Write, "users:*"), "editors", ada.ID), "")
		h.Want("revoking superuser without being one", s.Unassign(writer, roles.Superuser, root.ID), fault.Forbidden)
		h.Want("revoking what one does not hold", s.Unassign(writer, "editors", ada.ID), "")
		told.want(t, "all that", "roles.granted editors "+ada.ID.String(), "roles.revoked editors "+ada.ID.String())

		h.Must(h.Env.DB.Tx(t.Context(), func(tx *data.Tx) error { return s.Grant(t.Context(), tx, roles.Superuser, ada.ID) }))
		h.Must(h.Env.DB.Tx(t.Context(), func(tx *data.Tx) error { return s.Revoke(t.Context(), tx, roles.Superuser, root.ID) }))
		err = h.Env.DB.Tx(t.Context(), func(tx *data.Tx) error { return s.Revoke(t.Context(), tx, roles.Superuser, ada.ID) })
		wantCode(t, "the last superuser, by the operator", err, "LAST_SUPERUSER")
	})
}

func TestDeleteInUse(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		s, ada, ctx := service(h), h.Person("ada"), h.As(h.Superuser("root1"), "*")
		told := listen(h)
		for range 2 {
			_, err := s.Create(ctx, roles.Create{Name: "editors"})
			h.Must(err)
			h.Must(s.Assign(ctx, "editors", ada.ID))
			wantCode(t, "a role that is held", s.Delete(ctx, "editors", false), "ROLE_IN_USE")
			told.want(t, "that", "roles.created editors ", "roles.granted editors "+ada.ID.String())
			_, err = s.Update(ctx, "editors", roles.Update{Permissions: patch.Of([]string{"users:read"})})
			h.Must(err)
			told.want(t, "a change", "roles.changed editors users:read")
			h.Must(s.Delete(ctx, "editors", true))
			told.want(t, "a forced removal", "roles.revoked editors "+ada.ID.String(), "roles.deleted editors")
		}
		_, err := s.Create(ctx, roles.Create{Name: "editors"})
		h.Must(err)
		h.Must(s.Assign(ctx, "editors", ada.ID))
		h.Must(h.Users.Delete(ctx, ada.ID))
		h.Want("a role whose holder is gone", s.Delete(ctx, "editors", false), "")
	})
}

// TestDeleteWhileGranting removes a role while 32 people are given it: either
// nobody holds it, or it is still there.
func TestDeleteWhileGranting(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		s, ctx := service(h), h.As(h.Superuser("root1"), "*")
		_, err := s.Create(ctx, roles.Create{Name: "editors"})
		h.Must(err)
		var people []users.User
		for i := range 32 {
			people = append(people, h.Person(fmt.Sprintf("user%d", i)))
		}
		var wg sync.WaitGroup
		var removed error
		wg.Go(func() {
			for removed = s.Delete(ctx, "editors", false); fault.KindOf(removed) == fault.Unavailable; {
				removed = s.Delete(ctx, "editors", false)
			}
		})
		granted := make([]error, len(people))
		for i, u := range people {
			wg.Go(func() {
				for granted[i] = s.Assign(ctx, "editors", u.ID); fault.KindOf(granted[i]) == fault.Unavailable; {
					granted[i] = s.Assign(ctx, "editors", u.ID)
				}
			})
		}
		wg.Wait()
		n := 0
		for _, err := range granted {
			switch fault.KindOf(err) {
			case "":
				n++
			case fault.NotFound, fault.Conflict:
			default:
				t.Error(err)
			}
		}
		_, err = s.ByName(ctx, "editors")
		if (removed == nil) != (fault.KindOf(err) == fault.NotFound) || removed == nil && n > 0 {
			t.Errorf("removal: %v, %d granted, and the role: %v", removed, n, err)
		}
	})
}
