package datatest_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/datatest"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/data/postgres"
)

type tag struct {
	data.Audited[tag]
	Name string `json:"name" db:"name,unique"`
}

var (
	tags    = data.NewTable[tag]("tags")
	tagName = data.TextCol(tags, "name")
)

// revision returns a source of one revision.
func revision(name, up string) migrate.Source {
	file := &fstest.MapFile{Data: []byte("-- up\n" + up + ";\n")}
	return migrate.Source{Name: name, FS: fstest.MapFS{"0001_x.sqlite.sql": file, "0001_x.postgres.sql": file}}
}

// Revisions come before tables, and what builds comes last; each test has a copy
// of the result and sees nothing of another's.
func TestSetup(t *testing.T) {
	t.Parallel()
	var built atomic.Int32
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	setup := datatest.Setup{
		Revisions: []migrate.Source{revision("words", "CREATE TABLE words (word text); INSERT INTO words VALUES ('one')")},
		Tables:    []data.Schema{tags.Schema()},
		Key:       t.Name() + time.Now().String(), // not that of an earlier run, so that it is built
		Now:       func() time.Time { return at },
		Build: func(ctx context.Context, db *data.DB) error {
			built.Add(1)
			return tags.On(db).AddAll(ctx, []tag{{Name: "a"}, {Name: "b"}})
		},
	}
	words := data.NewSelect[struct {
		Word string `db:"word"`
	}]("SELECT word FROM words", "")
	t.Run("tests", func(t *testing.T) {
		for i := range 6 {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				setup.Each(t, func(t *testing.T, db *data.DB) {
					ctx := t.Context()
					found, err := words.All(ctx, db)
					if err != nil || len(found) != 1 || found[0].Word != "one" {
						t.Errorf("the revision's rows are %v, %v", found, err)
					}
					if err := tags.On(db).Add(ctx, &tag{Name: "mine"}); err != nil { // unique
						t.Error(err)
					}
					page, err := tags.On(db).List(ctx, data.Query[tag]{Order: data.By(tagName.Asc())})
					if err != nil || len(page.Items) != 3 || page.Items[2].Name != "mine" {
						t.Fatalf("there are %v, %v", page.Items, err)
					}
					for _, v := range page.Items {
						if !v.CreatedAt.Equal(at) {
							t.Errorf("%s is of %v", v.Name, v.CreatedAt)
						}
					}
				})
			})
		}
	})
	if n := built.Load(); n < 1 || n > 2 { // once for each database that is there
		t.Errorf("the rows were built %d times", n)
	}
}

// A setup that says something else is another template.
func TestSetupsDiffer(t *testing.T) {
	t.Parallel()
	first, second := revision("words", "CREATE TABLE words (word text)"), revision("words", "CREATE TABLE other (word text)")
	tables := []data.Schema{tags.Schema()}
	for _, c := range []struct {
		what  string
		setup datatest.Setup
		want  string
	}{
		{"nothing", datatest.Setup{}, ""},
		{"a revision", datatest.Setup{Revisions: []migrate.Source{first}}, "words"},
		{"the same, with another text", datatest.Setup{Revisions: []migrate.Source{second}}, "other"},
		{"tables", datatest.Setup{Tables: tables}, "tags"},
		{"both", datatest.Setup{Revisions: []migrate.Source{first}, Tables: tables}, "tags words"},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			c.setup.Each(t, func(t *testing.T, db *data.DB) {
				type table struct {
					Name string `db:"name"`
				}
				all, err := data.NewSelect[table]("SELECT name FROM sqlite_schema WHERE type = 'table'",
					"SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'").All(t.Context(), db)
				if err != nil {
					t.Fatal(err)
				}
				var names []string
				for _, x := range all {
					if x.Name == "words" || x.Name == "other" || x.Name == "tags" {
						names = append(names, x.Name)
					}
				}
				slices.Sort(names)
				if got := strings.Join(names, " "); got != c.want {
					t.Errorf("the tables are %q, want %q", got, c.want)
				}
			})
		})
	}
}

// What a test opened is gone after it.
func TestSetupCleansUp(t *testing.T) {
	t.Parallel()
	setup := datatest.Setup{Tables: []data.Schema{tags.Schema()}}
	var file, url string
	t.Run("sqlite", func(t *testing.T) { file = setup.SQLiteFile(t) })
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file: %v", err)
	}
	t.Run("postgres", func(t *testing.T) {
		url = setup.PostgresURL(t)
		for range 2 {
			db, err := postgres.Open(t.Context(), url, postgres.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
		}
	})
	if url == "" {
		return // there is no PostgreSQL
	}
	db, err := postgres.Open(t.Context(), url, postgres.Options{})
	if err == nil {
		db.Close()
		t.Error("the database is still there")
	}
}

// A refusal is a testing.TB that notes what ends it.
type refusal struct {
	testing.TB
	text string
}

func (r *refusal) Helper() {}

