package accounts_test

import (
	"strings"
	"testing"
	"time"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/manortest"
	"github.com/manorgo/manor/secret"
)

const crowd = 64

func TestRegisterTogether(t *testing.T) {
	everywhere(t, func(t *testing.T, app *manortest.App) {
		client := app.Anonymous(t)
		spelling := func(i int) string { // the bits of i say which letters are large
			const local = "abcdef"
			var b strings.Builder
			for k, r := range local {
				if i>>k&1 == 1 {
					r += 'A' - 'a'
				}
				b.WriteRune(r)
			}
			return b.String() + "@Example.com"
		}
		same(t, "answers", together(crowd, func(i int) *manortest.Response {
			return client.Post("/auth/register", registering(spelling(i)))
		}), map[int]int{202: crowd})
		admin := app.Admin(t)
		same(t, "accounts", admin.Get("/users?emailVerified=false").Want(200).Value("total"), 1.0)
		stored := admin.Get("/users/by-email/ABCDEF@example.com").Want(200).Text("email")
		sent, err := app.Mail().List(t.Context(), 2*crowd)
		if err != nil || len(sent) < 1 || len(sent) > 3 {
			t.Errorf("%d mails, %v", len(sent), err)
		}
		for _, m := range sent {
			same(t, "mailed to", m.To, stored)
		}
	}, manortest.Idle())
}

func TestUsernameTogether(t *testing.T) {
	everywhere(t, func(t *testing.T, app *manortest.App) {
		admin := app.Admin(t)
		got := together(crowd, func(i int) *manortest.Response {
			name := "wanted"
			if i%2 == 1 {
				name = "WANTED"
			}
			return admin.Post("/users", body{"email": "x" + strings.Repeat("y", i) + "@example.com", "username": name})
		})
		same(t, "answers", got, map[int]int{201: 1, 409: crowd - 1})
	}, manortest.Idle())
}

func TestVerifyTogether(t *testing.T) {
	everywhere(t, func(t *testing.T, app *manortest.App) {
		token, client := register(t, app, "ann@example.com"), app.Anonymous(t)
		same(t, "answers", together(crowd, func(int) *manortest.Response {
			return client.Post("/auth/verify", body{"token": token})
		}), map[int]int{200: 1, 400: crowd - 1})
	}, manortest.Idle())
}

// Two instances are one: of all who follow a link, at either, one has it.
func TestLinkOnTwoInstances(t *testing.T) {
	t.Parallel()
	manortest.Two(t, func(t *testing.T, a, b *manortest.App) {
		a.User(t, "ann")
		clients := []*manortest.Client{a.Anonymous(t), b.Anonymous(t)}
		for range 6 {
			link := reset(t, a, "ann")
			same(t, "answers", together(crowd, func(i int) *manortest.Response {
				return clients[i%2].Post("/auth/password/reset", body{"token": link, "password": chosen})
			}), map[int]int{204: 1, 400: crowd - 1})
			for _, c := range clients {
				c.Post("/auth/password/reset", body{"token": link, "password": chosen}).Want(400)
			}
		}
	}, manortest.Idle())
}

func TestRefreshTogether(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		app.User(t, "ann")
		_, refresh := tokens(t, app, "ann")
		client := app.Anonymous(t)
		var pairs [crowd][2]string
		// So close together they are one program's retries, not a thief's: the
		// session is renewed once, and all are told the same.
		same(t, "answers", together(crowd, func(i int) *manortest.Response {
			r := client.Post("/auth/token/refresh", body{"refresh_token": refresh})
			pairs[i] = [2]string{r.Text("access_token"), r.Text("refresh_token")}
			return r
		}), map[int]int{200: crowd})
		for _, pair := range pairs {
			same(t, "pair", pair, pairs[0])
		}
		client.Bearer(pairs[0][0]).Get("/users/me").Want(200)
	}, manortest.Idle())
}

// Whoever gets in while the account is switched off is out when that is done, and
// stays out when it is switched on again.
func TestSignInWhileSwitchedOff(t *testing.T) {
	everywhere(t, func(t *testing.T, app *manortest.App) {
		admin, client := app.Admin(t), app.Anonymous(t)
		path := "/users/" + app.User(t, "ann").User.ID.String()
		for range 4 {
			issued := make(chan string, 17)
			got := together(17, func(i int) *manortest.Response {
				if i == 8 {
					return admin.Post(path+"/deactivate", nil)
				}
				r := client.Post("/auth/token", signingIn("ann", manortest.Password))
				if r.Status == 200 {
					issued <- r.Text("access_token")
				}
				return r
			})
			if got[200] != len(issued)+1 || got[200]+got[401] != 17 {
				t.Errorf("answers: %v", got)
			}
			close(issued)
			admin.Post(path+"/reactivate", nil).Want(200)
			for token := range issued {
				client.Bearer(token).Get("/users/me").Want(401)
			}
		}
	}, manortest.Idle())
}

func TestBootstrapTogether(t *testing.T) {
	everywhere(t, func(t *testing.T, app *manortest.App) {
		ctx := t.Context()
		link, err := app.Accounts().BootstrapLink(ctx)
		if err != nil {
			t.Fatal(err)
		}
		_, token, ok := strings.Cut(link, "/setup?token=")
		if !ok {
			t.Fatalf("the link is %s", link)
		}
		errs := make(chan error, crowd)
		for i := range crowd {
			go func() {
				_, err := app.Accounts().Bootstrap(ctx, token, users.Create{
					Email: strings.Repeat("a", i+1) + "@example.com", Password: secret.NewText(manortest.Password),
				})
				errs <- err
			}()
		}
		made := 0
		for range crowd {
			switch err := <-errs; {
			case err == nil:
				made++
			case fault.KindOf(err) != fault.Malformed:
				t.Errorf("a link that was used is %v", err)
			}
		}
		same(t, "administrators", made, 1)
		if link, err := app.Accounts().BootstrapLink(ctx); err != nil || link != "" {
			t.Errorf("with an administrator there is the link %q (%v)", link, err)
		}
	}, manortest.Idle())
}

func TestBootstrapLinkEnds(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		in := users.Create{Email: "a@example.com", Password: secret.NewText(manortest.Password)}
		token := func() string {
			link, err := app.Accounts().BootstrapLink(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			_, token, _ := strings.Cut(link, "token=")
			return token
		}
		earlier, late := token(), token()
		if _, err := app.Accounts().Bootstrap(t.Context(), earlier, in); fault.KindOf(err) != fault.Malformed {
			t.Errorf("an earlier link: %v", err)
		}
		app.Clock.Advance(61 * time.Minute)
		if _, err := app.Accounts().Bootstrap(t.Context(), late, in); fault.KindOf(err) != fault.Malformed {
			t.Errorf("a link after its time: %v", err)
		}
		if _, err := app.Accounts().Bootstrap(t.Context(), token(), in); err != nil {
			t.Errorf("a new link: %v", err)
		}
	}, manortest.Idle())
}
