package roles_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/manorgo/manor/accounts/roles"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/event"
	"github.com/manorgo/manor/fault"
)

// heard notes the events of a house.
type heard struct {
	mu   sync.Mutex
	said []string
}

func listen(h *house) *heard {
	out := &heard{}
	note := func(s string) error {
		out.mu.Lock()
		defer out.mu.Unlock()
		out.said = append(out.said, s)
		return nil
	}
	h.env.Events.Listen(
		event.Inside(func(_ context.Context, _ *data.Tx, e roles.Granted) error {
			return note(e.Kind() + " " + e.Role + " " + e.UserID.String())
		}),
		event.Inside(func(_ context.Context, _ *data.Tx, e roles.Revoked) error {
			return note(e.Kind() + " " + e.Role + " " + e.UserID.String())
		}),
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
	onBoth(t, func(t *testing.T, h *house) {
		s, root, ada := h.service(), h.superuser(t, "root1"), h.person(t, "ada")
		told := listen(h)
		ctx := as(t, root, "*")
		_, err := s.Create(ctx, roles.Create{Name: "editors", Permissions: []string{"users:write"}})
		must(t, err)
		for _, role := range []string{"editors", roles.Staff, roles.Superuser} {
			who := role + " " + ada.ID.String()
			must(t, s.Assign(ctx, strings.ToUpper(role), ada.ID))
			told.want(t, "granting "+role, "roles.granted "+who)
			must(t, s.Assign(ctx, role, ada.ID))
			told.want(t, "granting it again")
			holders, err := h.users.List(ctx, data.Query[users.User]{Where: data.All(users.WithRole(role), users.WithRole(strings.ToUpper(role)))})
			if err != nil || !slices.ContainsFunc(holders.Items, func(u users.User) bool { return u.ID == ada.ID }) {
				t.Errorf("ada is not among the holders of %s: %v", role, err)
			}
			must(t, s.Unassign(ctx, role, ada.ID))
			told.want(t, "revoking "+role, "roles.revoked "+who)
			must(t, s.Unassign(ctx, role, ada.ID))
			told.want(t, "revoking it again")
		}
		for _, change := range []func(context.Context, string, users.ID) error{s.Assign, s.Unassign} {
			want(t, "no such role", change(ctx, "nothing", ada.ID), fault.NotFound)
			want(t, "no such user", change(ctx, "editors", users.ID{1}), fault.NotFound)
			want(t, "no such user, for staff", change(ctx, roles.Staff, users.ID{1}), fault.NotFound)
		}
		wantCode(t, "the last superuser", s.Unassign(ctx, roles.Superuser, root.ID), "LAST_SUPERUSER")

		writer := as(t, ada, roles.Write, "users:read", "groups:moderate")
		for _, role := range []string{"editors", roles.Staff, roles.Superuser} {
			want(t, "granting "+role+" without holding what it permits", s.Assign(writer, role, ada.ID), fault.Forbidden)
		}
		want(t, "granting what one holds", s.Assign(as(t, ada, roles.Write, "users:*"), "editors", ada.ID), "")
		want(t, "revoking superuser without being one", s.Unassign(writer, roles.Superuser, root.ID), fault.Forbidden)
		want(t, "revoking what one does not hold", s.Unassign(writer, "editors", ada.ID), "")
		told.want(t, "all that", "roles.granted editors "+ada.ID.String(), "roles.revoked editors "+ada.ID.String())

		must(t, h.env.DB.Tx(t.Context(), func(tx *data.Tx) error { return s.Grant(t.Context(), tx, roles.Superuser, ada.ID) }))
		must(t, h.env.DB.Tx(t.Context(), func(tx *data.Tx) error { return s.Revoke(t.Context(), tx, roles.Superuser, root.ID) }))
		err = h.env.DB.Tx(t.Context(), func(tx *data.Tx) error { return s.Revoke(t.Context(), tx, roles.Superuser, ada.ID) })
		wantCode(t, "the last superuser, by the operator", err, "LAST_SUPERUSER")
	})
}

func TestDeleteInUse(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		s, ada, ctx := h.service(), h.person(t, "ada"), as(t, h.superuser(t, "root1"), "*")
		told := listen(h)
		for range 2 {
			_, err := s.Create(ctx, roles.Create{Name: "editors"})
			must(t, err)
			must(t, s.Assign(ctx, "editors", ada.ID))
			wantCode(t, "a role that is held", s.Delete(ctx, "editors", false), "ROLE_IN_USE")
			told.want(t, "that", "roles.granted editors "+ada.ID.String())
			must(t, s.Delete(ctx, "editors", true))
			told.want(t, "a forced removal", "roles.revoked editors "+ada.ID.String())
		}
		_, err := s.Create(ctx, roles.Create{Name: "editors"})
		must(t, err)
		must(t, s.Assign(ctx, "editors", ada.ID))
		must(t, h.users.Delete(ctx, ada.ID))
		want(t, "a role whose holder is gone", s.Delete(ctx, "editors", false), "")
	})
}

// TestDeleteWhileGranting removes a role while 32 people are given it: either
// nobody holds it, or it is still there.
func TestDeleteWhileGranting(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		s, ctx := h.service(), as(t, h.superuser(t, "root1"), "*")
		_, err := s.Create(ctx, roles.Create{Name: "editors"})
		must(t, err)
		var people []users.User
		for i := range 32 {
			people = append(people, h.person(t, fmt.Sprintf("user%d", i)))
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
