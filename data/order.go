package data

import (
	"strings"
	"unsafe"

	"github.com/manorgo/manor/fault"
)

// AscFold sorts the smallest text first, with A to Z taken for a to z.
func (c Text[T]) AscFold() Order[T] { return Order[T]{f: c.f, fold: true} }

// DescFold sorts the largest text first, with A to Z taken for a to z.
func (c Text[T]) DescFold() Order[T] { return Order[T]{f: c.f, fold: true, desc: true} }

// Shuffled sorts by chance, anew for each query. Orders after it have no effect,
// and such a list has no cursors: Query.Keyset is an error with it.
func Shuffled[T any]() Order[T] { return Order[T]{} }

// write appends what stands after ORDER BY.
func (o Order[T]) write(b *builder) {
	switch {
	case o.f == nil:
		b.text("random()")
		return
	case o.fold:
		b.fold(o.f)
	default:
		b.name(o.f)
	}
	b.text(o.direction())
}

// compare is the condition on what o sorts by.
func (o Order[T]) compare(op op, v any) *node {
	n := &node{op: op, f: o.f, v: v}
	if o.fold {
		return &node{op: opFold, kids: []*node{n}}
	}
	return n
}

// valueOf returns what o sorts the row at p by.
func (o Order[T]) valueOf(p unsafe.Pointer) any {
	v := o.f.value(p)
	if s, ok := v.(string); ok && o.fold {
		return lowerASCII(s)
	}
	return v
}

// stored returns the field that tells what values a cursor may hold: a choice in
// lower case need not be one.
func (o Order[T]) stored() *field {
	if !o.fold || o.f.enum == nil {
		return o.f
	}
	f := *o.f
	f.enum = nil
	return &f
}

// lowerASCII does to a text what every database does: nothing but to A–Z.
func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

func (b *builder) fold(f *field) *builder {
	head, tail, _ := strings.Cut(b.d.Fold, "%s")
	return b.text(head).name(f).text(tail)
}

// folded compares a text in lower case with one that is so already.
func (b *builder) folded(n *node) error {
	b.fold(n.f).text(comparison[n.op])
	return b.part(n.f, n.v)
}

// certain refuses cursors of a list that has no order of its own.
func certain[T any](orders []Order[T]) error {
	for _, o := range orders {
		if o.f == nil {
			return fault.Errorf(fault.Internal, "data: a list that is sorted by chance has no cursors")
		}
	}
	return nil
}
