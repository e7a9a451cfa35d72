package transfer

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
)

// LoadOptions say how rows are loaded. The zero value adds them, in batches.
type LoadOptions struct {
	Schemas []data.Schema // what the tables hold

	// Match names columns, unique together, by which a row that is there is
	// found: it gets the values of the fixture. Without it, a row that is there
	// is an error. A NULL among them matches no row.
	Match []string

	// MatchKey matches each table's rows by its primary key, as Match does.
	MatchKey bool

	// Atomic stores all rows or, after an error, none: in one transaction, which
	// keeps other writers waiting on SQLite.
	Atomic bool

	// DryRun does what Atomic does and undoes it.
	DryRun bool

	// Restart forgets how far an earlier Load of these files came.
	Restart bool

	Batch    int        // rows that one transaction stores; 0 means 1,000
	Progress func(Step) // told how far the work is, unless nil

	// reached is called at points of the work, with the name of each.
	reached func(point string)
}

// Loaded says what became of one file.
type Loaded struct {
	File  string `json:"file"`
	Table string `json:"table"`
	Rows  int64  `json:"rows"`  // that were stored now
	Found int64  `json:"found"` // that an earlier Load had stored
}

// Load adds the rows of fixtures to the tables that they are named after, what
// is referred to first. The caller closes the fixtures.
//
// Rows are stored in batches. The first bad row ends the work: nothing of its
// batch is stored, and the error, of fault.Invalid or fault.Malformed, names its
// file, line and column. How far each file came is noted with each batch, in a
// table manor_loads, which is dropped when all is done. The next Load of the same
// files goes on from there, provided that the rows before are still the same. So
// whenever a process dies, each row is stored once when a later one has ended
// without an error. Two Loads of one file at the same time do not store its rows
// twice: one of them is fault.Conflict, or finds the rows taken.
//
// Tables that refer to themselves, or to each other in a circle, are filled in
// one transaction, in which references are checked at the end, so rows may stand
// in any order: SQLite defers all checks, on PostgreSQL those constraints are
// made deferrable for its duration, for which the role must own the tables. Such
// an error names the constraint and no line.
func Load(ctx context.Context, db *data.DB, fixtures []*Fixture, opts LoadOptions) ([]Loaded, error) {
	all, err := catalogue(ctx, db)
	if err != nil {
		return nil, failed(ctx, err, "the tables cannot be listed")
	}
	hintsOf(opts.Schemas).hint(all)
	by := map[*table][]*Fixture{}
	l := &loading{db: db, opts: opts, files: by}
	if l.opts.Batch <= 0 {
		l.opts.Batch = 1000
	}
	if l.opts.reached == nil {
		l.opts.reached = func(string) {}
	}
	for _, f := range fixtures {
		t := find(all, f.name)
		if t == nil {
			t = find(all, strings.ToLower(f.name))
		}
		if t == nil || t.own() {
			return nil, fault.Errorf(fault.Invalid, "%s: there is no table %s", f.file, f.name)
		}
		by[t] = append(by[t], f)
	}
	if err := l.run(ctx, inOrder(all)); err != nil {
		return l.done, failed(ctx, unreferenced(err), "the rows cannot be loaded")
	}
	return l.done, nil
}

// loading is a running Load.
type loading struct {
	db    *data.DB
	opts  LoadOptions
	files map[*table][]*Fixture
	tx    driver.Tx // that all is done in, or nil
	done  []Loaded
}

func (l *loading) run(ctx context.Context, groups []group) (err error) {
	whole := l.opts.Atomic || l.opts.DryRun
	if whole {
		if l.tx, err = begin(ctx, l.db.Driver()); err != nil {
			return err
		}
		defer func() { err = also(err, l.tx.Rollback(ctx)) }() // after a commit it does nothing
	} else if err := l.prepare(ctx); err != nil {
		return err
	}
	for _, g := range groups {
		if !slices.ContainsFunc(g.tables, func(t *table) bool { return l.files[t] != nil }) {
			continue
		}
		if err := l.group(ctx, g); err != nil {
			return err
		}
	}
	switch {
	case l.opts.DryRun:
		return nil
	case whole:
		return l.tx.Commit(ctx)
	}
	return l.tidy(ctx)
}

// group fills tables that belong together.
func (l *loading) group(ctx context.Context, g group) (err error) {
	fill := func() error {
		for _, t := range g.tables {
			for _, f := range l.files[t] {
				if err := l.file(ctx, t, f); err != nil {
					return err
				}
			}
		}
		return nil
	}
	if !g.circle {
		return fill()
	}
	if l.tx != nil {
		return inCircle(ctx, l.tx, g, server(l.db), fill)
	}
	if l.tx, err = begin(ctx, l.db.Driver()); err != nil {
		return err
	}
	defer func() {
		err = also(err, l.tx.Rollback(ctx))
		l.tx = nil
	}()
	if err := inCircle(ctx, l.tx, g, server(l.db), fill); err != nil {
		return err
	}
	return l.tx.Commit(ctx)
}

