package apikeys_test

import (
	"context"
	"fmt"
	"regexp"

	"github.com/manorgo/manor"
	"github.com/manorgo/manor/accounts/apikeys"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/secret"
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

// A program makes a key for another one, which may only read people.
func ExampleService_Create() {
	_ = func(ctx context.Context, app *manor.App, owner users.ID) (secret.Text, error) {
		i, err := app.APIKeys().Create(ctx, owner, apikeys.Create{
			Name: "deploy", Scopes: []string{"users:read"}, AllowedIPs: []string{"192.0.2.0/24"}, ExpiresInDays: new(90),
		})
		return i.Key, err // which is shown this once
	}
}
