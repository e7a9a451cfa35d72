package manortest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/manorgo/manor/manortest"
)

// The document that is served describes what is mounted and nothing else.
func TestOpenAPI(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		var doc struct {
			OpenAPI    string
			Paths      map[string]map[string]any
			Components map[string]map[string]any
		}
		res := app.Anonymous(t).Get(app.URL + "/openapi.json").Want(200)
		res.JSON(&doc)
		if !strings.HasPrefix(doc.OpenAPI, "3.1.") {
			t.Errorf("the document is OpenAPI %s", doc.OpenAPI)
		}
		var got, want []string
		for path, item := range doc.Paths {
			for method := range item {
				got = append(got, strings.ToUpper(method)+" "+path)
			}
		}
		for _, r := range app.Router().Routes() {
			want = append(want, r.Method+" "+r.Path)
		}
		slices.Sort(got)
		slices.Sort(want)
		same(t, "routes", got, want)

		var whole any
		res.JSON(&whole)
		ids := map[string]bool{}
		visit(whole, func(name string, value any) {
			text, _ := value.(string)
			switch name {
			case "$ref":
				kind, component, _ := strings.Cut(strings.TrimPrefix(text, "#/components/"), "/")
				if doc.Components[kind][component] == nil {
					t.Errorf("%s refers to nothing", text)
				}
			case "operationId":
				if ids[text] {
					t.Errorf("two operations are called %s", text)
				}
				ids[text] = true
			case "nullable":
				t.Error("nullable is not a word of 3.1")
			}
		})
		same(t, "operations", len(ids), len(want))
		for path, item := range doc.Paths {
			for method, op := range item {
				op := op.(map[string]any)
				answers, _ := op["responses"].(map[string]any)
				for _, status := range []string{"400", "401", "403", "429", "500", "503"} {
					if answers[status] == nil {
						t.Errorf("%s %s does not say %s", method, path, status)
					}
				}
				if op["security"] == nil || op["summary"] == nil || op["x-rate-limit"] == nil {
					t.Errorf("%s %s has no security, summary or limit", method, path)
				}
				declared := map[string]bool{}
				params, _ := op["parameters"].([]any)
				for _, p := range params {
					p := p.(map[string]any)
					declared[p["in"].(string)+" "+p["name"].(string)] = true
				}
				for part := range strings.SplitSeq(path, "/") {
					if name, ok := strings.CutPrefix(part, "{"); ok && !declared["path "+strings.TrimSuffix(name, "}")] {
						t.Errorf("%s %s does not declare {%s", method, path, name)
					}
				}
			}
		}
	}, manortest.Idle())
}

// What can be chosen is exactly what is promised, in requests and in filters.
func TestChoices(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		for route, want := range map[string]map[string][]any{
			"POST /memberships": {"membership_type": {"basic", "supporting", "sponsor", "managing", "contributing", "fellow"}},
			"POST /groups":      {"url_type": {"meetup", "distribution_list", "other"}},
			"POST /users":       {"search_visibility": {"public", "private"}, "email_privacy": {"public", "private", "never"}},
		} {
			has := fields(app, routeOf(t, app, route))
			for name, choices := range want {
				same(t, route+": "+name, has[name].Enum, choices)
			}
		}
		for route, want := range map[string]map[string][]any{
			"GET /memberships": {"membershipType": {"basic", "supporting", "sponsor", "managing", "contributing", "fellow"}},
			"GET /groups":      {"urlType": {"meetup", "distribution_list", "other"}},
		} {
			has := queryParams(app, routeOf(t, app, route))
			for name, choices := range want {
				same(t, route+": "+name, has[name].Items.Enum, choices)
			}
		}
	}, manortest.Idle())
}

// visit calls fn with every named value in a document.
func visit(v any, fn func(name string, value any)) {
	switch x := v.(type) {
	case map[string]any:
		for name, value := range x {
			fn(name, value)
			visit(value, fn)
		}
	case []any:
		for _, value := range x {
			visit(value, fn)
		}
	}
}
