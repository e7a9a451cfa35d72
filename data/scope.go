package data

import (
	"context"

	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
)

// Where returns r in a scope: each of its methods, whether it reads, changes or
// deletes, one row or many, finds only rows that hold to every filter. To it
// all others do not exist, with one exception: the database still keeps values
// unique among all rows, so that Add, or an Upsert or GetOrAdd that meets a row
// out of scope, is fault.Conflict and leaves that row alone.
//
// A scope says which rows are found, not what may be stored in them. Add stores
// v as it is, and an update may take a row out of the scope.
//
// Scopes add up. A zero filter is refused by every method of what Where
// returns, as fault.Internal: a rule that forgot to decide must not let
// everything through. Say Everything.
func (r Repository[T]) Where(filters ...Filter[T]) Repository[T] {
	for _, f := range filters {
		if f.IsZero() {
			f = undecided[T]()
		}
		r.base = All(r.base, f)
	}
	return r
}

// undecided is a filter that no statement takes.
func undecided[T any]() Filter[T] { return Filter[T]{&node{op: opUndecided}} }

var errUndecided = fault.Errorf(fault.Internal, "a scope has no filter: say Everything or Nothing")

// plain reports whether r finds all rows of its table, and only reads them.
func (r Repository[T]) plain() bool {
	return r.base.n == nil && r.lock == "" && (r.t.deleted == nil || r.seen == allRows)
}

// scoped returns the condition of a statement that is about some rows.
func (r Repository[T]) scoped(where ...Filter[T]) *node {
	switch {
	case r.base.n == nil && r.t.deleted == nil && len(where) == 1:
		return where[0].n
	case r.base.n == nil && r.t.deleted == nil:
		return All(where...).n
	}
	return All(All(where...), r.base, r.marked()).n
}

// inScope writes that the row of a table in a wider statement is in the scope.
// The condition may name columns in any way: a row of that name has them all.
func (r Repository[T]) inScope(b *builder) error {
	n := r.scoped()
	if n == nil || n.op == opAlways {
		return nil
	}
	table := r.p.table
	b.text(" WHERE EXISTS (SELECT 1 FROM (SELECT ")
	for i, f := range r.t.fields {
		if i > 0 {
			b.text(", ")
		}
		b.text(table).text(".").name(f)
	}
	b.text(") AS ").text(table)
	if err := b.where(n); err != nil {
		return err
	}
	b.text(")")
	return nil
}

// errOutOfScope is the error of a write that met a row it must not see.
func (r Repository[T]) errOutOfScope(match []*field) error {
	names := make([]string, len(match))
	for i, f := range match {
		names[i] = f.column.Name
	}
	return columnFault(fault.Conflict, "CONFLICT", "is already taken", &driver.Error{
		Class: driver.Unique, Table: r.t.name, Columns: names, Err: errHidden,
	}, r.t)
}

var errHidden = fault.Errorf(fault.Conflict, "the row is out of scope")

// A Locking says how reads lock the rows that they find, until the transaction
// ends. The zero Locking is that of Lock.
//
// SQLite has one writer, and a transaction that may write is it from its begin
// on: there all rows are locked anyway, and the options change nothing.
type Locking struct {
	Share      bool // others may lock them for sharing too, but nobody may change them
	Key        bool // only against what changes or takes their keys: others may change the rest; with Share, against deletes and changed keys
	NoWait     bool // a row that is locked is fault.Unavailable at once
	SkipLocked bool // a row that is locked is passed over, as if it did not exist
}

// Locking returns r such that Get, GetBy, Find, Lock, List and Each lock what
// they find. It has a meaning in a transaction only. Together with SkipLocked
// it makes a table a queue: each worker lists other rows.
func (r Repository[T]) Locking(l Locking) Repository[T] {
	if r.db.dialect.Lock == "" {
		return r
	}
	switch {
	case l.Share && l.Key:
		r.lock = " FOR KEY SHARE"
	case l.Share:
		r.lock = " FOR SHARE"
	case l.Key:
		r.lock = " FOR NO KEY UPDATE"
	default:
		r.lock = r.db.dialect.Lock
	}
	switch {
	case l.SkipLocked:
		r.lock += " SKIP LOCKED"
	case l.NoWait:
		r.lock += " NOWAIT"
	}
	return r
}

// atMostOne reports whether a unique constraint keeps the condition from
// picking several rows.
func (t *Table[T]) atMostOne(n *node) bool {
	eq := map[string]bool{}
	var walk func(n *node)
	walk = func(n *node) {
		switch {
		case n == nil:
		case n.op == opAnd:
			for _, k := range n.kids {
				walk(k)
			}
		case n.op == opEq:
			eq[n.f.column.Name] = true
		}
	}
	walk(n)
	if len(eq) == 0 {
		return false
	}
	if t.id != nil && eq[t.id.column.Name] {
		return true
	}
	for _, u := range t.uniques {
		all := true
		for _, c := range u {
			all = all && eq[c]
		}
		if all {
			return true
		}
	}
	return false
}

// single runs fn, which fails if it changes several rows, so that then none is
// changed.
func (r Repository[T]) single(ctx context.Context, where Filter[T], fn func(Repository[T]) error) error {
	if r.tx != nil || r.t.atMostOne(where.n) {
		return fn(r)
	}
	return r.together(ctx, fn)
}
