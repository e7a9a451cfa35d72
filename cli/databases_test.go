package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/manorgo/manor/cli"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/data/postgres"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/internal/pgtest"
	"github.com/manorgo/manor/secret"
)

// Two tables with encrypted columns, one of them in a database of its own.
type (
	vault struct {
		data.Identified[vault]
		Secret secret.Text `db:"secret"`
	}
	relic struct {
		data.Identified[relic]
		Secret secret.Text `db:"secret"`
	}
)

var (
	vaults = data.NewTable[vault]("vaults")
	relics = data.NewTable[relic]("relics")
)

func vaultDomain(domain.Env) domain.Domain { return sealedDomain("vaults", "", vaults.Schema()) }

func archiveDomain(env domain.Env) domain.Domain {
	env.Database("archive")
	return sealedDomain("relics", "archive", relics.Schema())
}

func sealedDomain(name, database string, s data.Schema) domain.Domain {
	files := fstest.MapFS{}
	for _, dialect := range []string{"sqlite", "postgres"} {
		up, down := migrate.Draft(dialect, []data.Schema{s})
		files["0001_"+name+"."+dialect+".sql"] = &fstest.MapFile{Data: []byte("-- up\n" + up + "\n-- down\n" + down + "\n")}
	}
	return domain.Domain{Name: name, Database: database, Migrations: files, Schemas: []data.Schema{s}}
}

// A house is a program with two databases, both of one kind.
type house struct {
	t             *testing.T
	env           []string
	main, archive string // URLs
	key           string // the file
}

func onHouses(t *testing.T, test func(h house)) {
	t.Parallel()
	make := func(t *testing.T, main, archive string) house {
		key := filepath.Join(t.TempDir(), "manor.key")
		return house{t, []string{"MANOR_DATABASE_URL=" + main, "MANOR_DATABASE_URL_ARCHIVE=" + archive, "MANOR_KEY_FILE=" + key}, main, archive, key}
	}
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		test(make(t, "sqlite:"+filepath.Join(dir, "main.db"), "sqlite:"+filepath.Join(dir, "archive.db")))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(make(t, pgtest.Database(t), pgtest.Database(t)))
	})
}

// ends runs a command that must end with a code, and returns what it printed and
// what it complained of.
func (h house) ends(code int, args ...string) (out, complaints string) {
	h.t.Helper()
	return h.endsWith(code, h.env, args...)
}

func (h house) endsWith(code int, env []string, args ...string) (string, string) {
	h.t.Helper()
	var out, errs bytes.Buffer
	got := cli.Run(h.t.Context(), cli.Process{Args: append([]string{"manor"}, args...), Env: env, Stdout: &out, Stderr: &errs}, vaultDomain, archiveDomain)
	if got != code {
		h.t.Fatalf("manor %s ended with %d, want %d: %s%s", strings.Join(args, " "), got, code, &out, &errs)
	}
	return out.String(), errs.String()
}

// says wants each of parts in a text.
func (h house) says(text string, parts ...string) {
	h.t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			h.t.Errorf("%q is not in:\n%s", p, text)
		}
	}
}

// open opens a database with the keys of the file.
func (h house) open(url string) *data.DB {
	h.t.Helper()
	var db *data.DB
	var err error
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		db, err = sqlite.Open(h.t.Context(), path, sqlite.Options{})
	} else {
		db, err = postgres.Open(h.t.Context(), url, postgres.Options{})
	}
	if err != nil {
		h.t.Fatal(err)
	}
	keys, err := secret.OpenKeyFile(h.key)
	if err != nil {
		h.t.Fatal(err)
	}
	db.SetKeys(keys)
	h.t.Cleanup(func() { db.Close() })
	return db
}

func TestCommandsOnDatabases(t *testing.T) {
	onHouses(t, func(h house) {
		out, _ := h.ends(0, "database", "upgrade")
		h.says(out, "users/0001_users", "vaults/0001_vaults", "relics/0001_relics")
		out, _ = h.ends(0, "database", "current", "--database", "archive")
		h.says(out, "relics/0001_relics")
		if strings.Contains(out, "users") {
			h.t.Errorf("the archive has the revisions of main:\n%s", out)
		}
		out, _ = h.ends(0, "database", "current", "-o", "json")
		h.says(out, `"database": "archive"`, `"database": "main"`)

		_, errs := h.ends(1, "database", "current", "--database", "attic")
		h.says(errs, "no database attic", "main, archive")
		_, errs = h.endsWith(2, append(h.env[:1:1], h.env[2]), "database", "upgrade")
		h.says(errs, "archive", "MANOR_DATABASE_URL_ARCHIVE")
		_, errs = h.endsWith(2, []string{h.env[0], "MANOR_DATABASE_URL_ARCHIVE=" + h.main, h.env[2]}, "database", "current")
		h.says(errs, "are the same database")

		// One of them is undone and done again; the other does not notice.
		h.ends(1, "database", "downgrade", "--database", "archive") // nobody to ask
		out, _ = h.ends(0, "database", "downgrade", "--database", "archive", "--yes")
		h.says(out, "relics/0001_relics")
		h.ends(0, "database", "check", "--database", "main")
		out, _ = h.ends(1, "database", "check")
		h.says(out, "pending", "relics/0001_relics")
		h.ends(0, "database", "upgrade", "--database", "archive")
		h.ends(0, "database", "check")
		h.ends(0, "database", "check", "--bind-key", "archive")

		out, _ = h.ends(0, "doctor")
		h.says(out, "archive")
		if password := "postgres:"; strings.Contains(out, password+"@") {
			h.t.Errorf("doctor tells a password:\n%s", out)
		}
	})
}

