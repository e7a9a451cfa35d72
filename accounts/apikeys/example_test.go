package apikeys_test

import (
	"fmt"
	"regexp"

	"github.com/manorgo/manor/accounts/apikeys"
)

// What no other program's keys look like is checked when an app is made.
func ExampleFormat_Check() {
	fmt.Println(apikeys.Format{Prefix: "acme", Environment: "live"}.Check())
	fmt.Println(apikeys.Format{Prefix: "ACME", Environment: "live"}.Check())
	// Output:
	// <nil>
	// the prefix of API keys must have 2 to 16 of a-z and 0-9, a letter first, not be "ACME"
}

// A scanner for leaked secrets finds keys by one regular expression.
func ExampleFormat() {
	line := `curl -H "X-API-Key: mnk_live_0123456789abcDEF_0000000000000000000000000000000000000000000_00000A" https://example.org`
	fmt.Println(regexp.MustCompile(apikeys.Pattern).FindStringSubmatch(line)[1])
	// Output: mnk
}
