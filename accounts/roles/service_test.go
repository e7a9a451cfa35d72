package roles_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/manorgo/manor/accounts/internal/accountstest"
	"github.com/manorgo/manor/accounts/roles"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/patch"
)

func ExampleNormalName() {
	fmt.Println(roles.NormalName("  Site:Editors "))
	// Output: site:editors
}

func service(h *accountstest.Harness) *roles.Service {
	return roles.NewService(h.Env, h.Users, func() []string {
		return []string{"users:read", "users:write", "groups:moderate", "products:write"}
	})
}

func wantCode(t *testing.T, what string, err error, code string) {
	t.Helper()
	if e, ok := errors.AsType[*fault.Error](err); !ok || e.Kind != fault.Conflict || e.Code != code {
		t.Errorf("%s: %v, want the conflict %s", what, err, code)
	}
}

func TestSystemRoles(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		s, ctx := service(h), h.As(h.Superuser("root1"), "*")
		for name, want := range map[string][]string{
			roles.Superuser: {"*"}, roles.Staff: {"groups:moderate", "memberships:read", "users:read"},
		} {
			r, err := s.ByName(ctx, name)
			h.Must(err)
			if !r.System || !slices.Equal(r.Permissions, want) || r.ID.IsZero() || r.CreatedAt.Year() < 2020 {
				t.Errorf("%s: %+v", name, r)
			}
			if r.Validate() != nil {
				t.Errorf("%s is not valid: %v", name, r.Validate())
			}
			wantCode(t, "remove "+name, s.Delete(ctx, name, true), "ROLE_SYSTEM")
			_, err = s.Update(ctx, name, roles.Update{Name: patch.Of("other")})
			wantCode(t, "rename "+name, err, "ROLE_SYSTEM")
			r, err = s.Update(ctx, name, roles.Update{Name: patch.Of(strings.ToUpper(name)), Description: patch.Of("new"), Permissions: patch.Of(want)})
			if err != nil || r.Description != "new" || r.Name != name {
				t.Errorf("describe %s: %+v, %v", name, r, err)
			}
		}
		_, err := s.Update(ctx, roles.Superuser, roles.Update{Permissions: patch.Of([]string{"users:read"})})
		wantCode(t, "weaken superuser", err, "ROLE_SYSTEM")
		r, err := s.Update(ctx, roles.Staff, roles.Update{Permissions: patch.Of([]string{"users:write", "users:read", " users:read "})})
		if err != nil || !slices.Equal(r.Permissions, []string{"users:read", "users:write"}) {
			t.Errorf("other permissions for staff: %+v, %v", r, err)
		}
		_, err = s.Update(ctx, roles.Staff, roles.Update{Permissions: patch.Of([]string{"*"})})
		h.Want("everything for staff", err, fault.Invalid)
	})
}

