package accounts

import (
	"context"
	"net/http"
	"time"

	"github.com/manorgo/manor/accounts/sessions"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/secret"
	"github.com/manorgo/manor/task"
	"github.com/manorgo/manor/web"
)

// Domain returns the flows as a domain without tables of its own.
func (s *Service) Domain() domain.Domain {
	d := domain.Domain{
		Name: "accounts", Mount: s.mount,
		Workers: []task.Worker{
			task.Work(s.mailReset), task.Work(s.mailVerify), task.Work(s.mailLocked), task.Work(s.purge).With(task.Options{Timeout: purgeTimeout}),
		},
		Schedules: []task.Schedule{{Every: time.Hour, Args: Purge{}}},
		Handlers:  append(s.handlers(), s.notices()...),
		Export:    s.exportMails, Erase: s.eraseMails,
	}
	if s.users.mirror != nil {
		d.Workers = append(d.Workers, task.Work(s.syncStore).With(task.Options{Timeout: syncTimeout}))
		if s.config.StoreEvery > 0 {
			d.Schedules = append(d.Schedules, task.Schedule{Every: s.config.StoreEvery, Args: SyncStore{}})
		}
	}
	return d
}

func (s *Service) mount(r *web.Router) {
	tag, stranger := web.Tag("Signing in"), web.Stranger()
	s.mountRegister(r, tag, stranger, web.Summary("Register"), web.Limit(web.Critical), web.Errors("REGISTRATION_CLOSED", "PASSWORD_REJECTED", "USERNAME_TAKEN", codeChallenge))
	web.Handle(r, "POST /auth/verify", s.verify, web.Anyone, stranger, tag, web.Limit(web.High), web.Summary("Verify an e-mail address"), web.Errors("TOKEN_INVALID"))
	web.Handle(r, "POST /auth/verify/resend", s.resend, web.Anyone, stranger, tag, web.Limit(web.Critical), web.Errors(codeChallenge), web.Status(http.StatusAccepted), web.Summary("Mail the verification link again"))
	web.Handle(r, "POST /auth/password/forgot", s.forgot, web.Anyone, stranger, tag, web.Limit(web.Critical), web.Errors(codeChallenge), web.Status(http.StatusAccepted), web.Summary("Mail a link to choose a new password"))
	web.Handle(r, "POST /auth/password/reset", s.reset, web.Anyone, stranger, tag, web.Limit(web.Critical), web.Summary("Choose a new password by a mailed link"),
		web.Describe("Ends every session and token of the account."), web.Errors("TOKEN_INVALID", "PASSWORD_REJECTED"))
	guess, onlyFailures := web.Limit(web.High), web.OnlyFailures()
	web.Handle(r, "POST /auth/login", s.login, web.Anyone, stranger, tag, guess, onlyFailures, web.Summary("Sign in with a cookie"), web.Errors("CREDENTIALS_INVALID", codeChallenge))
	web.Handle(r, "POST /auth/token", s.token, web.Anyone, stranger, tag, guess, onlyFailures, web.Summary("Sign in with tokens"), web.Errors("CREDENTIALS_INVALID", codeChallenge))
	web.Handle(r, "POST /auth/token/refresh", s.refresh, web.Anyone, stranger, tag, guess, onlyFailures, web.Summary("Renew tokens"), web.Errors("REFRESH_INVALID"))
	web.Handle(r, "POST /auth/token/revoke", s.revoke, web.Anyone, stranger, tag, web.Summary("End a token"))
	web.Handle(r, "POST /auth/logout", s.logout, web.SignedIn, web.ForPeople(), tag, web.Summary("Sign out"))
	web.Handle(r, "POST /auth/step-up", s.stepUp, web.SignedIn, tag, web.ForPeople(), web.Summary("Prove again who you are"),
		web.Describe("Opens what is sensitive for ten minutes, to this session alone. A browser gets another cookie with the answer."), web.Errors("CREDENTIALS_INVALID"))

	s.mountChanges(r)
	s.mountLeaving(r)
	s.mountInvitations(r)

	admin := web.Tag("Users")
	web.Handle(r, "POST /users/{id}/verify/resend", s.resendTo, web.Require(users.Write), admin, web.Status(http.StatusAccepted), web.Summary("Mail somebody their verification link again"))
	web.Handle(r, "POST /users/{id}/password-reset", s.resetTo, web.Require(users.Write), web.ForPeople(), admin, web.Status(http.StatusAccepted), web.Summary("Mail somebody a link to choose a new password"))
	web.Handle(r, "POST /users/{id}/sessions/revoke", s.revokeAll, web.Require(users.Write), web.ForPeople(), admin, web.Summary("End everything somebody is signed in with"))
}

