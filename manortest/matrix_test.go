package manortest_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/manorgo/manor/accounts"
	"github.com/manorgo/manor/accounts/sessions"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/manortest"
	"github.com/manorgo/manor/secret"
	"github.com/manorgo/manor/web"
)

// matrixFile says what every kind of caller gets from every route. It is written
// anew with MANOR_TEST_UPDATE=1: read what that changes.
const matrixFile = "testdata/matrix.txt"

const matrixHelp = `# Who may call what: for each route of the program, what every kind of caller gets.
# "ok" is a success. Objects in paths belong to "owner", whose profile is hidden and whose group waits for a decision;
# "other" has nothing. "member" and "higher" have a basic and a higher membership, and those called like a permission
# hold a role with that alone. "key" is an API key of "owner" that is for nothing in particular, "superkey" one of a
# superuser that is for everything. The sessions of "expired", "revoked", "disabled" and "unverified" are of no use any more.
# The test writes this file with MANOR_TEST_UPDATE=1; whatever changes in it changes who may do something.
`

// A persona is one kind of caller.
type persona struct {
	name   string
	client *manortest.Client
}

// A board is an app with one of each persona, and what they ask for.
type board struct {
	t        *testing.T
	app      *manortest.App
	personas []persona
	names    *strings.Replacer // of what paths and bodies name
}

func newBoard(t *testing.T, app *manortest.App) *board {
	b := &board{t: t, app: app}
	add := func(name string, c *manortest.Client) *manortest.Client {
		b.personas = append(b.personas, persona{name, c})
		return c
	}
	add("anonymous", app.Anonymous(t))
	add("wrong", app.Anonymous(t).Bearer("manor_at_wrong"))
	for name, sql := range map[string]string{
		"expired":    `UPDATE sessions SET expires_at = created_at WHERE user_id = (SELECT id FROM users WHERE username = 'expired')`,
		"revoked":    `UPDATE sessions SET revoked_at = created_at WHERE user_id = (SELECT id FROM users WHERE username = 'revoked')`,
		"disabled":   `UPDATE users SET is_active = false WHERE username = 'disabled'`,
		"unverified": `UPDATE users SET email_verified = false WHERE username = 'unverified'`,
	} {
		add(name, b.pastCookie(name))
		if _, err := app.DB.Driver().Exec(t.Context(), driver.Call{Statement: &driver.Statement{SQL: sql}}); err != nil {
			t.Fatal(err)
		}
	}
	admin := app.Admin(t)
	owner, other, member, higher := app.User(t, "owner"), app.User(t, "other"), app.User(t, "member"), app.User(t, "higher")
	add("owner", owner).Patch("/users/me", body{"public_profile": false}).Want(200)
	add("other", other)
	add("member", member).Post("/users/me/membership", body{}).Want(201)
	add("higher", higher)
	admin.Post("/memberships", body{"user_id": higher.User.ID, "membership_type": "fellow"}).Want(201)
	admin.Put("/roles/staff/users/"+add("staff", app.User(t, "clerk")).User.ID.String(), nil).Want(204)
	for _, p := range app.Permissions() {
		add(p, app.As(t, strings.ReplaceAll(p, ":", "."), p))
	}
	add("superuser", admin)
	keyOf := func(c *manortest.Client, scopes ...string) *manortest.Response {
		return c.Post("/api-keys", body{"name": "key", "scopes": append([]string{}, scopes...)}).Want(201)
	}
	key := keyOf(owner)
	add("key", app.Anonymous(t).Bearer(key.Text("key")))
	add("superkey", app.Anonymous(t).Bearer(keyOf(admin, "*").Text("key")))

	app.Anonymous(t).Post("/auth/register", body{"email": "late@example.com", "password": manortest.Password}).Want(202)
	verify := app.MailedToken(t, "late@example.com")
	admin.Post("/users/"+other.User.ID.String()+"/password-reset", nil).Want(202)
	admin.Post("/roles", body{"name": "editors"}).Want(201)
	moved := add("moved", app.User(t, "moved"))
	moved.Post("/auth/email/change", body{"current_password": manortest.Password, "email": "new-moved@example.com"}).Want(202)
	gone := app.User(t, "gone")
	gone.Do("DELETE", "/users/me", body{"current_password": manortest.Password}).Want(204)
	invite := func(address string) string {
		return admin.Post("/users/invitations", body{"email": address}).Want(201).Text("id")
	}
	invite("invited@example.com")
	b.names = strings.NewReplacer(
		"{owner}", owner.User.ID.String(), "{late}", admin.Get("/users/by-email/late@example.com").Want(200).Text("id"), "{other}", other.User.ID.String(),
		"{key}", key.Text("key_id"),
		"{identity}", identityOf(t, app, owner.User.ID.String()),
		"{session}", owner.Get("/auth/sessions").Want(200).Text("items.0.id"),
		"{membership}", owner.Post("/users/me/membership", body{}).Want(201).Text("id"),
		"{group}", owner.Post("/groups", body{"name": "Gophers"}).Want(201).Text("id"),
		"{invitation}", invite("other-invited@example.com"), "{invite}", app.MailedToken(t, "invited@example.com"),
		"{confirm}", app.MailedToken(t, "new-moved@example.com"), "{undo}", app.MailedToken(t, "moved@example.com"), "{return}", app.MailedToken(t, "gone@example.com"),
		"{verify}", verify, "{reset}", app.MailedToken(t, "other@example.com"),
		"{refresh}", app.Anonymous(t).Post("/auth/token", login("owner")).Want(200).Text("refresh_token"),
	)
	for _, p := range b.personas {
		p.client.Get("/users/me") // renews the cookies of those who got rights
	}
	return b
}

