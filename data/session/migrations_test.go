package session_test

import (
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/data/revise"
	"github.com/manorgo/manor/data/session"
)

var custom = session.Config{Table: "UserSessions", Columns: session.Columns{
	ID: "pk", SessionID: "digest", Data: "payload", Owner: "user", ExpiresAt: "Until", CreatedAt: "born", UpdatedAt: "touched",
}}

// What the revisions leave is recorded beside them.
func TestIsRecorded(t *testing.T) {
	both(t, func(t *testing.T, db *data.DB, _ *clock) {
		st, err := session.New(db, newKeys(t, 1), session.Config{})
		if err != nil {
			t.Fatal(err)
		}
		if err := revise.Recorded(os.DirFS("migrations"), []data.Schema{st.Schema()}); err != nil {
			t.Error(err)
		}
	})
}

// The revisions make the tables that stores need, whatever they are called.
func TestMigrations(t *testing.T) {
	both(t, func(t *testing.T, db *data.DB, c *clock) {
		var sources []migrate.Source
		var schemas []data.Schema
		var stores []*session.Store
		for name, cfg := range map[string]session.Config{"session": {}, "custom": custom} {
			st, err := session.New(db, newKeys(t, 1), cfg)
			if err != nil {
				t.Fatal(err)
			}
			sources = append(sources, migrate.Source{Name: name, FS: st.Migrations()})
			schemas, stores = append(schemas, st.Schema()), append(stores, st)
		}
		m, err := migrate.New(db, sources, migrate.Options{Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Upgrade(t.Context()); err != nil {
			t.Fatal(err)
		}
		report, err := m.Check(t.Context(), schemas)
		if err != nil || !report.OK() {
			t.Errorf("%+v, %v", report, err)
		}
		for _, st := range stores {
			b := &browser{t: t, st: st}
			b.do(func(_ http.ResponseWriter, s *session.Session) { s.Set("k", "v"); s.SetOwner("zoë") })
			b.set("l", "w")
			if got := b.get("k") + b.get("l"); got != "vw" {
				t.Errorf("read %q", got)
			}
			c.advance(8 * day)
			if b.get("k"); !b.cookie.Expires.Equal(c.now().Add(14 * day)) {
				t.Error("not renewed")
			}
			if n, err := st.DestroyOwned(t.Context(), db, "zoë"); n != 1 || err != nil {
				t.Errorf("%d ended, %v", n, err)
			}
			b = &browser{t: t, st: st}
			b.set("k", "v")
			c.advance(15 * day)
			if n, err := st.DeleteExpired(t.Context()); n != 1 || err != nil {
				t.Errorf("%d removed, %v", n, err)
			}
		}
		if _, err := m.Downgrade(t.Context(), 2); err != nil {
			t.Error(err)
		}
	})
}

// A store sits on a table that was there before, with columns of its own.
func TestExistingTable(t *testing.T) {
	both(t, func(t *testing.T, db *data.DB, c *clock) {
		create := `CREATE TABLE user_sessions (id uuid PRIMARY KEY, session_id varchar(255) NOT NULL UNIQUE, data bytea NOT NULL,
			expires_at timestamptz, made timestamptz NOT NULL, updated_at timestamptz NOT NULL, user_id text NOT NULL DEFAULT '', note text)`
		if db.Dialect() == "sqlite" {
			create = strings.NewReplacer("uuid", "BLOB", "varchar(255)", "TEXT", "bytea", "BLOB", "timestamptz", "INTEGER").Replace(create)
		}
		exec(t, db, create)
		st, err := session.New(db, newKeys(t, 1), session.Config{Table: "user_sessions", Columns: session.Columns{CreatedAt: "made", Owner: "user_id"}})
		if err != nil {
			t.Fatal(err)
		}
		b := &browser{t: t, st: st}
		b.set("k", "v")
		b.set("k", "w")
		if got := b.get("k"); got != "w" {
			t.Errorf("read %q", got)
		}
	})
}

func TestMigrationFiles(t *testing.T) {
	db, _ := onSQLite(t)
	for _, cfg := range []session.Config{{}, custom} {
		st, err := session.New(db, newKeys(t, 1), cfg)
		if err != nil {
			t.Fatal(err)
		}
		files := st.Migrations()
		if err := fstest.TestFS(files, "migrations/0001_sessions.sqlite.sql", "migrations/0001_sessions.postgres.sql"); err != nil {
			t.Error(err)
		}
		for dialect, file := range map[string]string{"sqlite": "migrations/0001_sessions.sqlite.sql", "postgres": "migrations/0001_sessions.postgres.sql"} {
			text, err := fs.ReadFile(files, file)
			if err != nil {
				t.Fatal(err)
			}
			up, down := migrate.Draft(dialect, []data.Schema{st.Schema()})
			if diff := cmp.Diff("-- up\n\n"+up+"\n-- down\n\n"+down, string(text)); diff != "" {
				t.Errorf("%s is not what the store needs:\n%s", file, diff)
			}
		}
	}
}
