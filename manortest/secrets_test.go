package manortest_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/manorgo/manor/manortest"
)

// What people keep secret is in no answer, no log and no table, wherever they
// put it.
func TestSecrets(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		const canary = "canary-wolfram-8841-thimble"
		w := newWorld(t, app)
		var told strings.Builder
		keep := func(r *manortest.Response) *manortest.Response {
			told.Write(r.Body)
			for name, values := range r.Header {
				if name != "Set-Cookie" {
					told.WriteString(name + ": " + strings.Join(values, ", ") + "\n")
				}
			}
			return r
		}
		post := func(c *manortest.Client, path string, b any, header ...string) *manortest.Response {
			return keep(c.Do("POST", path, b, header...))
		}
		post(w.anon, "/auth/register", body{"email": "can@example.com", "password": canary, "username": "can"}).Want(202)
		verify := app.MailedToken(t, "can@example.com")
		post(w.anon, "/auth/register", body{"email": "bad address", "password": canary})
		post(w.anon, "/auth/register", body{"email": "x@example.com", "password": []string{canary}})
		post(w.anon, "/auth/register", body{"email": "x@example.com", "passwort": canary})
		post(w.anon, "/auth/register", `{"email":"x@example.com","password":"`+canary+`"`)
		post(w.anon, "/auth/register", `{"password":"`+canary+`","password":"`+canary+`"}`)
		post(w.anon, "/auth/login", body{"identifier": "can", "password": canary}) // not verified
		post(w.anon, "/auth/verify", body{"token": verify}).Want(200)
		cookie := w.anon.Post("/auth/login", body{"identifier": "can", "password": canary}).Want(200).Header.Get("Set-Cookie")
		cookie, _, _ = strings.Cut(strings.TrimPrefix(cookie, "manor_session="), ";")
		pair := app.Anonymous(t).Post("/auth/token", body{"identifier": "can", "password": canary}).Want(200)
		access, refresh := pair.Text("access_token"), pair.Text("refresh_token")
		post(w.admin, "/users", body{"email": "made@example.com", "password": canary}).Want(201)
		post(w.admin, "/users", body{"email": "made@example.com", "password": canary}).Want(409)

		can := w.anon.Bearer(access)
		keep(can.Get("/users/me")).Want(200)
		keep(can.Get("/auth/sessions")).Want(200)
		made := can.Post("/api-keys", body{"name": "can", "scopes": []string{}, "signing": "hmac-sha256"}).Want(201)
		signing, key := made.Text("signing_secret"), can.Post("/api-keys", body{"name": "can", "scopes": []string{}}).Want(201).Text("key")
		keep(can.Get("/api-keys")).Want(200)
		keep(can.Get("/api-keys/" + made.Text("key_id"))).Want(200)
		keep(app.Anonymous(t).Bearer(key).Get("/users/me")).Want(200)
		keep(app.Anonymous(t).Bearer(key + "x").Get("/users/me")).Want(401)
		keep(app.Anonymous(t).Bearer(made.Text("key")).Get("/users/me")).Want(401)
		keep(w.admin.Get("/users?pageSize=100")).Want(200)
		keep(can.Get("/users/me?token=" + canary)).Want(400)
		keep(app.Anonymous(t).Do("GET", "/users/me", nil, "Authorization", "Bearer "+canary)).Want(401)
		keep(app.Anonymous(t).Do("GET", "/users/me", nil, "Cookie", "manor_session="+canary)).Want(401)
		keep(app.Anonymous(t).Do("GET", "/users/me", nil, "X-API-Key", canary)).Want(401)
		w.anon.Get(app.URL + "/verify?token=" + canary).Want(200) // a form that sends it back
		post(app.Anonymous(t), "/auth/verify", body{"token": canary}).Want(400)
		post(app.Anonymous(t), "/auth/token/refresh", body{"refresh_token": canary}).Want(401)
		// Links, and what is typed to change something.
		post(can, "/auth/step-up", body{"password": canary}).Want(204)
		post(can, "/auth/step-up", body{"password": canary + "x"}).Want(401)
		post(can, "/auth/password/change", body{"current_password": canary + "x", "new_password": canary}).Want(401)
		post(can, "/auth/email/change", body{"current_password": canary, "email": "new-can@example.com"}).Want(202)
		post(w.admin, "/users/"+w.known["ann"]+"/password-reset", nil).Want(202)
		post(w.admin, "/users/invitations", body{"email": "guest@example.com"}).Want(201)
		links := map[string]string{}
		for name, to := range map[string]string{"link to confirm": "new-can", "link to undo": "can", "link to reset": "ann", "invitation": "guest"} {
			links[name] = app.MailedToken(t, to+"@example.com")
		}
		for path, token := range map[string]string{"/reset": links["link to reset"], "/invitation": links["invitation"], "/email/confirm": links["link to confirm"]} {
			w.anon.Get(app.URL + path + "?token=" + token).Want(200)
		}
		post(w.anon, "/auth/password/reset", body{"token": links["link to reset"], "password": canary}).Want(204)
		post(w.anon, "/auth/invitations/accept", body{"token": links["invitation"], "password": canary}).Want(201)
		post(app.Anonymous(t), "/auth/token/revoke", body{"token": refresh}).Want(204)
		app.FailCommits(true)
		post(app.Anonymous(t), "/auth/login", body{"identifier": "can", "password": canary}).Want(503)
		post(app.Anonymous(t), "/auth/register", body{"email": "y@example.com", "password": canary}).Want(503)
		app.FailCommits(false)
		app.WaitTasks(t)

		tables := dump(t, app)
		metrics := httptest.NewRecorder()
		app.Operations().ServeHTTP(metrics, httptest.NewRequest("GET", "/metrics", nil))
		if metrics.Code != 200 || !strings.Contains(metrics.Body.String(), "/api/v1/auth/login") {
			t.Errorf("metrics: %d %.200s", metrics.Code, metrics.Body)
		}
		spec := app.Anonymous(t).Get(app.URL + "/openapi.json").Want(200)
		for name, secret := range links {
			if len(secret) < 20 || strings.Contains(app.Log()+tables+told.String()+metrics.Body.String(), secret) {
				t.Errorf("the %s is told: %q", name, secret)
			}
		}
		for _, where := range []string{metrics.Body.String(), string(spec.Body)} {
			for _, secret := range []string{canary, cookie, access, refresh, verify, "can@example.com", "ann@example.com"} {
				if strings.Contains(where, secret) {
					t.Errorf("%q is in the metrics or the document", secret)
				}
			}
		}
		for name, secret := range map[string]string{
			"password": canary, "cookie": cookie, "access token": access, "refresh token": refresh, "verification token": verify, "API key": key, "signing secret": signing,
		} {
			if len(secret) < 20 {
				t.Fatalf("the %s is %q", name, secret)
			}
			if strings.Contains(app.Log(), secret) {
				t.Errorf("the %s is in the log", name)
			}
			if name != "password" && name != "verification token" {
				continue // the caller has just been given it
			}
			if i := strings.Index(told.String(), secret); i >= 0 {
				t.Errorf("the %s is in an answer: …%.200s", name, told.String()[max(0, i-150):])
			}
		}
		for name, secret := range map[string]string{"password": canary, "cookie": cookie, "access token": access, "refresh token": refresh, "verification token": verify} {
			if strings.Contains(tables, secret) {
				t.Errorf("the %s is in the database", name)
			}
		}
		for _, word := range []string{"argon2", "password_hash", "digest", "$argon2id$"} {
			if strings.Contains(told.String(), word) {
				t.Errorf("%s is in an answer", word)
			}
		}
	})
}
