package manor_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/manorgo/manor"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/data/postgres"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/internal/pgtest"
	"github.com/manorgo/manor/secret"
	"github.com/manorgo/manor/web"
)

type note struct {
	data.Identified[note]
	Text string `json:"text" db:"text,size=80"`
}

var notes = data.NewTable[note]("notes")

var notesRevisions = fstest.MapFS{
	"0001_notes.sqlite.sql":   {Data: []byte("-- up\nCREATE TABLE notes (id BLOB PRIMARY KEY, text TEXT NOT NULL);\n-- down\nDROP TABLE notes;\n")},
	"0001_notes.postgres.sql": {Data: []byte("-- up\nCREATE TABLE notes (id uuid PRIMARY KEY, text text COLLATE \"C\" NOT NULL);\n-- down\nDROP TABLE notes;\n")},
}

// reports keeps its tables apart from the accounts.
func reports(e domain.Env) domain.Domain {
	db := e.Database("reports")
	return notesOn("notes", "reports", db)
}

func notesOn(name, database string, db *data.DB) domain.Domain {
	type count struct{ Body struct{ Notes int } }
	return domain.Domain{
		Name: name, Database: database, Migrations: notesRevisions, Schemas: []data.Schema{notes.Schema()},
		Mount: func(r *web.Router) {
			read := func(ctx context.Context, _ *web.None) (*count, error) {
				out := new(count)
				var err error
				out.Body.Notes, err = notes.On(db).Count(ctx)
				return out, err
			}
			web.Handle(r, "GET /"+name, read, web.Anyone)
			web.Handle(r, "GET /"+name+"/exactly", read, web.Anyone, web.Primary())
			web.Handle(r, "POST /"+name, func(ctx context.Context, _ *web.None) (*web.None, error) {
				return nil, notes.On(db).Add(ctx, &note{Text: "hello"})
			}, web.Anyone)
			web.Handle(r, "POST /"+name+"/nothing", func(context.Context, *web.None) (*web.None, error) { return nil, nil }, web.Anyone)
		},
	}
}

