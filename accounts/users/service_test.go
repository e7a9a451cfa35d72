package users_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/patch"
	"github.com/manorgo/manor/secret"
)

// superuser adds somebody who can do everything.
func (h *house) superuser(t *testing.T, name string) users.User {
	t.Helper()
	u := h.person(t, name)
	must(t, h.env.DB.Tx(t.Context(), func(tx *data.Tx) (err error) {
		u, err = h.users.SetSuperuser(t.Context(), tx, u.ID, true)
		return err
	}))
	return u
}

// takenField returns the field that a conflict is about.
func takenField(err error) string {
	e, ok := errors.AsType[*fault.Error](err)
	if !ok || e.Kind != fault.Conflict || len(e.Details) != 1 {
		return ""
	}
	return e.Details[0].Location
}

func TestCreate(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		root := as(t, h.superuser(t, "root1"), "*")
		u, err := h.users.Create(root, users.Create{Email: " Ada@Example.COM", Username: "Ada", Password: secret.NewText("a long enough pass phrase")})
		must(t, err)
		if u.Email != "Ada@example.com" || u.EmailKey != "ada@example.com" || u.Username != "Ada" || u.UsernameKey != "ada" || u.Password == nil {
			t.Errorf("created %+v", u)
		}
		if !u.Active || u.Staff || u.Superuser || u.EmailVerified || !u.PublicProfile || u.SearchVisibility != users.SearchPublic || u.EmailPrivacy != users.EmailPrivate {
			t.Errorf("the defaults are not as promised: %+v", u)
		}
		again, err := h.users.Get(root, u.ID)
		must(t, err)
		if again.UpdatedAt != u.UpdatedAt || again.EmailKey != u.EmailKey {
			t.Errorf("stored %+v, want %+v", again, u)
		}

		_, err = h.users.Create(root, users.Create{Email: "ADA@example.com", Username: "other"})
		if takenField(err) != "body.email" {
			t.Errorf("a taken address: %v", err)
		}
		_, err = h.users.Create(root, users.Create{Email: "other@example.com", Username: "aDA"})
		if takenField(err) != "body.username" {
			t.Errorf("a taken username: %v", err)
		}
		for what, in := range map[string]users.Create{
			"reserved username": {Email: "x@example.com", Username: "Root"},
			"bad username":      {Email: "x@example.com", Username: "a b"},
			"bad address":       {Email: "x", Username: "fine"},
			"short password":    {Email: "x@example.com", Password: secret.NewText("short")},
		} {
			_, err := h.users.Create(root, in)
			want(t, what, err, fault.Invalid)
		}
		unnamed, err := h.users.Create(root, users.Create{Email: "x@example.com"})
		must(t, err)
		if users.CheckUsername(unnamed.Username) != nil || unnamed.Password != nil {
			t.Errorf("made up %+v", unnamed)
		}
	})
}

func TestUpdate(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		root, ada, editor := h.superuser(t, "root1"), h.person(t, "ada"), h.person(t, "editor")
		edits := as(t, editor, users.Write, users.Read)

		u, err := h.users.Update(edits, ada.ID, users.Update{Email: patch.Of("New@Example.com")})
		must(t, err)
		if u.Email != "New@example.com" || u.EmailKey != "new@example.com" || u.EmailVerified {
			t.Errorf("a new address: %+v", u)
		}
		u, err = h.users.Update(edits, ada.ID, users.Update{EmailVerified: patch.Of(true), Username: patch.Of("Countess")})
		must(t, err)
		if !u.EmailVerified || u.UsernameKey != "countess" {
			t.Errorf("verified and renamed: %+v", u)
		}
		for what, in := range map[string]users.Update{
			"bad address": {Email: patch.Of("nobody")}, "null address": {Email: patch.Null[string]()},
			"null name": {Username: patch.Null[string]()}, "reserved name": {Username: patch.Of("admin")},
			"null flag": {Active: patch.Null[bool]()},
		} {
			_, err := h.users.Update(edits, ada.ID, in)
			want(t, what, err, fault.Invalid)
		}
		_, err = h.users.Update(edits, ada.ID, users.Update{Email: patch.Of("EDITOR@example.com")})
		if takenField(err) != "body.email" {
			t.Errorf("a taken address: %v", err)
		}

		_, err = h.users.Update(edits, root.ID, users.Update{Email: patch.Of("mine@example.com"), EmailVerified: patch.Of(true)})
		want(t, "an editor takes a superuser over", err, fault.NotFound)
		_, err = h.users.Update(edits, ada.ID, users.Update{Staff: patch.Of(true)})
		want(t, "an editor makes staff of others", err, fault.Forbidden)
		_, err = h.users.Create(edits, users.Create{Email: "staff@example.com", Staff: true})
		want(t, "an editor creates staff", err, fault.Forbidden)
		u, err = h.users.Update(as(t, root, "*"), ada.ID, users.Update{Staff: patch.Of(true)})
		if err != nil || !u.Staff {
			t.Errorf("a superuser makes staff of others: %+v, %v", u, err)
		}
		_, err = h.users.Update(as(t, ada), ada.ID, users.Update{Staff: patch.Of(true)})
		want(t, "somebody without users:write", err, fault.NotFound)

		u, err = h.users.SetActive(edits, ada.ID, false)
		must(t, err)
		if u.Active || u.Epoch != 1 || u.SignsIn() {
			t.Errorf("switched off: %+v", u)
		}
		u, err = h.users.SetActive(edits, ada.ID, true)
		if err != nil || !u.Active || u.Epoch != 1 {
			t.Errorf("switched on: %+v, %v", u, err)
		}

		stale := u.Version()
		u, err = h.users.UpdateProfile(as(t, u), users.Profile{Bio: patch.Of("Hello"), EmailPrivacy: patch.Of(users.EmailNever)}, stale)
		if err != nil || u.Bio != "Hello" || u.EmailPrivacy != users.EmailNever {
			t.Errorf("own profile: %+v, %v", u, err)
		}
		_, err = h.users.UpdateProfile(as(t, u), users.Profile{Bio: patch.Of("Again")}, stale)
		want(t, "own profile, outdated", err, fault.Stale)
		_, err = h.users.UpdateProfile(t.Context(), users.Profile{Bio: patch.Of("Nobody")})
		want(t, "profile of nobody", err, fault.NotFound)
	})
}

