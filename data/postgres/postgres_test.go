package postgres_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/data/drivertest"
	"github.com/manorgo/manor/data/postgres"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/internal/pgtest"
)

func TestDriver(t *testing.T) { drivertest.Run(t, open) }

func open(t *testing.T) *data.DB {
	t.Helper()
	return openURL(t, pgtest.Database(t))
}

func openURL(t *testing.T, url string) *data.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), url, postgres.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// with returns the URL of a new database with one parameter more.
func with(t *testing.T, name, value string) string {
	t.Helper()
	u, err := url.Parse(pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set(name, value)
	u.RawQuery = q.Encode()
	return u.String()
}

type note struct {
	data.Audited[note]
	Text string `json:"text" db:"text,unique"`
}

var (
	notes    = data.NewTable[note]("notes")
	noteText = data.TextCol(notes, "text")
)

const createNotes = `CREATE TABLE notes (id uuid PRIMARY KEY, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL,
text text COLLATE "C" NOT NULL CONSTRAINT uq_notes_text UNIQUE)`

func exec(t *testing.T, db *data.DB, text string) {
	t.Helper()
	if _, err := db.Driver().Exec(t.Context(), driver.Call{Statement: &driver.Statement{SQL: text}}); err != nil {
		t.Fatal(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"postgres://me:hunter2@localhost:notaport/db",
		"postgres://me:hunter2@localhost:1/db?connect_timeout=2",
		"host=localhost port=1 user=me password=hunter2 dbname=db",
		"postgres://me:hunter2@localhost/db?pool_max_conns=none",
	} {
		db, err := postgres.Open(t.Context(), address, postgres.Options{})
		if err == nil {
			db.Close()
			t.Errorf("%s: opened", address)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error shows the password: %v", err)
		}
	}
}

func TestNoSuchDatabase(t *testing.T) {
	t.Parallel()
	u, err := url.Parse(pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/nosuchdatabase"
	_, err = postgres.Open(t.Context(), u.String(), postgres.Options{})
	if e, ok := errors.AsType[*driver.Error](err); !ok || e.Class != driver.Down {
		t.Errorf("opened a database that does not exist: %v", err)
	}
}

func TestNative(t *testing.T) {
	t.Parallel()
	db := open(t)
	exec(t, db, createNotes)
	ctx := t.Context()
	pool := db.Driver().Native().(*pgxpool.Pool)
	undo := errors.New("undo")
	err := db.Tx(ctx, func(tx *data.Tx) error {
		native := tx.Native().(pgx.Tx)
		if err := notes.On(tx).Add(ctx, &note{Text: "x"}); err != nil {
			return err
		}
		var here, outside int
		if err := native.QueryRow(ctx, "SELECT count(*) FROM notes").Scan(&here); err != nil {
			return err
		}
		if err := pool.QueryRow(ctx, "SELECT count(*) FROM notes").Scan(&outside); err != nil {
			return err
		}
		if here != 1 || outside != 0 {
			t.Errorf("the native transaction sees %d rows, and another %d", here, outside)
		}
		return undo
	})
	if err != undo {
		t.Error(err)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	db := open(t)
	pool := db.Driver().Native().(*pgxpool.Pool)
	for name, want := range map[string]string{"TimeZone": "UTC", "statement_timeout": "15s", "lock_timeout": "5s", "application_name": "manor"} {
		var got string
		if err := pool.QueryRow(t.Context(), "SHOW "+name).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %q, %v, want %q", name, got, err, want)
		}
	}
}

// Every connection goes back to the pool, and none stays in a transaction,
// however its statement ended.
func TestNoConnectionIsLost(t *testing.T) {
	t.Parallel()
	db := openURL(t, with(t, "pool_max_conns", "2"))
	exec(t, db, createNotes)
	rows := make([]note, 500)
	for i := range rows {
		rows[i].Text = strings.Repeat("x", i)
	}
	if err := notes.On(db).AddAll(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
	for i := range 30 {
		ctx, cancel := context.WithCancel(t.Context())
		for range notes.On(db).Each(ctx, data.Query[note]{}) {
			cancel()
		}
		cancel()
		ctx, cancel = context.WithTimeout(t.Context(), time.Duration(i)*100*time.Microsecond)
		notes.On(db).List(ctx, data.Query[note]{Count: true})
		notes.On(db).AddAll(ctx, rows[:1])
		db.Tx(ctx, func(tx *data.Tx) error {
			_, err := notes.On(tx).UpdateWhere(ctx, noteText.Eq("x"), noteText.Set("y"))
			return err
		})
		cancel()
		notes.On(db).Add(t.Context(), &rows[0])
	}
	if n := db.Driver().Native().(*pgxpool.Pool).Stat().AcquiredConns(); n != 0 {
		t.Errorf("%d connections were not given back", n)
	}
	var busy int
	err := db.Driver().Native().(*pgxpool.Pool).QueryRow(t.Context(),
		"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'").Scan(&busy)
	if err != nil || busy != 0 {
		t.Errorf("%d connections are in a transaction, %v", busy, err)
	}
}

// A server that goes away is fault.Unavailable, and once it is back all is well.
func TestServerGoesAway(t *testing.T) {
	t.Parallel()
	address := pgtest.Database(t)
	db, other := openURL(t, address), openURL(t, address)
	exec(t, db, createNotes)
	ctx := t.Context()
	kill := func() {
		t.Helper()
		exec(t, other, "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
	}
	err := db.Tx(ctx, func(tx *data.Tx) error {
		if err := notes.On(tx).Add(ctx, &note{Text: "x"}); err != nil {
			return err
		}
		kill()
		return nil // the commit has to find out
	})
	if !errors.Is(err, fault.Unavailable) {
		t.Errorf("the commit gave %v, want %s", err, fault.Unavailable)
	}
	err = db.Tx(ctx, func(tx *data.Tx) error {
		kill()
		return notes.On(tx).Add(ctx, &note{Text: "x"})
	})
	if !errors.Is(err, fault.Unavailable) {
		t.Errorf("a statement gave %v, want %s", err, fault.Unavailable)
	}
	if n, err := notes.On(db).Count(ctx); err != nil || n != 0 {
		t.Errorf("afterwards there are %d rows, %v", n, err)
	}
}

// A statement that takes too long is stopped by the server.
func TestStatementTimeout(t *testing.T) {
	t.Parallel()
	db := openURL(t, with(t, "statement_timeout", "20ms"))
	sleep := data.NewSelect[struct {
		Void string `db:"void"`
	}]("SELECT pg_sleep(60)::text", "")
	if _, err := sleep.One(t.Context(), db); !errors.Is(err, fault.Unavailable) {
		t.Errorf("it gave %v, want %s", err, fault.Unavailable)
	}
}

// An index cannot hold a text of any length: what is too long does not fit, as
// with any other limit.
func TestTooLongForAnIndex(t *testing.T) {
	t.Parallel()
	db := openURL(t, pgtest.Database(t))
	exec(t, db, createNotes)
	var long strings.Builder // which nothing compresses
	for range 200 {
		long.WriteString(rand.Text())
	}
	if err := notes.On(db).Add(t.Context(), &note{Text: long.String()}); !errors.Is(err, fault.Invalid) {
		t.Errorf("it gave %v, want %s", err, fault.Invalid)
	}
}
