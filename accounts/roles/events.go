package roles

import (
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
)

// Created says that there is a new role.
type Created struct {
	ID          data.ID[Role] `json:"id"`
	Role        string        `json:"role"`
	Permissions []string      `json:"permissions"`
}

// Kind names the event.
func (Created) Kind() string { return "roles.created" }

// Changed says what a role is called and permits from now on.
type Changed struct {
	ID          data.ID[Role] `json:"id"`
	Role        string        `json:"role"`
	Permissions []string      `json:"permissions"`
}

// Kind names the event.
func (Changed) Kind() string { return "roles.changed" }

// Deleted says that a role is gone.
type Deleted struct {
	ID   data.ID[Role] `json:"id"`
	Role string        `json:"role"`
}

// Kind names the event.
func (Deleted) Kind() string { return "roles.deleted" }

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
