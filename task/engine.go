package task

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/manorgo/manor/data"
)

// An engine is River over one kind of database.
type engine interface {
	version() int64 // of the newest tables
	migrate(ctx context.Context, db *data.DB) error
	insert(ctx context.Context, tx *data.Tx, jobs []river.InsertManyParams) error
	start(ctx context.Context, cfg *river.Config) error
	stop(ctx context.Context) error
	kill(ctx context.Context) error
	wake() // tasks were stored: look now
}

func newEngine(db *data.DB, log *slog.Logger) engine {
	switch pool := db.Driver().Native().(type) {
	case *pgxpool.Pool:
		d := riverpgxv5.New(pool)
		return &postgresEngine{clients: newClients[pgx.Tx](d, log), driver: d, pool: pool}
	case *sql.DB:
		d := &sqliteDriver{Driver: riversqlite.New(pool)}
		return &sqliteEngine{newClients[*sql.Tx](d, log), d}
	default:
		panic(fmt.Sprintf("task: no tasks on %T", pool))
	}
}

// clients is what the databases have in common. One client stores tasks and
// exists from the beginning, the other runs them.
type clients[TTx any] struct {
	driver   riverdriver.Driver[TTx]
	migrator *rivermigrate.Migrator[TTx]
	storing  *river.Client[TTx]
	running  *river.Client[TTx]
}

func newClients[TTx any](d riverdriver.Driver[TTx], log *slog.Logger) *clients[TTx] {
	// FetchCooldown is here how long nobody is notified again after a notification,
	// so that PostgreSQL need not line up the commits of a busy server for it.
	// Whoever came in between may wait for the next poll.
	storing, err := river.NewClient(d, &river.Config{Logger: log, FetchCooldown: river.FetchCooldownMin})
	if err != nil {
		panic(fmt.Sprintf("task: %v", err)) // it depends on nothing but this program
	}
	migrator, err := rivermigrate.New(d, &rivermigrate.Config{Logger: log})
	if err != nil {
		panic(fmt.Sprintf("task: %v", err))
	}
	return &clients[TTx]{driver: d, migrator: migrator, storing: storing}
}

func (c *clients[TTx]) version() int64 {
	all := c.migrator.AllVersions()
	return int64(all[len(all)-1].Version)
}

func (c *clients[TTx]) insert(ctx context.Context, tx *data.Tx, jobs []river.InsertManyParams) error {
	_, err := c.storing.InsertManyTx(ctx, tx.Native().(TTx), jobs)
	return err
}

func (c *clients[TTx]) start(ctx context.Context, cfg *river.Config) error {
	client, err := river.NewClient(c.driver, cfg)
	if err != nil {
		return err
	}
	if err := client.Start(ctx); err != nil {
		return err
	}
	c.running = client
	return nil
}

func (c *clients[TTx]) stop(ctx context.Context) error { return c.running.Stop(ctx) }
func (c *clients[TTx]) kill(ctx context.Context) error { return c.running.StopAndCancel(ctx) }
