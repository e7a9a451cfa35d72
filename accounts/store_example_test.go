package accounts_test

import (
	"fmt"
	"time"

	"github.com/manorgo/manor"
	"github.com/manorgo/manor/accounts"
	"github.com/manorgo/manor/accounts/users/storetest"
)

// Accounts can stay where they are.
func ExampleConfig_store() {
	legacy := storetest.NewMemory() // yours: a table, a directory, a service
	config := manor.Config{
		Accounts: accounts.Config{Store: legacy, StoreEvery: 5 * time.Minute},
	}
	fmt.Println(config.Accounts.StoreEvery)
	// Output: 5m0s
}