func TestRowsOfADatabase(t *testing.T) {
	onHouses(t, func(h house) {
		h.ends(0, "database", "upgrade")
		want := &relic{Secret: secret.NewText("bones")}
		if err := relics.On(h.open(h.archive)).Add(h.t.Context(), want); err != nil {
			h.t.Fatal(err)
		}
		dir := h.t.TempDir()
		file := filepath.Join(dir, "archive.backup")
		h.ends(0, "database", "backup", file, "--database", "archive")
		h.ends(0, "database", "dump-data", "--database", "archive", "--table", "relics", "--dir", dir)
		if _, err := os.Stat(filepath.Join(dir, "relics.json")); err != nil {
			h.t.Error(err)
		}

		h.ends(0, "database", "drop-all", "--database", "archive", "--yes")
		h.ends(0, "database", "check", "--database", "main")
		h.ends(0, "database", "restore", file, "--database", "archive")
		got, err := relics.On(h.open(h.archive)).Get(h.t.Context(), want.ID)
		if err != nil || got.Secret.Reveal() != "bones" {
			h.t.Errorf("restored: %v", err)
		}

		moved := "sqlite:" + filepath.Join(dir, "moved.db")
		_, errs := h.ends(0, "database", "move", "--database", "archive", "--to", moved)
		h.says(errs, "MANOR_DATABASE_URL_ARCHIVE")
		got, err = relics.On(h.open(moved)).Get(h.t.Context(), want.ID)
		if err != nil || got.Secret.Reveal() != "bones" {
			h.t.Errorf("moved: %v", err)
		}
	})
}

// A key is changed without losing a value.
func TestSecrets(t *testing.T) {
	type status struct {
		Keys []struct {
			ID      string
			Current bool
			Values  int
		}
	}
	onHouses(t, func(h house) {
		h.ends(0, "database", "upgrade")
		ctx := h.t.Context()
		v, r := make([]vault, 3), make([]relic, 2)
		for i := range v {
			v[i].Secret = secret.NewText(fmt.Sprint("vault ", i))
		}
		for i := range r {
			r[i].Secret = secret.NewText(fmt.Sprint("relic ", i))
		}
		if err := vaults.On(h.open(h.main)).AddAll(ctx, v); err != nil {
			h.t.Fatal(err)
		}
		if err := relics.On(h.open(h.archive)).AddAll(ctx, r); err != nil {
			h.t.Fatal(err)
		}
		values := func() (s status) {
			h.t.Helper()
			out, _ := h.ends(0, "secrets", "status", "-o", "json")
			if err := json.Unmarshal([]byte(out), &s); err != nil {
				h.t.Fatal(err)
			}
			return s
		}
		readable := func() {
			h.t.Helper()
			for i, want := range v {
				got, err := vaults.On(h.open(h.main)).Get(ctx, want.ID)
				if err != nil || got.Secret.Reveal() != fmt.Sprint("vault ", i) {
					h.t.Errorf("vault %d: %v", i, err)
				}
			}
			for i, want := range r {
				got, err := relics.On(h.open(h.archive)).Get(ctx, want.ID)
				if err != nil || got.Secret.Reveal() != fmt.Sprint("relic ", i) {
					h.t.Errorf("relic %d: %v", i, err)
				}
			}
		}
		old := values()
		if len(old.Keys) != 1 || !old.Keys[0].Current || old.Keys[0].Values != 5 {
			h.t.Fatalf("before: %+v", old)
		}
		first := old.Keys[0].ID
		h.ends(0, "roles", "create", "editors") // which is written down

		h.ends(0, "secrets", "rotate")
		readable()
		if s := values(); len(s.Keys) != 2 || s.Keys[0].Values != 0 || s.Keys[1].ID != first || s.Keys[1].Values != 5 {
			h.t.Fatalf("after rotate: %+v", s)
		}
		_, errs := h.ends(1, "secrets", "retire", first, "--yes")
		h.says(errs, "5 values still under "+first)

		h.ends(0, "secrets", "reencrypt", "--dry-run")
		h.ends(1, "secrets", "reencrypt") // nobody to ask
		if s := values(); s.Keys[1].Values != 5 {
			h.t.Errorf("a dry run did something: %+v", s)
		}
		out, _ := h.ends(0, "secrets", "reencrypt", "--yes", "-o", "json")
		h.says(out, `"database": "archive"`, `"values": 3`, `"values": 2`)
		readable()
		h.ends(0, "secrets", "reencrypt", "--yes") // nothing is left
		_, errs = h.ends(1, "secrets", "retire", first, "--yes")
		h.says(errs, "of the audit would not verify without "+first)
		h.ends(0, "secrets", "retire", first, "--yes", "--despite-audit")
		if s := values(); len(s.Keys) != 1 || s.Keys[0].ID == first || s.Keys[0].Values != 5 {
			h.t.Errorf("after retire: %+v", s)
		}
		readable()

		// A value that no key opens is told, and ends with 1.
		if err := os.Remove(h.key); err != nil {
			h.t.Fatal(err)
		}
		if _, err := secret.CreateKeyFile(h.key); err != nil {
			h.t.Fatal(err)
		}
		out, _ = h.ends(1, "secrets", "reencrypt", "--yes")
		h.says(out, "3 COULD NOT BE OPENED", "2 COULD NOT BE OPENED")
	})
}
