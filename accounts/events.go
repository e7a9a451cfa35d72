package accounts

import (
	"context"

	"github.com/manorgo/manor/accounts/sessions"
	"github.com/manorgo/manor/accounts/tokens"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/event"
)

// handlers are what follows the events of accounts.
func (s *Service) handlers() []event.Handler {
	return []event.Handler{
		event.On("accounts.tell_password_changed", s.tellPasswordChanged),
		event.Inside(s.endLinks), event.Inside(s.endLinksOfDeleted),
		event.On("accounts.erase_at_once", s.eraseAtOnce),
	}
}

// endLinks ends the open links of an account that was switched off, so that they
// stay ended when it is switched on again.
func (s *Service) endLinks(ctx context.Context, tx *data.Tx, e users.Deactivated) error {
	return s.tokens.Revoke(ctx, tx, e.ID, tokens.Verify, tokens.Reset, tokens.Email, tokens.Undo)
}

// Registered says that a person has made an account, whose address may not be
// proved yet.
type Registered struct {
	UserID users.ID `json:"user_id"`
}

// Kind names the event.
func (Registered) Kind() string { return "accounts.registered" }

// RegisteredAgain says that somebody registered with the address of an account: its
// owner, who has forgotten, or a stranger. They were told nothing, and the owner has
// a mail.
type RegisteredAgain struct {
	UserID users.ID `json:"user_id"`
}

// Kind names the event.
func (RegisteredAgain) Kind() string { return "accounts.registered_again" }

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

// PasswordChanged says that a person has a new password.
type PasswordChanged struct {
	UserID users.ID `json:"user_id"`
}

// Kind names the event.
func (PasswordChanged) Kind() string { return "accounts.password_changed" }

// EmailChangeAsked says that a person wants another address, which is not proved
// yet.
type EmailChangeAsked struct {
	UserID users.ID `json:"user_id"`
}

// Kind names the event.
func (EmailChangeAsked) Kind() string { return "accounts.email_change_asked" }

// EmailChanged says that a person has another address, which is proved.
type EmailChanged struct {
	UserID users.ID `json:"user_id"`
}

// Kind names the event.
func (EmailChanged) Kind() string { return "accounts.email_changed" }

// EmailRestored says that a former address was put back by its reader.
type EmailRestored struct {
	UserID users.ID `json:"user_id"`
}

// Kind names the event.
func (EmailRestored) Kind() string { return "accounts.email_restored" }

// Invited says that somebody was invited.
type Invited struct {
	ID   data.ID[tokens.Token] `json:"id"`
	Role string                `json:"role,omitempty"` // that they will hold
}

// Kind names the event.
func (Invited) Kind() string { return "accounts.invited" }

// InvitationAccepted says that a person made an account by an invitation.
type InvitationAccepted struct {
	UserID       users.ID              `json:"user_id"`
	InvitationID data.ID[tokens.Token] `json:"invitation_id"`
}

// Kind names the event.
func (InvitationAccepted) Kind() string { return "accounts.invitation_accepted" }
