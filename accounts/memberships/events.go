package memberships

import "github.com/manorgo/manor/accounts/users"

// Created says that somebody became a member.
type Created struct {
	ID     ID       `json:"id"`
	UserID users.ID `json:"user_id"`
	Type   Type     `json:"membership_type"`
}

// Kind names the event.
func (Created) Kind() string { return "memberships.created" }

// Changed says that a membership was changed, and what it is now.
type Changed struct {
	ID     ID       `json:"id"`
	UserID users.ID `json:"user_id"`
	Type   Type     `json:"membership_type"`
	Votes  bool     `json:"votes"`
}

// Kind names the event.
func (Changed) Kind() string { return "memberships.changed" }

// Deleted says that somebody is no member any more. Whoever loses their account
// loses the membership without it.
type Deleted struct {
	ID     ID       `json:"id"`
	UserID users.ID `json:"user_id"`
}

// Kind names the event.
func (Deleted) Kind() string { return "memberships.deleted" }
