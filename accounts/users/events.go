package users

// Created says that there is a new account.
type Created struct {
	ID       ID     `json:"id"`
	Username string `json:"username"`
}

// Kind names the event.
func (Created) Kind() string { return "users.created" }

// Changed says that an account was changed.
type Changed struct {
	ID ID `json:"id"`
}

// Kind names the event.
func (Changed) Kind() string { return "users.changed" }

// Deactivated says that an account was switched off.
type Deactivated struct {
	ID ID `json:"id"`
}

// Kind names the event.
func (Deactivated) Kind() string { return "users.deactivated" }

// Deleted says that an account is gone.
type Deleted struct {
	ID ID `json:"id"`
}

// Kind names the event.
func (Deleted) Kind() string { return "users.deleted" }
