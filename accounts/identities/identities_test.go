package identities_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/manorgo/manor/accounts/identities"
	"github.com/manorgo/manor/accounts/identities/storetest"
	"github.com/manorgo/manor/accounts/internal/accountstest"
	"github.com/manorgo/manor/accounts/internal/contract"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

func TestServiceIsAStore(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		ann, bob := h.Person("ann"), h.Person("bob")
		storetest.Run(t, func(t *testing.T) storetest.Setup {
			_, err := h.Env.DB.Driver().Exec(t.Context(), driver.Call{Statement: &driver.Statement{SQL: `DELETE FROM identities`}})
			h.Must(err)
			return storetest.Setup{
				Store: identities.NewService(h.Env.DB, h.Env.Events), Ann: ann.ID.String(), Bob: bob.ID.String(),
				NotAUser: "01890000-0000-7000-8000-000000000000",
			}
		})
	})
}

// at is an account at a provider, with tokens.
func at(provider, account string) identities.Account {
	return identities.Account{
		Provider: provider, AccountID: account, Email: "ann@example.org",
		Access: secret.NewText("the-access-token"), Refresh: secret.NewText("the-refresh-token"),
	}
}

// Tokens are in neither the database's files, nor what people see, nor the export.
func TestTokensAreSealed(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		ann, call := h.Person("ann"), h.Serve()
		_, err := identities.NewService(h.Env.DB, h.Env.Events).Upsert(t.Context(), ann.ID.String(), at("google", "108"))
		h.Must(err)
		stored := data.NewSelect[struct {
			Access  []byte `db:"access"`
			Refresh []byte `db:"refresh"`
		}](`SELECT access_token AS access, refresh_token AS refresh FROM identities`, "")
		row, err := stored.One(t.Context(), h.Env.DB)
		h.Must(err)
		if len(row.Access) < 40 || bytes.Contains(row.Access, []byte("the-access")) || bytes.Contains(row.Refresh, []byte("the-refresh")) {
			t.Errorf("the tokens are stored as %q and %q", row.Access, row.Refresh)
		}
		list := call(&ann, "", "GET", "/users/me/identities", "").Is("a list", 200, "")
		for _, d := range h.Domains {
			if d.Name != "identities" {
				continue
			}
			held, err := d.Export(t.Context(), ann.Subject())
			h.Must(err)
			out, err := json.Marshal(held)
			h.Must(err)
			if text := string(out); !strings.Contains(text, `"account_id":"108"`) || strings.Contains(text, "token") {
				t.Errorf("the export is %s", text)
			}
		}
		if text, err := json.Marshal(list.Body); err != nil || !strings.Contains(string(text), `"provider":"google"`) || strings.Contains(string(text), "token") {
			t.Errorf("the list is %s, %v", text, err)
		}
	})
}

func TestUnlink(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		ctx, call := t.Context(), h.Serve()
		store := identities.NewService(h.Env.DB, h.Env.Events)
		ann, bob := h.Person("ann"), h.Person("bob") // who have no passwords
		link := func(u users.User, provider string) string {
			a, err := store.Upsert(ctx, u.ID.String(), at(provider, u.ID.String()))
			h.Must(err)
			return "/users/me/identities/" + a.ID
		}
		google, github := link(ann, "google"), link(ann, "github")
		call(nil, "", "DELETE", google, "").Is("nobody", 401, "")
		call(&bob, "", "DELETE", google, "").Is("somebody else's", 404, "")
		call(&ann, "", "DELETE", "/users/me/identities/01890000-0000-7000-8000-000000000000", "").Is("none", 404, "")
		call(&ann, "", "DELETE", google, "").Is("one of two", 204, "")
		call(&ann, "", "DELETE", github, "").Is("the last way to sign in", 409, "LAST_METHOD")
		call(&ann, "", "DELETE", github, "").Is("it is there still", 409, "LAST_METHOD")
		h.Must(h.Env.DB.Tx(ctx, func(tx *data.Tx) error {
			_, err := h.Users.SetPassword(ctx, tx, ann.ID, "$argon2id$a")
			return err
		}))
		call(&ann, "", "DELETE", github, "").Is("beside a password", 204, "")

		keys := []identities.ID{}
		for _, provider := range []string{"google", "github"} {
			key, err := data.ParseID[identities.Identity](strings.TrimPrefix(link(bob, provider), "/users/me/identities/"))
			h.Must(err)
			keys = append(keys, key)
		}
		k := &contract.Checker[any]{}
		k.Winner("two at once", contract.Together(2, func(i int) error { return store.Unlink(ctx, bob.ID, keys[i]) }), func(err error) {
			k.Conflicts("the other", err, "LAST_METHOD")
		})
		for _, wrong := range k.Wrong {
			t.Error(wrong)
		}
		if left, err := store.List(ctx, bob.ID.String()); err != nil || len(left) != 1 {
			t.Errorf("%d ways to sign in are left, %v", len(left), err)
		}

		h.Must(h.Env.DB.Tx(ctx, func(tx *data.Tx) error {
			h.Must(h.Users.Leave(ctx, tx, &bob))
			return h.Users.Erase(ctx, tx, bob.ID, func(*users.User) error { return nil })
		}))
		_, err := store.ByAccount(ctx, "google", bob.ID.String())
		h.Want("of who is erased", err, fault.NotFound)
	})
}
