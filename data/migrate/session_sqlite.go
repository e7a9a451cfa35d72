package migrate

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"time"
)

// sqliteSession runs BEGIN IMMEDIATE, which takes the file's write lock, on one
// connection whose foreign keys are off.
type sqliteSession struct {
	conn *sql.Conn
	keys bool // foreign keys were on
}

func openSQLite(ctx context.Context, db *sql.DB) (*sqliteSession, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	s := &sqliteSession{conn: conn}
	if err := conn.QueryRowContext(ctx, "PRAGMA foreign_keys").Scan(&s.keys); err != nil {
		conn.Close()
		return nil, err
	}
	// Inside a transaction this would do nothing.
	if _, err := conn.ExecContext(ctx, "PRAGMA foreign_keys = off"); err != nil {
		s.close(ctx)
		return nil, err
	}
	return s, nil
}

func (s *sqliteSession) close(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	if s.keys {
		var on bool
		_, err := s.conn.ExecContext(ctx, "PRAGMA foreign_keys = on")
		if err == nil {
			err = s.conn.QueryRowContext(ctx, "PRAGMA foreign_keys").Scan(&on)
		}
		if err != nil || !on {
			// Whoever gets this connection next counts on foreign keys.
			s.discard()
			return
		}
	}
	s.conn.Close()
}

// discard closes the connection instead of giving it back.
func (s *sqliteSession) discard() {
	s.conn.Raw(func(any) error { return sqldriver.ErrBadConn })
	s.conn.Close()
}

func (s *sqliteSession) tx(ctx context.Context, fn func(locked) error) error {
	committed := false
	defer func() {
		if !committed { // harmless where nothing began
			s.conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		}
	}()
	if err := s.begin(ctx); err != nil {
		return err
	}
	if err := fn(sqliteTx{s.conn}); err != nil {
		return err
	}
	if err := s.checkKeys(ctx); err != nil {
		return err
	}
	if _, err := s.conn.ExecContext(ctx, "COMMIT"); err != nil {
		return err
	}
	committed = true
	return nil
}

// begin waits for the write lock longer than the connection's busy timeout,
// because the revisions of another process may take minutes.
func (s *sqliteSession) begin(ctx context.Context) error {
	for {
		_, err := s.conn.ExecContext(ctx, "BEGIN IMMEDIATE")
		coded, ok := errors.AsType[interface {
			error
			Code() int
		}](err)
		const busy = 5 // SQLITE_BUSY, in the low byte of the extended code
		if !ok || coded.Code()&0xff != busy {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// checkKeys returns an error if a row refers to nothing.
func (s *sqliteSession) checkKeys(ctx context.Context) error {
	rows, err := s.conn.QueryContext(ctx, "PRAGMA foreign_key_check")
	if err != nil {
		return err
	}
	defer rows.Close()
	if rows.Next() {
		var table, parent string
		var row, key sql.NullInt64
		if err := rows.Scan(&table, &row, &parent, &key); err != nil {
			return err
		}
		return fmt.Errorf("a row of %s refers to a row of %s that does not exist", table, parent)
	}
	return rows.Err()
}

type sqliteTx struct{ conn *sql.Conn }

func (tx sqliteTx) script(ctx context.Context, text string) error {
	_, err := tx.conn.ExecContext(ctx, text) // runs every statement in text
	return err
}

func (tx sqliteTx) exec(ctx context.Context, text string, args ...any) error {
	for i, a := range args {
		if t, ok := a.(time.Time); ok {
			args[i] = t.UnixMicro()
		}
	}
	_, err := tx.conn.ExecContext(ctx, text, args...)
	return err
}

func (tx sqliteTx) records(ctx context.Context) (out []record, err error) {
	rows, err := tx.conn.QueryContext(ctx, selectRecords)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r record
		var micros int64
		if err := rows.Scan(&r.Source, &r.Number, &r.Name, &r.Checksum, &micros, &r.Position); err != nil {
			return nil, err
		}
		r.AppliedAt = time.UnixMicro(micros).UTC()
		out = append(out, r)
	}
	return out, rows.Err()
}
