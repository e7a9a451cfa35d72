package users_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/manorgo/manor/accounts/internal/accountstest"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/patch"
	"github.com/manorgo/manor/secret"
)

// takenField returns the field that a conflict is about.
func takenField(err error) string {
	e, ok := errors.AsType[*fault.Error](err)
	if !ok || e.Kind != fault.Conflict || len(e.Details) != 1 {
		return ""
	}
	return e.Details[0].Location
}

func TestCreate(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		root := h.As(h.Superuser("root1"), "*")
		u, err := h.Users.Create(root, users.Create{Email: " Ada@Example.COM", Username: "Ada", Password: secret.NewText("a long enough pass phrase")})
		h.Must(err)
		if u.Email != "Ada@example.com" || u.EmailKey != "ada@example.com" || u.Username != "Ada" || u.UsernameKey != "ada" || u.Password == nil {
			t.Errorf("created %+v", u)
		}
		if !u.Active || u.Staff || u.Superuser || u.EmailVerified || !u.PublicProfile || u.SearchVisibility != users.SearchPublic || u.EmailPrivacy != users.EmailPrivate {
			t.Errorf("the defaults are not as promised: %+v", u)
		}
		again, err := h.Users.Get(root, u.ID)
		h.Must(err)
		if again.UpdatedAt != u.UpdatedAt || again.EmailKey != u.EmailKey {
			t.Errorf("stored %+v, want %+v", again, u)
		}

		_, err = h.Users.Create(root, users.Create{Email: "ADA@example.com", Username: "other"})
		if takenField(err) != "body.email" {
			t.Errorf("a taken address: %v", err)
		}
		_, err = h.Users.Create(root, users.Create{Email: "other@example.com", Username: "aDA"})
		if takenField(err) != "body.username" {
			t.Errorf("a taken username: %v", err)
		}
		for what, in := range map[string]users.Create{
			"reserved username": {Email: "x@example.com", Username: "Root"},
			"bad username":      {Email: "x@example.com", Username: "a b"},
			"bad address":       {Email: "x", Username: "fine"},
			"short password":    {Email: "x@example.com", Password: secret.NewText("short")},
		} {
			_, err := h.Users.Create(root, in)
			h.Want(what, err, fault.Invalid)
		}
		unnamed, err := h.Users.Create(root, users.Create{Email: "x@example.com"})
		h.Must(err)
		if users.CheckUsername(unnamed.Username) != nil || unnamed.Password != nil {
			t.Errorf("made up %+v", unnamed)
		}
	})
}

func TestUpdate(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		root, ada, editor := h.Superuser("root1"), h.Person("ada"), h.Person("editor")
		edits := h.As(editor, users.Write, users.Read)

		u, err := h.Users.Update(edits, ada.ID, users.Update{Email: patch.Of("New@Example.com")})
		h.Must(err)
		if u.Email != "New@example.com" || u.EmailKey != "new@example.com" || u.EmailVerified {
			t.Errorf("a new address: %+v", u)
		}
		u, err = h.Users.Update(edits, ada.ID, users.Update{EmailVerified: patch.Of(true), Username: patch.Of("Countess")})
		h.Must(err)
		if !u.EmailVerified || u.UsernameKey != "countess" {
			t.Errorf("verified and renamed: %+v", u)
		}
		for what, in := range map[string]users.Update{
			"bad address": {Email: patch.Of("nobody")}, "null address": {Email: patch.Null[string]()},
			"null name": {Username: patch.Null[string]()}, "reserved name": {Username: patch.Of("admin")},
			"null flag": {Active: patch.Null[bool]()},
		} {
			_, err := h.Users.Update(edits, ada.ID, in)
			h.Want(what, err, fault.Invalid)
		}
		_, err = h.Users.Update(edits, ada.ID, users.Update{Email: patch.Of("EDITOR@example.com")})
		if takenField(err) != "body.email" {
			t.Errorf("a taken address: %v", err)
		}

		_, err = h.Users.Update(edits, root.ID, users.Update{Email: patch.Of("mine@example.com"), EmailVerified: patch.Of(true)})
		h.Want("an editor takes a superuser over", err, fault.NotFound)
		_, err = h.Users.Update(edits, ada.ID, users.Update{Staff: patch.Of(true)})
		h.Want("an editor makes staff of others", err, fault.Forbidden)
		_, err = h.Users.Create(edits, users.Create{Email: "staff@example.com", Staff: true})
		h.Want("an editor creates staff", err, fault.Forbidden)
		u, err = h.Users.Update(h.As(root, "*"), ada.ID, users.Update{Staff: patch.Of(true)})
		if err != nil || !u.Staff {
			t.Errorf("a superuser makes staff of others: %+v, %v", u, err)
		}
		_, err = h.Users.Update(h.As(ada), ada.ID, users.Update{Staff: patch.Of(true)})
		h.Want("somebody without users:write", err, fault.NotFound)

		if u.Epoch != 1 {
			t.Errorf("an address that is not verified ended nothing: %+v", u)
		}
		u, err = h.Users.SetActive(edits, ada.ID, false)
		h.Must(err)
		if u.Active || u.Epoch != 2 || u.SignsIn() {
			t.Errorf("switched off: %+v", u)
		}
		u, err = h.Users.SetActive(edits, ada.ID, true)
		if err != nil || !u.Active || u.Epoch != 2 {
			t.Errorf("switched on: %+v, %v", u, err)
		}

		stale := u.Version()
		u, err = h.Users.UpdateProfile(h.As(u), users.Profile{Bio: patch.Of("Hello"), EmailPrivacy: patch.Of(users.EmailNever)}, stale)
		if err != nil || u.Bio != "Hello" || u.EmailPrivacy != users.EmailNever {
			t.Errorf("own profile: %+v, %v", u, err)
		}
		_, err = h.Users.UpdateProfile(h.As(u), users.Profile{Bio: patch.Of("Again")}, stale)
		h.Want("own profile, outdated", err, fault.Stale)
		_, err = h.Users.UpdateProfile(t.Context(), users.Profile{Bio: patch.Of("Nobody")})
		h.Want("profile of nobody", err, fault.NotFound)
	})
}

