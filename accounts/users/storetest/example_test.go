package storetest_test

import (
	"context"
	"fmt"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/accounts/users/storetest"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/patch"
)

// Two change the same account, and one of them has to look again.
func Example() {
	ctx := context.Background()
	store := storetest.NewMemory()
	ada, err := store.Create(ctx, users.Account{Email: "Ada@example.com", Username: "ada", Active: true})
	if err != nil {
		panic(err)
	}
	changed, err := store.Update(ctx, ada.ID, ada.Version, users.AccountChanges{FirstName: patch.Of("Ada")})
	fmt.Println(changed.FirstName, changed.Email, err)
	_, err = store.Update(ctx, ada.ID, ada.Version, users.AccountChanges{FirstName: patch.Of("Augusta")})
	fmt.Println(fault.KindOf(err))
	// Output:
	// Ada Ada@example.com <nil>
	// stale
}
