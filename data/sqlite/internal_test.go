package sqlite

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"path/filepath"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/data/driver"
)

func TestKindOf(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]kind{
		"SELECT 1": reads, " \n select 1": reads, "VALUES (1)": reads, "EXPLAIN SELECT 1": reads, "": other,
		"INSERT INTO t VALUES (1)": writes, "Update t SET a = 1": writes, "DELETE FROM t": writes, "REPLACE INTO t VALUES (1)": writes,
		"WITH x AS (SELECT 1) SELECT * FROM x":               reads,
		"WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x": writes,
		"with x as (select 'a--b') delete from t":            writes,
		"-- select\nUPDATE t SET a = 1":                      writes,
		"/* update */ -- delete\n /**/ SELECT 1":             reads,
		"CREATE TABLE t (a)":                                 other, "PRAGMA user_version": other, "SELECTED": other, "-- SELECT": other,
	} {
		if got := kindOf(sql); got != want {
			t.Errorf("%q is of kind %d, want %d", sql, got, want)
		}
	}
}

func TestClass(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]driver.Class{
		2067: driver.Unique, 1555: driver.Unique, 2579: driver.Unique, 787: driver.ForeignKey, 275: driver.Check, 1299: driver.NotNull,
		3091: driver.BadValue, 20: driver.BadValue, 18: driver.BadValue, 5: driver.Retryable, 517: driver.Retryable, 261: driver.Retryable, 6: driver.Retryable,
		262: driver.Retryable, 8: driver.Down, 1032: driver.Down, 10: driver.Down, 266: driver.Down, 11: driver.Down, 13: driver.Down, 14: driver.Down,
		26: driver.Down, 1: driver.Unclassified, 9: driver.Unclassified, 21: driver.Unclassified,
	} {
		if got := class(code); got != want {
			t.Errorf("code %d is of class %d, want %d", code, got, want)
		}
	}
}

func TestSubject(t *testing.T) {
	t.Parallel()
	for msg, want := range map[string]string{
		"constraint failed: UNIQUE constraint failed: t.a, t.b (2067)":  "t [a b] ",
		"constraint failed: NOT NULL constraint failed: t.a (1299)":     "t [a] ",
		"constraint failed: UNIQUE constraint failed: index 'i' (2067)": " [] i",
		"something else (1)": " [] ",
	} {
		table, names, constraint := columns(subject(msg))
		if got := fmt.Sprintf("%s %v %s", table, names, constraint); got != want {
			t.Errorf("%q is about %q, want %q", msg, got, want)
		}
	}
}

// FuzzScaled holds the stored whole number against plain arithmetic.
func FuzzScaled(f *testing.F) {
	for _, s := range []string{"0", "1", "-0.01", "12.50", "12.500", "1e3", "9223372036854775807", "92233720368547758.07", "92233720368547758.08", "1e18", "123456789012345678901234567890e-15", "0.001"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := decimal.NewFromString(s)
		if err != nil || d.Exponent() > 40 || d.Exponent() < -40 || len(s) > 60 {
			t.Skip() // no decimal that a column can be given
		}
		c := driver.Column{Name: "c", Kind: driver.Decimal, Scale: 2}
		exact := new(big.Rat).Mul(d.Rat(), big.NewRat(100, 1))
		got, err := encode(c, d)
		if fits := exact.IsInt() && exact.Num().IsInt64(); fits != (err == nil) {
			t.Fatalf("%s: %v, %v", s, got, err)
		} else if !fits {
			if e, ok := errors.AsType[*driver.Error](err); !ok || e.Class != driver.BadValue {
				t.Fatalf("%s: %v is not a bad value", s, err)
			}
			return
		}
		if got != exact.Num().Int64() {
			t.Fatalf("%s is stored as %v, want %v", s, got, exact)
		}
		var back decimal.Decimal
		if err := scan(&c, &back, got); err != nil || !back.Equal(d) {
			t.Fatalf("%s came back as %s, %v", s, back, err)
		}
	})
}

func TestScanRefusesWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	c := driver.Column{Name: "c"}
	for _, x := range []struct {
		dest any
		src  any
	}{
		{new(string), nil}, {new(int64), "1"}, {new(int32), int64(1) << 31}, {new(*int32), int64(1) << 31}, {new(bool), "x"}, {new([16]byte), make([]byte, 15)},
		{new(*[16]byte), make([]byte, 17)}, {new(time.Time), "2026-01-01"}, {new(decimal.Decimal), 1.5}, {new(float64), int64(1)<<53 + 1}, {new([]byte), nil},
		{new(struct{}), int64(1)},
	} {
		if err := scan(&c, x.dest, x.src); err == nil {
			t.Errorf("a %T took the %T %v", x.dest, x.src, x.src)
		}
	}
}

