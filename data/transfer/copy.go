package transfer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
)

// CopyOptions say how rows are copied. The zero value works.
type CopyOptions struct {
	Schemas []data.Schema // what the tables hold

	// Replace removes the rows that the target has, such as those that revisions
	// put there. Without it a target that has rows is refused.
	Replace bool

	// Most says of each table how many rows a target may have that Replace
	// removes; a target with more is refused. nil means any number.
	Most map[string]int64

	// Still keeps those waiting who would write to the source, from before the
	// first row is read until the copy is committed, so that nothing that was
	// written in time is missing in it. Others may read. It needs the rights to
	// write to the source.
	Still bool

	Progress func(Step) // told how far the work is, unless nil

	// altered is called between the copy and its proof.
	altered func(ctx context.Context, tx driver.Tx) error
}

// Copy copies the rows of all tables from one database to another, of the same
// or another kind, which has the same tables; those that only the program keeps
// for itself are left out: the history of revisions, the leader of the queue.
// Tasks are copied. Then it reads both again, and compares the number of rows
// and the checksum of each table.
//
// All happens in one transaction on the target: after an error, or if the
// process dies, the target is as it was. A difference is fault.Conflict and
// names the tables; so is a target that has rows, or lacks a table or column.
// What is written to from meanwhile is not copied, but with Still, and then it is
// not written before the copy has ended. If somebody who writes, or uses the
// target, does not make way within five seconds, it is fault.Unavailable. A copy
// into the source itself is fault.Invalid.
func Copy(ctx context.Context, from, to *data.DB, opts CopyOptions) ([]Count, error) {
	same, err := Same(ctx, from, to)
	if err != nil {
		return nil, err
	}
	if same {
		return nil, fault.Errorf(fault.Invalid, "the target is the source itself")
	}
	pairs, groups, err := match(ctx, from, to, opts)
	if err != nil {
		return nil, failed(ctx, err, "the databases cannot be compared")
	}
	parts := make([]*part, len(pairs))
	for i := range pairs {
		parts[i] = pairs[i].from
	}
	read := func(ctx context.Context, fn func(i int, rows source) error) error {
		return snapshot(ctx, from, parts, fn)
	}
	if opts.Still {
		held, err := hold(ctx, from, parts)
		if err != nil {
			return nil, failed(ctx, err, "the rows cannot be copied")
		}
		defer held.Rollback(ctx) // it changed nothing
		read = func(ctx context.Context, fn func(i int, rows source) error) error {
			return readParts(ctx, held, parts, fn)
		}
	}
	c := &copying{to: to, opts: opts, tables: pairs, groups: groups}
	counts, err := c.run(ctx, read)
	return counts, failed(ctx, err, "the rows cannot be copied")
}

// A pair is the same columns of one table in two places, in the order in which
// tables are filled.
type pair struct {
	from, to *part
	table    *table // of the target
	total    int64
}

// match finds the tables of from in to.
func match(ctx context.Context, from, to *data.DB, opts CopyOptions) ([]pair, []group, error) {
	source, err := catalogue(ctx, from)
	if err != nil {
		return nil, nil, err
	}
	target, err := catalogue(ctx, to)
	if err != nil {
		return nil, nil, err
	}
	h := hintsOf(opts.Schemas)
	h.hint(source)
	h.hint(target)
	var pairs []pair
	groups := inOrder(target)
	for _, g := range groups {
		for _, t := range g.tables {
			s := find(source, t.name)
			switch {
			case t.own():
			case s == nil:
				return nil, nil, fault.Errorf(fault.Conflict, "the table %s is in the target only: both need the same revisions", t.name)
			default:
				p := pair{from: s.part(), to: &part{table: t.name, key: t.key}, table: t}
				if p.to.columns, err = align(t, p.from.columns); err != nil {
					return nil, nil, err
				}
				if p.total, err = one[int64](ctx, from.Driver(), driver.Int, "SELECT count(*) FROM "+quote(t.name)); err != nil {
					return nil, nil, err
				}
				pairs = append(pairs, p)
			}
		}
	}
	for _, s := range source {
		if !s.own() && find(target, s.name) == nil {
			return nil, nil, fault.Errorf(fault.Conflict, "the table %s is not in the target: both need the same revisions", s.name)
		}
	}
	return pairs, groups, nil
}

