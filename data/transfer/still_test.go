package transfer

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
)

func eachDirection(t *testing.T, fn func(t *testing.T, from, to string)) {
	t.Parallel()
	for _, from := range []string{"sqlite", "postgres"} {
		for _, to := range []string{"sqlite", "postgres"} {
			t.Run(from+" to "+to, func(t *testing.T) {
				t.Parallel()
				fn(t, from, to)
			})
		}
	}
}

// writable reports whether somebody else could write to loose this moment.
func writable(t *testing.T, address string) bool {
	t.Helper()
	if strings.Contains(address, "://") {
		pool, err := pgxpool.New(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		_, err = pool.Exec(t.Context(), "BEGIN; LOCK TABLE loose IN ROW EXCLUSIVE MODE NOWAIT; ROLLBACK")
		return err == nil
	}
	db, err := sql.Open("sqlite", address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	_, err = db.ExecContext(t.Context(), "BEGIN IMMEDIATE; ROLLBACK")
	return err == nil
}

func count(t *testing.T, db *data.DB) (n int64) {
	t.Helper()
	n, err := one[int64](t.Context(), db.Driver(), driver.Int, "SELECT count(*) FROM loose")
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestCopyKeepsWritersWaiting has somebody else, with a connection of their own,
// write while rows are copied: they wait until it is committed.
func TestCopyKeepsWritersWaiting(t *testing.T) {
	eachDirection(t, func(t *testing.T, from, to string) {
		address, a := killedAddress(t, from)
		_, b := killedAddress(t, to)
		do(t, a, "INSERT INTO loose VALUES (1, 'early')")
		if !writable(t, address) {
			t.Fatal("nobody may write before")
		}
		var moments []string
		look := func(at string) {
			moments = append(moments, at)
			if writable(t, address) {
				t.Errorf("%s: others may write", at)
			}
			if n := count(t, openAt(t, address)); n != 1 { // but they may read
				t.Errorf("%s: %d rows", at, n)
			}
		}
		wrote := make(chan error, 1)
		counts, err := Copy(t.Context(), a, b, CopyOptions{
			Still: true,
			Progress: func(s Step) {
				if len(moments) == 0 {
					go func() {
						_, err := openAt(t, address).Driver().Exec(context.WithoutCancel(t.Context()), driver.Call{Statement: &driver.Statement{SQL: "INSERT INTO loose VALUES (2, 'late')"}})
						wrote <- err
					}()
				}
				look("while " + s.Table + " is read")
			},
			altered: func(context.Context, driver.Tx) error { look("before the proof"); return nil },
		})
		if err != nil || len(moments) != 3 {
			t.Fatalf("%v: %v", moments, err)
		}
		if err := <-wrote; err != nil {
			t.Errorf("who waited: %v", err)
		}
		if n, m := count(t, a), count(t, b); n != 2 || m != 1 || counts[0].Rows != 1 {
			t.Errorf("%d rows in the source, %d in the target, %v", n, m, counts)
		}
	})
}

// TestCopyWaitsForWriters copies what somebody had begun to write.
func TestCopyWaitsForWriters(t *testing.T) {
	eachDirection(t, func(t *testing.T, from, to string) {
		address, a := killedAddress(t, from)
		_, b := killedAddress(t, to)
		writer := openAt(t, address)
		tx, err := writer.Driver().Begin(t.Context(), driver.DefaultIsolation)
		if err == nil {
			err = exec(t.Context(), tx, "INSERT INTO loose VALUES (1, 'begun')")
		}
		if err != nil {
			t.Fatal(err)
		}
		copied := make(chan error)
		go func() {
			_, err := Copy(t.Context(), a, b, CopyOptions{Still: true})
			copied <- err
		}()
		if from == "postgres" {
			waits := "SELECT count(*) FROM pg_locks WHERE mode = 'ShareLock' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
			for n := int64(0); n == 0; {
				if n, err = one[int64](t.Context(), writer.Driver(), driver.Int, waits); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := tx.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := <-copied; err != nil || count(t, b) != 1 {
			t.Errorf("%d rows: %v", count(t, b), err)
		}
	})
}

// TestCopyGivesUpOnWriters leaves the target as it was if somebody never ends
// to write to the source, or to use the target.
func TestCopyGivesUpOnWriters(t *testing.T) {
	eachDirection(t, func(t *testing.T, from, to string) {
		for i, where := range []string{"writes to the database", "the target"} {
			t.Run(where, func(t *testing.T) {
				t.Parallel()
				source, a := killedAddress(t, from)
				target, b := killedAddress(t, to)
				do(t, a, "INSERT INTO loose VALUES (1, 'one')")
				do(t, b, "INSERT INTO loose VALUES (7, 'there')")
				tx, err := openAt(t, []string{source, target}[i]).Driver().Begin(t.Context(), driver.DefaultIsolation)
				if err == nil {
					err = exec(t.Context(), tx, "INSERT INTO loose VALUES (2, 'two')")
				}
				if err != nil {
					t.Fatal(err)
				}
				_, err = Copy(t.Context(), a, b, CopyOptions{Still: true, Replace: true})
				if fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), where) {
					t.Errorf("the error is %v", err)
				}
				if err := tx.Rollback(t.Context()); err != nil {
					t.Fatal(err)
				}
				if n := count(t, b); n != 1 {
					t.Errorf("%d rows in the target", n)
				}
				if _, err := Copy(t.Context(), a, b, CopyOptions{Still: true, Replace: true}); err != nil {
					t.Error(err)
				}
			})
		}
	})
}

// TestCopyReplacesNoMore refuses a target that has come into use meanwhile.
func TestCopyReplacesNoMore(t *testing.T) {
	eachDirection(t, func(t *testing.T, from, to string) {
		_, a := killedAddress(t, from)
		_, b := killedAddress(t, to)
		do(t, a, "INSERT INTO loose VALUES (1, 'one')")
		do(t, b, "INSERT INTO loose VALUES (7, 'of a revision'), (8, 'of somebody')")
		_, err := Copy(t.Context(), a, b, CopyOptions{Replace: true, Most: map[string]int64{"loose": 1}})
		if fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "in use: the table loose has 2 rows") || count(t, b) != 2 {
			t.Errorf("%d rows: %v", count(t, b), err)
		}
		if _, err = Copy(t.Context(), a, b, CopyOptions{Replace: true, Most: map[string]int64{"loose": 2}}); err != nil || count(t, b) != 1 {
			t.Errorf("%d rows: %v", count(t, b), err)
		}
		// So does a restore.
		file := filepath.Join(t.TempDir(), "backup.zip")
		if _, err := Backup(t.Context(), a, file, BackupOptions{}); err != nil {
			t.Fatal(err)
		}
		archive, err := OpenArchive(file)
		if err != nil {
			t.Fatal(err)
		}
		defer archive.Close()
		do(t, b, "INSERT INTO loose VALUES (9, 'of somebody')")
		_, err = archive.Restore(t.Context(), b, CopyOptions{Replace: true, Most: map[string]int64{"loose": 1}})
		if fault.KindOf(err) != fault.Conflict || count(t, b) != 2 {
			t.Errorf("%d rows: %v", count(t, b), err)
		}
		if _, err = archive.Restore(t.Context(), b, CopyOptions{Replace: true, Most: map[string]int64{"loose": 2}}); err != nil || count(t, b) != 1 {
			t.Errorf("%d rows: %v", count(t, b), err)
		}
	})
}

// TestSame knows a database by whatever name, and copies none into itself.
func TestSame(t *testing.T) {
	eachDirection(t, func(t *testing.T, from, to string) {
		address, a := killedAddress(t, from)
		_, b := killedAddress(t, to)
		do(t, a, "INSERT INTO loose VALUES (1, 'one')")
		other := address + "?application_name=other"
		if from == "sqlite" {
			other = address
		} else if strings.Contains(address, "?") {
			other = address + "&application_name=other"
		}
		again := openAt(t, other)
		for _, tt := range []struct {
			x, y *data.DB
			want bool
		}{{a, a, true}, {a, again, true}, {again, a, true}, {a, b, false}, {b, a, false}} {
			if got, err := Same(t.Context(), tt.x, tt.y); got != tt.want || err != nil {
				t.Errorf("%t, %v, want %t", got, err, tt.want)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for _, still := range []bool{true, false} {
			_, err := Copy(ctx, a, again, CopyOptions{Replace: true, Still: still})
			if fault.KindOf(err) != fault.Invalid || !strings.Contains(fmt.Sprint(err), "the source itself") || count(t, a) != 1 {
				t.Errorf("%d rows: %v", count(t, a), err)
			}
		}
	})
}
