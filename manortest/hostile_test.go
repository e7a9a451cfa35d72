package manortest_test

import (
	"maps"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/manorgo/manor/manortest"
	"github.com/manorgo/manor/web"
)

func itoa(n int) string { return strconv.Itoa(n) }

// hostile are texts that have been something else than text to some program.
var hostile = []string{
	`'`, `"`, "`", `\`, `''`, `\'`, `";`, `');`, `'--`, `' OR '1'='1`, `' OR 1=1 --`, `" OR ""="`, `1' OR '1' = '1' /*`,
	`'; DROP TABLE users; --`, `'; DELETE FROM products; --`, `'); DELETE FROM users; --`, `1; UPDATE users SET is_superuser = true`,
	`' UNION SELECT password_hash FROM users --`, `' UNION ALL SELECT NULL,NULL,NULL --`, `' AND 1=CAST((SELECT version()) AS int) --`,
	`'||(SELECT pg_sleep(5))||'`, `1 AND pg_sleep(5)`, `'; SELECT pg_sleep(5) --`, `' AND randomblob(1000000000) --`, `'; ATTACH DATABASE 'x' AS y; --`,
	`'; PRAGMA writable_schema=1; --`, `'; COPY users TO 'x'; --`, `$1`, `?1`, `:name`, `@name`, `{{.}}`, `%s%s%n`, `%`, `_`, `%%`, `*`, `[a-z]*`, `(`, `)`,
	`name)) --`, `id ASC, (SELECT 1)`, `CASE WHEN 1=1 THEN name ELSE id END`, `null`, `NULL`, `true`, `-1`, `0x1`, `1e308`, `NaN`,
	`/**/`, `--`, `#`, `;`, `|`, `&`, `<script>alert(1)</script>`, `../../etc/passwd`, `%00`, `%27`, `\u0027`, `ʼ`, `＇`, "\u202e", "\ufeff", "😀",
	"a\tb", "a\nb", "\r\nSet-Cookie: x=y", strings.Repeat("'", 100), strings.Repeat("(", 100),
}

// Whatever stands in a parameter is text, and changes nothing.
func TestHostileReads(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		w := newWorld(t, app)
		w.ann.Post("/products", body{"name": "Lamp", "price": "1"}).Want(201)
		before := dump(t, app)
		for _, r := range routes(app, func(r web.Route) bool { return r.Method == "GET" }) {
			params := queryParams(app, r)
			for _, text := range hostile {
				for name := range params {
					q := url.Values{name: {text}}
					if name != "q" && params["q"] != nil {
						q.Set("q", "x")
					}
					refuse5xx(t, w.admin.Get(anyPath(r)+"?"+q.Encode()), r, name, text)
				}
				if r.Path != anyPath(r) && strings.Contains(r.Path, "{") {
					path := strings.TrimPrefix(r.Path, "/api/v1")
					for strings.Contains(path, "{") {
						head, rest, _ := strings.Cut(path, "{")
						_, tail, _ := strings.Cut(rest, "}")
						path = head + url.PathEscape(text) + tail
					}
					refuse5xx(t, w.admin.Get(path), r, "path", text)
				}
			}
		}
		same(t, "the database", dump(t, app), before)
	}, manortest.Idle())
}

func refuse5xx(t *testing.T, r *manortest.Response, route web.Route, where, text string) {
	t.Helper()
	if r.Status >= 500 || r.Status == 0 {
		t.Errorf("%s with %q in %s: %d: %s", short(route), text, where, r.Status, r.Body)
	}
}

// The same in every text of every body. A text that is taken is kept as it is.
func TestHostileWrites(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		w := newWorld(t, app)
		w.walk(func(q request) {
			for name, value := range q.body {
				if _, ok := value.(string); !ok || strings.HasSuffix(name, "password") {
					continue
				}
				for _, text := range hostile {
					b := maps.Clone(q.body)
					b[name] = text
					r := q.send(b)
					if r.Status >= 500 || r.Status == 0 {
						t.Errorf("%s with %q as %s: %d: %s", q.route, text, name, r.Status, r.Body)
					}
					if kept := r.Status == 200 && q.method == "PATCH"; kept && r.Value(name) != text && r.Value(name) != strings.TrimSpace(text) {
						t.Errorf("%s with %q as %s: it is now %q", q.route, text, name, r.Value(name))
					}
					w.undo(q, r)
				}
			}
		})
	}, manortest.Idle())
}

// undo removes what a request made, so that the walk can go on.
func (w *world) undo(q request, r *manortest.Response) {
	w.t.Helper()
	switch {
	case r.Status != 201:
	case strings.HasSuffix(q.path, "/me/membership"):
		q.client.Delete(q.path).Want(204)
	case q.path == "/roles":
		w.admin.Delete("/roles/" + url.PathEscape(r.Text("name"))).Want(204)
	case strings.HasSuffix(q.path, "/api-keys"):
		q.client.Delete(q.path + "/" + r.Text("key_id")).Want(204)
	default:
		w.admin.Delete(q.path + "/" + r.Text("id"))
		q.client.Delete(q.path + "/" + r.Text("id"))
	}
}

// % and _ are letters like others, wherever people search.
func TestWildcardsAreLetters(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		admin := app.Admin(t)
		for i, text := range []string{"50% off", "500 off", "a_b", "aXb"} {
			group := admin.Post("/groups", body{"name": text}).Want(201).Text("id")
			admin.Post("/groups/"+group+"/approve", nil).Want(200)
			admin.Post("/products", body{"name": text, "price": "1"}).Want(201)
			admin.Post("/roles", body{"name": "role" + itoa(i), "description": text}).Want(201)
			admin.Post("/users", body{"email": "user" + itoa(i) + "@example.com", "first_name": text}).Want(201)
		}
		for _, path := range []string{"/groups", "/products", "/roles", "/users"} {
			for text, n := range map[string]float64{"0% o": 1, "a_b": 1, "%": 1, "_": 1, " off": 2, "%off": 0, "50_ off": 0, `a\_b`: 0} {
				for _, fold := range []string{"false", "true"} {
					q := url.Values{"searchString": {text}, "searchIgnoreCase": {fold}}
					same(t, path+"?"+q.Encode(), admin.Get(path+"?"+q.Encode()).Want(200).Value("total"), any(n))
				}
			}
		}
	}, manortest.Idle())
}
