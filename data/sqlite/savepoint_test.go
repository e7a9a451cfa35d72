package sqlite_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/fault"
)

// A write that is interrupted ends the whole transaction in SQLite. Then the
// savepoint cannot be undone, and nothing must be committed.
func TestInterruptedInSavepoint(t *testing.T) {
	t.Parallel()
	db := open(t)
	exec(t, db, createNotes)
	err := db.Tx(t.Context(), func(tx *data.Tx) error {
		if err := notes.On(tx).Add(t.Context(), &note{Text: "a"}); err != nil {
			return err
		}
		err := tx.Nested(t.Context(), func(tx *data.Tx) error {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			long := data.NewSelect[struct {
				N int `db:"n"`
			}]("INSERT INTO notes WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT n, n, n, n FROM t RETURNING 1", "")
			_, err := long.One(ctx, tx)
			return err
		})
		if fault.KindOf(err) != fault.Unavailable {
			t.Errorf("the savepoint failed with %v", err)
		}
		if err := notes.On(tx).Add(t.Context(), &note{Text: "b"}); err == nil {
			t.Error("a statement ran after the end of its transaction")
		}
		return nil
	})
	if err == nil {
		t.Error("committed")
	}
	if n, err := notes.On(db).Count(t.Context()); n != 0 || err != nil {
		t.Errorf("%d rows were committed, %v", n, err)
	}
	if err := notes.On(db).Add(t.Context(), &note{Text: "a"}); err != nil {
		t.Error(err)
	}
}

// TestRetryWhenBusy has another process hold the file's lock.
func TestRetryWhenBusy(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "test.db")
	db, other := openFile(t, path, sqlite.Options{}), openFile(t, path, sqlite.Options{})
	exec(t, db, createNotes)
	exec(t, db, "PRAGMA busy_timeout = 0")
	hold, err := other.Driver().Begin(t.Context(), driver.DefaultIsolation)
	if err != nil {
		t.Fatal(err)
	}
	add := func(tx *data.Tx) error { return notes.On(tx).Add(t.Context(), &note{Text: "a"}) }
	err = db.Tx(t.Context(), add)
	if e, ok := errors.AsType[*driver.Error](err); !ok || e.Class != driver.Retryable {
		t.Errorf("a locked file is %v", err)
	}
	pauses := 0
	pause := func(ctx context.Context, _ time.Duration) {
		if pauses++; pauses == 2 {
			if err := hold.Commit(ctx); err != nil {
				t.Error(err)
			}
		}
	}
	if err := db.TxWith(t.Context(), data.TxOptions{Retry: true, Pause: pause}, add); err != nil || pauses != 2 {
		t.Errorf("after %d pauses: %v", pauses, err)
	}
}
