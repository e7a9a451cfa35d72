package migrate_test

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/data/postgres"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/internal/pgtest"
	"github.com/manorgo/manor/manortest"
)

// steps are the statements of a revision that is interrupted before each of
// them and after the last.
var steps = []string{
	"CREATE TABLE b (n bigint NOT NULL)",
	"INSERT INTO b SELECT n * 10 FROM a",
	"CREATE INDEX ix_b ON b (n)",
	"ALTER TABLE a ADD COLUMN m bigint",
	"UPDATE a SET m = n + 1",
	"DELETE FROM b WHERE n = 10",
	"ALTER TABLE b RENAME TO c",
	"DROP TABLE old",
}

const before = "-- up\nCREATE TABLE a (n bigint); INSERT INTO a VALUES (1), (2); CREATE TABLE old (n bigint);"

// interrupted returns the revisions with a statement more before the i-th of
// the second one.
func interrupted(i int, by string) migrate.Source {
	text := append([]string{}, steps[:i]...)
	if by != "" {
		text = append(text, by)
	}
	return source("x", before, "-- up\n"+strings.Join(append(text, steps[i:]...), ";\n")+";\n")
}

// untouched fails the test unless the second revision left no trace.
func untouched(t *testing.T, db *data.DB) {
	t.Helper()
	if got := tables(t, db); got != "a manor_revisions old" {
		t.Errorf("tables are %s", got)
	}
	if err := tryRun(t.Context(), db, "SELECT m FROM a"); err == nil {
		t.Error("a column is left")
	}
	if current, err := migrator(t, db).Current(t.Context()); err != nil || len(current) != 1 {
		t.Errorf("noted are %s, %v", names(current), err)
	}
}

// completes runs the revision as it should be.
func completes(t *testing.T, db *data.DB) {
	t.Helper()
	done, err := migrator(t, db, interrupted(0, "")).Upgrade(t.Context())
	if err != nil || names(done) != "x/0002_step applied" {
		t.Errorf("the next upgrade: %s, %v", names(done), err)
	}
	if got := tables(t, db); got != "a c manor_revisions" {
		t.Errorf("tables are %s", got)
	}
	sums, err := data.NewSelect[struct {
		Sum string `db:"sum"`
	}](sumOfAll, sumOfAll).One(t.Context(), db)
	if err != nil || sums.Sum != "5 20" {
		t.Errorf("the rows are %s, %v", sums.Sum, err)
	}
}

const sumOfAll = `SELECT CAST((SELECT sum(m) FROM a) AS text) || ' ' || CAST((SELECT sum(n) FROM c) AS text) AS sum`

func TestFailureAtEachStatement(t *testing.T) {
	t.Parallel()
	manortest.Databases(t, func(t *testing.T, open func() *data.DB) {
		db := open()
		for i := range len(steps) + 1 {
			_, err := migrator(t, db, interrupted(i, "INSERT INTO missing VALUES (1)")).Upgrade(t.Context())
			if err == nil || !strings.Contains(err.Error(), "x/0002_step failed and left no trace") {
				t.Errorf("before statement %d: %v", i, err)
			}
			untouched(t, db)
		}
		completes(t, db)
	})
}

// The test's own binary is the process that is killed.
const (
	victimAddress = "MIGRATE_TEST_VICTIM"
	victimStep    = "MIGRATE_TEST_STEP"
)

// TestVictim runs revisions that wait in the middle until it is killed. It is
// no test of its own.
func TestVictim(t *testing.T) {
	address := os.Getenv(victimAddress)
	if address == "" {
		t.Skip("this is what TestKilledAtEachStatement starts")
	}
	db := openAt(t, address)
	wait := "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
	if db.Dialect() == "postgres" {
		wait = "SELECT pg_advisory_lock(4711)"
	}
	var step int
	fmt.Sscan(os.Getenv(victimStep), &step)
	m, err := migrate.New(db, []migrate.Source{interrupted(step, wait)}, migrate.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("victim is ready")
	_, err = m.Upgrade(t.Context())
	t.Fatalf("it was not killed: %v", err)
}

// victim starts a process that upgrades, and returns how to kill it.
func victim(t *testing.T, address string, step int) (kill func()) {
	t.Helper()
	c := exec.Command(os.Args[0], "-test.run=^TestVictim$", "-test.count=1")
	c.Env = append(os.Environ(), victimAddress+"="+address, fmt.Sprintf("%s=%d", victimStep, step))
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	killed := false
	kill = func() {
		if !killed {
			killed = true
			c.Process.Kill() // SIGKILL
			c.Wait()
		}
	}
	t.Cleanup(kill)
	r := bufio.NewReader(out)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatalf("the victim ended early: %v", err)
		}
		if strings.TrimSpace(line) == "victim is ready" {
			go io.Copy(io.Discard, r)
			return kill
		}
	}
}

// until waits for something that another process does.
func until(t *testing.T, what func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for !what() {
		select {
		case <-ctx.Done():
			t.Fatal("it never happens")
		case <-time.After(2 * time.Millisecond):
		}
	}
}

func TestKilledAtEachStatement(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		for i := range len(steps) + 1 {
			path := filepath.Join(t.TempDir(), "test.db")
			prepare(t, path)
			kill := victim(t, path, i)
			probe, err := sql.Open("sqlite", path)
			if err != nil {
				t.Fatal(err)
			}
			until(t, func() bool { // the revision holds the file's lock
				conn, err := probe.Conn(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				if _, err := conn.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
					return true
				}
				_, err = conn.ExecContext(t.Context(), "ROLLBACK")
				return err != nil
			})
			kill()
			probe.Close()
			db := openAt(t, path)
			untouched(t, db)
			completes(t, db)
		}
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		for i := range len(steps) + 1 {
			url := pgtest.Database(t)
			prepare(t, url)
			db := openAt(t, url)
			holder, err := db.Driver().Native().(*pgxpool.Pool).Acquire(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := holder.Exec(t.Context(), "SELECT pg_advisory_lock(4711)"); err != nil {
				t.Fatal(err)
			}
			kill := victim(t, url, i)
			until(t, func() (waits bool) {
				err := holder.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND NOT granted)").Scan(&waits)
				return err != nil || waits
			})
			kill()
			// Its server process goes on, and finds nobody to answer to.
			if _, err := holder.Exec(t.Context(), "SELECT pg_advisory_unlock(4711)"); err != nil {
				t.Fatal(err)
			}
			holder.Release()
			completes(t, db)
		}
	})
}

// openAt opens the file or the URL.
func openAt(t *testing.T, address string) (db *data.DB) {
	t.Helper()
	var err error
	if strings.Contains(address, "://") {
		db, err = postgres.Open(t.Context(), address, postgres.Options{})
	} else {
		db, err = sqlite.Open(t.Context(), address, sqlite.Options{})
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// prepare runs the first revision.
func prepare(t *testing.T, address string) {
	t.Helper()
	if _, err := migrator(t, openAt(t, address), source("x", before)).Upgrade(t.Context()); err != nil {
		t.Fatal(err)
	}
}
