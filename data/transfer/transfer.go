// Package transfer carries the rows of a database elsewhere: into files for
// people and programs ([Dump]), back from them ([Load]), into another database
// of the same or the other kind ([Copy]), and into one archive that either kind
// is restored from ([Backup], [OpenArchive]).
//
// Values travel in one text form that does not depend on the database: UUIDs as
// such, times by RFC 3339 with microseconds in UTC, decimals with all their
// places, JSON as it is nested, bytes in base64. What is read is what is stored:
// what was sealed or hashed stays so, and the keys do not travel with it. A file
// of rows is as sensitive as the database.
//
// What a column holds is told by the tables' schemas, and for tables that have
// none by the database's catalogue.
package transfer

import (
	"context"
	"errors"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
)

// A Step tells how far the work is.
type Step struct {
	Table string
	Rows  int64   // done of this table
	Share float64 // of it that is done, from 0 to 1; negative if nobody knows
	Found int64   // of Rows, those that an earlier Load had stored
}

// stepEvery is how many rows lie between two steps.
const stepEvery = 1000

// tell tells of a step, if anybody listens and it is time.
func tell(to func(Step), table string, rows int64, share float64) {
	if to != nil && rows%stepEvery == 0 {
		to(Step{Table: table, Rows: rows, Share: share})
	}
}

// A Count says of one table how many rows were carried, and what they add up
// to: the same rows have the same checksum on every database, in whatever
// order.
type Count struct {
	Table    string `json:"table"`
	Rows     int64  `json:"rows"`
	Checksum string `json:"checksum,omitempty"`
}

// The tables that a database of this program makes for itself and that are not
// carried: which revisions ran is known by those of the target, and who leads
// the queue, or heard what, is over.
var ownTables = []string{"manor_revisions", "manor_loads", "river_migration", "river_leader", "river_notification"}

// failed returns err as a fault that says what could not be done.
func failed(ctx context.Context, err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	kind := fault.Internal
	if e, ok := errors.AsType[*driver.Error](err); ok && (e.Class == driver.Down || e.Class == driver.TimedOut || e.Class == driver.Retryable) {
		kind = fault.Unavailable
	}
	return fault.Wrap(kind, err, format, args...)
}

// also returns err, and with it what went wrong after it, if anything did.
func also(err, after error) error {
	switch {
	case after == nil:
		return err
	case err == nil:
		return after
	}
	return errors.Join(err, after)
}

// hints are the columns that schemas describe, by table and name.
type hints map[string]map[string]driver.Column

func hintsOf(schemas []data.Schema) hints {
	h := hints{}
	for _, s := range schemas {
		h[s.Table] = map[string]driver.Column{}
		for _, c := range s.Columns {
			h[s.Table][c.Name] = c.Column
		}
	}
	return h
}

// Tables returns the names of the tables that db has, in the order of their
// references: what is referred to comes first. With own, it has those of the
// revisions' history and of the queue's leader, too.
func Tables(ctx context.Context, db *data.DB, own bool) ([]string, error) {
	all, err := catalogue(ctx, db)
	if err != nil {
		return nil, failed(ctx, err, "the tables cannot be listed")
	}
	names := []string{}
	for _, group := range inOrder(all) {
		for _, t := range group.tables {
			if own || !t.own() {
				names = append(names, t.name)
			}
		}
	}
	return names, nil
}

// Rows returns how many rows each table has, of those that Copy copies.
func Rows(ctx context.Context, db *data.DB) (map[string]int64, error) {
	all, err := catalogue(ctx, db)
	if err != nil {
		return nil, failed(ctx, err, "the tables cannot be listed")
	}
	out := map[string]int64{}
	for _, t := range all {
		if t.own() {
			continue
		}
		if out[t.name], err = one[int64](ctx, db.Driver(), driver.Int, "SELECT count(*) FROM "+quote(t.name)); err != nil {
			return nil, failed(ctx, err, "%s cannot be read", t.name)
		}
	}
	return out, nil
}

// Used returns the name of a table that has rows, or "" if all are empty.
func Used(ctx context.Context, db *data.DB) (string, error) {
	all, err := catalogue(ctx, db)
	if err != nil {
		return "", failed(ctx, err, "the tables cannot be listed")
	}
	return firstUsed(ctx, db.Driver(), all)
}

func firstUsed(ctx context.Context, on driver.Conn, tables []*table) (string, error) {
	for _, t := range tables {
		if t.own() {
			continue
		}
		n, err := one[int64](ctx, on, driver.Int, "SELECT count(*) FROM (SELECT 1 FROM "+quote(t.name)+" LIMIT 1) AS x")
		if err != nil {
			return "", failed(ctx, err, "%s cannot be read", t.name)
		}
		if n > 0 {
			return t.name, nil
		}
	}
	return "", nil
}
