// Package postgres opens a PostgreSQL database for package data, through its
// binary protocol and a pool of connections.
//
// Statements are prepared once on each connection. Reads that belong together
// travel in one round trip, and many rows are added by COPY.
package postgres

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/manorgo/manor/data"
)

// Options are what may be chosen about an open database, beside its URL. The
// zero value works.
type Options struct {
	// Now is the clock that times in rows are taken from. nil means time.Now.
	Now func() time.Time

	// Replicas are servers that follow this one. Units of reads are spread over
	// them: see [data.DB.Read] and [data.Unit]. One that does not answer, is no
	// standby of this server or is too far behind is left out until it is well
	// again. Everything else happens here, on the primary.
	Replicas    []Replica
	ReplicasOff bool // leaves Replicas alone, for operators in need

	// MaxLag is how far a replica may be behind. 0 means 10 seconds, negative
	// means any time. It is known to CheckEvery.
	MaxLag time.Duration

	// ReplayWait is how long a unit waits for a replica that has what the unit
	// has to see, before it reads the primary. 0 means 100 milliseconds,
	// negative means that it does not wait.
	ReplayWait time.Duration

	// CheckEvery is the time between two looks at the replicas. 0 means 2 seconds.
	CheckEvery time.Duration

	// Log is told when replicas come and go. nil means slog.Default().
	Log *slog.Logger
}

// Open connects to the database that url names: a URL such as
// postgres://user:password@host:5432/name?sslmode=verify-full, or a string of
// keywords and values, as libpq reads them. Parameters that begin with pool_
// size the pool, such as pool_max_conns; without it, it has four connections
// for each CPU, and at least eight. Any other parameter is a setting of the
// server. These are set unless url does: a statement may take 15 seconds and
// wait 5 seconds for a lock, and a transaction may be idle for 30 seconds.
func Open(ctx context.Context, url string, opts Options) (*data.DB, error) {
	config, err := configure(url)
	if err != nil {
		return nil, fmt.Errorf("open PostgreSQL database: %w", err) // pgx removes the password
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open PostgreSQL database: %w", classify(ctx, err))
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("open PostgreSQL database: %w", classify(ctx, err))
	}
	replicas, err := openReplicas(ctx, pool, opts)
	if err != nil {
		pool.Close()
		return nil, fmt.Errorf("open PostgreSQL database: %w", err)
	}
	return data.New(&database{conn{on: pool}, pool, replicas}, opts.Now), nil
}

func configure(url string) (*pgxpool.Config, error) {
	plain, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	if _, set := plain.RuntimeParams["pool_max_conns"]; !set {
		config.MaxConns = int32(max(8, 4*runtime.NumCPU()))
	}
	for name, value := range map[string]string{
		"application_name":                    "manor",
		"timezone":                            "UTC",
		"statement_timeout":                   "15s",
		"lock_timeout":                        "5s",
		"idle_in_transaction_session_timeout": "30s",
	} {
		if _, set := plain.RuntimeParams[name]; !set {
			config.ConnConfig.RuntimeParams[name] = value
		}
	}
	// When a caller gives up, the server is told to stop, and the connection
	// stays usable.
	config.ConnConfig.BuildContextWatcherHandler = func(c *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: c, DeadlineDelay: time.Second}
	}
	config.AfterConnect = func(_ context.Context, c *pgx.Conn) error {
		c.TypeMap().RegisterType(&pgtype.Type{
			Name: "timestamptz", OID: pgtype.TimestamptzOID,
			Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
		})
		c.TypeMap().RegisterType(&pgtype.Type{Name: "numeric", OID: pgtype.NumericOID, Codec: decimalCodec{}})
		return nil
	}
	return config, nil
}
