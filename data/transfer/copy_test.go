package transfer_test

import (
	"context"
	"database/sql"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/data/transfer"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/task"
)

func execIn(t testing.TB, tx *data.Tx, text string) {
	t.Helper()
	var err error
	switch native := tx.Native().(type) {
	case *sql.Tx:
		_, err = native.ExecContext(t.Context(), text)
	case pgx.Tx:
		_, err = native.Exec(t.Context(), text)
	}
	ok(t, err)
}

// TestCopy carries every kind of value each way, and references in circles.
func TestCopy(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, from, to string) {
		a, b := open(t, from), open(t, to)
		fillAll(t, a)
		counts, err := transfer.Copy(t.Context(), a, b, transfer.CopyOptions{Schemas: schemas})
		ok(t, err)
		same(t, "contents", contents(t, b), contents(t, a))
		if len(counts) != 4 {
			t.Errorf("counts are %v", counts)
		}
		_, err = transfer.Copy(t.Context(), a, b, transfer.CopyOptions{Schemas: schemas})
		says(t, err, fault.Conflict, "in use", "has rows")
		_, err = transfer.Copy(t.Context(), a, b, transfer.CopyOptions{Schemas: schemas, Replace: true})
		ok(t, err)
		same(t, "contents replaced", contents(t, b), contents(t, a))

		// References are checked again.
		orphan := tree{Name: "orphan", Parent: ptr(anID[tree]())}
		if err := trees.On(b).Add(t.Context(), &orphan); err == nil {
			t.Error("a reference to nothing was stored")
		}
		// And in the order of the copy, too.
		run(t, b, "DELETE FROM lefts;\nDELETE FROM rights")
		if err := lefts.On(b).Add(t.Context(), &left{Other: anID[right]()}); err == nil {
			t.Error("a reference to nothing was stored in a circle")
		}
	})
}

// TestCopyWithoutSchemas relies on what the databases say of themselves.
func TestCopyWithoutSchemas(t *testing.T) {
	t.Parallel()
	for _, to := range dialects {
		t.Run(to, func(t *testing.T) {
			t.Parallel()
			a, b := open(t, "postgres"), open(t, "postgres")
			if to == "sqlite" {
				a, b = open(t, to), open(t, to)
			}
			fillAll(t, a)
			_, err := transfer.Copy(t.Context(), a, b, transfer.CopyOptions{})
			ok(t, err)
			same(t, "contents", contents(t, b), contents(t, a))
		})
	}
}

func TestCopyRefuses(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, from, to string) {
		a, b := open(t, from), open(t, to)
		opts := transfer.CopyOptions{Schemas: schemas}
		run(t, b, "CREATE TABLE more (id text PRIMARY KEY)")
		_, err := transfer.Copy(t.Context(), a, b, opts)
		says(t, err, fault.Conflict, "more", "in the target only")
		_, err = transfer.Copy(t.Context(), b, a, opts)
		says(t, err, fault.Conflict, "more", "not in the target")
		run(t, b, "DROP TABLE more;\nALTER TABLE trees ADD COLUMN surprise text NOT NULL DEFAULT ''")
		_, err = transfer.Copy(t.Context(), b, a, opts)
		says(t, err, fault.Conflict, "surprise", "trees")
	})
}

// TestCopyOfWhatTheTargetCannotHold leaves the target as it was.
func TestCopyOfWhatTheTargetCannotHold(t *testing.T) {
	t.Parallel()
	a, b := open(t, "sqlite"), open(t, "postgres")
	ok(t, trees.On(a).AddAll(t.Context(), []tree{{Name: "good"}, {Name: "nul"}}))
	run(t, a, "UPDATE trees SET name = 'nul' || char(0) WHERE name = 'nul'")
	_, err := transfer.Copy(t.Context(), a, b, transfer.CopyOptions{Schemas: schemas})
	says(t, err, fault.Invalid, "trees: row 2: name", "NUL")
	if n := len(list(t, b, trees)); n != 0 {
		t.Errorf("%d rows were kept", n)
	}
	run(t, a, "PRAGMA foreign_keys = off") // of the connection that writes
	run(t, a, "UPDATE trees SET name = 'bad', parent_id = randomblob(16) WHERE name <> 'good'")
	_, err = transfer.Copy(t.Context(), a, b, transfer.CopyOptions{Schemas: schemas})
	says(t, err, fault.Invalid, "trees", "does not exist")
	_, err = transfer.Copy(t.Context(), a, open(t, "sqlite"), transfer.CopyOptions{Schemas: schemas})
	says(t, err, fault.Invalid, "trees", "does not exist")
}

// TestCopyMany carries 100,000 rows that refer to each other in no order.
func TestCopyMany(t *testing.T) {
	t.Parallel()
	many := 30_000
	if testing.Short() {
		many = 10_000
	}
	a, b, c := open(t, "sqlite"), open(t, "postgres"), open(t, "sqlite")
	rows := make([]tree, many)
	for i := range rows {
		rows[i] = tree{Name: fmt.Sprintf("tree %06d ✿", i), Rank: int64(i)}
		rows[i].ID = anID[tree]() // not in the order of the primary key
		if i > 0 {
			rows[i].Parent = &rows[i/2].ID
		}
	}
	ok(t, trees.On(a).AddAll(t.Context(), rows))
	steps := 0
	opts := transfer.CopyOptions{Schemas: schemas, Progress: func(s transfer.Step) {
		if steps++; s.Share < 0 || s.Share > 1 {
			t.Errorf("%+v", s)
		}
	}}
	there, err := transfer.Copy(t.Context(), a, b, opts)
	ok(t, err)
	back, err := transfer.Copy(t.Context(), b, c, opts)
	ok(t, err)
	for i, n := range there {
		if n.Table == "trees" && n.Rows != int64(many) {
			t.Errorf("%+v", n)
		}
		for _, m := range back {
			if m.Table == n.Table && m != n {
				t.Errorf("%+v became %+v", there[i], m)
			}
		}
	}
	if steps < many/500 {
		t.Errorf("%d steps were told", steps)
	}
}

