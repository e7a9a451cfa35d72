package users_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/manorgo/manor/accounts/internal/accountstest"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/data/transfer"
)

// TestSearchRevision holds the revision to what package migrate writes.
func TestSearchRevision(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		up, down := migrate.SearchIndex(h.Env.DB.Dialect(), h.Domains[0].Schemas[0])
		text, err := os.ReadFile("migrations/0004_search." + h.Env.DB.Dialect() + ".sql")
		h.Must(err)
		if want := "-- after 0003_locale\n\n-- up\n" + up + "\n\n-- down\n" + down + "\n"; string(text) != want {
			t.Errorf("the revision is\n%s\nwant\n%s", text, want)
		}
	})
}

// TestSearchIsPrivate searches for people who must not be found, and for what
// the index keeps of those who are gone.
func TestSearchIsPrivate(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		call, root := h.Serve(), h.Superuser("root1")
		person := func(name string, mod func(*users.Create)) users.User {
			return h.Person(name, func(c *users.Create) {
				c.FirstName, c.LastName = "Quixote", "Zuckerhut-"+name
				mod(c)
			})
		}
		person("seen", func(*users.Create) {})
		person("hidden", func(c *users.Create) { c.SearchVisibility = users.SearchPrivate })
		person("secret", func(c *users.Create) { c.PublicProfile = new(false) })
		person("idle", func(c *users.Create) { c.Active = new(false) })
		person("fresh", func(c *users.Create) { c.EmailVerified = false })
		gone := person("gone", func(*users.Create) {})
		h.Must(h.Users.Delete(h.As(root, "*"), gone.ID))
		for _, needle := range []string{"Zuckerhut", "erh", "Qu", "uixot", "zUCKER&searchIgnoreCase=true"} {
			for who, want := range map[string]string{"": "seen", users.Read: "fresh hidden idle secret seen"} {
				a := call(&root, who, "GET", "/users?pageSize=50&searchString="+needle, "").Is(needle, 200, "")
				var names []string
				for _, item := range a.Body["items"].([]any) {
					names = append(names, item.(map[string]any)["username"].(string))
				}
				slices.Sort(names)
				if got := strings.Join(names, " "); got != want || a.Body["total"] != float64(len(names)) {
					t.Errorf("%s with %q: %s, total %v, want %s", needle, who, got, a.Body["total"], want)
				}
			}
		}
		if h.Env.DB.Dialect() == "sqlite" {
			words(t, h, gone)
		}
		tables, err := transfer.Tables(t.Context(), h.Env.DB, true)
		h.Must(err)
		if i := slices.IndexFunc(tables, func(s string) bool { return strings.Contains(s, "_search") }); i >= 0 {
			t.Errorf("the index is carried along: %s", tables[i])
		}
		_, err = transfer.DropAll(t.Context(), h.Env.DB)
		h.Must(err)
		if n := number(t, h, "SELECT count(*) FROM sqlite_schema WHERE name LIKE '%search%'", "SELECT count(*) FROM pg_class WHERE relname LIKE '%users_search%'"); n > 0 {
			t.Errorf("%d things of the index were not dropped", n)
		}
	})
}

// words looks into the index of SQLite: what does not concern names leaves it
// alone, and erased names are not even in its blocks.
func words(t *testing.T, h *accountstest.Harness, gone users.User) {
	const index = "SELECT count(*) || group_concat(hex(block)) AS text FROM users_search_data"
	before := text(t, h, index)
	_, err := h.Users.Reactivate(h.As(gone, "*"), gone.ID)
	h.Must(err)
	h.Must(h.Env.DB.Tx(t.Context(), func(tx *data.Tx) error {
		_, err := h.Users.SawLogin(t.Context(), tx, gone.ID)
		return err
	}))
	if text(t, h, index) != before {
		t.Error("the index changed, but no name did")
	}
	const kept = "SELECT CASE WHEN EXISTS (SELECT 1 FROM users_search_data WHERE instr(block, lower(hex('-gon'))) > 0) THEN 'yes' ELSE 'no' END AS text"
	if text(t, h, kept) != "yes" {
		t.Fatal("the index has no word of the name") // or the next would prove nothing
	}
	h.Must(h.Users.Delete(h.As(h.Superuser("root2"), "*"), gone.ID))
	h.Must(h.Env.DB.Tx(t.Context(), func(tx *data.Tx) error {
		return h.Users.Erase(t.Context(), tx, gone.ID, func(*users.User) error { return nil })
	}))
	if text(t, h, kept) != "no" {
		t.Error("the index still has words of an erased name")
	}
}

func text(t *testing.T, h *accountstest.Harness, sql string) string {
	t.Helper()
	row, err := data.NewSelect[struct {
		Text string `db:"text"`
	}](sql, "").One(t.Context(), h.Env.DB)
	h.Must(err)
	return row.Text
}

func number(t *testing.T, h *accountstest.Harness, sqlite, postgres string) int {
	t.Helper()
	row, err := data.NewSelect[struct {
		N int `db:"n"`
	}](strings.Replace(sqlite, "count(*)", "count(*) AS n", 1), strings.Replace(postgres, "count(*)", "count(*) AS n", 1)).One(t.Context(), h.Env.DB)
	h.Must(err)
	return row.N
}
