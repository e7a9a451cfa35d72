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
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/patch"
	"github.com/manorgo/manor/secret"
)

// Run holds a store to the contract, each part in a subtest of its own. Open
// returns a store for each, which has no accounts.
func Run(t *testing.T, open func(t *testing.T) users.Store) {
	t.Helper()
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			k := &checker{ctx: t.Context(), store: open(t)}
			k.run(c.do)
			for _, wrong := range k.wrong {
				t.Error(wrong)
			}
		})
	}
}

// A check is one part of the contract.
type check struct {
	name string
	do   func(k *checker)
}

var checks = []check{
	{"an account is kept as it is", (*checker).kept},
	{"nobody is found by what nobody has", (*checker).nobody},
	{"accounts are found by any spelling", (*checker).spellings},
	{"another field finds nobody", (*checker).otherField},
	{"names are unique", (*checker).unique},
	{"names are unique at once", (*checker).uniqueAtOnce},
	{"an update changes what is set", (*checker).patched},
	{"an update of another version is stale", (*checker).stale},
	{"one of many updates wins", (*checker).oneWins},
	{"accounts do not hold each other up", (*checker).apart},
	{"a refused update changes nothing", (*checker).whole},
	{"a list has everybody", (*checker).listed},
	{"deleting is for good", (*checker).deleted},
}

// A checker runs a check and gathers what is wrong.
type checker struct {
	ctx   context.Context
	store users.Store
	wrong []error
}

// errEnd ends a check that makes no sense any more.
var errEnd = errors.New("storetest: end")

// run does a check, up to where it makes sense.
func (k *checker) run(do func(k *checker)) {
	defer func() {
		if end := recover(); end != nil && end != any(errEnd) {
			panic(end)
		}
	}()
	do(k)
}

func (k *checker) errorf(format string, args ...any) {
	k.wrong = append(k.wrong, fmt.Errorf(format, args...))
}

// must ends the check if there is an error.
func (k *checker) must(what string, err error) {
	if err != nil {
		k.errorf("%s: %w", what, err)
		panic(errEnd)
	}
}

// fails wants an error of a kind.
func (k *checker) fails(what string, err error, kind fault.Kind) {
	if fault.KindOf(err) != kind || err == nil {
		k.errorf("%s: the error is %v, want one of kind %s", what, err, kind)
	}
}

// taken wants a conflict with a code.
func (k *checker) taken(what string, err error, code string) {
	if e, ok := errors.AsType[*fault.Error](err); !ok || e.Kind != fault.Conflict || e.Code != code {
		k.errorf("%s: the error is %v, want %s with the code %s", what, err, fault.Conflict, code)
	}
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
func (k *checker) create(a users.Account) users.Account {
	made, err := k.store.Create(k.ctx, a)
	k.must("creating "+a.Email, err)
	if made.ID == "" || made.Version == "" {
		k.errorf("what Create returns has the ID %q and the version %q", made.ID, made.Version)
	}
	if len(made.ID) > 255 || len(made.Version) > 255 {
		k.errorf("the ID has %d bytes and the version %d, which is more than 255", len(made.ID), len(made.Version))
	}
	k.same("what Create returns", made, a)
	return made
}

// get returns an account that must be there.
func (k *checker) get(id string) users.Account {
	a, err := k.store.Get(k.ctx, id)
	k.must("getting it by its ID", err)
	return a
}

// same wants an account to say what another does.
func (k *checker) same(what string, got, want users.Account) {
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
			k.errorf("%s: %s is not as it should be, in %+v, want %+v", what, f.name, got, want)
		}
	}
}

// found wants the account to be there, by all that it can be found by.
func (k *checker) found(what string, want users.Account) {
	look := func(by string, a users.Account, err error) {
		k.must(what+", found by "+by, err)
		k.same(what+", found by "+by, a, want)
		if a.ID != want.ID || a.Version != want.Version {
			k.errorf("%s, found by %s: the ID is %q and the version %q, want %q and %q", what, by, a.ID, a.Version, want.ID, want.Version)
		}
	}
	a, err := k.store.Get(k.ctx, want.ID)
	look("ID", a, err)
	a, err = k.store.GetByEmail(k.ctx, want.Email)
	look("address", a, err)
	a, err = k.store.GetByField(k.ctx, users.ByEmail, want.Email)
	look("the field email", a, err)
	a, err = k.store.GetByField(k.ctx, users.ByUsername, want.Username)
	look("the field username", a, err)
}

// together calls do n times at once and returns the errors.
func together(n int, do func(i int) error) []error {
	var (
		begin = make(chan struct{})
		group sync.WaitGroup
		errs  = make([]error, n)
	)
	for i := range n {
		group.Go(func() {
			<-begin
			errs[i] = do(i)
		})
	}
	close(begin)
	group.Wait()
	return errs
}

// winner wants exactly one of errs to be nil and returns its place, and the others
// to be as lost says.
func (k *checker) winner(what string, errs []error, lost func(error)) int {
	won := -1
	for i, err := range errs {
		switch {
		case err != nil:
			lost(err)
		case won >= 0:
			k.errorf("%s: two of %d won", what, len(errs))
		default:
			won = i
		}
	}
	if won < 0 {
		k.errorf("%s: none of %d won", what, len(errs))
		panic(errEnd)
	}
	return won
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
