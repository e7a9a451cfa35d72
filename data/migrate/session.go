package migrate

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/manorgo/manor/data"
)

// A session is a connection of its own, on which transactions run that exclude
// those of every other session on the same database, in any process.
type session interface {
	// tx runs fn in such a transaction and commits it, or undoes it if fn
	// fails. It waits for its turn as long as ctx lets it.
	tx(ctx context.Context, fn func(locked) error) error
	// close gives the connection back as it was.
	close(ctx context.Context)
}

// locked is a transaction of a session.
type locked interface {
	// script runs any number of statements.
	script(ctx context.Context, text string) error
	// exec runs one statement, whose parameters are written ?1, ?2, …
	exec(ctx context.Context, text string, args ...any) error
	// records returns what is noted to have run, in that order.
	records(ctx context.Context) ([]record, error)
}

// open returns a session on db.
func open(ctx context.Context, db *data.DB) (session, error) {
	switch native := db.Driver().Native().(type) {
	case *sql.DB:
		return openSQLite(ctx, native)
	case *pgxpool.Pool:
		return openPostgres(ctx, native)
	default:
		return nil, fmt.Errorf("migrate: cannot run revisions on %T", native)
	}
}
