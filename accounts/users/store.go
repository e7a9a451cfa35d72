package users

import (
	"context"
	"time"

	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/patch"
	"github.com/manorgo/manor/secret"
)

// A Store keeps accounts: who people are, how they prove it, and whether they may
// sign in. [NewStore] is ours; yours may be a table that another program owns, a
// directory or a service. Package storetest proves that it keeps these promises,
// and accounts.Config.Store has the flows use it.
//
// E-mail addresses and usernames are compared by [EmailKey] and [UsernameKey] and
// by nothing else: two spellings of one are one, for look-ups and for uniqueness.
// They are returned as they were given.
//
// A store is used by many goroutines at once and may be changed by others
// meanwhile. It promises, for each account:
//
//   - A method that returns after a change has returned sees it.
//   - Of changes that name the same version, exactly one happens, also from other
//     processes. So it is with accounts that would have the same address or the
//     same username: exactly one has it.
//   - A change happens whole or not at all. One that fails with [fault.Unavailable]
//     may have happened.
//
// Errors are of package fault: NotFound, Conflict, Stale and Invalid as the methods
// say. Any other is taken for an outage, [fault.Unavailable], whatever it is: what
// was asked for does not happen, and the caller is told to try again.
type Store interface {
	// Get returns an account by its ID, or fault.NotFound, also if the text is no ID.
	Get(ctx context.Context, id string) (Account, error)

	// GetByEmail returns the account with an e-mail address, or fault.NotFound.
	GetByEmail(ctx context.Context, address string) (Account, error)

	// GetByField returns the account that has this value, or fault.NotFound. Another
	// field than the two is a mistake of the program, fault.Internal.
	GetByField(ctx context.Context, field Field, value string) (Account, error)

	// List returns some of all accounts, in an order that stays as it is while no
	// account comes or goes, and how many there are. Past the end there are none. It
	// may return fewer than limit, which is at least 1, but none only past the end.
	List(ctx context.Context, offset, limit int) (accounts []Account, total int, err error)

	// Create stores a new account and returns it with what the store decides about:
	// ID, version and times. It may take the ID that a brings, if its own are UUIDs. A
	// taken address is fault.Conflict with the code EMAIL_TAKEN, a taken username one
	// with USERNAME_TAKEN: see [EmailTaken] and [UsernameTaken].
	Create(ctx context.Context, a Account) (Account, error)

	// Update changes what c sets and nothing else, if the account is in this version,
	// and returns it as it is now. In any other it is fault.Stale, and if it is gone
	// fault.NotFound. Errors about names are those of Create.
	Update(ctx context.Context, id, version string, c AccountChanges) (Account, error)

	// Delete removes an account for good. One that is not there is no error, so that
	// who does not know whether it happened can ask for it again. Whether its names
	// are free at once is up to the store.
	Delete(ctx context.Context, id string) error
}

// A Field is something that an account can be found by.
type Field string

// The fields.
const (
	ByEmail    Field = "email"
	ByUsername Field = "username"
)

// An Account is somebody in a Store.
type Account struct {
	ID       string // names the account for ever, at most 255 bytes
	Email    string // at most 254 bytes, as CheckEmail wants it
	Username string // at most 150 bytes; "" if the account has none

	// Password may be of any kind that secret.ParsePasswordHash reads. After a
	// sign-in it is one of ours. "" is that of people who only sign in elsewhere.
	Password secret.PasswordHash

	FirstName, LastName string // at most 150 characters each
	Active              bool   // it is not switched off
	Verified            bool   // its owner has proved to read mail at the address

	CreatedAt, UpdatedAt time.Time

	// Version is another one after each change that a reader could see: a number, a
	// time of which no two changes have the same, or a digest. At most 255 bytes.
	Version string
}

// AccountChanges are what an Update changes. What is not set stays. Nothing is set
// to null: no password is "".
type AccountChanges struct {
	Email, Username     patch.Field[string]
	Password            patch.Field[secret.PasswordHash]
	FirstName, LastName patch.Field[string]
	Active, Verified    patch.Field[bool]
}

// Apply returns the account with the changes.
func (c AccountChanges) Apply(a Account) Account {
	a.Email, a.Username = c.Email.Or(a.Email), c.Username.Or(a.Username)
	a.Password = c.Password.Or(a.Password)
	a.FirstName, a.LastName = c.FirstName.Or(a.FirstName), c.LastName.Or(a.LastName)
	a.Active, a.Verified = c.Active.Or(a.Active), c.Verified.Or(a.Verified)
	return a
}

// The codes of conflicts about names.
const (
	CodeEmailTaken    = "EMAIL_TAKEN"
	CodeUsernameTaken = "USERNAME_TAKEN"
)

// EmailTaken returns the error of a Store for an address that another account has.
func EmailTaken() error {
	return &fault.Error{Kind: fault.Conflict, Code: CodeEmailTaken, Msg: "the address has an account",
		Details: []fault.Detail{{Location: "body.email", Message: "has an account"}}}
}

// UsernameTaken returns the error of a Store for a username that another account
// has.
func UsernameTaken() error {
	return &fault.Error{Kind: fault.Conflict, Code: CodeUsernameTaken, Msg: "the username is taken",
		Details: []fault.Detail{{Location: "body.username", Message: "is already taken"}}}
}
