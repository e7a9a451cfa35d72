// Package storetest proves that a store of identities keeps the promises of
// [identities.Store].
package storetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/manorgo/manor/accounts/identities"
	"github.com/manorgo/manor/accounts/internal/contract"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// A Setup is a store without identities, and users that it knows.
type Setup struct {
	Store     identities.Store
	Ann, Bob  string // the IDs of two users
	NotAUser  string // what could be the ID of one; "" means "nobody"
	Tokenless bool   // the store keeps no tokens, which Manor itself does not need
}

// Run holds a store to the contract, each part in a subtest of its own with what
// open returns.
func Run(t *testing.T, open func(t *testing.T) Setup) {
	t.Helper()
	contract.Run(t, checks, open)
}

type (
	check   = contract.Check[Setup]
	checker = contract.Checker[Setup]
)

var checks = []check{
	{Name: "an account is kept as it is", Do: kept},
	{Name: "what nobody has is not found", Do: nobody},
	{Name: "accounts are told apart byte by byte", Do: apart},
	{Name: "an account is somebody's alone", Do: alone},
	{Name: "one of many users wins", Do: oneWins},
	{Name: "what is new is noted", Do: renewed},
	{Name: "linking at once links once", Do: once},
	{Name: "what is no account is refused", Do: refused},
	{Name: "unlinking is for the owner", Do: unlinked},
}

// racers is how many do the same at once.
const racers = 8

// linked is an account that says something everywhere.
func linked() identities.Account {
	return identities.Account{
		Provider: "google", AccountID: "108-Ab", Email: "Ann@example.com",
		Access: secret.NewText(strings.Repeat("long", 1000)), Refresh: secret.NewText("refresh"),
		ExpiresAt: time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC),
	}
}

// numbered is one of many accounts, which says as little as it may.
func numbered(n int) identities.Account {
	return identities.Account{Provider: "github", AccountID: fmt.Sprint(n)}
}

// link links an account, which must be possible.
func link(k *checker, user string, a identities.Account) identities.Account {
	got, err := k.Store.Store.Upsert(k.Ctx, user, a)
	k.Must("linking "+a.AccountID, err)
	if got.ID == "" {
		k.Errorf("what Upsert returns has no ID")
	}
	same(k, "what Upsert returns", got, user, a)
	return got
}

// same wants an account to be that of a user and to say what another does.
func same(k *checker, what string, got identities.Account, user string, want identities.Account) {
	if got.UserID != user || got.Provider != want.Provider || got.AccountID != want.AccountID || got.Email != want.Email {
		k.Errorf("%s: it is %+v, want %+v of %s", what, got, want, user)
	}
	if k.Store.Tokenless {
		return
	}
	if !got.Access.Equal(want.Access) || !got.Refresh.Equal(want.Refresh) {
		k.Errorf("%s: its tokens are not those that were given", what)
	}
	if !got.ExpiresAt.Equal(want.ExpiresAt) {
		k.Errorf("%s: it expires at %v, want %v", what, got.ExpiresAt, want.ExpiresAt)
	}
}

// owner wants an account to be a user's.
func owner(k *checker, what string, a identities.Account, user string) {
	got, err := k.Store.Store.ByAccount(k.Ctx, a.Provider, a.AccountID)
	if err != nil || got != user {
		k.Errorf("%s: it belongs to %q (%v), want %q", what, got, err, user)
	}
}

// list returns the accounts of a user.
func list(k *checker, user string) []identities.Account {
	got, err := k.Store.Store.List(k.Ctx, user)
	k.Must("a list", err)
	return got
}

func kept(k *checker) {
	first := link(k, k.Store.Ann, linked())
	second := link(k, k.Store.Ann, numbered(1))
	owner(k, "an account", linked(), k.Store.Ann)
	owner(k, "another", numbered(1), k.Store.Ann)
	got := list(k, k.Store.Ann)
	if len(got) != 2 || got[0].ID != first.ID || got[1].ID != second.ID {
		k.Errorf("two accounts are listed as %d, or not in the order in which they were linked", len(got))
		return
	}
	same(k, "in a list", got[0], k.Store.Ann, linked())
	same(k, "in a list", got[1], k.Store.Ann, numbered(1))
	if got[0].CreatedAt.IsZero() || got[0].UpdatedAt.IsZero() {
		k.Errorf("it was linked at %v and changed at %v", got[0].CreatedAt, got[0].UpdatedAt)
	}
}

func nobody(k *checker) {
	link(k, k.Store.Ann, linked())
	for _, a := range []identities.Account{{Provider: "google", AccountID: "108"}, {Provider: "github", AccountID: "108-Ab"}, {}, {Provider: "google", AccountID: "%"}} {
		user, err := k.Store.Store.ByAccount(k.Ctx, a.Provider, a.AccountID)
		if k.Fails(fmt.Sprintf("the account %q of %q", a.AccountID, a.Provider), err, fault.NotFound); user != "" {
			k.Errorf("it belongs to %q", user)
		}
	}
	if got := list(k, k.Store.Bob); len(got) != 0 {
		k.Errorf("somebody without accounts has %d", len(got))
	}
	if got := list(k, notAUser(k)); len(got) != 0 {
		k.Errorf("who is not there has %d accounts", len(got))
	}
	_, err := k.Store.Store.Upsert(k.Ctx, notAUser(k), numbered(1))
	k.Fails("linking to who is not there", err, fault.NotFound)
}

