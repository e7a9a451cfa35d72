package manortest_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/manorgo/manor/manortest"
	"github.com/manorgo/manor/web"
)

// operation returns what OpenAPI says of a route.
func operation(app *manortest.App, r web.Route) *huma.Operation {
	item := app.Router().OpenAPI().Paths[r.Path]
	return map[string]*huma.Operation{
		"GET": item.Get, "POST": item.Post, "PUT": item.Put, "PATCH": item.Patch, "DELETE": item.Delete,
	}[r.Method]
}

// lists returns the routes that return pages.
func lists(app *manortest.App) []web.Route {
	return routes(app, func(r web.Route) bool { return queryParams(app, r)["pageSize"] != nil })
}

func queryParams(app *manortest.App, r web.Route) map[string]*huma.Schema {
	out := map[string]*huma.Schema{}
	for _, p := range operation(app, r).Parameters {
		if p.In == "query" {
			out[p.Name] = p.Schema
		}
	}
	return out
}

// wrongValues returns values that a parameter with this schema refuses.
func wrongValues(name string, s *huma.Schema) []string {
	if s.Items != nil {
		s = s.Items
	}
	switch {
	case len(s.Enum) > 0:
		return []string{"", "nothing", "id; DROP TABLE users", "' OR 1=1 --", strings.ToUpper(s.Enum[0].(string)) + "x"}
	case name == "pageSize":
		return []string{"0", "101", "-1", "1.5", "1e1", "ten", "", "0x10", "99999999999999999999", "1;", " 1"}
	case name == "currentPage":
		return []string{"0", "-1", "x", "", "99999999999999999999", "2147483647"}
	case name == "cursor":
		return []string{"x", "start", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", strings.Repeat("A", 5000)}
	}
	switch s.Type + " " + s.Format {
	case "string uuid":
		return []string{"", "1", "not-a-uuid", "01890000-0000-7000-8000-00000000000", "{01890000-0000-7000-8000-000000000000}", "' OR ''='"}
	case "string date-time":
		return []string{"", "2026-01-01", "2026-01-01T00:00:00", "2026-01-01 00:00:00Z", "yesterday", "0", "2026-13-01T00:00:00Z", "99999-01-01T00:00:00Z"}
	case "boolean ":
		return []string{"", "1", "yes", "True", "null"}
	case "integer ", "integer int32", "integer int64":
		return []string{"", "x", "1.5", "99999999999999999999"}
	}
	if s.Pattern != "" {
		return []string{"", "x", "1,5", "NaN", "Infinity", "1e400"}
	}
	return []string{"nul\x00", "\xff"} // which are no text
}

// What a list does not know, or cannot read, it refuses by name.
func TestListsRefuse(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		admin := app.Admin(t)
		all := lists(app)
		if len(all) < 7 {
			t.Errorf("there are %d lists only", len(all))
		}
		for _, r := range all {
			path := anyPath(r)
			admin.Get(path).Want(200)
			refused := func(query, name string) {
				t.Helper()
				res := admin.Get(path + "?" + query)
				if res.Status != 400 || res.Value("errors.0.location") != "query."+name {
					t.Errorf("GET %s?%s: %d, want 400 and query.%s: %s", path, query, res.Status, name, res.Body)
				}
			}
			params := queryParams(app, r)
			for name, schema := range params {
				for _, wrong := range wrongValues(name, schema) {
					refused(url.Values{name: {wrong}}.Encode(), name)
				}
				other := strings.ToUpper(name[:1]) + name[1:]
				refused(url.Values{other: {"1"}}.Encode(), other)
			}
			for _, name := range []string{"pageSize", "currentPage", "orderBy", "sortOrder"} {
				if params[name] == nil {
					t.Errorf("%s has no parameter %s", path, name)
				}
			}
			refused("unknown=1", "unknown")
			refused("limit=1", "limit")
			refused("pageSize=1&pageSize=1", "pageSize")
			refused("pageSize=1%zz", "pageSize")
		}
	}, manortest.Idle())
}

