package users_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/manorgo/manor/accounts/internal/accountstest"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/accounts/users/storetest"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/patch"
)

func TestRowsAreAStore(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		storetest.Run(t, func(t *testing.T) users.Store {
			_, err := h.Env.DB.Driver().Exec(t.Context(), driver.Call{Statement: &driver.Statement{SQL: `DELETE FROM users`}})
			h.Must(err)
			return users.NewStore(h.Users)
		})
	})
}

// What holds for accounts here holds for whoever comes by the contract.
func TestRowsKeepTheRules(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		ctx := t.Context()
		store := users.NewStore(h.Users)
		root := h.Superuser("root1")
		a, err := store.Get(ctx, root.ID.String())
		h.Must(err)
		_, err = store.Update(ctx, a.ID, a.Version, users.AccountChanges{Active: patch.Of(false)})
		h.Want("switching the last superuser off", err, fault.Conflict)
		_, err = store.Update(ctx, a.ID, a.Version, users.AccountChanges{Verified: patch.Of(false)})
		h.Want("forgetting that the last superuser is verified", err, fault.Conflict)
		h.Want("deleting the last superuser", store.Delete(ctx, a.ID), fault.Conflict)
		_, err = store.Update(ctx, a.ID, a.Version, users.AccountChanges{Email: patch.Of("no address")})
		h.Want("no address", err, fault.Invalid)

		for what, c := range map[string]users.AccountChanges{
			"password": {Password: patch.Of(users.Account{}.Password)}, "address": {Email: patch.Of("other@example.com")},
			"off": {Active: patch.Of(false)}, "unproved": {Verified: patch.Of(false)},
		} {
			u := h.Person("person-" + what)
			a, err := store.Get(ctx, u.ID.String())
			h.Must(err)
			_, err = store.Update(ctx, a.ID, a.Version, c)
			h.Must(err)
			now, err := h.Users.Get(h.As(root, "*"), u.ID)
			h.Must(err)
			if now.Epoch == u.Epoch {
				t.Errorf("%s: what is signed in goes on", what)
			}
		}
	})
}

// The contract speaks of no database, so that none is needed to keep it.
func TestStoreIsFreeOfDatabases(t *testing.T) {
	t.Parallel()
	seen := map[reflect.Type]bool{}
	var look func(reflect.Type)
	look = func(of reflect.Type) {
		if seen[of] {
			return
		}
		seen[of] = true
		if strings.Contains(of.PkgPath(), "manor/data") || of == reflect.TypeFor[users.User]() || of == reflect.TypeFor[users.ID]() {
			t.Errorf("it speaks of %s", of)
		}
		switch of.Kind() {
		case reflect.Struct:
			for f := range of.Fields() {
				look(f.Type)
			}
		case reflect.Slice, reflect.Pointer, reflect.Array:
			look(of.Elem())
		case reflect.Interface:
			for m := range of.Methods() {
				for in := range m.Type.Ins() {
					look(in)
				}
				for out := range m.Type.Outs() {
					look(out)
				}
			}
		}
	}
	look(reflect.TypeFor[users.Store]())
	if !seen[reflect.TypeFor[users.Account]()] || !seen[reflect.TypeFor[users.AccountChanges]()] {
		t.Fatal("not all of it was looked at")
	}
}
