package data

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/manorgo/manor/data/driver"
)

// A DB is an open database. It is safe for concurrent use.
type DB struct {
	drv     driver.Driver
	dialect *driver.Dialect
	now     func() time.Time
	ids     idSource
	keys    atomic.Pointer[keys] // of sealed columns; nil if nobody gave any
	sixes   timeSource
	routed  driver.Conn // between replicas and the primary; nil if there are no replicas
	witness atomic.Pointer[Witness]
}

// New returns a DB over an open driver. Programs call the Open of a driver's
// package instead. A nil now means time.Now.
func New(d driver.Driver, now func() time.Time) *DB {
	if now == nil {
		now = time.Now
	}
	db := &DB{drv: d, dialect: d.Dialect(), now: now}
	if d.Replicas() != nil {
		db.routed = router{db}
	}
	return db
}

// A Handle runs statements: a *DB, each on its own, a *Tx, all together, or
// *Reads, which only reads.
type Handle interface {
	conn() driver.Conn
	database() *DB
}

func (db *DB) conn() driver.Conn {
	if db.witness.Load() != nil {
		return watchedDB{db}
	}
	return db.direct()
}

// direct returns what runs statements without a witness.
func (db *DB) direct() driver.Conn {
	if db.routed != nil {
		return db.routed
	}
	return db.drv
}

func (db *DB) database() *DB { return db }

// Driver returns the driver, for what this package does not do.
func (db *DB) Driver() driver.Driver { return db.drv }

// Dialect returns the name of the database's SQL: "sqlite" or "postgres".
func (db *DB) Dialect() string { return db.dialect.Name }

// Now returns the time by the DB's clock, in UTC and whole microseconds, which
// is what every database can store.
func (db *DB) Now() time.Time { return db.now().UTC().Truncate(time.Microsecond) }

// Ping returns nil if the database answers, fault.Unavailable otherwise.
func (db *DB) Ping(ctx context.Context) error { return classify(db.drv.Ping(ctx), nil) }

// Close waits for running statements and closes the database.
func (db *DB) Close() error { return db.drv.Close() }
