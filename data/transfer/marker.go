package transfer

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash"
	"maps"
	"slices"
	"strings"

	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
)

// A marker notes how much of a file was loaded, and what that was.
type marker struct {
	rows   int64
	digest string
}

const createLoads = `CREATE TABLE IF NOT EXISTS manor_loads (
	"name" text NOT NULL, "file" text NOT NULL, "rows" bigint NOT NULL, "digest" text NOT NULL, PRIMARY KEY ("name", "file"))`

// prepare makes the table of markers, and a marker for each file, which keeps the
// table as long as it is needed.
func (l *loading) prepare(ctx context.Context) error {
	err := l.register(ctx)
	if e, ok := errors.AsType[*driver.Error](err); ok && (e.Class == driver.Unique || e.Class == driver.Unclassified) {
		err = l.register(ctx) // PostgreSQL fails one of two who make a table at the same time, or drop it
	}
	if err == nil {
		l.opts.reached("prepared")
	}
	return err
}

func (l *loading) register(ctx context.Context) error {
	return l.together(ctx, func(tx driver.Tx) error {
		if err := exec(ctx, tx, createLoads); err != nil {
			return err
		}
		if l.opts.Restart {
			if err := l.forget(ctx, tx); err != nil {
				return err
			}
		}
		sql := `INSERT INTO manor_loads ("name", "file", "rows", "digest") VALUES (` + l.param("1") + ", " + l.param("2") + `, 0, '') ON CONFLICT ("name", "file") DO NOTHING`
		return l.eachFile(func(t *table, f *Fixture) error { return exec(ctx, tx, sql, t.name, f.file) })
	})
}

// together runs fn in a transaction.
func (l *loading) together(ctx context.Context, fn func(tx driver.Tx) error) (err error) {
	tx, err := begin(ctx, l.db.Driver())
	if err != nil {
		return err
	}
	defer func() { err = also(err, tx.Rollback(ctx)) }() // after a commit it does nothing
	if err := fn(tx); err != nil {
		return err
	}
	return tx.Commit(ctx)
}

// eachFile calls fn for each file, in one order, so that nobody who does the same
// is waited for who waits.
func (l *loading) eachFile(fn func(t *table, f *Fixture) error) error {
	for _, t := range slices.SortedFunc(maps.Keys(l.files), func(a, b *table) int { return strings.Compare(a.name, b.name) }) {
		for _, f := range slices.SortedFunc(slices.Values(l.files[t]), func(a, b *Fixture) int { return strings.Compare(a.file, b.file) }) {
			if err := fn(t, f); err != nil {
				return err
			}
		}
	}
	return nil
}

// tidy forgets this Load, all of it at once, and drops the table if there is no
// other.
func (l *loading) tidy(ctx context.Context) error {
	err := l.together(ctx, func(tx driver.Tx) error {
		if server(l.db) { // as the DROP will: nobody adds a marker that it takes along
			if err := exec(ctx, tx, "LOCK TABLE manor_loads IN ACCESS EXCLUSIVE MODE"); err != nil {
				return err
			}
		}
		if err := l.forget(ctx, tx); err != nil {
			return err
		}
		n, err := one[int64](ctx, tx, driver.Int, "SELECT count(*) FROM manor_loads")
		if err != nil || n > 0 {
			return err
		}
		return exec(ctx, tx, "DROP TABLE manor_loads")
	})
	if err == nil {
		l.opts.reached("tidied")
	}
	return err
}

// forget removes the markers of this Load's files.
func (l *loading) forget(ctx context.Context, tx driver.Tx) error {
	sql := `DELETE FROM manor_loads WHERE "name" = ` + l.param("1") + ` AND "file" = ` + l.param("2")
	return l.eachFile(func(t *table, f *Fixture) error {
		defer l.opts.reached("forgotten")
		return exec(ctx, tx, sql, t.name, f.file)
	})
}

func (l *loading) param(n string) string {
	if server(l.db) {
		return "$" + n + "::text"
	}
	return "?"
}

// marker returns how far a file came before.
func (l *loading) marker(ctx context.Context, t *table, f *Fixture) (m marker, err error) {
	var on driver.Conn = l.db.Driver()
	if l.tx != nil {
		on = l.tx
	}
	sql := `SELECT "rows", "digest" FROM manor_loads WHERE "name" = ` + l.param("1") + ` AND "file" = ` + l.param("2")
	return m, each(ctx, on, sql, "it", []any{t.name, f.file}, func(v []any) error {
		m = marker{v[0].(int64), v[1].(string)}
		return nil
	})
}

var errMarker = errors.New("the marker is not where it was")

// note notes how far a file came since last. Whoever else loads the file has moved
// the marker, or taken it away.
func (l *loading) note(ctx context.Context, tx driver.Tx, t *table, f *Fixture, last, next marker) error {
	rows, was := "?", "?"
	if server(l.db) {
		rows, was = "$1::bigint", "$5::bigint"
	}
	sql := `UPDATE manor_loads SET "rows" = ` + rows + `, "digest" = ` + l.param("2") + ` WHERE "name" = ` + l.param("3") + ` AND "file" = ` + l.param("4") +
		` AND "rows" = ` + was + ` AND "digest" = ` + l.param("6")
	n, err := tx.Exec(ctx, driver.Call{Statement: &driver.Statement{SQL: sql}, Args: []any{next.rows, next.digest, t.name, f.file, last.rows, last.digest}})
	if e, ok := errors.AsType[*driver.Error](err); ok && e.Class != driver.Unclassified || err == nil && n == 1 {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fault.Wrap(fault.Conflict, cmp.Or(err, errMarker), "%s is being loaded by somebody else, too", f.file)
}

// A chain is a digest of rows in their order.
type chain struct{ h hash.Hash }

func newChain() chain { return chain{sha256.New()} }

func (c chain) add(r Record) {
	for _, f := range r.Fields {
		for _, text := range []string{f.Name, string(f.JSON), f.Text} {
			var n [4]byte
			binary.BigEndian.PutUint32(n[:], uint32(len(text)))
			c.h.Write(n[:])
			c.h.Write([]byte(text))
		}
	}
	c.h.Write([]byte{'\n'})
}

// String returns the digest of what was added up to now.
func (c chain) String() string { return hex.EncodeToString(c.h.Sum(nil)) }
