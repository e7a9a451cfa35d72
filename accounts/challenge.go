package accounts

import (
	"context"
	"errors"

	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/web"
)

// What a challenge may be asked for.
const (
	ChallengeRegister = "register"
	ChallengeSignIn   = "sign-in"
	ChallengeMail     = "mail" // a link for a new password, or to verify an address
)

// A ChallengeRequest is something that a program could do as often as it likes,
// unless it has to show that a person is there.
type ChallengeRequest struct {
	Action   string     // one of the constants
	Response string     // what the person's browser was given: the header Manor-Challenge, "" if there is none
	Client   web.Client // who asks
	Failures int        // of signing in to the account in a row before, also if there is no such account
}

// challenge asks the app's Challenge, if it has one. A refusal is
// fault.Forbidden with CHALLENGE_REQUIRED, unless it is of a kind of its own.
func (s *Service) challenge(ctx context.Context, r ChallengeRequest) error {
	if s.config.Challenge == nil {
		return nil
	}
	err := s.config.Challenge(ctx, r)
	if _, own := errors.AsType[*fault.Error](err); err == nil || own {
		return err
	}
	return &fault.Error{Kind: fault.Forbidden, Code: codeChallenge, Msg: "show that you are a person, and try again", Err: err}
}

const codeChallenge = "CHALLENGE_REQUIRED"

// challengeOf is challenge for a request that is not about an account.
func (s *Service) challengeOf(ctx context.Context, action, response string) error {
	return s.challenge(ctx, ChallengeRequest{Action: action, Response: response, Client: web.ClientFrom(ctx)})
}

// A challenged is the part of a request that answers a challenge.
type challenged struct {
	Challenge string `header:"Manor-Challenge" maxLength:"4096" doc:"The response of a CAPTCHA, where the server asks for one."`
}