func (r *refusal) Fatalf(format string, args ...any) {
	r.text = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func (r *refusal) Errorf(format string, args ...any) { r.text = fmt.Sprintf(format, args...) }

// refused returns what run says when it fails its test.
func refused(t *testing.T, run func(tb testing.TB)) string {
	t.Helper()
	r := &refusal{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		run(r)
	}()
	<-done
	if r.text == "" {
		t.Error("nothing was refused")
	}
	return r.text
}

func TestSetupRefuses(t *testing.T) {
	t.Parallel()
	wants := func(got, want string) {
		t.Helper()
		if !strings.Contains(got, want) {
			t.Errorf("%q does not say %q", got, want)
		}
	}
	build := func(context.Context, *data.DB) error { return errors.New("no rows today") }
	wants(refused(t, func(tb testing.TB) { datatest.Setup{Build: build}.SQLite(tb) }), "need each other")
	wants(refused(t, func(tb testing.TB) { datatest.Setup{Key: "x"}.Postgres(tb) }), "need each other")
	wants(refused(t, func(tb testing.TB) { datatest.Setup{Build: build, Key: t.Name()}.SQLite(tb) }), "no rows today")
	wants(refused(t, func(tb testing.TB) {
		datatest.Setup{Revisions: []migrate.Source{revision("bad", "CREATE nonsense")}}.SQLite(tb)
	}), "bad/0001_x")
	wants(refused(t, func(tb testing.TB) { datatest.Setup{Revisions: []migrate.Source{{Name: "none"}}}.SQLite(tb) }), "revisions of none")
}

// The SQL of a repository's methods, so that a change of it is seen.
func TestGolden(t *testing.T) {
	t.Parallel()
	datatest.Setup{Tables: []data.Schema{tags.Schema()}}.Each(t, func(t *testing.T, db *data.DB) {
		ctx := t.Context()
		datatest.Golden(t, db, "repository", func(db *data.DB) error {
			rows, v := tags.On(db), tag{Name: "a"}
			created, err := rows.Upsert(ctx, &tag{Name: "b"}, "name")
			if !created {
				t.Error("the row was there")
			}
			add := rows.Add(ctx, &v)
			_, get := rows.Get(ctx, v.ID)
			_, list := rows.Where(tagName.HasPrefix("a")).List(ctx, data.Query[tag]{Order: data.By(tagName.Desc()), Count: true, Limit: 2})
			_, exists := rows.Exists(ctx, tagName.Eq("a"))
			_, update := rows.Update(ctx, v.ID, tagName.Set("c"))
			_, all := rows.DeleteAll(ctx, v.ID)
			_, where := rows.DeleteWhere(ctx, data.Not(tagName.In("x", "y")))
			return errors.Join(err, add, get, list, exists, update, all, where)
		})
	})
}

func TestGoldenRefuses(t *testing.T) {
	t.Parallel()
	if os.Getenv("MANOR_TEST_UPDATE") != "" {
		return // nothing is refused while files are written
	}
	datatest.Setup{Tables: []data.Schema{tags.Schema()}}.Each(t, func(t *testing.T, db *data.DB) {
		add := func(db *data.DB) error { return tags.On(db).Add(t.Context(), &tag{Name: "x"}) }
		for _, c := range []struct {
			file string
			run  func(db *data.DB) error
			want string
		}{
			{"repository", add, filepath.Join("testdata", "repository."+db.Dialect()+".sql")},
			{"missing", func(*data.DB) error { return nil }, "MANOR_TEST_UPDATE=1"},
			{"repository", func(*data.DB) error { return errors.New("no luck") }, "no luck"},
		} {
			if got := refused(t, func(tb testing.TB) { datatest.Golden(tb, db, c.file, c.run) }); !strings.Contains(got, c.want) {
				t.Errorf("%q does not say %q", got, c.want)
			}
		}
	})
}

// What a copy of a database with ten tables costs, opened and gone again.
func BenchmarkSetup(b *testing.B) {
	var all strings.Builder
	for i := range 10 {
		fmt.Fprintf(&all, "CREATE TABLE t%d (id bigint PRIMARY KEY, name text);\nCREATE INDEX i%d ON t%d (name);\n", i, i, i)
	}
	setup := datatest.Setup{Revisions: []migrate.Source{revision("ten", strings.TrimSuffix(all.String(), ";\n"))}}
	for _, c := range []struct {
		name string
		open func(testing.TB) *data.DB
	}{{"sqlite", setup.SQLite}, {"postgres", setup.Postgres}} {
		b.Run(c.name, func(b *testing.B) {
			c.open(b) // makes the template
			for b.Loop() {
				one := &shortTest{TB: b}
				c.open(one)
				one.end()
			}
		})
	}
}

// A shortTest ends before its benchmark does.
type shortTest struct {
	testing.TB
	cleanups []func()
}

func (s *shortTest) Cleanup(f func()) { s.cleanups = append(s.cleanups, f) }

func (s *shortTest) TempDir() string {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func (s *shortTest) end() {
	for _, f := range slices.Backward(s.cleanups) {
		f()
	}
}
