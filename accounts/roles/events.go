package roles

import "github.com/manorgo/manor/accounts/users"

// Granted says that somebody was given a role.
type Granted struct {
	Role   string   `json:"role"`
	UserID users.ID `json:"user_id"`
}

// Kind names the event.
func (Granted) Kind() string { return "roles.granted" }

// Revoked says that somebody lost a role.
type Revoked struct {
	Role   string   `json:"role"`
	UserID users.ID `json:"user_id"`
}

// Kind names the event.
func (Revoked) Kind() string { return "roles.revoked" }
