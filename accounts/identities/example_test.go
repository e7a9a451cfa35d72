package identities_test

import (
	"fmt"

	"github.com/manorgo/manor/accounts/identities"
	"github.com/manorgo/manor/secret"
)

// What is no account is refused before anything is stored, and tokens print
// nothing.
func ExampleAccount_Check() {
	a := identities.Account{Provider: "Google", AccountID: "108", Access: secret.NewText("ya29")}
	fmt.Println(a.Check())
	a.Provider = "google"
	fmt.Println(a.Check(), a.Access)
	// Output:
	// some fields are not valid; body.provider: must have 1 to 64 of a-z, 0-9, _ and -
	// <nil> [redacted]
}
