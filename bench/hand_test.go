package main

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/manorgo/manor/data/datatest"
	"github.com/manorgo/manor/internal/pgtest"
	"github.com/manorgo/manor/secret"
)

// The hand-written server is worth comparing with only if it gives the same
// answers by the same statements.
func TestHandDoesWhatManorDoes(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		sameAnswers(t, filepath.Join(t.TempDir(), "site.db"), strings.Replace(holderText, "GROUPED", groupedSQLite, 1))
	})
	t.Run("postgres", func(t *testing.T) {
		sameAnswers(t, pgtest.Database(t), strings.Replace(holderText, "GROUPED", groupedPostgres, 1))
	})
}

func sameAnswers(t *testing.T, at, holderText string) {
	s, err := build(t.Context(), "test", at, t.TempDir(), 1_000)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := secret.OpenKeyFile(s.key)
	if err != nil {
		t.Fatal(err)
	}
	hand, end, err := handlerOf(t.Context(), "hand", at, keys)
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	db, err := openDB(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	counted, counter := datatest.Count(db)
	app, err := newApp(counted, keys, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{"me": {holderText, userText}, "products": {shownText, totalText}}
	for _, r := range routes {
		counter.Reset()
		own := get(t, app.API(), r, s.tokens[0])
		if diff := cmp.Diff(plain(want[r.name]), plain(counter.Statements())); diff != "" {
			t.Errorf("%s: Manor runs other statements (-hand +manor):\n%s", r.name, diff)
		}
		if diff := cmp.Diff(get(t, hand, r, s.tokens[0]), own); diff != "" {
			t.Errorf("%s: Manor gives another answer (-hand +manor):\n%s", r.name, diff)
		}
	}
}

func get(t *testing.T, h http.Handler, r route, token string) (body any) {
	req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1"+r.path, nil)
	if r.auth {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	if w.Code != http.StatusOK {
		t.Fatalf("GET %s: %d %s", r.path, w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatal(err)
	}
	return body
}

var (
	numbered = regexp.MustCompile(`\$\d+`)
	constant = regexp.MustCompile(`is_active = (\?|1|true)`)
)

// plain are statements without what does not matter: quotes, the form of
// parameters, and whether what is always the same is one.
func plain(texts []string) (out []string) {
	for _, s := range texts {
		s = numbered.ReplaceAllString(strings.ReplaceAll(s, `"`, ""), "?")
		out = append(out, constant.ReplaceAllString(s, "is_active"))
	}
	return out
}