// Accepted says what is going to happen, if there is an account.
type Accepted struct {
	Status string `json:"status" enum:"verification_sent,reset_sent,confirmation_sent"`
}

// mountRegister serves the registration that the app wants: one that must be
// verified, or one that is done at once.
func (s *Service) mountRegister(r *web.Router, opts ...web.Option) {
	const pattern = "POST /auth/register"
	if s.config.Unverified {
		web.Handle(r, pattern, s.registerNow, web.Anyone, append(opts, web.Status(http.StatusCreated))...)
		return
	}
	web.Handle(r, pattern, s.register, web.Anyone, append(opts, web.Status(http.StatusAccepted),
		web.Describe("Answers alike whether the address has an account or not; its owner gets a mail."))...)
}

type registering struct {
	challenged
	Body Registering
}

func (s *Service) register(ctx context.Context, in *registering) (*accepted, error) {
	if err := s.challengeOf(ctx, ChallengeRegister, in.Challenge); err != nil {
		return nil, err
	}
	_, err := s.Register(ctx, in.Body)
	return &accepted{Accepted{"verification_sent"}}, err
}

func (s *Service) registerNow(ctx context.Context, in *registering) (*struct{ Body users.User }, error) {
	if err := s.challengeOf(ctx, ChallengeRegister, in.Challenge); err != nil {
		return nil, err
	}
	u, err := s.Register(ctx, in.Body)
	if err != nil {
		return nil, err
	}
	return &struct{ Body users.User }{*u}, nil
}

type tokenBody struct {
	Body struct {
		Token string `json:"token" maxLength:"512"`
	}
}

func (s *Service) verify(ctx context.Context, in *tokenBody) (*struct{ Body users.User }, error) {
	u, err := s.Verify(ctx, in.Body.Token)
	return &struct{ Body users.User }{u}, err
}

type accepted struct{ Body Accepted }

type emailBody struct {
	challenged
	Body struct {
		Email string `json:"email" maxLength:"254"`
	}
}

func (s *Service) resend(ctx context.Context, in *emailBody) (*accepted, error) {
	if err := s.challengeOf(ctx, ChallengeMail, in.Challenge); err != nil {
		return nil, err
	}
	return &accepted{Accepted{"verification_sent"}}, s.ResendVerify(ctx, in.Body.Email)
}

func (s *Service) forgot(ctx context.Context, in *emailBody) (*accepted, error) {
	if err := s.challengeOf(ctx, ChallengeMail, in.Challenge); err != nil {
		return nil, err
	}
	return &accepted{Accepted{"reset_sent"}}, s.ForgotPassword(ctx, in.Body.Email)
}

func (s *Service) reset(ctx context.Context, in *struct {
	Body struct {
		Token    string      `json:"token" maxLength:"512"`
		Password secret.Text `json:"password"`
	}
}) (*web.None, error) {
	return nil, s.ResetPassword(ctx, in.Body.Token, in.Body.Password)
}

// Credentials prove who somebody is.
type Credentials struct {
	Identifier string      `json:"identifier" maxLength:"254" doc:"E-mail address or username."`
	Password   secret.Text `json:"password"`
}

type loginBody struct {
	challenged
	Body struct {
		Credentials
		Remember bool `json:"remember,omitempty" doc:"Stay signed in for up to 30 days."`
	}
}

type loggedIn struct {
	Cookies []*http.Cookie
	Body    struct {
		User users.User `json:"user"`
	}
}

