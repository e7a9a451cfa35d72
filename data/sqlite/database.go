package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/manorgo/manor/data/driver"
)

// A database is an open file.
type database struct {
	readers *readers
	writer  *writer
}

var _ driver.Driver = (*database)(nil)

// Dialect describes SQLite's SQL.
func (d *database) Dialect() *driver.Dialect { return &dialect }

// Native returns the *sql.DB with the one connection that writes.
func (d *database) Native() any { return d.writer.pool }

// Query runs a statement that has a result: on a reader, unless it writes.
func (d *database) Query(ctx context.Context, c driver.Call) (driver.Rows, error) {
	if kindOf(c.SQL) != reads {
		return d.write(ctx, c)
	}
	conn, err := d.readers.get(ctx)
	if err != nil {
		return nil, err
	}
	r, err := conn.query(ctx, c)
	if err != nil {
		d.readers.put(conn)
		return nil, classify(ctx, err)
	}
	r.pool = d.readers
	return r, nil
}

// write runs a statement that changes rows and has a result.
func (d *database) write(ctx context.Context, c driver.Call) (driver.Rows, error) {
	l, err := d.writer.take(ctx, true)
	if err != nil {
		return nil, err
	}
	if l.crowded() {
		return l.query(ctx, c)
	}
	r, err := l.c.query(ctx, c)
	if err != nil {
		l.release()
		return nil, classify(ctx, err)
	}
	r.lease = l
	return r, nil
}

// Exec runs a statement on the writer.
func (d *database) Exec(ctx context.Context, c driver.Call) (int64, error) {
	joins := kindOf(c.SQL) == writes // others may not be possible in a transaction
	l, err := d.writer.take(ctx, joins)
	if err != nil {
		return 0, err
	}
	if joins && l.crowded() {
		return l.exec(ctx, c)
	}
	defer l.release()
	n, err := l.c.exec(ctx, c)
	return n, classify(ctx, err)
}

const begin, commit, rollback = "BEGIN", "COMMIT", "ROLLBACK"

// Batch runs reads in one transaction, so that they see the same state.
func (d *database) Batch(ctx context.Context, calls []driver.Call, read func(int, driver.Rows) error) (err error) {
	conn, err := d.readers.get(ctx)
	if err != nil {
		return err
	}
	defer d.readers.put(conn)
	always := context.WithoutCancel(ctx)
	if err := conn.run(always, begin); err != nil {
		return classify(ctx, err)
	}
	conn.broken = true // until it is out of the transaction again
	query := func(c driver.Call) (driver.Rows, error) {
		r, err := conn.query(ctx, c)
		if err != nil {
			return nil, classify(ctx, err)
		}
		return r, nil
	}
	err = batch(calls, query, read)
	end := commit
	if err != nil {
		end = rollback
	}
	if eerr := conn.run(always, end); eerr != nil {
		return errors.Join(err, classify(ctx, eerr))
	}
	conn.broken = false
	return err
}

func batch(calls []driver.Call, query func(driver.Call) (driver.Rows, error), read func(int, driver.Rows) error) error {
	for i, c := range calls {
		r, err := query(c)
		if err != nil {
			return err
		}
		err = read(i, r)
		if cerr := r.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Load adds rows in a transaction of its own.
func (d *database) Load(ctx context.Context, table string, columns []driver.Column, n int, row func(int, []any) error) error {
	t, err := d.Begin(ctx, driver.DefaultIsolation)
	if err != nil {
		return err
	}
	if err := t.Load(ctx, table, columns, n, row); err != nil {
		return errors.Join(err, t.Rollback(ctx))
	}
	return t.Commit(ctx)
}

// Ping reads the file.
func (d *database) Ping(ctx context.Context) error {
	rows, err := d.Query(ctx, driver.Call{Statement: &ping})
	if err != nil {
		return err
	}
	rows.Next()
	return errors.Join(rows.Err(), rows.Close())
}

var ping = driver.Statement{SQL: "SELECT count(*) FROM sqlite_schema", Columns: []driver.Column{{Name: "n", Kind: driver.Int}}}

// Close waits for running statements and closes the file.
func (d *database) Close() error {
	return errors.Join(d.readers.close(), d.writer.close())
}

// check finds out at once whether the file is a usable database.
func (d *database) check(ctx context.Context, readOnly bool) error {
	if readOnly {
		return d.Ping(ctx)
	}
	mode, err := d.logMode(ctx)
	// Of those who open a new file at the same time, one gives it its log. SQLite
	// does not wait for that, whatever the busy timeout.
	for end := time.Now().Add(busyTimeout); isBusy(err) && time.Now().Before(end); mode, err = d.logMode(ctx) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
	if err != nil {
		return err
	}
	if mode != "wal" {
		return fmt.Errorf("the file system does not allow a write-ahead log (journal mode is %s)", mode)
	}
	return d.Ping(ctx)
}

// logMode opens the connection that writes, which asks for a write-ahead log.
func (d *database) logMode(ctx context.Context) (mode string, err error) {
	err = d.writer.pool.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&mode)
	return mode, classify(ctx, err)
}

func isBusy(err error) bool {
	e, ok := errors.AsType[*driver.Error](err)
	return ok && e.Class == driver.Retryable
}
