package accounts_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/manorgo/manor"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/manortest"
	"github.com/manorgo/manor/secret"
)

// A neighbour of the site's, on another subdomain or without HTTPS, can plant
// cookies of any name but those that start with __Host-.
func TestPlantedCookie(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		app.User(t, "mallory")
		login := app.Anonymous(t).Do("POST", "/auth/login", signingIn("mallory", manortest.Password), "Host", "shop.example").Want(200)
		name, value, _ := strings.Cut(login.Header.Get("Set-Cookie"), "=")
		same(t, "cookie", name, "__Host-manor_session")
		value, _, _ = strings.Cut(value, ";")
		victim := app.Anonymous(t)
		victim.Do("GET", "/users/me", nil, "Host", "shop.example", "Cookie", name+"="+value).Want(200)
		victim.Do("GET", "/users/me", nil, "Host", "shop.example", "Cookie", "manor_session="+value).Want(401)
	}, manortest.Idle(), manortest.Config(func(c *manor.Config) {
		c.PublicURL = &url.URL{Scheme: "https", Host: "shop.example"}
	}))
}

// Somebody may follow several links at once, and ask for another meanwhile.
func TestLinksTogether(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		client := app.Anonymous(t)
		for i := range 5 {
			email := strings.Repeat("a", i+1) + "@example.com"
			links := []string{register(t, app, email), "", ""}
			for i := range links[1:] {
				client.Post("/auth/register", registering(email)).Want(202)
				links[i+1] = app.MailedToken(t, email)
			}
			got := together(12, func(i int) *manortest.Response {
				if i%4 == 3 {
					return client.Post("/auth/verify/resend", body{"email": email})
				}
				return client.Post("/auth/verify", body{"token": links[i%4]})
			})
			same(t, "answers", got, map[int]int{200: 1, 400: 8, 202: 3})
		}
	}, manortest.Idle())
}

// The owner of a new address must not find those of the old one signed in.
func TestSessionsStayEnded(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		admin := app.Admin(t)
		for name, change := range map[string]body{
			"moved":      {"email": "owner@example.com"},
			"vouched":    {"email": "other@example.com", "email_verified": true},
			"unverified": {"email_verified": false},
		} {
			path := "/users/" + app.User(t, name).User.ID.String()
			access, _ := tokens(t, app, name)
			c := app.Anonymous(t).Bearer(access)
			admin.Patch(path, change).Want(200)
			c.Get("/users/me").Want(401)
			admin.Patch(path, body{"email_verified": true}).Want(200)
			c.Get("/users/me").Want(401)
		}

		// A row that is sent back as it was read changes nothing.
		stays := app.User(t, "stays")
		access, _ := tokens(t, app, "stays")
		same(t, "the same address", admin.Patch("/users/"+stays.User.ID.String(), body{"email": stays.User.Email}).Want(200).Value("email_verified"), true)
		app.Anonymous(t).Bearer(access).Get("/users/me").Want(200)
	}, manortest.Idle())
}

// When somebody was last here is for them and for holders of users:read.
func TestLastLoginIsPrivate(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		ann, stranger, admin := app.User(t, "ann"), app.User(t, "stranger"), app.Admin(t)
		path := "/users/" + ann.User.ID.String()
		before := stranger.Get(path).Want(200).Header.Get("ETag")
		app.Clock.Advance(time.Minute)
		app.Anonymous(t).Post("/auth/login", signingIn("ann", manortest.Password)).Want(200)
		same(t, "ETag for a stranger", stranger.Get(path).Want(200).Header.Get("ETag"), before)
		ann.Patch("/users/me", body{"bio": "Poetical science."}).Want(200)
		if stranger.Get(path).Want(200).Header.Get("ETag") == before {
			t.Error("what a stranger sees has changed, but not its ETag")
		}
		for _, q := range []string{"orderBy=last_login", "orderBy=updated_at", "updatedAfter=2020-01-01T00:00:00Z", "updatedBefore=2020-01-01T00:00:00Z"} {
			stranger.Get("/users?" + q).Want(400)
			app.Anonymous(t).Get("/users?" + q).Want(400)
			admin.Get("/users?" + q).Want(200)
		}
	}, manortest.Idle())
}

