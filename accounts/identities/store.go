// Package identities keeps which accounts at other providers belong to whom: by
// them people sign in without a password here.
//
// An identity is the provider and what the provider calls the account, never an
// e-mail address: who has an address there need not have it here.
package identities

import (
	"context"
	"strings"
	"time"

	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// A Store keeps identities. [Service] is ours; package storetest proves that
// another one keeps these promises.
//
// Providers and account IDs are compared byte by byte. A store is used by many
// goroutines at once, and a method that returns after a change has returned sees
// it. An account at a provider belongs to one user at most: of several that upsert
// it for different users at once, exactly one has it.
//
// Errors are of package fault, as the methods say; any other is taken for an
// outage, [fault.Unavailable].
type Store interface {
	// ByAccount returns the user to whom an account at a provider belongs, or
	// fault.NotFound.
	ByAccount(ctx context.Context, provider, accountID string) (userID string, err error)

	// Upsert links an account at a provider to a user, or notes what is new about one
	// that is linked, and returns it as it is kept. Everything is replaced but a
	// refresh token, which stays if a brings none, since providers send it the first
	// time only. One that belongs to another user is fault.Conflict with the code
	// IDENTITY_TAKEN, see [Taken], a user who is not there fault.NotFound, and what
	// Account.Check refuses fault.Invalid; each leaves everything as it is.
	Upsert(ctx context.Context, userID string, a Account) (Account, error)

	// List returns the accounts that belong to a user, those linked first at first.
	// Of a user who is not there it returns none.
	List(ctx context.Context, userID string) ([]Account, error)

	// Delete unlinks an account by its ID here. One that does not belong to the user,
	// or is not there, is fault.NotFound: of several at once, exactly one does it.
	Delete(ctx context.Context, userID, id string) error
}

// An Account is somebody's account at a provider. Its tokens are secret, and a
// store keeps them so that who reads its files does not have them.
type Account struct {
	ID     string // names the link; the store makes it
	UserID string // whose it is; the store sets it

	Provider  string // 1 to 64 of a-z, 0-9, _ and -
	AccountID string // what the provider calls it (sub), 1 to 255 bytes
	Email     string // what the provider says, at most 254 bytes; "" if it says none

	Access    secret.Text // of any length; zero if it is not kept
	Refresh   secret.Text // of any length; zero if there is none
	ExpiresAt time.Time   // when Access does, to the microsecond; zero if that is not known

	CreatedAt, UpdatedAt time.Time // the store sets them
}

// Check returns what is wrong with an account: fault.Invalid, or nil.
func (a *Account) Check() error {
	var provider, account, address error
	if a.Provider == "" || len(a.Provider) > 64 || strings.Trim(a.Provider, "abcdefghijklmnopqrstuvwxyz0123456789_-") != "" {
		provider = fault.Field("provider", "must have 1 to 64 of a-z, 0-9, _ and -")
	}
	if a.AccountID == "" || len(a.AccountID) > 255 {
		account = fault.Field("account_id", "must have 1 to 255 bytes")
	}
	if len(a.Email) > 254 {
		address = fault.Field("email", "is too long")
	}
	return fault.Fields(provider, account, address)
}

// CodeTaken is the code of Taken.
const CodeTaken = "IDENTITY_TAKEN"

// Taken returns the error of a Store for an account that belongs to another user.
func Taken() error {
	return fault.Coded(fault.Conflict, CodeTaken, "that account belongs to somebody else here")
}
