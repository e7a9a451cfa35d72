// Package limit counts what people attempt, in the database that all instances
// of an app share, and refuses what is too much: requests by rate, and guesses
// at a secret by locks that grow.
//
// A check is one statement, an upsert that admits or refuses and says when there
// is more, whatever number of counters it asks. Two who ask at the same moment,
// on two instances, cannot both get the last place. Nobody's address, name or
// e-mail address is stored: counters are found by digests under a key that the
// database does not hold.
//
// Rates that need not be exact are counted by each instance for itself, which
// tells the database in batches. Such a check is usually no statement at all.
package limit

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// A Config says how a Limiter works. The zero Config is the safe one.
type Config struct {
	// Off admits everything and counts nothing. It is for tests and measurements.
	Off bool

	// Scale is by how much all rates are multiplied; 0 means 1. At least one
	// attempt stays. It does not change locks.
	Scale float64

	// Clock is the time by which attempts are counted. nil means PostgreSQL's
	// own, so that instances whose clocks differ count as one; with SQLite, whose
	// instances are on one machine, that of the DB.
	Clock func() time.Time

	Log *slog.Logger // is told when the database cannot be asked; nil means slog.Default
}

// A Rate admits N attempts at once, and then one after the other as time goes
// by, N in each Per (the generic cell rate algorithm, GCRA).
type Rate struct {
	N   int
	Per time.Duration
}

// A Lock admits Free failures in a row. Each one from then on locks the counter
// for twice as long as the one before, from First up to Longest, and the Stop-th
// for a year. A success is told by Clear, and forgets all of them, as does a day
// after the lock ended without an attempt.
type Lock struct {
	Free           int // at least 1
	First, Longest time.Duration
	Stop           int // at least Free
}

// An Ask is one counter that an attempt is counted by, by its Rate or, if that
// is zero, by its Lock.
type Ask struct {
	Name  string // of the limit, for operators: "sign-in"
	About string // whom it counts: "address|192.0.2.1/32". Operators find all counters about somebody
	Key   string // tells counters of one name about somebody apart; often ""
	Rate  Rate
	Lock  Lock
}

// A Verdict is the answer of one counter.
type Verdict struct {
	Allowed bool
	Retry   time.Duration // after which there is a place again, if it was refused
	Hits    int           // of a Lock: the failures in a row, with this attempt as one of them
}

// A Limiter counts attempts. It is safe for concurrent use. A nil Limiter
// admits everything.
type Limiter struct {
	db    *data.DB
	keys  *secret.Keyring
	cfg   Config
	local local

	// When the database could not be asked the last time, and when the log heard of it.
	failed, told atomic.Int64
}

// New returns the limiter of a database. It asks nothing yet.
func New(db *data.DB, keys *secret.Keyring, cfg Config) *Limiter {
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.Scale <= 0 {
		cfg.Scale = 1
	}
	return &Limiter{db: db, keys: keys, cfg: cfg, local: local{buckets: map[string]bucket{}}}
}

// On reports whether l counts anything.
func (l *Limiter) On() bool { return l != nil && !l.cfg.Off }

// Allowed reports whether all counters admitted an attempt.
func Allowed(verdicts []Verdict) bool {
	for _, v := range verdicts {
		if !v.Allowed {
			return false
		}
	}
	return true
}

// maxWait is how long a check may take. A database that is slower than that
// cannot be asked.
const maxWait = 3 * time.Second

// Take counts an attempt by all of asks, or by none if one of them refuses, and
// returns their verdicts in the same order. It is one statement, and one more if
// some admit and some refuse: until that has run, others may be refused for the
// attempt that was not made. If the database cannot be asked it is
// fault.Unavailable, and nobody must be admitted. The asks must be of different
// counters.
func (l *Limiter) Take(ctx context.Context, asks ...Ask) ([]Verdict, error) {
	out := make([]Verdict, len(asks))
	for i := range out {
		out[i].Allowed = true
	}
	if !l.On() || len(asks) == 0 {
		return out, nil
	}
	rows, err := l.ask(ctx, asks, make([]int, len(asks)))
	if err != nil {
		return nil, err
	}
	var admitted []Ask
	for i, row := range rows {
		if out[i] = row.verdict(); out[i].Allowed {
			admitted = append(admitted, asks[i])
		}
	}
	if len(admitted) > 0 && len(admitted) < len(asks) {
		err = l.GiveBack(ctx, admitted...)
	}
	return out, err
}

// GiveBack takes an attempt that Take counted off again, since it was not made:
// the rest of the program had no room for it, say. It is one statement.
func (l *Limiter) GiveBack(ctx context.Context, asks ...Ask) error {
	if !l.On() || len(asks) == 0 {
		return nil
	}
	ids := l.ids(asks)
	_, err := givenBack.All(ctx, l.db, jsonList(ids))
	for _, a := range asks {
		l.local.forget(a.id())
	}
	return unavailable(err)
}

// Clear forgets counters, after a success. It is one statement, and part of the
// transaction if h is one.
func (l *Limiter) Clear(ctx context.Context, h data.Handle, asks ...Ask) error {
	if !l.On() || len(asks) == 0 {
		return nil
	}
	_, err := cleared.All(ctx, h, jsonList(l.ids(asks)))
	return err
}

func unavailable(err error) error {
	if err == nil {
		return nil
	}
	return &fault.Error{Kind: fault.Unavailable, Msg: "limits cannot be checked at the moment, try again", Retry: time.Second, Err: err}
}

// now is the time by which this instance counts for itself, in microseconds.
func (l *Limiter) now() int64 {
	if l.cfg.Clock != nil {
		return l.cfg.Clock().UnixMicro()
	}
	return l.db.Now().UnixMicro()
}

// at is the time that a statement is given: 0 lets the database say it.
func (l *Limiter) at() int64 {
	if l.cfg.Clock == nil && l.db.Dialect() == "postgres" {
		return 0
	}
	return l.now()
}

// scaled returns how many attempts a rate really admits.
func (l *Limiter) scaled(r Rate) int64 { return max(1, int64(float64(r.N)*l.cfg.Scale)) }
