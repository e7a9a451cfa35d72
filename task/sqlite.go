package task

import (
	"context"
	"database/sql"
	"sync/atomic"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivershared/baseservice"
	"github.com/riverqueue/river/rivershared/riverpilot"
	"github.com/riverqueue/river/rivertype"

	"github.com/manorgo/manor/data"
)

// A sqliteEngine runs River on the pool that writes, which has one connection. River
// never waits for a task's transaction while it holds the connection, nor the
// other way round, so the two only take turns.
type sqliteEngine struct {
	*clients[*sql.Tx]
	driver *sqliteDriver
}

// migrate changes the tables in one transaction, which keeps other writers out
// before it looks at what there is.
func (s *sqliteEngine) migrate(ctx context.Context, db *data.DB) error {
	return db.Tx(ctx, func(tx *data.Tx) error {
		//lint:ignore SA1019 it is discouraged for PostgreSQL's sake
		_, err := s.migrator.MigrateTx(ctx, tx.Native().(*sql.Tx), rivermigrate.DirectionUp, nil)
		return err
	})
}

// start lets commits wake the client once it is started: River forgets to guard
// what is woken before.
func (s *sqliteEngine) start(ctx context.Context, cfg *river.Config) error {
	if err := s.clients.start(ctx, cfg); err != nil {
		return err
	}
	s.driver.awake.Store(s.driver.notify)
	return nil
}

func (s *sqliteEngine) stop(ctx context.Context) error {
	s.driver.awake.Store(nil)
	return s.clients.stop(ctx)
}

// wake tells River that tasks of the default queue were stored.
func (s *sqliteEngine) wake() {
	if notify := s.driver.awake.Load(); notify != nil {
		(*notify)(context.Background(), []*rivertype.JobInsertResult{{Job: &rivertype.JobRow{Queue: river.QueueDefault}}})
	}
}

// A sqliteDriver is River's driver without its stand-in for LISTEN and NOTIFY: a
// table that is written with every insert and read twenty times a second.
// Instead, a commit in this process wakes River directly; tasks of other
// processes are found by polling.
type sqliteDriver struct {
	*riversqlite.Driver
	notify *notify                // of the client made last
	awake  atomic.Pointer[notify] // of the client that runs
}

type notify func(context.Context, []*rivertype.JobInsertResult)

// SupportsListener makes River poll.
func (d *sqliteDriver) SupportsListener() bool { return false }

// SupportsListenNotify makes River store no notifications.
func (d *sqliteDriver) SupportsListenNotify() bool { return false }

// PluginInit is the half of River's plugin interface that is not needed.
func (d *sqliteDriver) PluginInit(*baseservice.Archetype) {}

// PluginPilot gives River a pilot for a new client. If a later River does not ask
// for it any more, polling remains.
func (d *sqliteDriver) PluginPilot() riverpilot.Pilot { return &pilot{driver: d} }

// A pilot takes from River the function that wakes its client.
type pilot struct {
	riverpilot.StandardPilot
	driver *sqliteDriver
}

// PilotInit is called when the client is made.
func (p *pilot) PilotInit(_ *baseservice.Archetype, params *riverpilot.PilotInitParams) {
	wake := notify(params.NotifyNonTxJobInsert)
	p.driver.notify = &wake
}