func notAUser(k *checker) string {
	if k.Store.NotAUser == "" {
		return "nobody"
	}
	return k.Store.NotAUser
}

func apart(k *checker) {
	link(k, k.Store.Ann, linked())
	other := linked()
	other.AccountID = strings.ToLower(other.AccountID)
	link(k, k.Store.Bob, other)
	owner(k, "the account in capitals", linked(), k.Store.Ann)
	owner(k, "the account in small letters", other, k.Store.Bob)
	other.AccountID += " "
	link(k, k.Store.Bob, other)
	if got := list(k, k.Store.Bob); len(got) != 2 {
		k.Errorf("with a space at the end there are %d accounts, want 2", len(got))
	}
}

func alone(k *checker) {
	link(k, k.Store.Ann, linked())
	other := linked()
	other.Email = "bob@example.com"
	_, err := k.Store.Store.Upsert(k.Ctx, k.Store.Bob, other)
	k.Conflicts("an account of somebody else", err, identities.CodeTaken)
	owner(k, "after a refusal", linked(), k.Store.Ann)
	if got := list(k, k.Store.Ann); len(got) != 1 {
		k.Errorf("after a refusal there are %d accounts", len(got))
	} else {
		same(k, "after a refusal", got[0], k.Store.Ann, linked())
	}
	if got := list(k, k.Store.Bob); len(got) != 0 {
		k.Errorf("who was refused has %d accounts", len(got))
	}
}

func oneWins(k *checker) {
	users := []string{k.Store.Ann, k.Store.Bob}
	for n := range 3 {
		errs := contract.Together(len(users), func(i int) error {
			_, err := k.Store.Store.Upsert(k.Ctx, users[i], numbered(n))
			return err
		})
		won := k.Winner("two users at once", errs, func(err error) { k.Conflicts("who lost", err, identities.CodeTaken) })
		owner(k, "an account that two wanted", numbered(n), users[won])
		if got := len(list(k, k.Store.Ann)) + len(list(k, k.Store.Bob)); got != n+1 {
			k.Errorf("%d accounts are listed, want %d", got, n+1)
		}
	}
}

func renewed(k *checker) {
	first := link(k, k.Store.Ann, linked())
	now := linked()
	now.Email, now.Access, now.ExpiresAt = "new@example.com", secret.NewText("another"), linked().ExpiresAt.Add(time.Hour)
	second := link(k, k.Store.Ann, now)
	if second.ID != first.ID {
		k.Errorf("what was linked before has the ID %q, want %q", second.ID, first.ID)
	}
	without := identities.Account{Provider: now.Provider, AccountID: now.AccountID}
	got, err := k.Store.Store.Upsert(k.Ctx, k.Store.Ann, without)
	k.Must("an account without tokens", err)
	without.Refresh = now.Refresh // stays
	same(k, "without tokens", got, k.Store.Ann, without)
	if all := list(k, k.Store.Ann); len(all) != 1 {
		k.Errorf("one account is listed %d times", len(all))
	} else {
		same(k, "in a list, without tokens", all[0], k.Store.Ann, without)
	}
}

func once(k *checker) {
	for i, err := range contract.Together(racers, func(int) error {
		_, err := k.Store.Store.Upsert(k.Ctx, k.Store.Ann, linked())
		return err
	}) {
		if err != nil {
			k.Errorf("linking, one of several at once (%d): %v", i, err)
		}
	}
	if got := list(k, k.Store.Ann); len(got) != 1 {
		k.Errorf("one account that was linked several times at once is listed %d times", len(got))
	}
}

func refused(k *checker) {
	for what, a := range map[string]identities.Account{
		"no provider": {AccountID: "1"}, "no account": {Provider: "google"}, "a provider in capitals": {Provider: "Google", AccountID: "1"},
		"a long account": {Provider: "google", AccountID: strings.Repeat("x", 256)},
		"a long address": {Provider: "google", AccountID: "1", Email: strings.Repeat("x", 255)},
	} {
		_, err := k.Store.Store.Upsert(k.Ctx, k.Store.Ann, a)
		k.Fails(what, err, fault.Invalid)
	}
	if got := list(k, k.Store.Ann); len(got) != 0 {
		k.Errorf("after refusals there are %d accounts", len(got))
	}
}

func unlinked(k *checker) {
	a, other := link(k, k.Store.Ann, linked()), link(k, k.Store.Ann, numbered(1))
	k.Fails("unlinking somebody else's", k.Store.Store.Delete(k.Ctx, k.Store.Bob, a.ID), fault.NotFound)
	owner(k, "after a refusal", linked(), k.Store.Ann)
	for _, key := range []string{"", "nothing", "01890000-0000-7000-8000-000000000000", "999999"} {
		k.Fails(fmt.Sprintf("unlinking %q", key), k.Store.Store.Delete(k.Ctx, k.Store.Ann, key), fault.NotFound)
	}
	errs := contract.Together(racers, func(int) error { return k.Store.Store.Delete(k.Ctx, k.Store.Ann, a.ID) })
	k.Winner("unlinking at once", errs, func(err error) { k.Fails("unlinking twice", err, fault.NotFound) })
	_, err := k.Store.Store.ByAccount(k.Ctx, a.Provider, a.AccountID)
	k.Fails("an account that was unlinked", err, fault.NotFound)
	owner(k, "the other account", other, k.Store.Ann)
	link(k, k.Store.Bob, linked())
	owner(k, "an account that was given up", linked(), k.Store.Bob)
}