// pastCookie returns a client with a cookie that it keeps whatever it is told.
func (b *board) pastCookie(name string) *manortest.Client {
	c := b.app.User(b.t, name)
	_, issued, err := b.app.Accounts().SignIn(b.t.Context(), accounts.SigningIn{Identifier: name, Password: secret.NewText(manortest.Password), Kind: sessions.Cookie})
	if err != nil {
		b.t.Fatal(err)
	}
	out := b.app.Anonymous(b.t)
	out.User = c.User
	out.Header.Set("Cookie", sessions.CookieName(false)+"="+issued.Cookie.Reveal())
	return out
}

// A move is what is asked of a route: the path, if it is not the route's own,
// and the body. Words in braces stand for what a board names. A write that is
// lone is one statement outside of a transaction, of which a failed commit does
// not tell whether there was anything to write: whoever does not own it asks
// where it could be committed.
type move struct {
	path, body string
	lone       bool
}

// moves are what is asked of the routes, where more than the route must be said.
// Whoever adds a route with a body or a wildcard adds its move.
var moves = map[string]move{
	"POST /auth/register":            {body: `{"email":"new@example.com","password":"` + manortest.Password + `"}`},
	"POST /auth/verify":              {body: `{"token":"{verify}"}`},
	"POST /auth/verify/resend":       {body: `{"email":"late@example.com"}`},
	"POST /auth/password/forgot":     {body: `{"email":"owner@example.com"}`},
	"POST /auth/password/reset":      {body: `{"token":"{reset}","password":"` + manortest.Password + `"}`},
	"POST /auth/login":               {body: `{"identifier":"owner","password":"` + manortest.Password + `"}`},
	"POST /auth/token":               {body: `{"identifier":"owner","password":"` + manortest.Password + `"}`},
	"POST /auth/token/refresh":       {body: `{"refresh_token":"{refresh}"}`},
	"POST /auth/token/revoke":        {body: `{"token":"{refresh}"}`},
	"POST /auth/password/change":     {body: `{"current_password":"` + manortest.Password + `","new_password":"` + manortest.Password + `"}`},
	"POST /auth/email/change":        {body: `{"current_password":"` + manortest.Password + `","email":"changed@example.com"}`},
	"POST /auth/email/confirm":       {body: `{"token":"{confirm}"}`},
	"POST /auth/email/undo":          {body: `{"token":"{undo}"}`},
	"POST /auth/deletion/undo":       {body: `{"token":"{return}"}`},
	"POST /auth/invitations/accept":  {body: `{"token":"{invite}","password":"` + manortest.Password + `"}`},
	"POST /auth/step-up":             {body: `{"password":"` + manortest.Password + `"}`},
	"DELETE /users/me":               {body: `{"current_password":"` + manortest.Password + `"}`},
	"POST /users/invitations":        {body: `{"email":"guest@example.com"}`},
	"DELETE /users/invitations/{id}": {path: "/users/invitations/{invitation}"},
	"DELETE /auth/sessions/{id}":     {path: "/auth/sessions/{session}", lone: true},

	"POST /api-keys":                       {body: `{"name":"new","scopes":[]}`},
	"GET /api-keys/{key_id}":               {path: "/api-keys/{key}"},
	"PATCH /api-keys/{key_id}":             {path: "/api-keys/{key}", body: `{"name":"other"}`},
	"POST /api-keys/{key_id}/rotate":       {path: "/api-keys/{key}/rotate", body: `{"overlap_seconds":60}`},
	"DELETE /api-keys/{key_id}":            {path: "/api-keys/{key}"},
	"GET /users/{id}/api-keys":             {path: "/users/{owner}/api-keys"},
	"POST /users/{id}/api-keys":            {path: "/users/{owner}/api-keys", body: `{"name":"new","scopes":[]}`},
	"DELETE /users/{id}/api-keys/{key_id}": {path: "/users/{owner}/api-keys/{key}"},

	"DELETE /users/me/identities/{id}":     {path: "/users/me/identities/{identity}"},
	"PATCH /users/me":                      {body: `{"first_name":"New"}`},
	"POST /users":                          {body: `{"email":"made@example.com"}`},
	"GET /users/{id}":                      {path: "/users/{owner}"},
	"GET /users/by-username/{username}":    {path: "/users/by-username/owner"},
	"GET /users/by-email/{email}":          {path: "/users/by-email/owner@example.com"},
	"PATCH /users/{id}":                    {path: "/users/{owner}", body: `{"first_name":"New"}`},
	"DELETE /users/{id}":                   {path: "/users/{owner}"},
	"POST /users/{id}/deactivate":          {path: "/users/{owner}/deactivate"},
	"POST /users/{id}/reactivate":          {path: "/users/{owner}/reactivate"},
	"POST /users/{id}/verify/resend":       {path: "/users/{late}/verify/resend"},
	"POST /users/{id}/password-reset":      {path: "/users/{owner}/password-reset"},
	"POST /users/{id}/sessions/revoke":     {path: "/users/{owner}/sessions/revoke"},
	"GET /users/{id}/permissions":          {path: "/users/{owner}/permissions?permission=users:read"},
	"GET /users/{id}/membership":           {path: "/users/{owner}/membership"},
	"POST /users/me/membership":            {body: `{}`},
	"PATCH /users/me/membership":           {body: `{"city":"Oslo"}`},
	"POST /memberships":                    {body: `{"user_id":"{other}"}`},
	"GET /memberships/{id}":                {path: "/memberships/{membership}"},
	"PATCH /memberships/{id}":              {path: "/memberships/{membership}", body: `{"votes":true}`},
	"DELETE /memberships/{id}":             {path: "/memberships/{membership}"},
	"POST /groups":                         {body: `{"name":"Others"}`},
	"GET /groups/{id}":                     {path: "/groups/{group}"},
	"PATCH /groups/{id}":                   {path: "/groups/{group}", body: `{"location":"Oslo"}`},
	"DELETE /groups/{id}":                  {path: "/groups/{group}"},
	"POST /groups/{id}/approve":            {path: "/groups/{group}/approve"},
	"POST /groups/{id}/revoke-approval":    {path: "/groups/{group}/revoke-approval"},
	"POST /groups/{id}/trust":              {path: "/groups/{group}/trust"},
	"POST /groups/{id}/revoke-trust":       {path: "/groups/{group}/revoke-trust"},
	"POST /roles":                          {body: `{"name":"new"}`},
	"GET /roles/{name}":                    {path: "/roles/editors"},
	"PATCH /roles/{name}":                  {path: "/roles/editors", body: `{"description":"New"}`},
	"DELETE /roles/{name}":                 {path: "/roles/editors"},
	"GET /roles/{name}/users":              {path: "/roles/editors/users"},
	"PUT /roles/{name}/users/{user_id}":    {path: "/roles/editors/users/{owner}"},
	"DELETE /roles/{name}/users/{user_id}": {path: "/roles/editors/users/{owner}"},
}

