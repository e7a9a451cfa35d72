package accounts_test

import (
	"strings"
	"testing"
	"time"

	"github.com/manorgo/manor/audit"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/manortest"
)

// mails returns the subjects of what was mailed to somebody.
func mails(t *testing.T, app *manortest.App, to string) (subjects []string) {
	t.Helper()
	app.WaitTasks(t)
	list, err := app.Mail().List(t.Context(), 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list {
		if m.To == to {
			subjects = append(subjects, m.Subject)
		}
	}
	return subjects
}

func TestNewDeviceMail(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		app.User(t, "ann")
		from := func(program string) {
			t.Helper()
			app.Anonymous(t).Do("POST", "/auth/login", signingIn("ann", manortest.Password), "User-Agent", program).Want(200)
		}
		from("Go-http-client/1.1") // as at the first time, which told nobody
		same(t, "mails", mails(t, app, "ann@example.com"), []string(nil))
		app.Anonymous(t).Do("POST", "/auth/login", signingIn("ann", "a wrong password"), "User-Agent", "Thief/1.0").Want(401)
		from("Lynx/2.9")
		from("Lynx/2.10") // updated
		m := app.LastMail(t, "ann@example.com")
		same(t, "mails", len(mails(t, app, "ann@example.com")), 1)
		for _, part := range []string{"New sign-in", "Lynx/2.9", "127.0.0.0/24", "UTC"} {
			if !strings.Contains(m.Subject+m.Text, part) {
				t.Errorf("the mail does not say %s:\n%s\n%s", part, m.Subject, m.Text)
			}
		}
		app.Anonymous(t).Do("POST", "/auth/token", signingIn("ann", manortest.Password), "User-Agent", "curl/8").Want(200)
		same(t, "mails", len(mails(t, app, "ann@example.com")), 2) // programs, too
	})
}

func TestReuseIsTold(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		app.User(t, "ann")
		_, stolen := tokens(t, app, "ann")
		client := app.Anonymous(t)
		client.Post("/auth/token/refresh", body{"refresh_token": stolen}).Want(200)
		client.Post("/auth/token/refresh", body{"refresh_token": stolen}).Want(200)
		same(t, "after a retry", mails(t, app, "ann@example.com"), []string(nil))
		app.Clock.Advance(time.Minute)
		for range 2 { // the thief goes on trying
			client.Post("/auth/token/refresh", body{"refresh_token": stolen}).Want(401)
		}
		same(t, "mails", mails(t, app, "ann@example.com"), []string{"A session of yours at localhost was ended"})
		written := 0
		page, err := app.Audit().List(t.Context(), data.Query[audit.Entry]{Limit: -1})
		for _, e := range page.Items {
			if e.Action == "sessions.reused" && e.ObjectType == "sessions" {
				written++
			}
		}
		if err != nil || written != 1 {
			t.Errorf("the audit has %d entries of it, %v", written, err)
		}
		if strings.Contains(app.Log(), stolen) || !strings.Contains(app.Log(), "a refresh token was used twice") {
			t.Error("the log has the token, or does not tell")
		}
	})
}

// Who has an API key is told before it expires, in their language.
func TestKeyExpiringMail(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		ann := app.User(t, "ann")
		ann.Patch("/users/me", body{"locale": "zh"}).Want(200)
		key := ann.Post("/api-keys", body{"name": "Deploy", "scopes": []string{}, "expires_in_days": 20, "current_password": manortest.Password}).Want(201)
		app.Clock.Advance(7 * 24 * time.Hour)
		for range 2 {
			if err := app.APIKeys().RemindOwners(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		same(t, "mails", len(mails(t, app, "ann@example.com")), 1)
		m := app.LastMail(t, "ann@example.com")
		for _, part := range []string{"API 密钥", "“Deploy”", key.Text("key_hint"), "UTC"} {
			if !strings.Contains(m.Subject+m.Text, part) || strings.Contains(m.Text, key.Text("key")) {
				t.Errorf("the mail does not say %s:\n%s\n%s", part, m.Subject, m.Text)
			}
		}
	})
}
