package sessions

import (
	"context"
	"embed"
	"net/http"
	"time"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
	"github.com/manorgo/manor/task"
	"github.com/manorgo/manor/web"
)

//go:embed migrations
var migrations embed.FS

var (
	holders   = users.SelectGrants[holder](holderSQL, "")
	standings = users.SelectGrants[standing](standingSQL, "")
)

// Domain returns everything sessions add to an app, with the zero Config.
func Domain(env domain.Env) domain.Domain {
	return NewService(env, Config{}).Domain()
}

// Domain returns what the service adds to an app.
func (s *Service) Domain() domain.Domain {
	return domain.Domain{
		Name:       "sessions",
		Migrations: migrations,
		Schemas:    []data.Schema{table.Schema(), refreshTable.Schema()},
		Schemes:    s.schemes(s.links.Secure()),
		Mount:      s.mount,
		Run:        s.run,
		Export:     s.export,
		Workers:    []task.Worker{task.Work(s.sweep)},
		Schedules:  []task.Schedule{{Every: time.Hour, Args: Sweep{}}},
		Unaudited:  []string{"refresh_tokens", "sessions.last_seen_at", "sessions.idle_expires_at"},
	}
}

// Cookie names. The prefix makes browsers refuse the cookie unless it is
// secure and of this host alone (RFC 6265bis §4.1.3); it cannot be had over
// plain HTTP, which only loopback is served by.
const (
	secureCookie = "__Host-manor_session"
	plainCookie  = "manor_session"
)

// schemes are the credentials that sessions recognise: an access token and the
// cookie; secure says that browsers reach the app by HTTPS. Then the plain name
// means nothing, since neighbours on other subdomains can plant such a cookie.
func (s *Service) schemes(secure bool) []auth.Scheme {
	return []auth.Scheme{
		{
			Name: "bearer",
			Find: func(r *http.Request) (string, bool) {
				token, ok := auth.Bearer(r)
				return token, ok && (secret.LooksLike(secret.AccessToken, token) || s.jwt != nil && looksLikeJWT(token))
			},
			Verify: s.verifyToken,
		},
		{
			Name: "session",
			Find: func(r *http.Request) (string, bool) {
				if r.Header.Get("Authorization") != "" || r.Header.Get("X-API-Key") != "" {
					return "", false
				}
				c, err := r.Cookie(CookieName(secure))
				if err != nil || c.Value == "" {
					return "", false
				}
				return c.Value, true
			},
			Verify: s.verifyCookie,
		},
	}
}

// SetCookie returns the cookie that carries a cookie session; secure says that
// browsers reach the app by HTTPS. A session without "remember me" ends with
// the browser.
func (i Issued) SetCookie(secure bool) *http.Cookie {
	c := newCookie(secure, i.Cookie.Reveal())
	if i.Session.Remember {
		c.Expires = i.Session.ExpiresAt
	}
	return c
}

// DropCookie returns the cookie that makes a browser forget its session.
func DropCookie(secure bool) *http.Cookie {
	c := newCookie(secure, "")
	c.MaxAge = -1
	return c
}

// CookieName returns what the cookie is called; secure says that browsers reach
// the app by HTTPS.
func CookieName(secure bool) string {
	if secure {
		return secureCookie
	}
	return plainCookie
}

func newCookie(secure bool, value string) *http.Cookie {
	return &http.Cookie{Name: CookieName(secure), Value: value, Path: "/", HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode}
}

// A View is a session as its owner sees it.
type View struct {
	ID         ID        `json:"id"`
	CreatedAt  time.Time `json:"created_at"`
	LastSeenAt time.Time `json:"last_seen_at"`
	ExpiresAt  time.Time `json:"expires_at"`
	UserAgent  string    `json:"user_agent"`
	IPPrefix   string    `json:"ip_prefix"`
	Kind       Kind      `json:"kind" enum:"cookie,token"`
	Current    bool      `json:"is_current"`
}

func (s *Service) mount(r *web.Router) {
	tag, people := web.Tag("Sessions"), web.ForPeople()
	web.HandleList(r, "GET /auth/sessions", table, s.list, view, web.SignedIn, people, tag, web.Summary("List where you are signed in"))
	web.Handle(r, "DELETE /auth/sessions/{id}", s.remove, web.SignedIn, people, tag, web.Summary("End one of your sessions"))
	web.Handle(r, "POST /auth/sessions/revoke-others", s.revokeOthers, web.SignedIn, people, tag, web.Summary("End all your sessions but this one"))
}

// list returns the caller's live sessions.
func (s *Service) list(ctx context.Context, q data.Query[Session]) (data.Page[Session], error) {
	q.Where = data.All(q.Where, owner.Eq(users.IDOf(auth.From(ctx).Subject)), live(s.db.Now()))
	return table.On(s.db).List(ctx, q)
}

func view(ctx context.Context, row *Session) View {
	return View{
		ID: row.ID, CreatedAt: row.CreatedAt, LastSeenAt: row.LastSeenAt, ExpiresAt: row.ExpiresAt,
		UserAgent: row.UserAgent, IPPrefix: row.IPPrefix, Kind: row.Kind,
		Current: row.ID.String() == auth.From(ctx).Session,
	}
}

func (s *Service) remove(ctx context.Context, in *struct {
	ID ID `path:"id"`
}) (*web.None, error) {
	return nil, s.Revoke(ctx, users.IDOf(auth.From(ctx).Subject), in.ID)
}

// Revoked says how many sessions were ended.
type Revoked struct {
	Revoked int `json:"revoked"`
}

func (s *Service) revokeOthers(ctx context.Context, _ *web.None) (*struct{ Body Revoked }, error) {
	p := auth.From(ctx)
	current, err := data.ParseID[Session](p.Session)
	if err != nil {
		return nil, fault.Errorf(fault.Conflict, "it cannot be told which session this is")
	}
	n, err := s.RevokeOthers(ctx, users.IDOf(p.Subject), current)
	return &struct{ Body Revoked }{Revoked{n}}, err
}

// Sweep asks for the removal of sessions that ended long ago.
type Sweep struct{}

// Kind names the task.
func (Sweep) Kind() string { return "sessions.sweep" }

// kept is how long ended sessions stay, to be looked at when something went wrong.
const kept = 30 * 24 * time.Hour

func (s *Service) sweep(ctx context.Context, _ Sweep) error {
	_, err := table.On(s.db).DeleteWhere(ctx, expiresAt.Lt(s.db.Now().Add(-kept)))
	return err
}
