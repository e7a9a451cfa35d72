package data

import (
	"context"
	"errors"
	"time"

	"github.com/manorgo/manor/data/driver"
)

// A DB is an open database. It is safe for concurrent use.
type DB struct {
	drv     driver.Driver
	dialect *driver.Dialect
	now     func() time.Time
	ids     idSource
}

// New returns a DB over an open driver. Programs call the Open of a driver's
// package instead. A nil now means time.Now.
func New(d driver.Driver, now func() time.Time) *DB {
	if now == nil {
		now = time.Now
	}
	return &DB{drv: d, dialect: d.Dialect(), now: now}
}

// A Handle runs statements: a *DB, each on its own, or a *Tx, all together.
type Handle interface {
	conn() driver.Conn
	database() *DB
}

func (db *DB) conn() driver.Conn { return db.drv }
func (db *DB) database() *DB     { return db }

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

// A Tx is a running transaction. It is not safe for concurrent use and not
// valid after the function that got it has returned. A statement that fails in
// it fails the transaction, even if its error is overlooked.
type Tx struct {
	db     *DB
	tx     driver.Tx
	before []func(context.Context) error
	after  []func()
}

func (tx *Tx) conn() driver.Conn { return tx.tx }
func (tx *Tx) database() *DB     { return tx.db }

// Native returns the transaction as the database's own library knows it, for
// libraries that join it: a *sql.Tx (SQLite) or a pgx.Tx (PostgreSQL).
func (tx *Tx) Native() any { return tx.tx.Native() }

// DB returns the database that tx is on.
func (tx *Tx) DB() *DB { return tx.db }

// BeforeCommit runs fn in the transaction when its function has succeeded,
// after those added before. If fn fails nothing is committed.
func (tx *Tx) BeforeCommit(fn func(context.Context) error) { tx.before = append(tx.before, fn) }

// AfterCommit runs fn once the transaction is durable, and never if it is not.
func (tx *Tx) AfterCommit(fn func()) { tx.after = append(tx.after, fn) }

// Tx runs fn in a transaction and commits it. If fn returns an error or panics,
// or the commit fails, nothing fn did has happened, and Tx returns the error or
// panics. A lost race with another transaction is fault.Unavailable: the caller
// may try again.
func (db *DB) Tx(ctx context.Context, fn func(tx *Tx) error) (err error) {
	dtx, err := db.drv.Begin(ctx)
	if err != nil {
		return classify(err, nil)
	}
	done := false
	defer func() {
		if !done { // fn failed or panicked
			rollback := context.WithoutCancel(ctx)
			if rerr := dtx.Rollback(rollback); rerr != nil && err != nil {
				err = errors.Join(err, rerr)
			}
		}
	}()
	tx := &Tx{db: db, tx: dtx}
	if err := fn(tx); err != nil {
		return err
	}
	for i := 0; i < len(tx.before); i++ { // a hook may add hooks
		if err := tx.before[i](ctx); err != nil {
			return err
		}
	}
	if err := dtx.Commit(ctx); err != nil {
		return classify(err, nil)
	}
	done = true
	for _, fn := range tx.after {
		fn()
	}
	return nil
}
