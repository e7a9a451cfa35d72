package main

import (
	"bytes"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/internal/pgtest"
)

// A comparison is worth something only if everybody does the same work.
func TestEverybodyDoesTheSame(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		at := filepath.Join(t.TempDir(), "products.db")
		f, err := openSQLite(t.Context(), at, testSize)
		same(t, f, at, err)
	})
	t.Run("postgres", func(t *testing.T) {
		at := pgtest.Database(t)
		f, err := openPostgres(t.Context(), at, testSize)
		same(t, f, at, err)
	})
}

const testSize = 20_000

func same(t *testing.T, f field, at string, err error) {
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	var want outcome
	for i, e := range f.entries {
		c, err := e.open(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", e.name, err)
		}
		defer c.close()
		got, err := c.same(t.Context(), seededID(4711))
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		sameTags(t, c, at)
		sameStream(t, c)
		if err := f.tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got.gone != "" || !got.found || got.free || len(got.first) != pageSize || len(got.deeper) != pageSize || len(got.authors) != authorsShown {
			t.Errorf("%s: %q, found %v and %v, pages of %d, %d and %d", c.name, got.gone, got.found, got.free, len(got.first), len(got.deeper), len(got.authors))
		}
		if !got.updated.updatedAt.After(got.got.createdAt) || got.inserted.id == (uuid.UUID{}) || len(got.bulk) != 3 || len(got.listed) != pageSize {
			t.Errorf("%s did not do its work: %+v", c.name, got)
		}
		// Who asks for less than Manor gives would be cheaper for no merit.
		if kept := got.again.updatedAt.Equal(got.updated.updatedAt); kept != (c.name == "bare" || c.name == "manor") {
			t.Errorf("%s: a change that changes nothing leaves the time of change alone: %v", c.name, kept)
		}
		if !equal(got.updated, got.reread) {
			t.Errorf("%s: updated to %+v, then read %+v", c.name, got.updated, got.reread)
		}
		if i == 0 {
			want = got
			continue
		}
		opts := cmp.Options{
			cmp.AllowUnexported(outcome{}, product{}, author{}, book{}),
			cmp.Comparer(func(a, b decimal.Decimal) bool { return a.Equal(b) }),
			// What everybody makes up. The row that was updated was renamed by the
			// contestant before.
			cmp.FilterPath(func(p cmp.Path) bool { return len(p) > 1 && p.Index(1).String() == ".got" }, cmp.Ignore()),
			cmp.FilterPath(madeUp, cmp.Ignore()),
			cmpopts.EquateEmpty(),
			cmpopts.SortSlices(func(a, b book) bool { return bytes.Compare(a.id[:], b.id[:]) < 0 }),
		}
		if diff := cmp.Diff(want, got, opts); diff != "" {
			t.Errorf("%s does otherwise than %s (-%[2]s +%[1]s):\n%[3]s", c.name, f.entries[0].name, diff)
		}
	}
}