// call asks a route as one persona. What the names stand for can be replaced.
func (b *board) call(p persona, route string, names *strings.Replacer) *manortest.Response {
	m := moves[route]
	method, path, _ := strings.Cut(route, " ")
	if m.path != "" {
		path = names.Replace(m.path)
	}
	if strings.Contains(path, "{") {
		b.t.Fatalf("%s: moves must say what the words in braces are", route)
	}
	var send any
	if m.body != "" {
		send = names.Replace(m.body)
	}
	return p.client.Do(method, path, send)
}

// outcome names what somebody got.
func outcome(r *manortest.Response) string {
	if r.Status/100 == 2 || r.Status == 503 { // which is the commit, made to fail
		return "ok"
	}
	return itoa(r.Status)
}

// TestMatrix asks every route of the program as every kind of caller. Success
// is asked for where nothing can be committed, so that each finds the same;
// refusals are asked for once more where everything could be, and must have
// changed nothing.
func TestMatrix(t *testing.T) {
	t.Parallel()
	manortest.Each(t, func(t *testing.T, app *manortest.App) {
		b := newBoard(t, app)
		before := dump(t, app)
		got := matrixHelp
		for _, r := range app.Router().Routes() {
			got += "\n" + b.row(r)
		}
		app.FailCommits(false)
		same(t, "the database after what could not be committed", dump(t, app), before)
		b.hold(got)
		b.refusals(parseMatrix(got))
		same(t, "the database after what was refused", dump(t, app), before)
	}, manortest.Idle())
}

