package sessions

import (
	"time"

	"github.com/manorgo/manor/accounts/users"
)

// NewDevice says that a session began in a place from which its owner has not
// signed in as far as is known: see Opening.First.
type NewDevice struct {
	UserID    users.ID  `json:"user_id"`
	SessionID ID        `json:"session_id"`
	UserAgent string    `json:"user_agent"`
	IPPrefix  string    `json:"ip_prefix"`
	At        time.Time `json:"at"`
}

// Kind names the event.
func (NewDevice) Kind() string { return "sessions.new_device" }

// Reused says that a refresh token was used a second time, long after the
// first: two hold it, one of whom is a thief. The session has been ended.
type Reused struct {
	UserID    users.ID  `json:"user_id"`
	SessionID ID        `json:"session_id"`
	At        time.Time `json:"at"`
}

// Kind names the event.
func (Reused) Kind() string { return "sessions.reused" }
