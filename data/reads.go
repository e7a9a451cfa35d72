package data

import (
	"context"
	"errors"
	"strings"

	"github.com/manorgo/manor/data/driver"
)

// Reads is a unit of reads, made by [DB.Read]: a Handle that cannot write. It
// is not safe for concurrent use and not valid after the function that got it
// has returned.
type Reads struct {
	db    *DB
	reads driver.Reads
}

func (r *Reads) conn() driver.Conn { return r.reads }
func (r *Reads) database() *DB     { return r.db }

// DB returns the database that r reads.
func (r *Reads) DB() *DB { return r.db }

// ReadOptions say what a unit of reads needs. The zero value is what [DB.Read]
// does.
type ReadOptions struct {
	After   Token // what has to be visible; "" means that it may be as old as a replica is
	Primary bool  // reads the primary, never a replica
}

// A Replica is the state of a server that follows the primary.
type Replica = driver.Replica

// Read runs fn on a unit of reads: all of them are from one server and see one
// state of the database, however much is written meanwhile. The server is a
// replica if the database has any that is well; see ReadWith for those that
// must see what was just written. A write in the unit is fault.Internal, and
// the unit cannot go on. If the server fails before its first answer another
// one gives it, if it fails later that is fault.Unavailable.
//
// In the context of a [Unit], reads see what it has to see: what it has written
// itself, and what its After says.
func (db *DB) Read(ctx context.Context, fn func(r *Reads) error) error {
	return db.ReadWith(ctx, ReadOptions{}, fn)
}

// ReadWith is [DB.Read] with options.
func (db *DB) ReadWith(ctx context.Context, o ReadOptions, fn func(r *Reads) error) (err error) {
	want := driver.ReadOptions{Snapshot: true, Primary: o.Primary, After: string(o.After)}
	if s := withinFrom(ctx); s != nil {
		want.Primary = want.Primary || s.unit.primary || s.wrote(db)
		want.After = string(merge(o.After, s.after()))
	}
	unit := db.drv.Reads(want)
	defer func() {
		if cerr := unit.Close(); err == nil {
			err = classify(cerr, nil)
		}
	}()
	return fn(&Reads{db: db, reads: unit})
}

// Replicas returns the state of the replicas that the database was opened with,
// nil if there are none.
func (db *DB) Replicas() []Replica { return db.drv.Replicas() }

// A Token stands for what had been committed at some time, on a database with
// replicas, or on several. It may be shown to clients, to come back with their
// next request: see [Unit].
type Token string

// Token returns a token for all that is committed by now, "" if the database
// has no replicas.
func (db *DB) Token(ctx context.Context) (Token, error) {
	position, err := db.drv.Position(ctx)
	return Token(position), classify(err, nil)
}

// merge returns a token for what both stand for. Several parts may be of one
// database: who reads them takes the latest.
func merge(a, b Token) Token {
	switch {
	case a == "" || a == b:
		return b
	case b == "":
		return a
	}
	return a + "," + b
}

// replace returns t with the parts about other databases than those in now.
func (t Token) replace(now []string) Token {
	out := now
	for part := range strings.SplitSeq(string(t), ",") {
		at, _, _ := strings.Cut(part, ".")
		known := at == ""
		for _, n := range now {
			known = known || strings.HasPrefix(n, at+".")
		}
		if !known {
			out = append(out, part)
		}
	}
	return Token(strings.Join(out, ","))
}

// newStatement returns the statement with a text, and sees whether it reads. A
// doubt makes it a write: those are never wrong where they run.
func newStatement(text string, columns []driver.Column) *driver.Statement {
	reads := false
	for _, verb := range []string{"SELECT", "EXPLAIN (FORMAT"} {
		reads = reads || len(text) > len(verb) && strings.EqualFold(text[:len(verb)], verb)
	}
	return &driver.Statement{SQL: text, Columns: columns, Reads: reads && !locks(text), Writes: writesOf(text)}
}

// locks reports whether a SELECT may lock rows: FOR UPDATE and its kin.
func locks(text string) bool {
	words := strings.Fields(strings.ToUpper(text))
	for i, w := range words {
		if w == "FOR" && i+1 < len(words) && words[i+1] != "" {
			return true
		}
	}
	return false
}

// A router is what a *DB runs statements on if it has replicas.
type router struct{ db *DB }

func (r router) Query(ctx context.Context, c driver.Call) (rows driver.Rows, err error) {
	err = r.route(ctx, c.Reads, func(on driver.Conn) error {
		rows, err = on.Query(ctx, c)
		return err
	})
	return rows, err
}

func (r router) Exec(ctx context.Context, c driver.Call) (int64, error) {
	r.db.writes(ctx)
	return r.db.drv.Exec(ctx, c)
}

func (r router) Batch(ctx context.Context, calls []driver.Call, read func(int, driver.Rows) error) error {
	only := true
	for _, c := range calls {
		only = only && c.Reads
	}
	return r.route(ctx, only, func(on driver.Conn) error { return on.Batch(ctx, calls, read) })
}

func (r router) Load(ctx context.Context, table string, columns []driver.Column, n int, row func(int, []any) error) error {
	r.db.writes(ctx)
	return r.db.drv.Load(ctx, table, columns, n, row)
}

// route runs a statement where the unit of ctx wants it. A replica refuses what
// only looks like a read, such as a function that writes, before any of it has
// happened.
func (r router) route(ctx context.Context, reads bool, run func(driver.Conn) error) error {
	s := withinFrom(ctx)
	if s == nil {
		return run(r.db.drv)
	}
	if reads {
		on := s.reads(r.db)
		if on == nil {
			return run(r.db.drv)
		}
		err := run(on)
		e, ok := errors.AsType[*driver.Error](err)
		if !ok || e.Class != driver.ReadOnly {
			return err
		}
	}
	r.db.writes(ctx)
	return run(r.db.drv)
}
