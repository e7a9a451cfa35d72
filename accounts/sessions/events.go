package sessions

import (
	"time"

	"github.com/manorgo/manor/accounts/users"
)

// Reused says that a refresh token was used a second time, long after the
// first: two hold it, one of whom is a thief. The session has been ended.
type Reused struct {
	UserID    users.ID  `json:"user_id"`
	SessionID ID        `json:"session_id"`
	At        time.Time `json:"at"`
}

// Kind names the event.
func (Reused) Kind() string { return "sessions.reused" }