func TestLastSuperuserStays(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		root := h.superuser(t, "root1")
		if found, err := h.users.HasSuperuser(t.Context(), h.env.DB); err != nil || !found {
			t.Errorf("HasSuperuser = %v, %v", found, err)
		}
		ctx := as(t, root, "*")
		losses := map[string]func(users.ID) error{
			"delete":     func(id users.ID) error { return h.users.Delete(ctx, id) },
			"deactivate": func(id users.ID) error { _, err := h.users.SetActive(ctx, id, false); return err },
			"unverify": func(id users.ID) error {
				_, err := h.users.Update(ctx, id, users.Update{EmailVerified: patch.Of(false)})
				return err
			},
			"new address": func(id users.ID) error {
				_, err := h.users.Update(ctx, id, users.Update{Email: patch.Of("new@example.com")})
				return err
			},
			"demote": func(id users.ID) error {
				return h.env.DB.Tx(ctx, func(tx *data.Tx) error {
					_, err := h.users.SetSuperuser(ctx, tx, id, false)
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
			if err := lose(h.superuser(t, "extra-"+name[:3]).ID); err != nil {
				t.Errorf("%s one of two: %v", name, err)
			}
		}
	})
}

// TestSuperusersCannotRemoveEachOther has 64 requests remove two superusers at
// once: one of them is left.
func TestSuperusersCannotRemoveEachOther(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		both := []users.User{h.superuser(t, "left"), h.superuser(t, "right")}
		var wg sync.WaitGroup
		errs := make([]error, 64)
		for i := range errs {
			ctx, victim := as(t, both[i%2], "*"), both[(i+1)%2].ID
			wg.Go(func() {
				for {
					if i%4 < 2 {
						errs[i] = h.users.Delete(ctx, victim)
					} else {
						errs[i] = h.env.DB.Tx(ctx, func(tx *data.Tx) error {
							_, err := h.users.SetSuperuser(ctx, tx, victim, false)
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
		page, err := h.users.List(as(t, both[0], users.Read), data.Query[users.User]{Where: users.WithRole(users.RoleSuperuser)})
		if err != nil || len(page.Items) != 1 {
			t.Errorf("%d superusers are left, %v", len(page.Items), err)
		}
	})
}

func TestSteps(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		ada := h.person(t, "Ada", func(c *users.Create) { c.EmailVerified = false })
		in := func(step func(tx *data.Tx) error) {
			t.Helper()
			must(t, h.env.DB.Tx(t.Context(), step))
		}
		in(func(tx *data.Tx) error {
			_, added, err := h.users.AddNew(t.Context(), tx, users.Create{Email: "ADA@example.com"}, nil)
			if added {
				t.Error("AddNew added a taken address")
			}
			return err
		})
		in(func(tx *data.Tx) error {
			u, err := h.users.Verify(t.Context(), tx, ada.ID, ada.EmailKey, "countess")
			if !u.EmailVerified || u.Username != "countess" || u.UsernameKey != "countess" {
				t.Errorf("verified: %+v", u)
			}
			return err
		})
		other := h.person(t, "other")
		in(func(tx *data.Tx) error {
			u, err := h.users.Verify(t.Context(), tx, other.ID, other.EmailKey, "COUNTESS")
			if u.Username != "other" {
				t.Errorf("verified with a taken name: %+v", u)
			}
			return err
		})
		for _, who := range []string{"COUNTESS", " countess ", "ADA@Example.com"} {
			if u, err := h.users.ByIdentifier(t.Context(), h.env.DB, who); err != nil || u.ID != ada.ID {
				t.Errorf("ByIdentifier(%q) = %v, %v", who, u.Username, err)
			}
		}
		_, err := h.users.ByIdentifier(t.Context(), h.env.DB, "ada")
		want(t, "a name that is not used any more", err, fault.NotFound)
	})
}
