package apikeys

import (
	"time"

	"github.com/manorgo/manor/accounts/users"
)

// Created says that there is a new key.
type Created struct {
	ID       ID       `json:"id"`
	KeyID    string   `json:"key_id"`
	UserID   users.ID `json:"user_id"`
	Replaces string   `json:"replaces,omitempty"` // the KeyID of the one that it is the successor of
}

// Kind names the event.
func (Created) Kind() string { return "api_keys.created" }

// Changed says that a key was changed.
type Changed struct {
	ID     ID       `json:"id"`
	KeyID  string   `json:"key_id"`
	UserID users.ID `json:"user_id"`
}

// Kind names the event.
func (Changed) Kind() string { return "api_keys.changed" }

// Ended says that a key has ended.
type Ended struct {
	ID     ID       `json:"id"`
	KeyID  string   `json:"key_id"`
	UserID users.ID `json:"user_id"`
}

// Kind names the event.
func (Ended) Kind() string { return "api_keys.revoked" }

// Used says that the use of a key was noted, which is done once in a while: see
// Config.SeenEvery. The audit does not tell of it.
type Used struct {
	ID     ID        `json:"id"`
	KeyID  string    `json:"key_id"`
	UserID users.ID  `json:"user_id"`
	At     time.Time `json:"at"`
}

// Kind names the event.
func (Used) Kind() string { return "api_keys.used" }

// Expiring says that a key will expire soon.
type Expiring struct {
	ID        ID        `json:"id"`
	KeyID     string    `json:"key_id"`
	UserID    users.ID  `json:"user_id"`
	Name      string    `json:"name"`
	Hint      string    `json:"key_hint"`
	ExpiresAt time.Time `json:"expires_at"`
}

// Kind names the event.
func (Expiring) Kind() string { return "api_keys.expiring" }

// AllRevoked says that all keys of a user have ended.
type AllRevoked struct {
	UserID users.ID `json:"user_id"`
	Count  int      `json:"count"`
}

// Kind names the event.
func (AllRevoked) Kind() string { return "api_keys.all_revoked" }

// Unaudited says that the audit does not tell of it.
func (Used) Unaudited() {}
