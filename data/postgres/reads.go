package postgres

import (
	"context"
	"errors"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/manorgo/manor/data/driver"
)

// Replicas returns the state of the replicas, nil if there are none.
func (d *database) Replicas() []driver.Replica {
	if d.replicas == nil {
		return nil
	}
	return d.replicas.states()
}

// Position returns where the primary is, "" if nobody follows it.
func (d *database) Position(ctx context.Context) (string, error) {
	if d.replicas == nil {
		return "", nil
	}
	return d.replicas.position(ctx)
}

// Reads starts a unit of reads.
func (d *database) Reads(o driver.ReadOptions) driver.Reads {
	return &reads{d: d, ReadOptions: o, settled: d.replicas == nil || o.Primary}
}

// reads is a unit of reads.
type reads struct {
	driver.ReadOptions
	d *database

	mu       sync.Mutex
	settled  bool     // the server stays
	on       *standby // nil for the primary, or if it is not settled
	answered bool     // a read succeeded
	native   pgx.Tx   // of a snapshot that has begun
	over     bool
}

func readOnly(err error) error { return &driver.Error{Class: driver.ReadOnly, Err: err} }

var errWrite = errors.New("postgres: a write in a unit of reads")

// Exec is an error.
func (u *reads) Exec(context.Context, driver.Call) (int64, error) { return 0, readOnly(errWrite) }

// Load is an error.
func (u *reads) Load(context.Context, string, []driver.Column, int, func(int, []any) error) error {
	return readOnly(errWrite)
}

// Query runs a statement that reads.
func (u *reads) Query(ctx context.Context, call driver.Call) (out driver.Rows, err error) {
	err = u.run(ctx, func(c conn) (bool, error) {
		rows, err := c.Query(ctx, call)
		if err != nil {
			return false, err
		}
		out, err = peek(rows)
		return false, err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Batch runs reads in one round trip.
func (u *reads) Batch(ctx context.Context, calls []driver.Call, read func(int, driver.Rows) error) error {
	return u.run(ctx, func(c conn) (begun bool, err error) {
		err = c.Batch(ctx, calls, func(i int, rows driver.Rows) error {
			if i == 0 {
				if rows, err = peek(rows); err != nil {
					return err
				}
			}
			begun = true
			return read(i, rows)
		})
		return begun, err
	})
}

// run runs reads on the unit's server, and elsewhere if that fails before
// anything has begun to be read.
func (u *reads) run(ctx context.Context, do func(conn) (begun bool, err error)) error {
	for {
		c, on, err := u.conn(ctx)
		begun := false
		if err == nil {
			begun, err = do(c)
		}
		if err == nil {
			u.mu.Lock()
			u.answered = true
			u.mu.Unlock()
			return nil
		}
		if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == "25006" { // read_only_sql_transaction
			return readOnly(err)
		}
		if on == nil || !u.leave(ctx, on, err) || begun {
			return err
		}
	}
}

// conn returns where the unit reads: a standby, or nil for the primary.
func (u *reads) conn(ctx context.Context) (conn, *standby, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.over {
		return conn{}, nil, &driver.Error{Err: errors.New("postgres: the unit of reads has ended")}
	}
	if !u.settled {
		u.on = u.d.replicas.choose(ctx, u.d.replicas.after(u.After))
		u.settled = true
	}
	if !u.Snapshot {
		return conn{on: u.pool()}, u.on, nil
	}
	if u.native == nil {
		native, err := u.pool().BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
		if err != nil {
			return conn{}, u.on, classify(ctx, err)
		}
		u.native = native
	}
	return conn{u.native, u.native.Conn()}, u.on, nil
}

func (u *reads) pool() *pgxpool.Pool {
	if u.on != nil {
		return u.on.pool
	}
	return u.d.pool
}

// leave gives a standby up because of err, and reports whether the unit may go
// on elsewhere. Where it has read already nothing but the primary is sure not
// to be behind that; and a state that was seen cannot be had again.
func (u *reads) leave(ctx context.Context, s *standby, err error) bool {
	e, ok := errors.AsType[*driver.Error](err)
	if !ok || e.Class != driver.Down && e.Class != driver.Retryable || ctx.Err() != nil {
		return false
	}
	if e.Class == driver.Down {
		u.d.replicas.setDown(s, err)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.Snapshot && u.answered {
		return false
	}
	if u.on != s {
		return true // another goroutine was here before
	}
	if u.native != nil {
		_ = rollback(ctx, u.native) // closes what is broken
		u.native = nil
	}
	u.on = nil
	// A standby that stopped a read to go on with its replay will do so again.
	u.settled = u.answered || e.Class == driver.Retryable
	return true
}

// Close ends a snapshot.
func (u *reads) Close() error {
	if !u.Snapshot {
		return nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.over = true
	if u.native != nil {
		// There is nothing to lose: a connection on which this fails is closed.
		_ = rollback(context.Background(), u.native)
		u.native = nil
	}
	return nil
}

func rollback(ctx context.Context, t pgx.Tx) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	return t.Rollback(ctx)
}

// peeked are rows of which the first has been fetched: the server has answered.
type peeked struct {
	driver.Rows
	ahead, is bool
}

func peek(rows driver.Rows) (driver.Rows, error) {
	p := &peeked{Rows: rows, ahead: true, is: rows.Next()}
	if !p.is {
		if err := rows.Err(); err != nil {
			rows.Close()
			return nil, err
		}
	}
	return p, nil
}

// Next moves to the next row.
func (p *peeked) Next() bool {
	if p.ahead {
		p.ahead = false
		return p.is
	}
	return p.Rows.Next()
}