// align returns the columns of t with the names of columns, and makes their kinds
// the same on both sides: those of a schema, or of PostgreSQL's catalogue, or
// what SQLite's types suggest.
func align(t *table, columns []column) ([]column, error) {
	var out []column
	for i := range columns {
		c := &columns[i]
		found := t.column(c.Name)
		if found == nil || found.generated {
			return nil, fault.Errorf(fault.Conflict, "the column %s of %s is not in the target: both need the same revisions", c.Name, t.name)
		}
		same := *found
		switch {
		case same.Kind == c.Kind:
		case c.doubt:
			c.Kind, c.Scale = same.Kind, same.Scale
		case same.doubt:
			same.Kind, same.Scale = c.Kind, c.Scale
		default:
			return nil, fault.Errorf(fault.Conflict, "the column %s of %s holds %s there and %s here", c.Name, t.name, kindNames[same.Kind], kindNames[c.Kind])
		}
		if c.Kind == driver.Decimal && c.Scale != same.Scale {
			c.Scale, same.Scale = max(c.Scale, same.Scale), max(c.Scale, same.Scale)
		}
		out = append(out, same)
	}
	for i := range t.columns {
		c := &t.columns[i]
		if !c.generated && !c.Null && !c.preset && !slices.ContainsFunc(columns, func(o column) bool { return o.Name == c.Name }) {
			return nil, fault.Errorf(fault.Conflict, "the column %s of %s is in the target only: both need the same revisions", c.Name, t.name)
		}
	}
	return out, nil
}

// copying fills a database.
type copying struct {
	to     *data.DB
	opts   CopyOptions
	tables []pair
	groups []group
}

// run reads all tables, in order, stores them and proves it.
func (c *copying) run(ctx context.Context, read func(context.Context, func(i int, rows source) error) error) (counts []Count, err error) {
	tx, err := begin(ctx, c.to.Driver())
	if err != nil {
		return nil, busy(ctx, err, "somebody writes to the target: stop them first")
	}
	defer func() { err = also(err, tx.Rollback(ctx)) }()
	if err := c.clear(ctx, tx); err != nil {
		return nil, busy(ctx, err, "somebody uses the target: stop them first")
	}
	sums := make([]sum, len(c.tables))
	fill := func() error {
		return read(ctx, func(i int, rows source) error {
			p := c.tables[i]
			return fill(ctx, tx, p.to, &summed{source: rows, p: p, sum: &sums[i], tell: c.opts.Progress})
		})
	}
	// One circle of all that stand in circles: its tables are filled in the
	// order of the others. SQLite checks every reference at the end, and says
	// where it leads nowhere.
	circle := group{circle: !server(c.to)}
	for _, g := range c.groups {
		if g.circle || !server(c.to) {
			circle.circle, circle.tables = true, append(circle.tables, g.tables...)
		}
	}
	if err := inCircle(ctx, tx, circle, server(c.to), fill); err != nil {
		return nil, unreferenced(err)
	}
	if c.opts.altered != nil {
		if err := c.opts.altered(ctx, tx); err != nil {
			return nil, err
		}
	}
	if counts, err = c.prove(ctx, tx, sums); err != nil {
		return counts, err
	}
	for _, p := range c.tables {
		if err := renumber(ctx, tx, p.table); err != nil {
			return counts, err
		}
	}
	return counts, tx.Commit(ctx)
}