// Text that a database cannot store or compare is the caller's mistake.
func TestTextThatIsNone(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		admin, anon := app.Admin(t), app.Anonymous(t)
		const nul = "a\x00b@example.com"
		for name, r := range map[string]*manortest.Response{
			"login":       anon.Post("/auth/login", signingIn(nul, manortest.Password)),
			"forgot":      anon.Post("/auth/password/forgot", body{"email": nul}),
			"resend":      anon.Post("/auth/verify/resend", body{"email": nul}),
			"register":    anon.Post("/auth/register", registering(nul)),
			"user":        anon.Post("/auth/register", body{"email": "x@example.com", "password": manortest.Password, "username": "a\x00b"}),
			"name":        anon.Post("/auth/register", body{"email": "x@example.com", "password": manortest.Password, "first_name": "a\x00b"}),
			"bio":         admin.Patch("/users/me", body{"bio": "a\x00b"}),
			"by username": anon.Get("/users/by-username/a%00b"),
			"by email":    admin.Get("/users/by-email/a%00b@example.com"),
			"search":      anon.Get("/users?searchString=%00"),
			"role":        admin.Get("/roles/a%00b"),
			"with role":   admin.Get("/users?role=a%00b"),
			"bytes":       anon.Get("/users/by-username/%ff"),
			"agent":       anon.Do("POST", "/auth/login", signingIn("admin-of-tests", manortest.Password), "User-Agent", "\xff\xfe"),
		} {
			if want := map[bool]int{true: 200, false: 400}[name == "agent"]; r.Status != want {
				t.Errorf("%s: %d, want %d", name, r.Status, want)
			}
		}
	}, manortest.Idle())
}

// Passwords are hashed anew when the parameters have changed. Whoever signs in
// twice at that moment has the right password both times.
func TestRehashTogether(t *testing.T) {
	everywhere(t, func(t *testing.T, app *manortest.App) {
		ann, ctx := app.User(t, "ann"), context.Background()
		old := secret.Hasher{Params: secret.Params{Memory: 16, Time: 1, Parallelism: 1}}
		for range 5 {
			hash, err := old.Hash(ctx, secret.NewText(manortest.Password))
			if err != nil {
				t.Fatal(err)
			}
			err = app.DB.Tx(ctx, func(tx *data.Tx) error {
				_, err := app.Users().SetPassword(ctx, tx, ann.User.ID, hash)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			client := app.Anonymous(t)
			same(t, "answers", together(8, func(int) *manortest.Response {
				return client.Post("/auth/token", signingIn("ann", manortest.Password))
			}), map[int]int{200: 8})
		}
	}, manortest.Idle())
}

// A username goes to one of those who asked for it. The others are verified all
// the same.
func TestVerifyForOneUsername(t *testing.T) {
	everywhere(t, func(t *testing.T, app *manortest.App) {
		client := app.Anonymous(t)
		var links []string
		for i := range 16 {
			in := registering("a" + strings.Repeat("n", i) + "@example.com")
			in["username"] = "wanted"
			client.Post("/auth/register", in).Want(202)
			links = append(links, app.MailedToken(t, in["email"].(string)))
		}
		same(t, "answers", together(len(links), func(i int) *manortest.Response {
			return client.Post("/auth/verify", body{"token": links[i]})
		}), map[int]int{200: len(links)})
		client.Get("/users/by-username/wanted").Want(200)
	}, manortest.Idle())
}

// An operator's new password ends the links for another, too.
func TestSetPasswordEndsLinks(t *testing.T) {
	everywhere(t, func(t *testing.T, app *manortest.App) {
		email, anon := app.User(t, "ann").User.Email, app.Anonymous(t)
		anon.Post("/auth/password/forgot", body{"email": email}).Want(202)
		token := app.MailedToken(t, email)
		if _, err := app.Accounts().SetPassword(t.Context(), email, secret.NewText("lantern meadow 2204 quartz")); err != nil {
			t.Fatal(err)
		}
		anon.Post("/auth/password/reset", body{"token": token, "password": manortest.Password}).Want(400)
	})
}