func openSQLite(t *testing.T, name string) *data.DB {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), name), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func openPostgres(t *testing.T, url string, o postgres.Options) *data.DB {
	t.Helper()
	o.Log = slog.New(slog.DiscardHandler)
	db, err := postgres.Open(t.Context(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func newApp(t *testing.T, c manor.Config) (*manor.App, error) {
	t.Helper()
	key := make([]byte, secret.KeySize)
	_, _ = rand.Read(key) // never fails
	keys, err := secret.NewKeyring(key)
	if err != nil {
		t.Fatal(err)
	}
	c.Keys, c.Log = keys, slog.New(slog.DiscardHandler)
	return manor.New(c)
}

func startApp(t *testing.T, c manor.Config) (*manor.App, http.Handler) {
	t.Helper()
	app, err := newApp(t, c)
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = app.Close(context.Background()) })
	h, err := app.Handler()
	if err != nil {
		t.Fatal(err)
	}
	return app, h
}

func do(h http.Handler, method, path string, change func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://localhost"+path, nil)
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func counted(t *testing.T, w *httptest.ResponseRecorder) int {
	t.Helper()
	var out struct{ Notes int }
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	return out.Notes
}

func has(t *testing.T, db *data.DB, table string) bool {
	t.Helper()
	rows, err := db.Driver().Query(t.Context(), driver.Call{Statement: &driver.Statement{
		SQL: "SELECT 1 FROM " + table + " LIMIT 1", Columns: []driver.Column{{Name: "n", Kind: driver.Int}},
	}})
	if err != nil {
		return false
	}
	rows.Next()
	err = rows.Err()
	rows.Close()
	return err == nil
}

// AT-H7: each database has the revisions of its domains, requests use both, and
// readiness asks both.
func TestNamedDatabases(t *testing.T) {
	t.Parallel()
	for kind, open := range map[string]func(t *testing.T) *data.DB{
		"sqlite":   func(t *testing.T) *data.DB { return openSQLite(t, "reports.db") },
		"postgres": func(t *testing.T) *data.DB { return openPostgres(t, pgtest.Database(t), postgres.Options{}) },
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			first, second := openSQLite(t, "main.db"), open(t)
			app, h := startApp(t, manor.Config{DB: first, Databases: map[string]*data.DB{"reports": second}, Domains: []domain.Func{reports}})
			if got := fmt.Sprint(app.Databases()); got != "[main reports]" {
				t.Errorf("databases are %s", got)
			}
			if has(t, first, "notes") || !has(t, second, "notes") || has(t, second, "users") || !has(t, first, "users") {
				t.Error("tables are not in the databases of their domains")
			}
			if w := do(h, "POST", "/api/v1/notes", nil); w.Code != http.StatusNoContent {
				t.Fatal(w.Code, w.Body)
			}
			if n := counted(t, do(h, "GET", "/api/v1/notes", nil)); n != 1 {
				t.Errorf("%d notes, want 1", n)
			}
			m, err := app.MigratorOf("reports")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := m.Check(t.Context(), app.SchemasOf("reports")); err != nil {
				t.Error("the second database is not as its domains want it:", err)
			}
			if w := do(h, "GET", "/readyz", nil); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"database reports":"ok"`) {
				t.Errorf("ready: %d %s", w.Code, w.Body)
			}
			second.Close()
			if w := do(h, "GET", "/readyz", nil); w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), `"database reports":"unavailable"`) {
				t.Errorf("ready without the second database: %d %s", w.Code, w.Body)
			}
			if _, err := app.UpgradeOf(t.Context(), "other"); fault.KindOf(err) != fault.NotFound {
				t.Errorf("UpgradeOf(other) = %v, want not found", err)
			}
			if _, err := app.MigratorOf("other"); fault.KindOf(err) != fault.NotFound {
				t.Errorf("MigratorOf(other) = %v, want not found", err)
			}
		})
	}
}

// AT-H7: names are unique and known.
func TestDatabaseNames(t *testing.T) {
	t.Parallel()
	db, other := openSQLite(t, "main.db"), openSQLite(t, "other.db")
	lost := func(domain.Env) domain.Domain { return domain.Domain{Name: "lost", Database: "nowhere"} }
	for want, c := range map[string]manor.Config{
		"main is Config.DB":                  {Databases: map[string]*data.DB{"main": other}},
		`"Reports" is not up to 31`:          {Databases: map[string]*data.DB{"Reports": other}},
		"reports is nil":                     {Databases: map[string]*data.DB{"reports": nil}},
		"main and reports are the same":      {Databases: map[string]*data.DB{"reports": db}},
		"a and b are the same":               {Databases: map[string]*data.DB{"b": other, "a": other}},
		"reports, and there is only main, a": {Databases: map[string]*data.DB{"a": other}, Domains: []domain.Func{reports}},
		"nowhere, and there is only main":    {Domains: []domain.Func{lost}},
	} {
		c.DB = db
		if _, err := newApp(t, c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New = %v, want an error with %q", err, want)
		}
	}
}

// AT-P1 (new): over HTTP a client reads what it wrote, others what the replica has.
func TestClientsReadTheirWrites(t *testing.T) {
	t.Parallel()
	primary, standbys := pgtest.Replicated(t, 1)
	replica := openPostgres(t, standbys[0].URL, postgres.Options{})
	open := func() *data.DB {
		return openPostgres(t, primary.URL, postgres.Options{
			Replicas: []postgres.Replica{{URL: standbys[0].URL}}, MaxLag: -1, ReplayWait: -1, CheckEvery: time.Hour,
		})
	}
	mine := func(e domain.Env) domain.Domain { return notesOn("notes", "", e.DB) }
	_, h := startApp(t, manor.Config{DB: open(), Domains: []domain.Func{mine}})

	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !has(t, replica, "notes") {
		<-tick.C
	}
	run(t, replica, "SELECT pg_wal_replay_pause()::text")
	for run(t, replica, "SELECT pg_get_wal_replay_pause_state()") != "paused" {
		<-tick.C
	}

	w := do(h, "POST", "/api/v1/notes/nothing", nil)
	if token := w.Header().Get("Manor-Read-After"); token != "" || len(w.Result().Cookies()) > 0 {
		t.Errorf("an answer that wrote nothing has a token: %q", token)
	}
	w = do(h, "POST", "/api/v1/notes", nil)
	token, cookies := w.Header().Get("Manor-Read-After"), w.Result().Cookies()
	if w.Code != http.StatusNoContent || token == "" || len(cookies) != 1 || cookies[0].Value != token {
		t.Fatalf("an answer after a write: %d, token %q, cookies %v", w.Code, token, cookies)
	}
	if c := cookies[0]; !c.HttpOnly || c.Path != "/" || c.MaxAge <= 0 || c.SameSite != http.SameSiteLaxMode {
		t.Errorf("the cookie is %v", c)
	}
	for what, tt := range map[string]struct {
		path   string
		change func(*http.Request)
		want   int
	}{
		"a stranger":              {"/api/v1/notes", nil, 0},
		"the browser that wrote":  {"/api/v1/notes", func(r *http.Request) { r.AddCookie(cookies[0]) }, 1},
		"the program that wrote":  {"/api/v1/notes", func(r *http.Request) { r.Header.Set("Manor-Read-After", token) }, 1},
		"a token of nobody":       {"/api/v1/notes", func(r *http.Request) { r.Header.Set("Manor-Read-After", "a.b, c") }, 0},
		"a route on the primary":  {"/api/v1/notes/exactly", nil, 1},
		"a token that is no such": {"/api/v1/notes", func(r *http.Request) { r.Header.Set("Manor-Read-After", strings.Repeat("f", 5000)) }, 0},
	} {
		if n := counted(t, do(h, "GET", tt.path, tt.change)); n != tt.want {
			t.Errorf("%s sees %d notes, want %d", what, n, tt.want)
		}
	}
}

func run(t *testing.T, db *data.DB, sql string) string {
	t.Helper()
	out, err := data.NewSelect[struct {
		S string `db:"s"`
	}](sql, "").One(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return out.S
}