type greeting struct {
	Name string `json:"name"`
}

func (greeting) Kind() string { return "test.greet" }

// TestCopyCarriesTasks stores a task in one database and runs it in another.
func TestCopyCarriesTasks(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, from, to string) {
		heard := make(chan string, 10)
		queue := func(db *data.DB) *task.Queue {
			q := task.New(db, task.Config{})
			q.Add(task.Work(func(_ context.Context, g greeting) error {
				heard <- g.Name
				return nil
			}))
			ok(t, q.Migrate(t.Context()))
			return q
		}
		a, b := empty(t, from), empty(t, to)
		asking, working := queue(a), queue(b)
		ok(t, a.Tx(t.Context(), func(tx *data.Tx) error { return asking.Enqueue(t.Context(), tx, greeting{"Ada ✿"}) }))
		_, err := transfer.Copy(t.Context(), a, b, transfer.CopyOptions{Schemas: task.Schemas()})
		ok(t, err)
		ok(t, working.Start(t.Context()))
		if name := <-heard; name != "Ada ✿" {
			t.Errorf("heard %q", name)
		}
		// What is asked for now has a number of its own.
		ok(t, b.Tx(t.Context(), func(tx *data.Tx) error { return working.Enqueue(t.Context(), tx, greeting{"Bob"}) }))
		if name := <-heard; name != "Bob" {
			t.Errorf("heard %q", name)
		}
		ok(t, working.Stop(context.Background()))
		// And what ran, with its errors and times, goes back.
		_, err = transfer.Copy(t.Context(), b, a, transfer.CopyOptions{Schemas: task.Schemas(), Replace: true})
		ok(t, err)
	})
}

// TestSequences gives rows numbers behind those that came from elsewhere.
func TestSequences(t *testing.T) {
	t.Parallel()
	const tables = `CREATE TABLE strict (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
CREATE TABLE loose (name text NOT NULL, "Id" integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY);
CREATE TABLE "Old one" (id serial PRIMARY KEY, name text NOT NULL);
CREATE TABLE down (id bigint GENERATED BY DEFAULT AS IDENTITY (INCREMENT -1 START -1 MAXVALUE -1 MINVALUE -1000) PRIMARY KEY, name text NOT NULL)`
	a, b := empty(t, "postgres"), empty(t, "postgres")
	names := []string{"strict", "loose", `"Old one"`, "down"}
	run(t, a, tables)
	run(t, b, tables)
	for _, name := range names {
		run(t, a, "INSERT INTO "+name+" (name) SELECT 'row ' || n FROM generate_series(1, 50) n;\nDELETE FROM "+name+" WHERE name = 'row 7'")
	}
	_, err := transfer.Copy(t.Context(), a, b, transfer.CopyOptions{})
	ok(t, err)
	for _, name := range names {
		run(t, b, "INSERT INTO "+name+" (name) VALUES ('next')")
		run(t, a, "INSERT INTO "+name+" (name) VALUES ('next')")
	}
	want, err := transfer.Dump(t.Context(), a, t.TempDir(), transfer.DumpOptions{})
	ok(t, err)
	got, err := transfer.Dump(t.Context(), b, t.TempDir(), transfer.DumpOptions{})
	ok(t, err)
	for i := range want {
		same(t, want[i].Table, read(t, got[i].File), read(t, want[i].File))
	}
}

func TestDropAll(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, dialect string) {
		db := open(t, dialect)
		fillAll(t, db)
		q := task.New(db, task.Config{})
		ok(t, q.Migrate(t.Context()))
		run(t, db, "CREATE VIEW tall AS SELECT name FROM trees")
		dropped, err := transfer.DropAll(t.Context(), db)
		ok(t, err)
		if len(dropped) < 7 {
			t.Errorf("dropped %v", dropped)
		}
		left, err := transfer.Tables(t.Context(), db, true)
		ok(t, err)
		same(t, "what is left", left, []string{})
		fresh := open(t, dialect) // has the tables' statements run by the same code
		fresh.Close()
		ok(t, q.Migrate(t.Context()))
		if _, err := db.Driver().Exec(t.Context(), driver.Call{Statement: &driver.Statement{SQL: "CREATE TABLE tall (id integer PRIMARY KEY)"}}); err != nil {
			t.Error(err)
		}
		// References are still checked.
		run(t, db, "CREATE TABLE lower (id integer PRIMARY KEY, tall_id integer NOT NULL REFERENCES tall (id))")
		if _, err := db.Driver().Exec(t.Context(), driver.Call{Statement: &driver.Statement{SQL: "INSERT INTO lower VALUES (1, 1)"}}); err == nil {
			t.Error("a reference to nothing was stored")
		}
	})
}