func (s *Service) login(ctx context.Context, in *loginBody) (*loggedIn, error) {
	device := s.deviceOf(ctx)
	u, issued, err := s.SignIn(ctx, SigningIn{
		Identifier: in.Body.Identifier, Password: in.Body.Password, Kind: sessions.Cookie,
		Remember: in.Body.Remember, Client: web.ClientFrom(ctx), Replaces: web.CookieValue(ctx, sessions.CookieName(s.links.Secure())),
		Device: device, Challenge: in.Challenge,
	})
	if err != nil {
		return nil, err
	}
	out := &loggedIn{Cookies: append(s.deviceCookie(&u, device), issued.SetCookie(s.links.Secure()))}
	out.Body.User = u
	return out, nil
}

// Tokens are what a program signs its requests in with (RFC 6749 §5.1).
type Tokens struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type" enum:"Bearer"`
	ExpiresIn    int    `json:"expires_in" doc:"Seconds until the access token ends."`
	RefreshToken string `json:"refresh_token" doc:"Works once, for a new pair."`
}

type issuedTokens struct {
	Cookies []*http.Cookie
	Body    Tokens
}

func reveal(i sessions.Issued) *issuedTokens {
	return &issuedTokens{Body: Tokens{i.Access.Reveal(), "Bearer", int(i.ExpiresIn.Seconds()), i.Refresh.Reveal()}}
}

func (s *Service) token(ctx context.Context, in *struct {
	challenged
	Body Credentials
}) (*issuedTokens, error) {
	device := s.deviceOf(ctx)
	u, issued, err := s.SignIn(ctx, SigningIn{
		Identifier: in.Body.Identifier, Password: in.Body.Password, Kind: sessions.Token, Client: web.ClientFrom(ctx),
		Device: device, Challenge: in.Challenge,
	})
	if err != nil {
		return nil, err
	}
	out := reveal(issued)
	out.Cookies = s.deviceCookie(&u, device)
	return out, nil
}

func (s *Service) refresh(ctx context.Context, in *struct {
	Body struct {
		RefreshToken string `json:"refresh_token" maxLength:"512"`
	}
}) (*issuedTokens, error) {
	issued, err := s.Refresh(ctx, in.Body.RefreshToken)
	if err != nil {
		return nil, err
	}
	return reveal(issued), nil
}

func (s *Service) revoke(ctx context.Context, in *struct {
	Body struct {
		Token string `json:"token" maxLength:"2048"` // a JWT is longer than others
	}
}) (*web.None, error) {
	return nil, s.sessions.RevokeToken(ctx, in.Body.Token)
}

func (s *Service) stepUp(ctx context.Context, in *struct{ Body Proof }) (*struct{ Cookies []*http.Cookie }, error) {
	issued, err := s.StepUp(ctx, in.Body)
	if err != nil || issued.Cookie.IsZero() {
		return nil, err
	}
	return &struct{ Cookies []*http.Cookie }{[]*http.Cookie{issued.SetCookie(s.links.Secure())}}, nil
}

func (s *Service) logout(ctx context.Context, _ *web.None) (*struct{ Cookies []*http.Cookie }, error) {
	p := auth.From(ctx)
	if err := s.SignOut(ctx, users.IDOf(p.Subject), p.Session); err != nil {
		return nil, err
	}
	return &struct{ Cookies []*http.Cookie }{[]*http.Cookie{sessions.DropCookie(s.links.Secure())}}, nil
}

type byID struct {
	ID users.ID `path:"id"`
}

func (s *Service) resendTo(ctx context.Context, in *byID) (*accepted, error) {
	return &accepted{Accepted{"verification_sent"}}, s.ResendVerifyTo(ctx, in.ID)
}

func (s *Service) resetTo(ctx context.Context, in *byID) (*accepted, error) {
	return &accepted{Accepted{"reset_sent"}}, s.ResetPasswordOf(ctx, in.ID)
}

func (s *Service) revokeAll(ctx context.Context, in *byID) (*web.None, error) {
	return nil, s.db.Tx(ctx, func(tx *data.Tx) error {
		_, err := s.users.EndSessionsOf(ctx, tx, in.ID)
		return err
	})
}
