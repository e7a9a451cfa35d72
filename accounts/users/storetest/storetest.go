// Package storetest proves that a store of accounts keeps the promises of
// [users.Store]. Run it in a test of your own:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) users.Store { return ldap.Open(t, empty(t)) })
//	}
//
// [NewMemory] is a store that keeps them all, to compare yours with and for tests
// that need one.
package storetest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/manorgo/manor/accounts/internal/contract"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/patch"
	"github.com/manorgo/manor/secret"
)

// Run holds a store to the contract, each part in a subtest of its own. Open
// returns a store for each, which has no accounts.
func Run(t *testing.T, open func(t *testing.T) users.Store) {
	t.Helper()
	contract.Run(t, checks, open)
}

type (
	check   = contract.Check[users.Store]
	checker = contract.Checker[users.Store]
)

var checks = []check{
	{Name: "an account is kept as it is", Do: kept},
	{Name: "nobody is found by what nobody has", Do: nobody},
	{Name: "accounts are found by any spelling", Do: spellings},
	{Name: "another field finds nobody", Do: otherField},
	{Name: "names are unique", Do: unique},
	{Name: "names are unique at once", Do: uniqueAtOnce},
	{Name: "an update changes what is set", Do: patched},
	{Name: "an update of another version is stale", Do: stale},
	{Name: "one of many updates wins", Do: oneWins},
	{Name: "accounts do not hold each other up", Do: apart},
	{Name: "a refused update changes nothing", Do: whole},
	{Name: "a list has everybody", Do: listed},
	{Name: "deleting is for good", Do: deleted},
}

// ada is an account that says something everywhere.
func ada() users.Account {
	return users.Account{
		Email: "Ada@example.com", Username: "Ada", Password: hashOf("one"),
		FirstName: "Ada", LastName: "Lovelace", Active: true, Verified: true,
	}
}

// bob is one that does not, where it can be left out.
func bob() users.Account { return users.Account{Email: "bob@example.com", Username: "bob"} }

// numbered is one of many accounts.
func numbered(n int) users.Account {
	name := fmt.Sprintf("person-%d", n)
	return users.Account{Email: name + "@example.com", Username: name, Active: true}
}

// hashOf returns what looks like the hash of a password. Stores do not look.
func hashOf(name string) secret.PasswordHash {
	return secret.PasswordHash("$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHRzYWx0$" + fmt.Sprintf("%x", name+"-of-thirty-two-bytes"))
}

// create makes an account that must be possible.
func create(k *checker, a users.Account) users.Account {
	made, err := k.Store.Create(k.Ctx, a)
	k.Must("creating "+a.Email, err)
	if made.ID == "" || made.Version == "" {
		k.Errorf("what Create returns has the ID %q and the version %q", made.ID, made.Version)
	}
	if len(made.ID) > 255 || len(made.Version) > 255 {
		k.Errorf("the ID has %d bytes and the version %d, which is more than 255", len(made.ID), len(made.Version))
	}
	same(k, "what Create returns", made, a)
	return made
}

// get returns an account that must be there.
func get(k *checker, id string) users.Account {
	a, err := k.Store.Get(k.Ctx, id)
	k.Must("getting it by its ID", err)
	return a
}

// same wants an account to say what another does.
func same(k *checker, what string, got, want users.Account) {
	for _, f := range []struct {
		name string
		same bool
	}{
		{"address", got.Email == want.Email}, {"username", got.Username == want.Username},
		{"password", got.Password == want.Password},
		{"first name", got.FirstName == want.FirstName}, {"last name", got.LastName == want.LastName},
		{"active", got.Active == want.Active}, {"verified", got.Verified == want.Verified},
	} {
		if !f.same {
			k.Errorf("%s: %s is not as it should be, in %+v, want %+v", what, f.name, got, want)
		}
	}
}

// found wants the account to be there, by all that it can be found by.
func found(k *checker, what string, want users.Account) {
	look := func(by string, a users.Account, err error) {
		k.Must(what+", found by "+by, err)
		same(k, what+", found by "+by, a, want)
		if a.ID != want.ID || a.Version != want.Version {
			k.Errorf("%s, found by %s: the ID is %q and the version %q, want %q and %q", what, by, a.ID, a.Version, want.ID, want.Version)
		}
	}
	a, err := k.Store.Get(k.Ctx, want.ID)
	look("ID", a, err)
	a, err = k.Store.GetByEmail(k.Ctx, want.Email)
	look("address", a, err)
	a, err = k.Store.GetByField(k.Ctx, users.ByEmail, want.Email)
	look("the field email", a, err)
	a, err = k.Store.GetByField(k.Ctx, users.ByUsername, want.Username)
	look("the field username", a, err)
}

func named(name string) users.AccountChanges {
	return users.AccountChanges{FirstName: patch.Of(name)}
}

func ids(as []users.Account) (out []string) {
	for _, a := range as {
		out = append(out, a.ID)
	}
	slices.Sort(out)
	return out
}