func TestLastSuperuserStays(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		root := h.Superuser("root1")
		if found, err := h.Users.HasSuperuser(t.Context(), h.Env.DB); err != nil || !found {
			t.Errorf("HasSuperuser = %v, %v", found, err)
		}
		ctx := h.As(root, "*")
		losses := map[string]func(users.ID) error{
			"delete":     func(id users.ID) error { return h.Users.Delete(ctx, id) },
			"deactivate": func(id users.ID) error { _, err := h.Users.SetActive(ctx, id, false); return err },
			"unverify": func(id users.ID) error {
				_, err := h.Users.Update(ctx, id, users.Update{EmailVerified: patch.Of(false)})
				return err
			},
			"new address": func(id users.ID) error {
				_, err := h.Users.Update(ctx, id, users.Update{Email: patch.Of("new@example.com")})
				return err
			},
			"demote": func(id users.ID) error {
				return h.Env.DB.Tx(ctx, func(tx *data.Tx) error {
					_, err := h.Users.SetSuperuser(ctx, tx, id, false)
					return err
				})
			},
		}
		for name, lose := range losses {
			err := lose(root.ID)
			if e, ok := errors.AsType[*fault.Error](err); !ok || e.Code != "LAST_SUPERUSER" || e.Kind != fault.Conflict {
				t.Errorf("%s the last superuser: %v", name, err)
			}
		}
		for name, lose := range losses {
			if err := lose(h.Superuser("extra-" + name[:3]).ID); err != nil {
				t.Errorf("%s one of two: %v", name, err)
			}
		}
	})
}

// TestSuperusersCannotRemoveEachOther has 64 requests remove two superusers at
// once: one of them is left.
func TestSuperusersCannotRemoveEachOther(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		both := []users.User{h.Superuser("left"), h.Superuser("right")}
		var wg sync.WaitGroup
		errs := make([]error, 64)
		for i := range errs {
			ctx, victim := h.As(both[i%2], "*"), both[(i+1)%2].ID
			wg.Go(func() {
				for {
					if i%4 < 2 {
						errs[i] = h.Users.Delete(ctx, victim)
					} else {
						errs[i] = h.Env.DB.Tx(ctx, func(tx *data.Tx) error {
							_, err := h.Users.SetSuperuser(ctx, tx, victim, false)
							return err
						})
					}
					if fault.KindOf(errs[i]) != fault.Unavailable { // busy: try again
						return
					}
				}
			})
		}
		wg.Wait()
		for _, err := range errs {
			if k := fault.KindOf(err); k != "" && k != fault.Conflict && k != fault.NotFound {
				t.Error(err)
			}
		}
		page, err := h.Users.List(h.As(both[0], users.Read), data.Query[users.User]{Where: users.WithRole(users.RoleSuperuser)})
		if err != nil || len(page.Items) != 1 {
			t.Errorf("%d superusers are left, %v", len(page.Items), err)
		}
	})
}

func TestSteps(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		ada := h.Person("Ada", func(c *users.Create) { c.EmailVerified = false })
		in := func(step func(tx *data.Tx) error) {
			t.Helper()
			h.Must(h.Env.DB.Tx(t.Context(), step))
		}
		in(func(tx *data.Tx) error {
			_, added, err := h.Users.AddNew(t.Context(), tx, users.Create{Email: "ADA@example.com"}, nil)
			if added {
				t.Error("AddNew added a taken address")
			}
			return err
		})
		in(func(tx *data.Tx) error {
			u, err := h.Users.Verify(t.Context(), tx, ada.ID, ada.EmailKey, "countess")
			if !u.EmailVerified || u.Username != "countess" || u.UsernameKey != "countess" {
				t.Errorf("verified: %+v", u)
			}
			return err
		})
		other := h.Person("other")
		in(func(tx *data.Tx) error {
			u, err := h.Users.Verify(t.Context(), tx, other.ID, other.EmailKey, "COUNTESS")
			if u.Username != "other" {
				t.Errorf("verified with a taken name: %+v", u)
			}
			return err
		})
		for _, who := range []string{"COUNTESS", " countess ", "ADA@Example.com"} {
			if u, err := h.Users.ByIdentifier(t.Context(), h.Env.DB, who); err != nil || u.ID != ada.ID {
				t.Errorf("ByIdentifier(%q) = %v, %v", who, u.Username, err)
			}
		}
		_, err := h.Users.ByIdentifier(t.Context(), h.Env.DB, "ada")
		h.Want("a name that is not used any more", err, fault.NotFound)
	})
}
