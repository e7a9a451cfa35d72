package identities

import (
	"time"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/secret"
)

// An Identity is an account at a provider as the app's own table keeps it. Its
// tokens are stored encrypted.
type Identity struct {
	data.Audited[Identity]
	UserID         users.ID     `json:"-" db:"user_id,references=users,ondelete=cascade,index"`
	Provider       string       `json:"provider" db:"provider,size=64"`
	AccountID      string       `json:"account_id" db:"account_id,size=255"`
	Email          string       `json:"email" db:"email,size=254,default=''"`
	Access         *secret.Text `json:"-" db:"access_token"`
	Refresh        *secret.Text `json:"-" db:"refresh_token"`
	TokenExpiresAt *time.Time   `json:"-" db:"token_expires_at"`
}

// An ID names an identity.
type ID = data.ID[Identity]

var (
	table     = data.NewTable[Identity]("identities", data.UniqueOn("provider", "account_id"))
	id        = data.Col[ID](table, "id")
	owner     = data.Col[users.ID](table, "user_id")
	provider  = data.TextCol(table, "provider")
	accountID = data.TextCol(table, "account_id")
	email     = data.TextCol(table, "email")
	access    = data.Col[secret.Text](table, "access_token")
	refresh   = data.Col[secret.Text](table, "refresh_token")
	expiresAt = data.Col[time.Time](table, "token_expires_at")
)

// account returns a row as the contract has it.
func account(row *Identity) Account {
	a := Account{
		ID: row.ID.String(), UserID: row.UserID.String(), Provider: row.Provider, AccountID: row.AccountID, Email: row.Email,
		CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
	}
	if row.Access != nil {
		a.Access = *row.Access
	}
	if row.Refresh != nil {
		a.Refresh = *row.Refresh
	}
	if row.TokenExpiresAt != nil {
		a.ExpiresAt = *row.TokenExpiresAt
	}
	return a
}

// identity returns the row of a new link.
func identity(user users.ID, a Account) Identity {
	row := Identity{UserID: user, Provider: a.Provider, AccountID: a.AccountID, Email: a.Email}
	if !a.Access.IsZero() {
		row.Access = &a.Access
	}
	if !a.Refresh.IsZero() {
		row.Refresh = &a.Refresh
	}
	if !a.ExpiresAt.IsZero() {
		row.TokenExpiresAt = &a.ExpiresAt
	}
	return row
}

// changes are what a link that is there takes over.
func changes(a Account) []data.Change[Identity] {
	out := []data.Change[Identity]{email.Set(a.Email), access.SetNull(), expiresAt.SetNull()}
	if !a.Access.IsZero() {
		out[1] = access.Set(a.Access)
	}
	if !a.ExpiresAt.IsZero() {
		out[2] = expiresAt.Set(a.ExpiresAt)
	}
	if !a.Refresh.IsZero() {
		out = append(out, refresh.Set(a.Refresh))
	}
	return out
}

// Linked says that an account at a provider belongs to a user from now on.
type Linked struct {
	ID       ID       `json:"id"`
	UserID   users.ID `json:"user_id"`
	Provider string   `json:"provider"`
}

// Kind names the event.
func (Linked) Kind() string { return "identities.linked" }

// Unlinked says that it does not any more.
type Unlinked struct {
	ID       ID       `json:"id"`
	UserID   users.ID `json:"user_id"`
	Provider string   `json:"provider"`
}

// Kind names the event.
func (Unlinked) Kind() string { return "identities.unlinked" }
