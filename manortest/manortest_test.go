package manortest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/manorgo/manor/mail"
	"github.com/manorgo/manor/manortest"
)

func ExampleClock() {
	clock := new(manortest.Clock)
	clock.Advance(24 * time.Hour)
	fmt.Println(time.Until(clock.Now()).Round(time.Hour))
	// Output: 24h0m0s
}

func TestApp(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		reader := app.As(t, "reader", "users:read")
		same(t, "people in a new database", reader.Get("/users").Want(200).Value("total"), any(1.0))
		same(t, "name", reader.Get("/users/me").Text("username"), "reader")
		reader.Get("/roles").Want(403)
		app.Admin(t).Get("/roles").Want(200)
		app.Anonymous(t).Get("/users/me").Want(401)

		statements := app.Statements(func() { reader.Get("/users/me") })
		if len(statements) != 2 || !strings.Contains(statements[0], "sessions") || !strings.Contains(statements[1], `"users"`) {
			t.Errorf("the statements are %q", statements)
		}

		app.FailCommits(true)
		reader.Patch("/users/me", body{"bio": "x"}).Want(503)
		app.FailCommits(false)
		reader.Patch("/users/me", body{"bio": "x"}).Want(200)

		before := app.DB.Now()
		app.Clock.Advance(time.Hour)
		if passed := app.DB.Now().Sub(before); passed < time.Hour {
			t.Errorf("the app's time went on by %v", passed)
		}

		app.Anonymous(t).Post("/auth/register", body{"email": "new@example.com", "password": manortest.Password}).Want(202)
		if m := app.LastMail(t, "new@example.com"); !strings.Contains(m.Text, app.MailedToken(t, "new@example.com")) {
			t.Errorf("the token is not in the mail:\n%s", m.Text)
		}
		app.WaitTasks(t)
		same(t, "state of the mail", app.LastMail(t, "new@example.com").State, mail.Kept)
		if !strings.Contains(app.Log(), `msg=request method=POST pattern=/api/v1/auth/register status=202`) {
			t.Errorf("the request is not in the log:\n%s", app.Log())
		}
	})
}
