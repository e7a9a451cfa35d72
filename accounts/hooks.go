package accounts

import (
	"context"
	"errors"

	"github.com/manorgo/manor/accounts/tokens"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/fault"
)

// A Step is something that is about to be done to an account.
type Step string

// The steps.
const (
	StepRegister       Step = "register"        // of whoever asks; nobody has looked yet whether the address has an account
	StepVerify         Step = "verify"          // by a link
	StepSignIn         Step = "sign_in"         // of somebody who has proved who they are
	StepResetPassword  Step = "reset_password"  // by a link
	StepChangePassword Step = "change_password" // with the present one
	StepChangeEmail    Step = "change_email"    // asks for it, with the password
	StepConfirmEmail   Step = "confirm_email"   // by a link
	StepInvite         Step = "invite"
	StepAccept         Step = "accept" // an invitation
	StepLeave          Step = "leave"  // with the password
)

// An Attempt is a step that somebody is about to take.
type Attempt struct {
	Step  Step
	User  users.ID // zero where there is no account yet, or nobody has looked
	Email string   // of the account, or that it will have
}

// Hooks let a program have a say in the flows. What it wants to do after a step
// is no hook: it listens to the step's event, whose handlers are tasks, so that
// their failure loses nothing.
type Hooks struct {
	// Before is asked before each step, outside of any transaction, and may be
	// asked again when a step is tried again. An error ends the step, and leaves
	// links good. The caller is told what a *fault.Error says, and nothing of any
	// other error, which is fault.Forbidden.
	//
	// Links that undo a change of address or a deletion are not asked about: they
	// are how owners get back what is theirs.
	Before func(ctx context.Context, a Attempt) error
}

// before asks the program whether a step may be taken.
func (s *Service) before(ctx context.Context, a Attempt) error {
	if s.config.Hooks.Before == nil {
		return nil
	}
	err := s.config.Hooks.Before(ctx, a)
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	return &fault.Error{Kind: fault.Forbidden, Msg: "this is not possible now", Err: err}
}

// beforeLink is before for the step that a link leads to. A link that is not good
// is left to whoever uses it up.
func (s *Service) beforeLink(ctx context.Context, step Step, p tokens.Purpose, token string) error {
	if s.config.Hooks.Before == nil {
		return nil
	}
	row, err := s.tokens.Peek(ctx, s.db, p, token)
	if err != nil {
		return err
	}
	return s.before(ctx, Attempt{Step: step, User: *row.UserID, Email: row.Address})
}