// unreferenced puts a reference to nothing in words.
func unreferenced(err error) error {
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	if e, ok := errors.AsType[*driver.Error](err); ok && e.Class == driver.ForeignKey {
		return fault.Wrap(fault.Invalid, err, "a row of %s refers to a row that does not exist (%s)", e.Table, e.Constraint)
	}
	return err
}

// clear sees to it that the target is empty.
func (c *copying) clear(ctx context.Context, tx driver.Tx) error {
	var tables []*table
	var parts []*part
	var names []string
	for _, p := range c.tables {
		tables, parts, names = append(tables, p.table), append(parts, p.to), append(names, quote(p.to.table))
	}
	if !c.opts.Replace {
		used, err := firstUsed(ctx, tx, tables)
		if err == nil && used != "" {
			err = fault.Errorf(fault.Conflict, "the target is in use: the table %s has rows", used)
		}
		return err
	}
	if len(names) == 0 {
		return nil
	}
	if server(c.to) {
		if err := lock(ctx, tx, parts, "ACCESS EXCLUSIVE"); err != nil {
			return err
		}
	}
	if err := c.few(ctx, tx, tables); err != nil {
		return err
	}
	if server(c.to) {
		return exec(ctx, tx, "TRUNCATE "+strings.Join(names, ", "))
	}
	if err := exec(ctx, tx, "PRAGMA defer_foreign_keys = on"); err != nil {
		return err
	}
	for _, name := range slices.Backward(names) {
		if err := exec(ctx, tx, "DELETE FROM "+name); err != nil {
			return err
		}
	}
	return exec(ctx, tx, "PRAGMA defer_foreign_keys = off")
}

// few sees to it that the target has no more rows than it may.
func (c *copying) few(ctx context.Context, tx driver.Tx, tables []*table) error {
	if c.opts.Most == nil {
		return nil
	}
	for _, t := range tables {
		n, err := one[int64](ctx, tx, driver.Int, "SELECT count(*) FROM "+quote(t.name))
		if err != nil {
			return err
		}
		if n > c.opts.Most[t.name] {
			return fault.Errorf(fault.Conflict, "the target is in use: the table %s has %d rows", t.name, n)
		}
	}
	return nil
}

// prove reads what was stored and compares.
func (c *copying) prove(ctx context.Context, tx driver.Tx, want []sum) ([]Count, error) {
	counts := make([]Count, len(c.tables))
	var wrong []string
	for i, p := range c.tables {
		var got sum
		err := readPart(ctx, tx, p.to, func(rows source) error { return got.drain(p.to, rows) })
		if err != nil {
			return nil, err
		}
		counts[i] = got.count(p.to.table)
		switch {
		case got.rows != want[i].rows:
			wrong = append(wrong, fmt.Sprintf("%s has %d rows and not %d", p.to.table, got.rows, want[i].rows))
		case got.total != want[i].total:
			wrong = append(wrong, p.to.table+" holds other values")
		}
	}
	if wrong != nil {
		return counts, fault.Errorf(fault.Conflict, "the copy differs, and nothing of it was kept: %s", strings.Join(wrong, "; "))
	}
	return counts, nil
}

// drain adds all rows up.
func (s *sum) drain(p *part, rows source) error {
	for {
		row, ok, err := rows.next()
		if err != nil || !ok {
			return err
		}
		s.add(p.columns, row)
	}
}

// summed is a source that adds up what it yields.
type summed struct {
	source
	p    pair
	sum  *sum
	tell func(Step)
}

func (s *summed) next() ([]cell, bool, error) {
	row, ok, err := s.source.next()
	share := -1.0
	if s.p.total > 0 {
		share = min(1, float64(s.sum.rows+1)/float64(s.p.total))
	}
	if !ok {
		if err == nil && s.tell != nil {
			s.tell(Step{Table: s.p.to.table, Rows: s.sum.rows, Share: 1})
		}
		return nil, false, err
	}
	s.sum.add(s.p.to.columns, row)
	tell(s.tell, s.p.to.table, s.sum.rows, share)
	return row, true, nil
}
