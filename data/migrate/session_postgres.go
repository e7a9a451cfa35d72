package migrate

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// lockTurn waits for the right to run revisions. The lock belongs to the
// transaction and not to the connection, so that it cannot outlive its owner
// and works through a pooler. Waiting, and long statements,
// are what a revision is expected to do.
const lockTurn = `SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; SELECT pg_advisory_xact_lock(` + lockKey + `)`

// lockKey stands for "manor".
const lockKey = "470239768434"

// postgresSession runs transactions that hold an advisory lock.
type postgresSession struct{ conn *pgxpool.Conn }

func openPostgres(ctx context.Context, pool *pgxpool.Pool) (*postgresSession, error) {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	return &postgresSession{conn}, nil
}

func (s *postgresSession) close(context.Context) { s.conn.Release() }

func (s *postgresSession) tx(ctx context.Context, fn func(locked) error) error {
	// What is read after the wait must be what others committed meanwhile.
	tx, err := s.conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted})
	if err != nil {
		return err
	}
	defer func() { // after a commit it does nothing
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		tx.Rollback(ctx)
	}()
	if err := (postgresTx{tx}).script(ctx, lockTurn); err != nil {
		return err
	}
	if err := fn(postgresTx{tx}); err != nil {
		return err
	}
	return tx.Commit(ctx)
}

type postgresTx struct{ tx pgx.Tx }

func (tx postgresTx) script(ctx context.Context, text string) error {
	_, err := tx.tx.Conn().PgConn().Exec(ctx, text).ReadAll() // the simple protocol takes many statements
	return err
}

func (tx postgresTx) exec(ctx context.Context, text string, args ...any) error {
	_, err := tx.tx.Exec(ctx, strings.ReplaceAll(text, "?", "$"), args...)
	return err
}

func (tx postgresTx) records(ctx context.Context) ([]record, error) {
	rows, err := tx.tx.Query(ctx, selectRecords)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (r record, err error) {
		err = row.Scan(&r.Source, &r.Number, &r.Name, &r.Checksum, &r.AppliedAt, &r.Position)
		return r, err
	})
}