// Every page of every list says what it is, and a page past the end is empty.
func TestPages(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		w := newWorld(t, app)
		for _, name := range []string{"a", "b", "c"} {
			w.ann.Post("/products", body{"name": name, "price": "1"}).Want(201)
			w.admin.Post("/roles", body{"name": name + "-role"}).Want(201)
			g := w.admin.Post("/groups", body{"name": name}).Want(201)
			w.admin.Post("/groups/"+g.Text("id")+"/approve", nil).Want(200)
		}
		for _, r := range lists(app) {
			path := anyPath(r)
			whole := w.admin.Get(path + "?pageSize=100").Want(200)
			total := whole.Len("items")
			same(t, path, []any{whole.Value("total"), whole.Value("limit"), whole.Value("offset")}, []any{float64(total), 100.0, 0.0})
			seen := map[string]bool{}
			for page := 1; page <= total+1; page++ {
				res := w.admin.Get(path + "?pageSize=1&currentPage=" + itoa(page)).Want(200)
				same(t, path+" page", []any{res.Value("total"), res.Value("limit"), res.Value("offset")}, []any{float64(total), 1.0, float64(page - 1)})
				if page > total {
					same(t, path+" past the end", res.Len("items"), 0)
					continue
				}
				seen[res.Text("items.0.id")] = true
			}
			same(t, path+": rows on all pages", len(seen), total)
			for _, order := range []string{"desc", "asc"} {
				whole := w.admin.Get(path + "?pageSize=100&sortOrder=" + order).Want(200)
				cursor := ""
				for i := range total {
					res := w.admin.Get(path + "?pageSize=1&sortOrder=" + order + "&cursor=" + cursor).Want(200)
					same(t, path+" by cursor", []any{res.Len("items"), res.Value("items.0.id"), res.Value("total"), res.Value("offset")},
						[]any{1, whole.Value("items." + itoa(i) + ".id"), nil, nil})
					if next, more := res.Value("next_cursor").(string); more != (i < total-1) {
						t.Errorf("%s by cursor: after %d of %d the next is %q", path, i+1, total, next)
					} else {
						cursor = next
					}
				}
			}
			if none := w.admin.Get(path + "?total=none").Want(200); none.Value("total") != nil {
				t.Errorf("%s counts though it is not asked to", path)
			}
		}
	}, manortest.Idle())
}

// Nothing that is not shown can be asked for: not by a filter, not by an order, not
// by a search, and not by a count.
func TestListsTellNoSecrets(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		w := newWorld(t, app)
		hidden := regexp.MustCompile(`(?i)password|hash|digest|token|secret|epoch|_?key\b|seal|cookie|rights|device|payload|access`)
		for _, r := range lists(app) {
			for name, s := range queryParams(app, r) {
				if s.Items != nil {
					s = s.Items
				}
				for _, word := range append(s.Enum, name) {
					if hidden.MatchString(word.(string)) {
						t.Errorf("%s can be asked for %v by %s", short(r), word, name)
					}
				}
			}
			for _, q := range []string{
				"orderBy=password_hash", "orderBy=epoch", "orderBy=email_key", "passwordHash=x", "password_hash=x", "passwordHashIn=x", "emailKey=x", "tokenDigest=x",
				"expand=sessions", "include=password_hash", "fields=password_hash", "select=*", "filter=password_hash", "where=1", "with=sessions",
			} {
				name, _, _ := strings.Cut(q, "=")
				res := w.admin.Get(anyPath(r) + "?" + q)
				same(t, short(r)+" by "+q, []any{res.Status, res.Value("errors.0.location")}, []any{400, "query." + name})
			}
		}
		// Ann shows her name to everybody and her address to nobody, bob is not to be found.
		w.ann.Patch("/users/me", body{"email_privacy": "never"}).Want(200)
		w.bob.Patch("/users/me", body{"search_visibility": "private"}).Want(200)
		for _, c := range []*manortest.Client{w.anon, w.carol} {
			for _, q := range []string{"email=ann@example.com", "emailIn=ann@example.com", "orderBy=email", "orderBy=last_login", "isStaff=true", "emailVerified=true", "locale=en", "emailPrivacy=never"} {
				c.Get("/users?" + q).Want(400)
			}
			for q, want := range map[string]float64{
				"searchString=ann": 1, "searchString=ann@": 0, "searchString=example.com": 0, "searchString=bob": 0, "searchString=bob&total=exact": 0, "": 4, "currentPage=9": 4,
			} {
				same(t, "/users?"+q, c.Get("/users?"+q).Want(200).Value("total"), any(want))
			}
			// Groups that wait are not counted either.
			w.ann.Post("/groups", body{"name": "Waiting " + c.User.ID.String()}).Want(201)
			same(t, "groups", c.Get("/groups").Want(200).Value("total"), any(0.0))
			same(t, "groups by name", c.Get("/groups?searchString=Waiting").Want(200).Value("total"), any(0.0))
		}
	}, manortest.Idle())
}
