// Package pages is what people see in a browser: for now, where the links in
// mails lead to.
//
// Following such a link shows a page and changes nothing, so that a mail
// scanner that follows it does no harm. The button on the page does.
package pages

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"strings"

	"github.com/manorgo/manor/accounts"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
	"github.com/manorgo/manor/web"
)

//go:embed templates assets
var files embed.FS

// New returns the pages over the flows of an app, which mailed links lead to,
// each for GET and POST, and what they look like. name is what they call the app.
// All that is sent to them is one critical limit for each address, unless limiter
// is nil.
func New(flows *accounts.Service, name string, log *slog.Logger, limiter web.Limiter) (http.Handler, error) {
	tmpl, err := template.ParseFS(files, "templates/*.html")
	if err != nil {
		return nil, err
	}
	s := &server{flows: flows, name: name, log: log, tmpl: tmpl, limiter: limiter}
	mux := http.NewServeMux()
	for _, x := range []struct {
		path, file, title string
		do                step
	}{
		{"/verify", "verify.html", "Confirm your e-mail address", s.verify},
		{"/reset", "reset.html", "Choose a new password", s.reset},
		{"/setup", "setup.html", "Make the first administrator", s.setup},
		{"/email/confirm", "email.html", "Confirm your new e-mail address", s.confirmEmail},
		{"/invitation", "invitation.html", "Make your account", s.accept},
		{"/deletion/undo", "return.html", "Have your account back", s.comeBack},
		{"/email/undo", "undo.html", "Put your e-mail address back", s.undoEmail},
	} {
		mux.HandleFunc("GET "+x.path, s.ask(x.file, x.title))
		mux.HandleFunc("POST "+x.path, s.act(x.file, x.title, x.do))
	}
	mux.HandleFunc("GET /assets/pages.css", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=3600")
		http.ServeFileFS(w, r, files, "assets/pages.css")
	})
	return mux, nil
}

type server struct {
	flows *accounts.Service
	name  string
	log   *slog.Logger
	tmpl  *template.Template

	limiter web.Limiter
}

// page is what a template shows.
type page struct {
	App, Title, Token, Error, Done string
	Email                          string // what was typed, to be typed no second time
}

// ask shows the page with its button.
func (s *server) ask(file, title string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.show(w, r, http.StatusOK, file, page{Title: title, Token: r.URL.Query().Get("token")})
	}
}

// A step does what a button asks for and returns the page that comes next.
type step func(ctx context.Context, r *http.Request) (file string, p page, err error)

// act shows what comes after a step or, if it fails, the same page again.
func (s *server) act(file, title string, do step) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := r.ParseForm(); err != nil {
			status, text := http.StatusBadRequest, "The form cannot be read."
			if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
				status, text = http.StatusRequestEntityTooLarge, "The form is too large."
			}
			s.show(w, r, status, file, page{Title: title, Error: text})
			return
		}
		err := web.LimitRequest(r.Context(), s.limiter, web.Critical, "pages")
		if err == nil {
			var next string
			var p page
			if next, p, err = do(r.Context(), r); err == nil {
				s.show(w, r, http.StatusOK, next, p)
				return
			}
		}
		again := page{Title: title, Token: r.PostForm.Get("token"), Email: r.PostForm.Get("email")}
		status := http.StatusUnprocessableEntity
		e, ok := errors.AsType[*fault.Error](err)
		switch {
		case !ok || e.Kind == fault.Internal:
			status, again.Error = http.StatusInternalServerError, "Something went wrong on our side. Try again."
			s.log.ErrorContext(r.Context(), "page failed", "path", r.URL.Path, "error", err)
		case e.Kind == fault.Unavailable:
			web.SetRetry(w.Header(), err)
			status, again.Error = http.StatusServiceUnavailable, e.Msg
		case e.Kind == fault.Limited:
			web.SetRetry(w.Header(), err)
			status, again.Error = http.StatusTooManyRequests, e.Msg
		default:
			again.Error = explain(e)
		}
		s.show(w, r, status, file, again)
	}
}

// maxForm is how many bytes a form may have.
const maxForm = 16 << 10

// explain says what is wrong, field by field if nothing else says so.
func explain(e *fault.Error) string {
	if e.Code != "" || len(e.Details) == 0 {
		return e.Msg
	}
	var parts []string
	for _, d := range e.Details {
		parts = append(parts, strings.TrimPrefix(d.Location, "body.")+" "+d.Message)
	}
	return strings.Join(parts, "; ")
}

// verify confirms an address. Whoever has no password then chooses one.
func (s *server) verify(ctx context.Context, r *http.Request) (string, page, error) {
	u, token, err := s.flows.VerifyAndChoose(ctx, r.PostForm.Get("token"))
	if err != nil || u.Password != nil {
		return "verify.html", page{Title: "Thank you", Done: "Your e-mail address is confirmed. You can sign in now."}, err
	}
	return "reset.html", page{Title: "Choose a password", Token: token.Reveal()}, nil
}

func (s *server) reset(ctx context.Context, r *http.Request) (string, page, error) {
	err := s.flows.ResetPassword(ctx, r.PostForm.Get("token"), secret.NewText(r.PostForm.Get("password")))
	return "reset.html", page{Title: "Thank you", Done: "You have a new password. You can sign in now."}, err
}

func (s *server) confirmEmail(ctx context.Context, r *http.Request) (string, page, error) {
	_, err := s.flows.ConfirmEmail(ctx, r.PostForm.Get("token"))
	return "email.html", page{Title: "Thank you", Done: "This is your e-mail address now. You can sign in now."}, err
}

// undoEmail puts a former address back. Its owner then chooses a password.
func (s *server) undoEmail(ctx context.Context, r *http.Request) (string, page, error) {
	token, err := s.flows.UndoEmail(ctx, r.PostForm.Get("token"))
	return "reset.html", page{Title: "Choose a new password", Token: token.Reveal()}, err
}

func (s *server) comeBack(ctx context.Context, r *http.Request) (string, page, error) {
	_, err := s.flows.UndoDeletion(ctx, r.PostForm.Get("token"))
	return "return.html", page{Title: "Welcome back", Done: "Your account is as it was. You can sign in now."}, err
}

func (s *server) accept(ctx context.Context, r *http.Request) (string, page, error) {
	_, err := s.flows.Accept(ctx, accounts.Accepting{
		Token: r.PostForm.Get("token"), Username: r.PostForm.Get("username"), Password: secret.NewText(r.PostForm.Get("password")),
	})
	return "invitation.html", page{Title: "Welcome", Done: "You have an account. You can sign in now."}, err
}

func (s *server) setup(ctx context.Context, r *http.Request) (string, page, error) {
	_, err := s.flows.Bootstrap(ctx, r.PostForm.Get("token"), users.Create{
		Email: r.PostForm.Get("email"), Password: secret.NewText(r.PostForm.Get("password")),
	})
	return "setup.html", page{Title: "Welcome", Done: "You are the first administrator. You can sign in now."}, err
}

// policy lets a page load its own style and send its form here, and nothing else.
const policy = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func (s *server) show(w http.ResponseWriter, r *http.Request, status int, file string, p page) {
	p.App = s.name
	var b bytes.Buffer
	if err := s.tmpl.ExecuteTemplate(&b, file, p); err != nil {
		s.log.ErrorContext(r.Context(), "page failed", "path", r.URL.Path, "error", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("Cache-Control", "no-store") // the token is on the page
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}
