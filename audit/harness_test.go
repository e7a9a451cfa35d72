package audit

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/datatest"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/secret"
)

// A thing is a row of a table that is audited.
type thing struct {
	ID   data.ID[thing] `db:"id,primary"`
	Name string         `db:"name,size=20"`
	Seen int            `db:"seen"`
}

var (
	things    = data.NewTable[thing]("things")
	thingID   = data.Col[data.ID[thing]](things, "id")
	thingName = data.TextCol(things, "name")
	thingSeen = data.Col[int](things, "seen")
)

// A clock moves when it is told to.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func newKeys(t testing.TB, masters ...string) *secret.Keyring {
	t.Helper()
	var bs [][]byte
	for _, m := range append(masters, "0123456789abcdefghijklmnopqrstuv") {
		bs = append(bs, []byte(m))
	}
	keys, err := secret.NewKeyring(bs...)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// setup makes databases with the tables of the audit, and that of things.
func setup(now func() time.Time) datatest.Setup {
	return datatest.Setup{
		Revisions: []migrate.Source{{Name: "audit", FS: migrations}},
		Tables:    []data.Schema{things.Schema()},
		Now:       now,
	}
}

// run runs SQL beside the data layer, as somebody could who has the database.
func run(ctx context.Context, db *data.DB, sql string) error {
	_, err := db.Driver().Exec(ctx, driver.Call{Statement: &driver.Statement{SQL: sql}})
	return err
}

// each runs a test on both databases, with the audit as witness.
func each(t *testing.T, test func(t *testing.T, l *Log, c *clock)) {
	t.Parallel()
	c := newClock()
	setup(c.Now).Each(t, func(t *testing.T, db *data.DB) {
		l := newLog(t, db)
		db.SetWitness(l)
		test(t, l, c)
	})
}

func newLog(t testing.TB, db *data.DB) *Log {
	l := New(Config{DB: db, Keys: newKeys(t), Log: slog.New(slog.DiscardHandler)})
	l.Exclude("things.seen")
	return l
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// records writes n entries, many in one transaction.
func records(t testing.TB, l *Log, n int) {
	t.Helper()
	for from := 0; from < n; from += 1000 {
		must(t, l.c.DB.Tx(t.Context(), func(tx *data.Tx) error {
			for i := from; i < min(n, from+1000); i++ {
				tx.Note(Record{Action: "things.counted", ObjectType: "things", ObjectID: fmt.Sprint(i), Count: i})
			}
			return nil
		}))
	}
}

// all returns all entries, the oldest first.
func all(t testing.TB, l *Log) []Entry {
	t.Helper()
	page, err := l.List(t.Context(), data.Query[Entry]{Order: data.By(createdAt.Asc()), Limit: -1})
	must(t, err)
	return page.Items
}

// holds fails the test unless the audit verifies with so many entries in the
// chain.
func holds(t testing.TB, l *Log, entries int64, kept ...Checkpoint) Report {
	t.Helper()
	r, err := l.Verify(t.Context(), kept...)
	must(t, err)
	if r.Broken != nil || r.Entries != entries {
		t.Fatalf("verified %d entries, want %d: %v", r.Entries, entries, r.Broken)
	}
	return r
}

// textLog returns a log that is written to b.
func textLog(b *strings.Builder) *slog.Logger { return slog.New(slog.NewTextHandler(b, nil)) }
