package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"

	"github.com/manorgo/manor/data/driver"
)

// A marker notes how much of a file was loaded, and what that was.
type marker struct {
	rows   int64
	digest string
}

const createLoads = `CREATE TABLE IF NOT EXISTS manor_loads (
	"name" text NOT NULL, "file" text NOT NULL, "rows" bigint NOT NULL, "digest" text NOT NULL, PRIMARY KEY ("name", "file"))`

// prepare makes the table of markers.
func (l *loading) prepare(ctx context.Context) error {
	if err := exec(ctx, l.db.Driver(), createLoads); err != nil || !l.opts.Restart {
		return err
	}
	return l.forget(ctx)
}

// tidy forgets this Load, and drops the table if there is no other.
func (l *loading) tidy(ctx context.Context) error {
	if err := l.forget(ctx); err != nil {
		return err
	}
	n, err := one[int64](ctx, l.db.Driver(), driver.Int, "SELECT count(*) FROM manor_loads")
	if err != nil || n > 0 {
		return err
	}
	return exec(ctx, l.db.Driver(), "DROP TABLE IF EXISTS manor_loads")
}

// forget removes the markers of this Load's files.
func (l *loading) forget(ctx context.Context) error {
	for t, files := range l.files {
		for _, f := range files {
			err := exec(ctx, l.db.Driver(), `DELETE FROM manor_loads WHERE "name" = `+l.param("1")+` AND "file" = `+l.param("2"), t.name, f.file)
			if err != nil {
				return err
			}
		}
	}
	return nil
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

// note notes how far a file came.
func (l *loading) note(ctx context.Context, tx driver.Tx, t *table, f *Fixture, m marker) error {
	rows := "?"
	if server(l.db) {
		rows = "$3::bigint"
	}
	sql := `INSERT INTO manor_loads ("name", "file", "rows", "digest") VALUES (` + l.param("1") + ", " + l.param("2") + ", " + rows + ", " + l.param("4") +
		`) ON CONFLICT ("name", "file") DO UPDATE SET "rows" = excluded."rows", "digest" = excluded."digest"`
	return exec(ctx, tx, sql, t.name, f.file, m.rows, m.digest)
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