// row returns what every persona gets from a route.
func (b *board) row(r web.Route) string {
	gets := map[string][]string{}
	for _, p := range b.personas {
		b.app.FailCommits(!moves[short(r)].lone || p.name == "owner")
		what := outcome(b.call(p, short(r), b.names))
		gets[what] = append(gets[what], p.name)
	}
	out := fmt.Sprintf("%s: %s\n", short(r), r.Access)
	for _, what := range slices.Sorted(maps.Keys(gets)) {
		slices.Sort(gets[what])
		line := strings.Join(gets[what], " ")
		if len(gets[what]) == len(b.personas) {
			line = "everybody"
		}
		out += fmt.Sprintf("    %-3s  %s\n", what, line)
	}
	return out
}

// hold compares with what is checked in.
func (b *board) hold(got string) {
	if os.Getenv("MANOR_TEST_UPDATE") != "" {
		if err := os.MkdirAll(filepath.Dir(matrixFile), 0o755); err != nil {
			b.t.Fatal(err)
		}
		if err := os.WriteFile(matrixFile, []byte(got), 0o644); err != nil {
			b.t.Fatal(err)
		}
	}
	want, err := os.ReadFile(matrixFile)
	if err != nil {
		b.t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		b.t.Errorf("%s (-want +got):\n%s", matrixFile, diff)
	}
}

// parseMatrix returns what each persona gets from each route, the words that
// mean all of them left out.
func parseMatrix(text string) map[string]map[string]string {
	out, route := map[string]map[string]string{}, ""
	for line := range strings.Lines(text) {
		switch {
		case strings.HasPrefix(line, "#") || strings.TrimSpace(line) == "":
		case line[0] != ' ':
			route, _, _ = strings.Cut(line, ": ")
			out[route] = map[string]string{}
		default:
			words := strings.Fields(line)
			for _, name := range words[1:] {
				out[route][name] = words[0]
			}
		}
	}
	return out
}

// refusals asks for everything again that was refused, and holds it to one form.
func (b *board) refusals(matrix map[string]map[string]string) {
	nothing := strings.NewReplacer(
		"{owner}", users.ID{15: 1}.String(), "{late}", users.ID{15: 8}.String(), "{session}", users.ID{15: 2}.String(), "{membership}", users.ID{15: 3}.String(), "{group}", users.ID{15: 4}.String(),
		"/by-username/owner", "/by-username/nobody", "{other}", users.ID{15: 5}.String(), "{invitation}", users.ID{15: 6}.String(), "{identity}", users.ID{15: 7}.String(), "{key}", "0000000000000000",
	)
	asked := 0
	for route, gets := range matrix {
		for _, p := range b.personas {
			switch gets[p.name] {
			case "401", "403", "404":
			default:
				continue
			}
			asked++
			r := b.call(p, route, b.names)
			what := route + " by " + p.name
			same(b.t, what, []any{itoa(r.Status), r.Header.Get("Content-Type"), r.Value("status")}, []any{gets[p.name], "application/problem+json", float64(r.Status)})
			if (r.Header.Get("WWW-Authenticate") != "") != (r.Status == 401) {
				b.t.Errorf("%s: %d with WWW-Authenticate %q", what, r.Status, r.Header.Get("WWW-Authenticate"))
			}
			if r.Status == 404 {
				same(b.t, what+", compared with what is not there", told(r), told(b.call(p, route, nothing)))
			}
		}
	}
	if asked < 500 {
		b.t.Errorf("only %d refusals were asked for", asked)
	}
}

// told is what a caller could tell one answer from another by.
func told(r *manortest.Response) any {
	var b body
	r.JSON(&b)
	for _, own := range []string{"request_id", "instance"} { // which name the request
		delete(b, own)
	}
	h := r.Header.Clone()
	h.Del("Date")
	h.Del("X-Request-Id")
	h.Del("Content-Length") // of a body that names the path
	return []any{r.Status, h, b}
}
