package data

import "strings"

type op uint8

const (
	opAlways op = iota
	opNever
	opAnd
	opOr
	opNot
	opEq
	opNe
	opLt
	opLe
	opGt
	opGe
	opIn
	opNotIn
	opNull
	opNotNull
	opHas
	opHasFold
	opPrefix
	opSQL
	opTuple
	opSome
	opNone
	opEvery
	opPrefixFold
	opSuffix
	opSuffixFold
	opLacks
	opFold
	opMember
	opKeys
	opBad
	opDiffers   // the column is not v, to which sql may add it
	opUndecided // a scope without a filter
	opLike
	opLikeFold
	opSearch // the only kid, which has the text v somewhere
)

var comparison = [...]string{opEq: " = ", opLt: " < ", opLe: " <= ", opGt: " > ", opGe: " >= "}

type node struct {
	op   op
	f    *field
	v    any
	vs   []any // of opIn, opNotIn and opSQL
	kids []*node
	sql  string // of opSQL, opTuple and opDiffers; what a tree calls the relation of opSome and opNone, or ""
	link *link  // of opSome, opNone and opEvery
}

// A Filter says which rows of T are meant. The zero Filter means all of them,
// and is refused where that would be dangerous by omission.
type Filter[T any] struct{ n *node }

// IsZero reports whether f was left out.
func (f Filter[T]) IsZero() bool { return f.n == nil }

// Everything means all rows, on purpose.
func Everything[T any]() Filter[T] { return Filter[T]{&node{op: opAlways}} }

// Nothing means no row.
func Nothing[T any]() Filter[T] { return Filter[T]{&node{op: opNever}} }

// All holds when every filter holds. Zero filters are left out; with none the
// result is zero.
func All[T any](fs ...Filter[T]) Filter[T] { return join(opAnd, fs) }

// Any holds when at least one filter holds. A zero filter means all rows here
// too; with no filters at all it holds for none.
func Any[T any](fs ...Filter[T]) Filter[T] {
	if len(fs) == 0 {
		return Nothing[T]()
	}
	for _, f := range fs {
		if f.IsZero() {
			return Everything[T]()
		}
	}
	return join(opOr, fs)
}

// Not holds when f does not. A comparison with a NULL holds neither way.
func Not[T any](f Filter[T]) Filter[T] {
	if f.IsZero() {
		return Nothing[T]()
	}
	return Filter[T]{&node{op: opNot, kids: []*node{f.n}}}
}

// SQL is a condition that columns cannot say, such as EXISTS over another
// table. Its text is part of the program and never comes from a request; each
// ? in it is one of args, bound as column holds its values.
func SQL[T, V any](text string, column Column[T, V], args ...V) Filter[T] {
	n := &node{op: opSQL, f: column.f, sql: text}
	for _, v := range args {
		n.vs = append(n.vs, plain(column.f, v))
	}
	return Filter[T]{n}
}

func join[T any](o op, fs []Filter[T]) Filter[T] {
	var kids []*node
	for _, f := range fs {
		if f.n != nil {
			kids = append(kids, f.n)
		}
	}
	switch len(kids) {
	case 0:
		return Filter[T]{}
	case 1:
		return Filter[T]{kids[0]}
	}
	return Filter[T]{&node{op: o, kids: kids}}
}

// where appends WHERE and the condition, if there is one.
func (b *builder) where(n *node) error {
	if n == nil || n.op == opAlways {
		return nil
	}
	b.text(" WHERE ")
	return b.condition(n)
}

func (b *builder) condition(n *node) error {
	switch n.op {
	case opAlways:
		b.text("1 = 1")
	case opNever:
		b.text("1 = 0")
	case opAnd, opOr:
		return b.conditions(n)
	case opNot:
		b.text("NOT (")
		err := b.condition(n.kids[0])
		b.text(")")
		return err
	case opNull:
		b.name(n.f).text(" IS NULL")
	case opNotNull:
		b.name(n.f).text(" IS NOT NULL")
	case opIn, opNotIn:
		return b.in(n)
	case opHas, opHasFold, opPrefix, opPrefixFold, opSuffix, opSuffixFold:
		return b.format(b.textFormat(n.op), n.f, n.v)
	case opLike, opLikeFold:
		return b.like(n)
	case opSearch:
		return b.search(n)
	case opLacks:
		return b.lacks(n.kids[0])
	case opFold:
		return b.folded(n.kids[0])
	case opNe:
		b.text("(").name(n.f).text(" <> ")
		if err := b.arg(n.f, n.v); err != nil {
			return err
		}
		b.orNull(n.f).text(")")
	case opSQL:
		return b.raw(n)
	case opTuple:
		return b.tuple(n)
	case opSome, opNone, opEvery:
		return b.related(n)
	case opMember:
		return b.member(n)
	case opKeys:
		return b.keysIn(n)
	case opBad:
		return n.v.(error)
	case opDiffers:
		b.name(n.f).text(" IS DISTINCT FROM ").text(n.sql)
		return b.arg(n.f, n.v)
	case opUndecided:
		return errUndecided
	default:
		b.name(n.f).text(comparison[n.op])
		if v, ok := n.v.(bool); ok {
			// As a constant, since SQLite takes any value it does not know for
			// rare, and would rather sort all rows with a flag than walk an index.
			b.flag(v)
			return nil
		}
		return b.arg(n.f, n.v)
	}
	return nil
}

func (b *builder) conditions(n *node) error {
	word := " AND "
	if n.op == opOr {
		word = " OR "
	}
	b.text("(")
	for i, k := range n.kids {
		if i > 0 {
			b.text(word)
		}
		if err := b.condition(k); err != nil {
			return err
		}
	}
	b.text(")")
	return nil
}

// in writes a list. Its length is rounded up to a power of two by repeating
// the last value, so that the number of different statements stays small.
func (b *builder) in(n *node) error {
	if len(n.vs) == 0 {
		if n.op == opIn {
			b.text("1 = 0")
		} else {
			b.text("1 = 1")
		}
		return nil
	}
	b.text("(").name(n.f)
	if n.op == opNotIn {
		b.text(" NOT")
	}
	b.text(" IN (")
	for i := range b.listLen(len(n.vs), 1) {
		if i > 0 {
			b.text(", ")
		}
		if err := b.arg(n.f, n.vs[min(i, len(n.vs)-1)]); err != nil {
			return err
		}
	}
	b.text(")")
	if n.op == opNotIn {
		b.orNull(n.f)
	}
	b.text(")")
	return nil
}

func (b *builder) orNull(f *field) *builder {
	if f.column.Null {
		b.text(" OR ").name(f).text(" IS NULL")
	}
	return b
}

// format fills a dialect's condition, whose %s are the column and the parameter.
func (b *builder) format(text string, f *field, v any) error {
	head, rest, _ := strings.Cut(text, "%s")
	mid, tail, _ := strings.Cut(rest, "%s")
	b.text(head).name(f).text(mid)
	err := b.part(f, v)
	b.text(tail)
	return err
}

func (b *builder) raw(n *node) error {
	b.text("(")
	rest := n.sql
	for _, v := range n.vs {
		head, tail, ok := strings.Cut(rest, "?")
		if !ok {
			break
		}
		b.text(head)
		if err := b.arg(n.f, v); err != nil {
			return err
		}
		rest = tail
	}
	b.text(rest).text(")")
	return nil
}
