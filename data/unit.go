package data

import (
	"context"
	"sync"

	"github.com/manorgo/manor/data/driver"
)

// A Unit is a piece of work such as a request, whose reads on databases with
// replicas belong together. Give it to a context by [WithUnit] before it is
// used. The zero Unit reads the primary and knows what it has written. Where
// there are no replicas it does nothing. It is safe for concurrent use.
type Unit struct {
	// Replicas lets statements that read directly on a *DB, outside of a
	// transaction, run on a replica, always the same. After the unit's first
	// write to the database, or its first commit, they run on the primary.
	// Transactions, statements that lock rows and whatever writes always do.
	Replicas bool

	// After is what has to be visible. A replica that has not come so far is
	// waited for a little, then the primary is read.
	After Token

	primary bool // not even DB.Read leaves it
	mu      sync.Mutex
	on      map[*DB]*site
}

// A site is where a unit reads a database.
type site struct {
	reads driver.Reads
	wrote bool
}

// A within is a unit in a context, and those around it.
type within struct {
	unit  *Unit
	outer *within
}

type unitKey struct{}

func withinFrom(ctx context.Context) *within {
	s, _ := ctx.Value(unitKey{}).(*within)
	return s
}

// wrote reports whether the unit, or one around it, has written to db.
func (s *within) wrote(db *DB) bool {
	for ; s != nil; s = s.outer {
		if s.unit.wrote(db) {
			return true
		}
	}
	return false
}

// after returns what the unit and those around it have to see.
func (s *within) after() (t Token) {
	for ; s != nil; s = s.outer {
		t = merge(t, s.unit.After)
	}
	return t
}

// reads returns where the unit reads db, nil for the primary.
func (s *within) reads(db *DB) driver.Reads {
	u := s.unit
	if !u.Replicas || s.wrote(db) {
		return nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	p := u.at(db)
	if p.reads == nil {
		p.reads = db.drv.Reads(driver.ReadOptions{After: string(s.after())})
	}
	return p.reads
}

// writes notes that something is written to db in ctx.
func (db *DB) writes(ctx context.Context) {
	if db.routed == nil {
		return
	}
	for s := withinFrom(ctx); s != nil; s = s.outer {
		s.unit.mu.Lock()
		s.unit.at(db).wrote = true
		s.unit.mu.Unlock()
	}
}

// WithUnit returns a context whose work belongs to u. If ctx has a unit already,
// u decides where is read, sees what that has to see or has written, and tells
// it what it writes.
func WithUnit(ctx context.Context, u *Unit) context.Context {
	return context.WithValue(ctx, unitKey{}, &within{unit: u, outer: withinFrom(ctx)})
}

// WithReplicas returns a context in which reads on a *DB may run on a replica,
// as [Unit.Replicas] says.
func WithReplicas(ctx context.Context) context.Context {
	return WithUnit(ctx, &Unit{Replicas: true})
}

// WithPrimary returns a context in which all reads run on the primary, also
// those of [DB.Read].
func WithPrimary(ctx context.Context) context.Context {
	return WithUnit(ctx, &Unit{primary: true})
}

// at returns the unit's site on db. The caller holds mu.
func (u *Unit) at(db *DB) *site {
	if u.on == nil {
		u.on = map[*DB]*site{}
	}
	if u.on[db] == nil {
		u.on[db] = &site{}
	}
	return u.on[db]
}

func (u *Unit) wrote(db *DB) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.on[db] != nil && u.on[db].wrote
}

// Token returns a token for what has to be visible after the unit's writes: After,
// and these. It is "" if it has written to no database with replicas. It
// asks the primary of each database that was written to.
func (u *Unit) Token(ctx context.Context) (Token, error) {
	var now []string
	for _, db := range u.written() {
		position, err := db.drv.Position(ctx)
		if err != nil {
			return "", classify(err, nil)
		}
		now = append(now, position)
	}
	if now == nil {
		return "", nil
	}
	return u.After.replace(now), nil
}

func (u *Unit) written() (out []*DB) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for db, p := range u.on {
		if p.wrote {
			out = append(out, db)
		}
	}
	return out
}
