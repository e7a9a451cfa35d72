package accounts

import (
	"github.com/manorgo/manor/accounts/sessions"
	"github.com/manorgo/manor/accounts/users"
)

// Verified says that a person has proved to read mail at their address.
type Verified struct {
	UserID users.ID `json:"user_id"`
}

// Kind names the event.
func (Verified) Kind() string { return "accounts.verified" }

// SignedIn says that a person has signed in.
type SignedIn struct {
	UserID    users.ID    `json:"user_id"`
	SessionID sessions.ID `json:"session_id"`
}

// Kind names the event.
func (SignedIn) Kind() string { return "accounts.signed_in" }
