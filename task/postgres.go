package task

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/manorgo/manor/data"
)

// A postgresEngine is woken, in every process, by LISTEN and NOTIFY.
type postgresEngine struct {
	*clients[pgx.Tx]
	driver *riverpgxv5.Driver
	pool   *pgxpool.Pool

	// listening gives River the one connection that listens. River interrupts
	// the wait for notifications whenever it wants something else of it; the
	// program's pool would then ask the server to cancel a statement, which takes
	// a second where there is none, and may hit the next.
	listening *pgxpool.Pool
}

func (p *postgresEngine) wake() {}

func (p *postgresEngine) start(ctx context.Context, cfg *river.Config) error {
	config := p.pool.Config()
	config.MaxConns, config.MinConns, config.MinIdleConns = 1, 0, 0
	config.ConnConfig.BuildContextWatcherHandler = func(c *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.DeadlineContextWatcherHandler{Conn: c.Conn()}
	}
	var err error
	if p.listening, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return err
	}
	p.clients.driver = &postgresDriver{p.driver, riverpgxv5.New(p.listening)}
	if err := p.clients.start(ctx, cfg); err != nil {
		p.listening.Close()
		return err
	}
	return nil
}

func (p *postgresEngine) stop(ctx context.Context) error { return p.close(p.clients.stop(ctx)) }
func (p *postgresEngine) kill(ctx context.Context) error { return p.close(p.clients.kill(ctx)) }

// close closes what is left of listening if the client has stopped.
func (p *postgresEngine) close(err error) error {
	if err == nil {
		p.listening.Close()
	}
	return err
}

// A postgresDriver listens on another pool.
type postgresDriver struct {
	*riverpgxv5.Driver
	listening *riverpgxv5.Driver
}

// GetListener returns the listener of the other pool.
func (d *postgresDriver) GetListener(p *riverdriver.GetListenenerParams) riverdriver.Listener {
	return d.listening.GetListener(p)
}

// migrateLock is the advisory lock under which the tables are changed. The
// number is arbitrary.
const migrateLock = 0x6d616e6f72 // "manor"

// migrate runs each of River's revisions in a transaction of its own, as some
// need, while another transaction holds a lock.
func (p *postgresEngine) migrate(ctx context.Context, db *data.DB) error {
	return db.Tx(ctx, func(tx *data.Tx) error {
		if _, err := tx.Native().(pgx.Tx).Exec(ctx, "SELECT pg_advisory_xact_lock($1)", int64(migrateLock)); err != nil {
			return err
		}
		_, err := p.migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
		return err
	})
}
