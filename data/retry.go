package data

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/manorgo/manor/data/driver"
)

// An Isolation is how much of other transactions one may see.
type Isolation = driver.Isolation

// The levels. SQLite, where one transaction writes at a time, always gives
// Serializable. On PostgreSQL the default is read committed, unless the
// database's URL or the server says otherwise; at the other levels a
// transaction may lose a race that it would not have noticed.
const (
	DefaultIsolation = driver.DefaultIsolation
	RepeatableRead   = driver.RepeatableRead // one state of the database, beside its own changes
	Serializable     = driver.Serializable   // nothing that it could not see if it were alone
)

// TxOptions are what may be chosen about a transaction. The zero value is what
// [DB.Tx] does.
type TxOptions struct {
	Isolation Isolation

	// Retry declares that the function may run again after everything it did
	// in the transaction has been undone: it does nothing outside of the
	// transaction, and leaves nothing behind in its variables that would make
	// the second run different.
	Retry bool

	// Pause waits for d between two runs, or until ctx ends. nil means a timer.
	Pause func(ctx context.Context, d time.Duration)
}

const (
	maxTries   = 3
	firstPause = 20 * time.Millisecond // at most; twice as long each time
)

// TxWith is [DB.Tx] with options. With Retry, fn runs up to three times, each in
// a transaction of its own, as long as it loses races with other transactions:
// serialization failures and deadlocks on PostgreSQL, SQLITE_BUSY on SQLite.
// Any other error ends it, above all one after which the commit may have
// happened.
func (db *DB) TxWith(ctx context.Context, o TxOptions, fn func(tx *Tx) error) error {
	pause := o.Pause
	if pause == nil {
		pause = wait
	}
	longest := firstPause
	for try := 1; ; try++ {
		err := db.try(ctx, o.Isolation, fn)
		if !o.Retry || try == maxTries || !lostRace(err) {
			return err
		}
		// Not all at once, or those who met would meet again.
		pause(ctx, longest/2+rand.N(longest/2))
		if ctx.Err() != nil {
			return err
		}
		longest *= 2
	}
}

// lostRace reports whether err says that a transaction did not happen because
// of another one.
func lostRace(err error) bool {
	e, ok := errors.AsType[*driver.Error](err)
	return ok && e.Class == driver.Retryable
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
