package accounts

import (
	"context"

	"github.com/manorgo/manor/accounts/sessions"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// A Proof shows once more who somebody is who is signed in already. It holds
// exactly one of its fields; another kind of proof is another field.
type Proof struct {
	Password secret.Text `json:"password,omitempty"`
}

// StepUp proves again who the caller is: what is sensitive is open to their
// session for auth.FreshFor. A browser gets another cookie, in the Issued; the
// one before is worth nothing then. A proof that is wrong is
// fault.Unauthenticated with CREDENTIALS_INVALID, none at all fault.Invalid, and
// a caller without a session what auth.CheckPerson says.
func (s *Service) StepUp(ctx context.Context, p Proof) (out sessions.Issued, err error) {
	if err := s.proveCaller(ctx, p); err != nil {
		return out, err
	}
	caller := auth.From(ctx)
	key, err := data.ParseID[sessions.Session](caller.Session)
	if err != nil {
		return out, fault.Wrap(fault.Internal, err, "internal error")
	}
	err = s.db.Tx(ctx, func(tx *data.Tx) error {
		out, err = s.sessions.Prove(ctx, tx, users.IDOf(caller.Subject), key)
		if err != nil {
			return err
		}
		return s.events.Emit(ctx, tx, SteppedUp{UserID: out.Session.UserID, SessionID: key})
	})
	if fault.KindOf(err) == fault.NotFound { // the session ended meanwhile
		err = credentialsInvalid()
	}
	return out, err
}

// proveCaller returns nil if the proof is the caller's. Whatever is wrong costs
// the same work.
func (s *Service) proveCaller(ctx context.Context, p Proof) error {
	if err := auth.CheckPerson(ctx); err != nil {
		return err
	}
	if p.Password.IsZero() {
		return fault.Field("password", "is required")
	}
	_, err := s.proveOwn(ctx, users.IDOf(auth.From(ctx).Subject), p.Password)
	return err
}

// SteppedUp says that a person has proved again who they are.
type SteppedUp struct {
	UserID    users.ID    `json:"user_id"`
	SessionID sessions.ID `json:"session_id"`
}

// Kind names the event.
func (SteppedUp) Kind() string { return "accounts.stepped_up" }
