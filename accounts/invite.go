package accounts

import (
	"context"
	"encoding/json"
	"net/url"
	"time"

	"github.com/manorgo/manor/accounts/roles"
	"github.com/manorgo/manor/accounts/tokens"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// An Inviting asks for somebody to be invited.
type Inviting struct {
	Email string `json:"email" maxLength:"254" format:"email"`
	Role  string `json:"role,omitempty" maxLength:"255" doc:"They will hold it. You must hold what it permits."`
}

// An Invitation is a link that lets the reader of an address make an account,
// whoever may register otherwise.
type Invitation struct {
	ID        data.ID[tokens.Token] `json:"id"`
	Email     string                `json:"email"`
	Role      string                `json:"role"`
	CreatedAt time.Time             `json:"created_at"`
	ExpiresAt time.Time             `json:"expires_at"`
}

// invited is what the token of an invitation brings.
type invited struct {
	Email string `json:"email"` // as it was typed; the token has its key
	Role  string `json:"role,omitempty"`
}

// Invite mails an invitation, and ends earlier ones of the same address. The
// caller must hold what the role permits: fault.Forbidden. An address that has an
// account is fault.Conflict with EMAIL_TAKEN, no such role fault.Invalid. The fourth
// for one address in an hour is fault.Limited, and leaves the one before it good.
func (s *Service) Invite(ctx context.Context, in Inviting) (Invitation, error) {
	if in.Role != "" {
		role, err := s.role(ctx, in.Role)
		if err != nil {
			return Invitation{}, err
		}
		for _, permission := range role.Permissions {
			if err := auth.Check(ctx, permission); err != nil {
				return Invitation{}, err
			}
		}
	}
	if err := s.mayInvite(ctx, in.Email); err != nil {
		return Invitation{}, err
	}
	return s.SendInvitation(ctx, in)
}

// SendInvitation is Invite for an operator, whose rights are not asked for and who
// may send as many as they like.
func (s *Service) SendInvitation(ctx context.Context, in Inviting) (out Invitation, err error) {
	to := users.NormalEmail(in.Email)
	if err := users.CheckEmail(to); err != nil {
		return out, err
	}
	if in.Role != "" {
		role, err := s.role(ctx, in.Role)
		if err != nil {
			return out, err
		}
		in.Role = role.Name
	}
	if err := s.before(ctx, Attempt{Step: StepInvite, Email: to}); err != nil {
		return out, err
	}
	err = s.db.Tx(ctx, func(tx *data.Tx) error {
		taken, err := s.users.EmailTaken(ctx, tx, to, users.ID{})
		if err != nil {
			return err
		}
		if taken {
			return users.EmailTaken()
		}
		token, row, err := s.tokens.IssueRow(ctx, tx, tokens.Order{Purpose: tokens.Invite, Address: users.EmailKey(to), Payload: invited{to, in.Role}})
		if err != nil {
			return err
		}
		if out, err = invitation(&row); err != nil {
			return err
		}
		link := s.links.To("/invitation", url.Values{"token": {token.Reveal()}})
		if err := s.send(ctx, tx, letterInvitation, to, letter{Link: link}); err != nil {
			return err
		}
		return s.events.Emit(ctx, tx, Invited{ID: row.ID, Role: in.Role})
	})
	return out, err
}

func invitation(t *tokens.Token) (Invitation, error) {
	var in invited
	if err := json.Unmarshal(t.Payload, &in); err != nil {
		return Invitation{}, fault.Wrap(fault.Internal, err, "internal error")
	}
	return Invitation{ID: t.ID, Email: in.Email, Role: in.Role, CreatedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt}, nil
}

// role returns a role by its name; no such role is fault.Invalid.
func (s *Service) role(ctx context.Context, name string) (roles.Role, error) {
	r, err := s.roles.ByName(ctx, name)
	if fault.KindOf(err) == fault.NotFound {
		return r, fault.Field("role", "is not there")
	}
	return r, err
}

// Invitations returns those that can be accepted, the newest first, at most limit
// of them.
func (s *Service) Invitations(ctx context.Context, limit int) ([]Invitation, error) {
	rows, err := s.tokens.Open(ctx, tokens.Invite, limit)
	out := make([]Invitation, len(rows))
	for i := range rows {
		if err == nil {
			out[i], err = invitation(&rows[i])
		}
	}
	return out, err
}

// RevokeInvitation ends an invitation. One that cannot be accepted any more is
// fault.NotFound.
func (s *Service) RevokeInvitation(ctx context.Context, key data.ID[tokens.Token]) error {
	return s.tokens.RevokeOne(ctx, tokens.Invite, key)
}

// An Accepting makes an account by an invitation.
type Accepting struct {
	Token     string      `json:"token" maxLength:"512"`
	Password  secret.Text `json:"password"`
	Username  string      `json:"username,omitempty" maxLength:"150" doc:"Made up if it is left out."`
	FirstName string      `json:"first_name,omitempty" maxLength:"150"`
	LastName  string      `json:"last_name,omitempty" maxLength:"150"`
}

// Accept uses an invitation up and makes the account it is for, with its address
// proved and its role. An account that somebody made with that address and never
// proved is taken over, without what they said. A link that is not valid, or whose
// address has a proved account by now, is fault.Malformed with TOKEN_INVALID;
// errors about the rest are those of Register, and leave the link good.
func (s *Service) Accept(ctx context.Context, in Accepting) (u users.User, err error) {
	row, err := s.tokens.Peek(ctx, s.db, tokens.Invite, in.Token)
	if err != nil {
		return u, err
	}
	about, err := invitation(&row)
	if err != nil {
		return u, err
	}
	err = s.checkRegistering(ctx, Registering{Email: about.Email, Password: in.Password, Username: in.Username})
	if err != nil {
		return u, err
	}
	if err := s.before(ctx, Attempt{Step: StepAccept, Email: about.Email}); err != nil {
		return u, err
	}
	hash, err := s.hasher.Hash(ctx, in.Password)
	if err != nil {
		return u, err
	}
	err = s.db.Tx(ctx, func(tx *data.Tx) error {
		if _, err := s.tokens.Consume(ctx, tx, tokens.Invite, in.Token); err != nil {
			return err
		}
		u, err = s.users.AddInvited(ctx, tx, users.Create{
			Email: about.Email, Username: in.Username, FirstName: in.FirstName, LastName: in.LastName, EmailVerified: true,
		}, hash)
		if fault.KindOf(err) == fault.NotFound { // it has a proved account, or one that waits to be erased
			return tokens.Invalid()
		}
		if err != nil {
			return err
		}
		if err := s.tokens.Revoke(ctx, tx, u.ID, tokens.Verify); err != nil {
			return err
		}
		if u, err = s.grantInvited(ctx, tx, u, about.Role); err != nil {
			return err
		}
		return s.events.Emit(ctx, tx, InvitationAccepted{UserID: u.ID, InvitationID: about.ID})
	})
	return u, err
}

// grantInvited gives u the role of an invitation. One that was removed meanwhile
// is no reason to turn them away.
func (s *Service) grantInvited(ctx context.Context, tx *data.Tx, u users.User, role string) (users.User, error) {
	if role == "" {
		return u, nil
	}
	if err := s.roles.Grant(ctx, tx, role, u.ID); err != nil && fault.KindOf(err) != fault.NotFound {
		return u, err
	}
	return s.users.Table.On(tx).Get(ctx, u.ID)
}