// file loads one file.
func (l *loading) file(ctx context.Context, t *table, f *Fixture) error {
	var m marker
	if !l.opts.Atomic && !l.opts.DryRun {
		var err error
		if m, err = l.marker(ctx, t, f); err != nil {
			return err
		}
	}
	if err := l.matchable(ctx, t, f); err != nil {
		return err
	}
	l.done = append(l.done, Loaded{File: f.file, Table: t.name, Found: m.rows})
	out := &l.done[len(l.done)-1]
	chain := newChain()
	var batch []item
	var n int64
	found, stored := m.rows, m
	keep := func() error {
		next := marker{n, chain.String()}
		if err := l.store(ctx, t, f, batch, stored, next); err != nil {
			return err
		}
		out.Rows += int64(len(batch))
		batch, stored = batch[:0], next
		return nil
	}
	for r, err := range f.Records() {
		if err != nil {
			return err
		}
		chain.add(r)
		if n++; n <= found {
			if n == found && chain.String() != m.digest {
				return fault.Errorf(fault.Conflict, "%s: the first %d rows, which were loaded before, are not the same any more: start again, or match rows that are there", f.file, n)
			}
			if n%stepEvery == 0 || n == found {
				l.tell(Step{t.name, n, f.share(), n})
			}
			continue
		}
		it, err := l.item(t, f, r)
		if err != nil {
			return err
		}
		if batch = append(batch, it); len(batch) == l.opts.Batch {
			if err := keep(); err != nil {
				return err
			}
			l.tell(Step{t.name, n, f.share(), found})
		}
	}
	if n < found {
		return fault.Errorf(fault.Conflict, "%s: has %d rows, and %d were loaded before: start again, or match rows that are there", f.file, n, found)
	}
	if err := keep(); err != nil {
		return err
	}
	l.tell(Step{t.name, n, 1, found})
	return nil
}

func (l *loading) tell(s Step) {
	if l.opts.Progress != nil {
		l.opts.Progress(s)
	}
}

// share returns how much of the file was read.
func (f *Fixture) share() float64 {
	if f.size == 0 {
		return -1
	}
	return min(1, float64(f.raw.n)/float64(f.size))
}

// store stores a batch and notes it, together. It notes first, so that another
// Load of the file waits, and then stores nothing.
func (l *loading) store(ctx context.Context, t *table, f *Fixture, batch []item, last, next marker) (err error) {
	if len(batch) == 0 {
		return nil
	}
	tx := l.tx
	if tx == nil {
		if tx, err = begin(ctx, l.db.Driver()); err != nil {
			return err
		}
		defer func() { err = also(err, tx.Rollback(ctx)) }()
	}
	if !l.opts.Atomic && !l.opts.DryRun {
		if err := l.note(ctx, tx, t, f, last, next); err != nil {
			return err
		}
		l.opts.reached("noted")
	}
	err = l.try(ctx, tx, batch)
	if err != nil && ctx.Err() == nil {
		err = l.singly(ctx, tx, f, batch)
	}
	if err == nil && server(l.db) && !l.opts.DryRun { // which no rollback undoes
		err = renumber(ctx, tx, t)
	}
	if err != nil {
		return err
	}
	l.opts.reached("stored")
	if l.tx != nil {
		return nil
	}
	if err := tx.Commit(ctx); err != nil {
		return err
	}
	l.opts.reached("committed")
	return nil
}

// try stores rows, all or, after an error, none.
func (l *loading) try(ctx context.Context, tx driver.Tx, batch []item) error {
	if err := tx.Savepoint(ctx, 1); err != nil {
		return err
	}
	err := l.insert(ctx, tx, batch)
	if err == nil {
		return tx.Release(ctx, 1)
	}
	return also(err, tx.Undo(ctx, 1))
}

func (l *loading) insert(ctx context.Context, tx driver.Tx, batch []item) error {
	var w *inserts
	for _, it := range batch {
		if w == nil || !sameColumns(w.p, it.p) {
			if w != nil {
				if err := w.flush(ctx); err != nil {
					return err
				}
			}
			w = &inserts{tx: tx, p: it.p, match: l.match(it.t)}
		}
		if err := w.add(ctx, it.row); err != nil {
			return err
		}
	}
	return w.flush(ctx)
}

func sameColumns(a, b *part) bool {
	return slices.EqualFunc(a.columns, b.columns, func(x, y column) bool { return x.Name == y.Name })
}

// singly stores the rows of a batch that failed one by one, to tell which is to
// blame. If none is, they only got into each other's way: two of them matched
// the same row.
func (l *loading) singly(ctx context.Context, tx driver.Tx, f *Fixture, batch []item) error {
	for i := range batch {
		if err := l.try(ctx, tx, batch[i:i+1]); err != nil {
			if _, ok := errors.AsType[*fault.Error](err); ok || ctx.Err() != nil {
				return err
			}
			column, why := reason(batch[i].p.table, err)
			if why == "" {
				return err
			}
			return fault.Wrap(fault.Invalid, err, "%s:%d: %s: %s", f.file, batch[i].line, column, why)
		}
	}
	return nil
}

// match returns the columns by which rows of t are matched.
func (l *loading) match(t *table) []string {
	if l.opts.MatchKey {
		return t.key
	}
	return l.opts.Match
}

// matchable returns an error if rows cannot be matched as they should be.
func (l *loading) matchable(ctx context.Context, t *table, f *Fixture) error {
	by := l.match(t)
	if l.opts.MatchKey && len(by) == 0 {
		return fault.Errorf(fault.Invalid, "%s: %s has no primary key to match by", f.file, t.name)
	}
	if len(by) == 0 {
		return nil
	}
	p := &part{table: t.name}
	for _, m := range by {
		c := t.column(m)
		if c == nil {
			return fault.Errorf(fault.Invalid, "%s: %s has no column %s to match by", f.file, t.name, m)
		}
		p.columns = append(p.columns, *c)
	}
	w := &inserts{p: p, match: by}
	sql := "EXPLAIN " + w.sql(1)
	var on driver.Conn = l.db.Driver()
	if l.tx != nil {
		on = l.tx
	}
	if err := exec(ctx, on, sql, make([]any, len(p.columns))...); err != nil {
		if e, ok := errors.AsType[*driver.Error](err); ok && e.Class == driver.Unclassified {
			return fault.Wrap(fault.Invalid, err, "%s: %s has no unique index on %s to match by", f.file, t.name, strings.Join(by, ", "))
		}
		return err
	}
	return nil
}
