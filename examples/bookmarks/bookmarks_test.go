package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/datatest"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/fault"
)

// Each test gets databases of its own, in which the revisions ran already.
var databases = datatest.Setup{Revisions: revisions}

func each(t *testing.T, run func(t *testing.T, s *Store)) {
	t.Helper()
	t.Parallel()
	databases.Each(t, func(t *testing.T, db *data.DB) { run(t, NewStore(db)) })
}

// send asks the program's routes and returns what they answer.
func send(t *testing.T, h http.Handler, method, path, body string, want int) (out map[string]any) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body)))
	if w.Code != want {
		t.Errorf("%s %s %s: %d %s, want %d", method, path, body, w.Code, w.Body, want)
	}
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func TestRoutes(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		h := routes(s)
		made := send(t, h, "POST", "/bookmarks", `{"url": "https://go.dev", "title": "Go", "tags": ["code", "docs"]}`, 201)
		path := "/bookmarks/" + made["id"].(string)
		send(t, h, "POST", "/bookmarks", `{"url": "https://sqlite.org", "title": "SQLite", "tags": ["docs"]}`, 201)

		send(t, h, "POST", "/bookmarks", `{"url": "https://go.dev", "title": "Again"}`, 409)
		wrong := send(t, h, "POST", "/bookmarks", `{"url": "nowhere", "title": ""}`, 422)
		if details := wrong["details"].(map[string]any); details["body.url"] == nil || details["body.title"] == nil {
			t.Errorf("the refusal says %v", wrong)
		}
		send(t, h, "POST", "/bookmarks", `{"colour": "red"}`, 400)

		changed := send(t, h, "PATCH", path, `{"title": "The Go language"}`, 200)
		if changed["title"] != "The Go language" || changed["url"] != "https://go.dev" || changed["version"] != 2.0 {
			t.Errorf("changed %v", changed)
		}
		for range 2 {
			send(t, h, "POST", path+"/visits", "", 200)
		}
		for where, want := range map[string]float64{"": 2, "?search=GO": 1, "?tag=docs": 2, "?tag=docs&tag=code": 1, "?search=x": 0, "?page=2": 2} {
			if got := send(t, h, "GET", "/bookmarks"+where, "", 200); got["total"] != want {
				t.Errorf("%s: %v", where, got)
			}
		}
		first := send(t, h, "GET", "/bookmarks", "", 200)["items"].([]any)[0].(map[string]any)
		if first["title"] != "The Go language" || first["visits"] != 2.0 || first["version"] != 2.0 {
			t.Errorf("the most visited is %v", first)
		}
		send(t, h, "GET", "/bookmarks?page=0", "", 400)

		send(t, h, "DELETE", path, "", 204)
		for _, method := range []string{"GET", "DELETE"} {
			send(t, h, method, path, "", 404)
		}
		send(t, h, "PATCH", path, `{"title": "x"}`, 404)
		send(t, h, "POST", path+"/visits", "", 404)
		send(t, h, "GET", "/bookmarks/1", "", 400)
		send(t, h, "POST", "/bookmarks", `{"url": "https://go.dev", "title": "Anew"}`, 201) // it was taken by the one that is deleted
	})
}

// A visit that cannot be noted is not counted either.
func TestFollow(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		b, err := s.Create(ctx, Create{URL: "https://go.dev", Title: "Go"})
		if err != nil {
			t.Fatal(err)
		}
		failing, commits := datatest.Failing(s.DB)
		commits.Fail(true)
		if _, err := NewStore(failing).Follow(ctx, b.ID); !errors.Is(err, fault.Unavailable) {
			t.Errorf("a lost commit is %v", err)
		}
		if b, err = s.Follow(ctx, b.ID); err != nil || b.Visits != 1 {
			t.Errorf("%d visits are counted, %v", b.Visits, err)
		}
		if n, err := visits.On(s.DB).Count(ctx); err != nil || n != 1 {
			t.Errorf("%d visits are noted, %v", n, err)
		}
		datatest.Golden(t, s.DB, "follow", func(db *data.DB) error {
			_, err := NewStore(db).Follow(ctx, b.ID)
			return err
		})
	})
}

// A file is imported as a whole or not at all.
func TestImport(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return filepath.Join(t.TempDir(), "bookmarks.db") },
		"postgres": func(t *testing.T) string { return datatest.Setup{}.PostgresURL(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := url(t)
			for _, c := range []struct{ in, out, err string }{
				{`[{"url": "https://go.dev", "title": "Go"}]`, "1 of 1 are new\n", ""},
				{`[{"url": "https://sqlite.org", "title": "SQLite"}, {"url": "", "title": "none"}]`, "", "url"},
				{`[{"url": "https://go.dev", "title": "The Go language"}, {"url": "https://sqlite.org", "title": "SQLite"}]`, "1 of 2 are new\n", ""},
			} {
				var out strings.Builder
				err := run(t.Context(), []string{"import", url}, strings.NewReader(c.in), &out)
				if out.String() != c.out || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
					t.Errorf("%s: printed %q, %v", c.in, out.String(), err)
				}
			}
			db, err := open(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			page, err := bookmarks.On(db).List(t.Context(), data.Query[Bookmark]{Order: data.By(title.Desc())})
			if err != nil || len(page.Items) != 2 || page.Items[0].Title != "The Go language" || page.Items[1].Title != "SQLite" {
				t.Errorf("there are %v, %v", page.Items, err)
			}
		})
	}
	if err := run(t.Context(), nil, nil, nil); err == nil {
		t.Error("no command was run")
	}
}

// The revisions make the tables that the structs ask for.
func TestRevisions(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		differences, err := migrate.Drift(t.Context(), s.DB, []data.Schema{bookmarks.Schema(), visits.Schema()})
		if err != nil || len(differences) > 0 {
			t.Error(differences, err)
		}
	})
}