func TestCreate(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		s, root, ada := service(h), h.Superuser("root1"), h.Person("ada")
		ctx := h.As(root, "*")
		r, err := s.Create(ctx, roles.Create{Name: " Ｅditors ", Permissions: []string{"users:write", " USERS:read", "users:read", "ｐroducts:*"}})
		h.Must(err)
		if diff := cmp.Diff([]string{"products:*", "users:read", "users:write"}, r.Permissions); diff != "" || r.Name != "editors" || r.System {
			t.Errorf("created %+v\n%s", r, diff)
		}
		stored, err := s.ByName(ctx, "EDITORＳ")
		if diff := cmp.Diff(r, stored); diff != "" || err != nil {
			t.Errorf("stored (-want +got), %v:\n%s", err, diff)
		}
		empty, err := s.Create(ctx, roles.Create{Name: "empty"})
		if err != nil || empty.Permissions == nil {
			t.Errorf("a role without permissions: %+v, %v", empty, err)
		}
		_, err = s.Create(ctx, roles.Create{Name: "EDITORS"})
		h.Want("a taken name", err, fault.Conflict)

		for what, in := range map[string]roles.Create{
			"empty name": {Name: " "}, "spaces": {Name: "a b"}, "slash": {Name: "a/b"}, "dots": {Name: ".."}, "umlaut": {Name: "ä"},
			"long name":          {Name: strings.Repeat("a", 256)},
			"unknown permission": {Name: "x", Permissions: []string{"users:fly"}}, "unknown resource": {Name: "x", Permissions: []string{"planes:*"}},
			"no permission": {Name: "x", Permissions: []string{"users"}}, "two actions": {Name: "x", Permissions: []string{"users:read:all"}},
			"everything": {Name: "x", Permissions: []string{"*"}}, "every resource": {Name: "x", Permissions: []string{"*:read"}},
			"the system's": {Name: "x", Permissions: []string{""}},
			"too many":     {Name: "x", Permissions: manyPermissions()},
		} {
			_, err := s.Create(ctx, in)
			h.Want(what, err, fault.Invalid)
		}
		_, err = s.Create(ctx, roles.Create{Name: "x", Permissions: []string{"users:fly", "users:read", "b:c"}})
		if err == nil || !strings.Contains(err.Error(), "b:c, users:fly; there are groups:moderate, products:write, users:read, users:write") {
			t.Errorf("unknown permissions are not named: %v", err)
		}

		writer := h.As(ada, roles.Write, "users:read", "products:write")
		_, err = s.Create(writer, roles.Create{Name: "mine", Permissions: []string{"users:read"}})
		h.Must(err)
		for what, list := range map[string][]string{
			"not held": {"users:read", "users:write"}, "wider than held": {"users:*"}, "all actions of one held": {"products:*"},
		} {
			_, err := s.Create(writer, roles.Create{Name: "more", Permissions: list})
			h.Want("a new role with permissions "+what, err, fault.Forbidden)
			_, err = s.Update(writer, "mine", roles.Update{Permissions: patch.Of(list)})
			h.Want("a changed role with permissions "+what, err, fault.Forbidden)
		}
		_, err = s.Update(writer, "editors", roles.Update{Description: patch.Of("theirs"), Permissions: patch.Of(r.Permissions)})
		h.Want("a role whose permissions stay", err, "")
	})
}

func manyPermissions() (list []string) {
	for i := range 501 {
		list = append(list, fmt.Sprintf("users:a%d", i))
	}
	return list
}

func TestUpdate(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		s, ctx := service(h), h.As(h.Superuser("root1"), "*")
		r, err := s.Create(ctx, roles.Create{Name: "editors", Permissions: []string{"users:read"}})
		h.Must(err)
		changed, err := s.Update(ctx, "editors", roles.Update{Name: patch.Of("Writers"), Permissions: patch.Of([]string{})}, r.Version())
		if err != nil || changed.ID != r.ID || changed.Name != "writers" || len(changed.Permissions) != 0 || changed.Permissions == nil {
			t.Errorf("changed %+v, %v", changed, err)
		}
		_, err = s.Update(ctx, "writers", roles.Update{Description: patch.Of("x")}, r.Version())
		h.Want("outdated", err, fault.Stale)
		_, err = s.Update(ctx, "editors", roles.Update{})
		h.Want("the old name", err, fault.NotFound)
		_, err = s.Update(ctx, "writers", roles.Update{Name: patch.Of("staff")})
		h.Want("a taken name", err, fault.Conflict)
		for what, in := range map[string]roles.Update{
			"null name": {Name: patch.Null[string]()}, "null permissions": {Permissions: patch.Null[[]string]()}, "bad name": {Name: patch.Of("a b")},
		} {
			_, err = s.Update(ctx, "writers", in)
			h.Want(what, err, fault.Invalid)
		}
		h.Want("remove, outdated", s.Delete(ctx, "writers", false, r.Version()), fault.Stale)
		h.Want("remove", s.Delete(ctx, "writers", false, changed.Version()), "")
		h.Want("remove again", s.Delete(ctx, "writers", false), fault.NotFound)
	})
}
