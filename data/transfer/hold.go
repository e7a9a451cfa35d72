package transfer

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
)

// lockWait is how long PostgreSQL waits for those who use a table, as SQLite does
// for who writes.
const lockWait = "SET LOCAL lock_timeout = '5s'"

// hold begins a transaction on db that reads tables, and keeps those waiting who
// would write to them until it ends.
func hold(ctx context.Context, db *data.DB, parts []*part) (driver.Tx, error) {
	level := driver.DefaultIsolation // of SQLite, where it is the only writer
	if server(db) {
		level = driver.RepeatableRead
	}
	tx, err := db.Driver().Begin(ctx, level)
	if err != nil {
		return nil, busy(ctx, err, "somebody writes to the database: stop them first")
	}
	if server(db) {
		// Before the first read, which is when it sees the database as it is.
		if err = unhurried(ctx, tx); err == nil {
			err = lock(ctx, tx, parts, "SHARE")
		}
	}
	if err != nil {
		return nil, also(busy(ctx, err, "somebody writes to the database: stop them first"), tx.Rollback(ctx))
	}
	return tx, nil
}

// lock locks tables of PostgreSQL.
func lock(ctx context.Context, tx driver.Tx, parts []*part, mode string) error {
	if len(parts) == 0 {
		return nil
	}
	names := make([]string, len(parts))
	for i, p := range parts {
		names[i] = quote(p.table)
	}
	for _, sql := range []string{lockWait, "LOCK TABLE " + strings.Join(names, ", ") + " IN " + mode + " MODE", "SET LOCAL lock_timeout = 0"} {
		if err := exec(ctx, tx, sql); err != nil {
			return err
		}
	}
	return nil
}

// busy says in words that somebody was waited for in vain.
func busy(ctx context.Context, err error, format string, args ...any) error {
	e, ok := errors.AsType[*driver.Error](err)
	if ok && (e.Class == driver.TimedOut || e.Class == driver.Retryable) && ctx.Err() == nil {
		return fault.Wrap(fault.Unavailable, err, format, args...)
	}
	return err
}

// Same reports whether two databases are one, however each of them was named.
func Same(ctx context.Context, a, b *data.DB) (bool, error) {
	switch {
	case a == b:
		return true, nil
	case server(a) != server(b):
		return false, nil
	case server(a):
		same, err := sameSchema(ctx, a, b)
		return same, failed(ctx, err, "the databases cannot be compared")
	}
	var files [2]os.FileInfo
	for i, db := range []*data.DB{a, b} {
		path, err := one[string](ctx, db.Driver(), driver.Text, "SELECT file FROM pragma_database_list WHERE name = 'main'")
		if err == nil {
			files[i], err = os.Stat(path)
		}
		if err != nil {
			return false, failed(ctx, err, "the databases cannot be compared")
		}
	}
	return os.SameFile(files[0], files[1]), nil
}

// sameSchema takes a lock in one database, of which there is one in each, and
// sees whether the other has it.
func sameSchema(ctx context.Context, a, b *data.DB) (same bool, err error) {
	var key [8]byte
	_, _ = rand.Read(key[:]) // never fails
	var schema [2]string
	var got [2]int64
	for i, db := range []*data.DB{a, b} {
		tx, err := begin(ctx, db.Driver())
		if err != nil {
			return false, err
		}
		defer tx.Rollback(ctx) // it changed nothing
		sql := fmt.Sprintf("SELECT pg_try_advisory_xact_lock(%d)::int::bigint, coalesce(current_schema()::text, '')", int64(binary.BigEndian.Uint64(key[:])>>1))
		err = each(ctx, tx, sql, "it", nil, func(v []any) error {
			got[i], schema[i] = v[0].(int64), v[1].(string)
			return nil
		})
		if err != nil {
			return false, err
		}
	}
	return got[1] == 0 && schema[0] == schema[1], nil
}