func openFile(t *testing.T, opts Options) *database {
	t.Helper()
	d, err := open(t.Context(), filepath.Join(t.TempDir(), "test.db"), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func statement(sql string) driver.Call {
	return driver.Call{Statement: &driver.Statement{SQL: sql, Columns: []driver.Column{{Name: "n", Kind: driver.Int}}}}
}

func TestStatementsAreForgotten(t *testing.T) {
	t.Parallel()
	d := openFile(t, Options{Readers: 1})
	for i := range 2*maxStatements + 1 {
		for _, n := range []int{i, 0} { // the first is used all the time
			rows, err := d.Query(t.Context(), statement(fmt.Sprintf("SELECT %d", n)))
			if err != nil {
				t.Fatal(err)
			}
			var got int
			if !rows.Next() || rows.Scan([]any{&got}) != nil || got != n {
				t.Fatalf("SELECT %d gave %d, %v", n, got, rows.Err())
			}
			if err := rows.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	c := d.readers.idle[0]
	if len(c.known) != maxStatements || c.known["SELECT 0"] == nil || c.known["SELECT 1"] != nil || c.known[fmt.Sprintf("SELECT %d", 2*maxStatements)] == nil {
		t.Errorf("%d statements are kept, and not those used last", len(c.known))
	}
}

func TestReadingWhileReading(t *testing.T) {
	t.Parallel()
	d := openFile(t, Options{Readers: 2})
	d.readers.patience = time.Millisecond
	var open []driver.Rows
	for range 10 {
		rows, err := d.Query(t.Context(), statement("SELECT 1"))
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, rows)
	}
	for _, rows := range open {
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(d.readers.idle); n != 2 {
		t.Errorf("%d connections are kept, want 2", n)
	}
}

func TestReadersThatPanicLeaveNoTransaction(t *testing.T) {
	t.Parallel()
	d := openFile(t, Options{Readers: 1})
	for range 3 {
		func() {
			defer func() { recover() }()
			d.Batch(t.Context(), []driver.Call{statement("SELECT 1")}, func(int, driver.Rows) error { panic("x") })
		}()
		err := d.Batch(t.Context(), []driver.Call{statement("SELECT 1")}, func(int, driver.Rows) error { return errors.ErrUnsupported })
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Error(err)
		}
		if err := d.Batch(t.Context(), []driver.Call{statement("SELECT 1")}, func(int, driver.Rows) error { return nil }); err != nil {
			t.Error(err)
		}
	}
}

// first runs a statement on a reader and returns its first value.
func first(ctx context.Context, d *database, sql string, columns int) (n int, err error) {
	call := driver.Call{Statement: &driver.Statement{SQL: sql, Columns: make([]driver.Column, columns)}}
	rows, err := d.Query(ctx, call)
	if err != nil {
		return 0, err
	}
	dest := make([]any, columns)
	for i := range dest {
		dest[i] = new(int)
	}
	dest[0] = &n
	if rows.Next() {
		err = rows.Scan(dest)
	}
	return n, errors.Join(err, rows.Err(), rows.Close())
}

func TestAnInterruptEndsOneStatement(t *testing.T) {
	t.Parallel()
	d := openFile(t, Options{Readers: 1})
	for i := range 5 {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
		_, err := first(ctx, d, "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t", 1)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("an endless statement gave %v", err)
		}
		// A text that is new to the connection has to be prepared.
		if n, err := first(t.Context(), d, fmt.Sprintf("SELECT %d", i), 1); err != nil || n != i {
			t.Errorf("the next statement gave %d, %v", n, err)
		}
	}
}

func TestResultsMayGrow(t *testing.T) {
	t.Parallel()
	d := openFile(t, Options{Readers: 1})
	if _, err := d.Exec(t.Context(), statement("CREATE TABLE t (a); INSERT INTO t VALUES (7)")); err != nil {
		t.Fatal(err)
	}
	for columns := 1; columns < 4; columns++ {
		if n, err := first(t.Context(), d, "SELECT * FROM t", columns); err != nil || n != 7 {
			t.Errorf("of %d columns: %d, %v", columns, n, err)
		}
		if _, err := d.Exec(t.Context(), statement(fmt.Sprintf("ALTER TABLE t ADD COLUMN b%d NOT NULL DEFAULT 1", columns))); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWaitingForATurnToWrite(t *testing.T) {
	t.Parallel()
	d := openFile(t, Options{})
	d.writer.patience = time.Millisecond
	tx, err := d.Begin(t.Context(), driver.DefaultIsolation)
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.Exec(t.Context(), statement("DELETE FROM sqlite_schema"))
	if e, ok := errors.AsType[*driver.Error](err); !ok || e.Class != driver.TimedOut {
		t.Errorf("a writer that waits for its own transaction gets %v", err)
	}
	d.writer.patience = time.Hour
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := d.Begin(ctx, driver.DefaultIsolation); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a writer that gave up gets %v", err)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Error(err)
	}
	if tx, err = d.Begin(t.Context(), driver.DefaultIsolation); err != nil {
		t.Fatal(err)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	d := openFile(t, Options{Cache: 4000})
	for pragma, want := range map[string][2]int{ // on a reader, on the writer
		"busy_timeout": {5000, 5000}, "foreign_keys": {1, 1}, "trusted_schema": {0, 0}, "temp_store": {2, 2}, "query_only": {1, 0}, "synchronous": {2, 2},
		"journal_size_limit": {-1, 67108864}, "cache_size": {-2000, -4000},
	} {
		var got [2]int
		conn, err := d.readers.get(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		r, err := conn.query(t.Context(), statement("PRAGMA "+pragma))
		if err != nil {
			t.Fatal(err)
		}
		r.pool = d.readers
		if r.Next() {
			err = r.Scan([]any{&got[0]})
		}
		if err := errors.Join(err, r.Close()); err != nil {
			t.Fatal(err)
		}
		if err := d.writer.pool.QueryRow("PRAGMA " + pragma).Scan(&got[1]); err != nil {
			t.Fatal(err)
		}
		if got != want && pragma != "journal_size_limit" || got[1] != want[1] {
			t.Errorf("%s is %v, want %v", pragma, got, want)
		}
	}
}