// sameTags proves that the tags are stored, and known ones changed.
func sameTags(t *testing.T, c contestant, at string) {
	t.Helper()
	db, err := openDB(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	read := func() map[string]tagRow {
		page, err := tagRows.On(db).List(t.Context(), data.Query[tagRow]{Limit: -1})
		if err != nil {
			t.Fatal(err)
		}
		out := make(map[string]tagRow)
		for _, v := range page.Items {
			out[v.Name] = v
		}
		return out
	}
	for work, n := range map[string]int{"upsert-plain": 4000, "upsert-1000": 1000, "upsert-4000": 4000} {
		if _, err := db.Driver().Exec(t.Context(), driver.Call{Statement: &driver.Statement{SQL: "UPDATE tags SET uses = 0"}}); err != nil {
			t.Fatal(err)
		}
		before := read()
		task := c.tasks[work]
		if err := errors.Join(task.prepare(t.Context(), 1), task.run(t.Context(), 0)); err != nil {
			t.Fatalf("%s: %s: %v", c.name, work, err)
		}
		after := read()
		known, added := 0, 0
		for name, v := range after {
			old, was := before[name]
			switch {
			case !was && v.Uses > 0 && !v.CreatedAt.IsZero() && v.UpdatedAt.Equal(v.CreatedAt):
				added++
			case was && v.Uses != old.Uses && v.ID == old.ID && v.UpdatedAt.After(old.UpdatedAt) && v.CreatedAt.Equal(old.CreatedAt):
				known++
			case was && v.Uses == old.Uses:
			default:
				t.Fatalf("%s: %s: %+v is now %+v", c.name, work, old, v)
			}
		}
		if added+known != n || work == "upsert-plain" && known > 0 || work != "upsert-plain" && known != n/2 {
			t.Errorf("%s: %s: added %d, changed %d", c.name, work, added, known)
		}
	}
}

// sameStream proves that a stream has all rows.
func sameStream(t *testing.T, c contestant) {
	t.Helper()
	task, can := c.tasks["stream"]
	if can != (c.name != "ent") {
		t.Errorf("%s: can stream: %v", c.name, can)
	}
	if can {
		if err := task.run(t.Context(), 0); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// madeUp are identities and times that a contestant gives.
func madeUp(p cmp.Path) bool {
	switch p.Last().String() {
	case ".updatedAt":
		return true
	case ".id", ".createdAt":
		return p.Index(1).String() == ".inserted" || p.Index(1).String() == ".bulk" || p.Index(1).String() == ".listed" || p.Index(1).String() == ".paged" || p.Index(1).String() == ".first"
	}
	return false
}

func equal(a, b product) bool {
	return cmp.Equal(a, b, cmp.AllowUnexported(product{}), cmp.Comparer(func(a, b decimal.Decimal) bool { return a.Equal(b) }),
		cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) }))
}

// What is written by hand on SQLite gets connections like those that Manor
// makes for itself.
func TestConnectionsAreAlike(t *testing.T) {
	at := filepath.Join(t.TempDir(), "alike.db")
	own, err := openDB(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	hand, err := openFiles(at)
	if err != nil {
		t.Fatal(err)
	}
	defer hand.close()
	for _, pragma := range []string{"journal_mode", "synchronous", "cache_size", "temp_store", "foreign_keys", "busy_timeout",
		"journal_size_limit", "trusted_schema", "query_only", "page_size", "automatic_index", "threads"} {
		for kind, pool := range map[string]*sql.DB{"reader": hand.reads, "writer": hand.writes} {
			text := "SELECT CAST(" + pragma + " AS TEXT) FROM pragma_" + pragma
			if pragma == "busy_timeout" {
				text = "SELECT CAST(timeout AS TEXT) FROM pragma_busy_timeout"
			}
			var want, got string
			if err := pool.QueryRowContext(t.Context(), text).Scan(&want); err != nil {
				t.Fatal(err)
			}
			statement := &driver.Statement{SQL: text, Columns: []driver.Column{{Name: "v", Kind: driver.Text}}, Reads: kind == "reader"}
			read := func(c driver.Conn) error {
				rows, err := c.Query(t.Context(), driver.Call{Statement: statement})
				if err != nil {
					return err
				}
				defer rows.Close()
				for rows.Next() {
					if err := rows.Scan([]any{&got}); err != nil {
						return err
					}
				}
				return rows.Err()
			}
			if kind == "reader" {
				err = read(own.Driver())
			} else {
				var tx driver.Tx
				if tx, err = own.Driver().Begin(t.Context(), driver.DefaultIsolation); err == nil {
					err = errors.Join(read(tx), tx.Rollback(t.Context()))
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			if got != want {
				t.Errorf("%s of a %s: Manor has %q, what is written by hand %q", pragma, kind, got, want)
			}
		}
	}
}
