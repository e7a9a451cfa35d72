package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/manorgo/manor/data/driver"
)

// A database is a pool of connections.
type database struct {
	conn
	pool     *pgxpool.Pool
	replicas *replicas // nil if there are none
}

var _ driver.Driver = (*database)(nil)

// Dialect describes PostgreSQL's SQL.
func (d *database) Dialect() *driver.Dialect { return &dialect }

// Native returns the *pgxpool.Pool.
func (d *database) Native() any { return d.pool }

// Ping asks the server.
func (d *database) Ping(ctx context.Context) error { return classify(ctx, d.pool.Ping(ctx)) }

// Close waits for running statements and closes all connections.
func (d *database) Close() error {
	if d.replicas != nil {
		d.replicas.close()
	}
	d.pool.Close()
	return nil
}

// Begin starts a transaction.
func (d *database) Begin(ctx context.Context, level driver.Isolation) (driver.Tx, error) {
	native, err := d.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: levels[level]})
	if err != nil {
		return nil, classify(ctx, err)
	}
	return &tx{conn{native, native.Conn()}, native}, nil
}

var levels = [...]pgx.TxIsoLevel{
	driver.DefaultIsolation: "", // default_transaction_isolation
	driver.RepeatableRead:   pgx.RepeatableRead,
	driver.Serializable:     pgx.Serializable,
}

// A tx is a transaction on one connection.
type tx struct {
	conn
	native pgx.Tx
}

var _ driver.Tx = (*tx)(nil)

// endTimeout bounds how long the end of a transaction may take.
const endTimeout = 15 * time.Second

// Native returns the pgx.Tx.
func (t *tx) Native() any { return t.native }

// Commit makes the effects durable. If ctx has ended they are undone; once the
// commit is on its way it is waited for whatever happens to ctx, because
// nobody could tell its outcome otherwise.
func (t *tx) Commit(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return errors.Join(err, t.Rollback(ctx))
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	return classify(ctx, t.native.Commit(ctx))
}

// Rollback forgets the effects. A connection on which that fails is closed,
// which has the same effect.
func (t *tx) Rollback(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	err := t.native.Rollback(ctx)
	if errors.Is(err, pgx.ErrTxClosed) {
		return nil
	}
	return classify(ctx, err)
}
