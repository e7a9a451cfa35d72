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

// Deleted says that an account is gone for everybody. It waits to be erased, and
// may come back until then.
type Deleted struct {
	ID    ID   `json:"id"`
	Self  bool `json:"self"`  // by the person, and not by somebody with users:write
	Erase bool `json:"erase"` // it is not to wait
}

// Kind names the event.
func (Deleted) Kind() string { return "users.deleted" }

// Restored says that an account that was deleted is there again.
type Restored struct {
	ID ID `json:"id"`
}

// Kind names the event.
func (Restored) Kind() string { return "users.restored" }

// Erased says that nothing is left of an account.
type Erased struct {
	ID ID `json:"id"`
}

// Kind names the event.
func (Erased) Kind() string { return "users.erased" }
