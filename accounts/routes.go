package accounts

import (
	"context"
	"net/http"

	"github.com/manorgo/manor/accounts/sessions"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/secret"
	"github.com/manorgo/manor/web"
)

// mountChanges serves what people do to their own credentials.
func (s *Service) mountChanges(r *web.Router) {
	tag, stranger := web.Tag("Signing in"), web.Stranger()
	web.Handle(r, "POST /auth/password/change", s.changeOwnPassword, web.SignedIn, web.ForPeople(), tag, web.Summary("Change your password"),
		web.Describe("Ends every other session and token of the account. A cookie session goes on with a new cookie."),
		web.Errors("CREDENTIALS_INVALID", "STEP_UP_REQUIRED", "PASSWORD_REJECTED"))
	web.Handle(r, "POST /auth/email/change", s.changeOwnEmail, web.SignedIn, web.ForPeople(), tag, web.Status(http.StatusAccepted),
		web.Summary("Ask for another e-mail address"),
		web.Describe("Mails a link to the new address, which counts once it is followed, and tells the present one, with a link that undoes it."),
		web.Errors("CREDENTIALS_INVALID", "STEP_UP_REQUIRED"))
	web.Handle(r, "POST /auth/email/confirm", s.confirmEmail, web.Anyone, stranger, tag, web.Summary("Confirm a new e-mail address"),
		web.Describe("Ends every session and token of the account."), web.Errors("TOKEN_INVALID"))
	web.Handle(r, "POST /auth/email/undo", s.undoEmail, web.Anyone, stranger, tag, web.Summary("Put a former e-mail address back"),
		web.Describe("Ends every session and token of the account and its password. What it answers with chooses a new one."), web.Errors("TOKEN_INVALID"))
}

// caller returns who is calling.
func caller(ctx context.Context) users.ID { return users.IDOf(auth.From(ctx).Subject) }

type cookies struct{ Cookies []*http.Cookie }

func (s *Service) changeOwnPassword(ctx context.Context, in *struct {
	Body struct {
		Current secret.Text `json:"current_password,omitzero" doc:"May be left out for ten minutes after a proof of who you are."`
		New     secret.Text `json:"new_password"`
	}
}) (*cookies, error) {
	issued, err := s.ChangePassword(ctx, caller(ctx), PasswordChange{
		Session: auth.From(ctx).Session, Current: in.Body.Current, New: in.Body.New,
	})
	if err != nil || issued.Cookie.IsZero() {
		return &cookies{}, err
	}
	return &cookies{[]*http.Cookie{issued.SetCookie(s.links.Secure())}}, nil
}

func (s *Service) changeOwnEmail(ctx context.Context, in *struct {
	Body struct {
		Email   string      `json:"email" maxLength:"254" format:"email"`
		Current secret.Text `json:"current_password,omitzero" doc:"May be left out for ten minutes after a proof of who you are."`
	}
}) (*accepted, error) {
	return &accepted{Accepted{"confirmation_sent"}}, s.ChangeEmail(ctx, caller(ctx), in.Body.Current, in.Body.Email)
}

func (s *Service) confirmEmail(ctx context.Context, in *tokenBody) (*struct{ Body users.User }, error) {
	u, err := s.ConfirmEmail(ctx, in.Body.Token)
	return &struct{ Body users.User }{u}, err
}

// Restored lets the owner of a restored account choose a password.
type Restored struct {
	ResetToken string `json:"reset_token" doc:"For POST /auth/password/reset."`
}

func (s *Service) undoEmail(ctx context.Context, in *tokenBody) (*struct{ Body Restored }, error) {
	token, err := s.UndoEmail(ctx, in.Body.Token)
	return &struct{ Body Restored }{Restored{token.Reveal()}}, err
}

// mountLeaving serves how people take their data and go.
func (s *Service) mountLeaving(r *web.Router) {
	tag := web.Tag("Users")
	web.Handle(r, "GET /users/me/export", s.exportOwn, web.SignedIn, web.ForPeople(), tag, web.Summary("Take away everything that is held about you"))
	web.Handle(r, "DELETE /users/me", s.leave, web.SignedIn, web.ForPeople(), tag, web.Summary("Delete your account"),
		web.Describe("It is gone for everybody at once, and erased after a time in which a mailed link brings it back."),
		web.Errors("CREDENTIALS_INVALID", "STEP_UP_REQUIRED", "LAST_SUPERUSER"))
	web.Handle(r, "POST /auth/deletion/undo", s.undoDeletion, web.Anyone, web.Stranger(), web.Tag("Signing in"),
		web.Summary("Have a deleted account back"), web.Errors("TOKEN_INVALID"))
}

func (s *Service) exportOwn(ctx context.Context, _ *web.None) (*struct{ Body Export }, error) {
	out, err := s.Export(ctx, caller(ctx))
	return &struct{ Body Export }{out}, err
}

func (s *Service) leave(ctx context.Context, in *struct {
	Body *struct {
		Current secret.Text `json:"current_password,omitzero" doc:"May be left out for ten minutes after a proof of who you are."`
	}
}) (*cookies, error) {
	var current secret.Text
	if in.Body != nil {
		current = in.Body.Current
	}
	err := s.Leave(ctx, caller(ctx), current)
	return &cookies{[]*http.Cookie{sessions.DropCookie(s.links.Secure())}}, err
}

func (s *Service) undoDeletion(ctx context.Context, in *tokenBody) (*struct{ Body users.User }, error) {
	u, err := s.UndoDeletion(ctx, in.Body.Token)
	return &struct{ Body users.User }{u}, err
}
