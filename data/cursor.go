package data

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"reflect"
	"slices"
	"time"
	"unsafe"

	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
)

// A Cursor is a place in a list: that of one row, by the values it is sorted
// by, whether the row still exists or not. "" is the place before the first
// row. It is binary, and neither hidden nor signed: whoever hands it to a client
// signs it.
type Cursor string

// keys returns orders with the primary key at their end, which makes the order
// of any two rows certain. It appends to out.
func (t *Table[T]) keys(out, orders []Order[T]) []Order[T] {
	desc, missing := false, len(t.primary)
	for i, o := range orders {
		out = append(out, o)
		if o.f == nil {
			return out // by chance: no key makes it certain
		}
		if o.f.primary && !slices.ContainsFunc(orders[:i], func(before Order[T]) bool { return before.f == o.f }) {
			if missing--; missing == 0 {
				return out
			}
		}
		desc = o.desc
	}
	for _, f := range t.primary {
		if !slices.ContainsFunc(out, func(o Order[T]) bool { return o.f == f }) {
			out = append(out, Order[T]{f: f, desc: desc})
		}
	}
	return out
}

// cursor returns the place of v.
func (t *Table[T]) cursor(orders []Order[T], v *T) (Cursor, error) {
	out := t.cursorHead(orders)
	for _, o := range orders {
		var err error
		if out, err = o.f.appendValue(out, o.valueOf(unsafe.Pointer(v))); err != nil {
			return "", err
		}
	}
	return Cursor(out), nil
}

// cursorHead tells cursors of different lists apart.
func (t *Table[T]) cursorHead(orders []Order[T]) []byte {
	h := fnv.New32a()
	h.Write([]byte(t.name))
	for _, o := range orders {
		direction := " "
		if o.desc {
			direction = "-"
		}
		if o.fold {
			direction += "~"
		}
		h.Write([]byte(direction + o.f.column.Name))
	}
	return h.Sum(nil)
}

// after returns the condition for the rows that come after the cursor.
func (t *Table[T]) after(orders []Order[T], c Cursor) (*node, error) {
	if err := certain(orders); err != nil {
		return nil, err
	}
	head := string(t.cursorHead(orders))
	if len(c) < len(head) || string(c[:len(head)]) != head {
		return nil, badCursor()
	}
	rest := []byte(c[len(head):])
	values := make([]any, len(orders))
	for i, o := range orders {
		var ok bool
		if values[i], rest, ok = o.stored().readValue(rest); !ok {
			return nil, badCursor()
		}
	}
	if len(rest) > 0 {
		return nil, badCursor()
	}
	if n := tuple(orders, values); n != nil {
		return n, nil
	}
	n := beyond(orders, values)
	// A limit on the first column alone, which an index can start from.
	if first := orders[0]; values[0] != nil && (first.desc || !first.f.column.Null) {
		from := first.compare(opGe, values[0])
		if first.desc {
			from = first.compare(opLe, values[0])
		}
		n = &node{op: opAnd, kids: []*node{from, n}}
	}
	return n, nil
}

func badCursor() error { return fault.Errorf(fault.Malformed, "the cursor is not one of this list") }

// tuple compares all columns at once, which walks an index best. That is
// possible if they are sorted in one direction and none may be NULL.
func tuple[T any](orders []Order[T], values []any) *node {
	n := &node{op: opTuple, sql: " > ", vs: values}
	if orders[0].desc {
		n.sql = " < "
	}
	for _, o := range orders {
		if o.desc != orders[0].desc || o.f.column.Null || o.fold {
			return nil
		}
		n.kids = append(n.kids, &node{f: o.f})
	}
	return n
}

// beyond says it column by column: after the first value, or equal to it and
// beyond the others. NULL is after every value, and before it when descending.
func beyond[T any](orders []Order[T], values []any) *node {
	f, v := orders[0].f, values[0]
	var more, same *node
	switch {
	case v == nil && orders[0].desc:
		more = &node{op: opNotNull, f: f}
	case v == nil:
		more = &node{op: opNever}
	case orders[0].desc:
		more = orders[0].compare(opLt, v)
	default:
		more = orders[0].compare(opGt, v)
		if f.column.Null {
			more = &node{op: opOr, kids: []*node{more, {op: opNull, f: f}}}
		}
	}
	if len(orders) == 1 {
		return more
	}
	same = orders[0].compare(opEq, v)
	if v == nil {
		same = &node{op: opNull, f: f}
	}
	return &node{op: opOr, kids: []*node{more, {op: opAnd, kids: []*node{same, beyond(orders[1:], values[1:])}}}}
}

// tuple writes the comparison of several columns with their values.
func (b *builder) tuple(n *node) error {
	for i, k := range n.kids {
		b.text([]string{"(", ", "}[min(i, 1)]).name(k.f)
	}
	b.text(")").text(n.sql)
	for i, k := range n.kids {
		b.text([]string{"(", ", "}[min(i, 1)])
		if err := b.arg(k.f, n.vs[i]); err != nil {
			return err
		}
	}
	b.text(")")
	return nil
}

// appendValue encodes a value as its column's kind tells, after a byte that is
// 0 for NULL.
func (f *field) appendValue(out []byte, v any) ([]byte, error) {
	if v == nil {
		return append(out, 0), nil
	}
	out = append(out, 1)
	switch v := v.(type) {
	case string:
		return appendText(out, v), nil
	case []byte:
		return appendText(out, string(v)), nil
	case int:
		return binary.AppendVarint(out, int64(v)), nil
	case int32:
		return binary.AppendVarint(out, int64(v)), nil
	case int64:
		return binary.AppendVarint(out, v), nil
	case float64:
		return binary.BigEndian.AppendUint64(out, math.Float64bits(v)), nil
	case bool:
		if v {
			return append(out, 1), nil
		}
		return append(out, 0), nil
	case time.Time:
		return binary.AppendVarint(out, v.UnixMicro()), nil
	case [16]byte:
		return append(out, v[:]...), nil
	case decimal.Decimal:
		return appendText(out, v.String()), nil
	}
	if f.own != nil {
		if plain, err := f.plainly(v); err != nil || reflect.TypeOf(plain) != reflect.TypeOf(v) {
			if err != nil || plain == nil {
				return append(out[:len(out)-1], 0), err
			}
			return f.appendValue(out[:len(out)-1], plain)
		}
	}
	return nil, fault.Errorf(fault.Internal, "data: a list that is sorted by %s has no cursors", f.column.Name)
}

func appendText(out []byte, s string) []byte {
	return append(binary.AppendUvarint(out, uint64(len(s))), s...)
}

// readValue is the opposite of appendValue, for bytes from anywhere.
func (f *field) readValue(in []byte) (v any, rest []byte, ok bool) {
	if len(in) == 0 || in[0] > 1 || in[0] == 0 && !f.column.Null {
		return nil, nil, false
	}
	present := in[0] == 1
	if in = in[1:]; !present {
		return nil, in, true
	}
	switch f.column.Kind {
	case driver.Text, driver.Bytes, driver.Decimal:
		n, size := binary.Uvarint(in)
		if size <= 0 || n > uint64(len(in)-size) {
			return nil, nil, false
		}
		text, rest := in[size:size+int(n)], in[size+int(n):]
		switch f.column.Kind {
		case driver.Text:
			return string(text), rest, f.text(string(text)) == nil
		case driver.Bytes:
			return text, rest, true
		}
		if len(text) > f.digits+len("-0.") {
			return nil, nil, false
		}
		x, err := decimal.NewFromString(string(text))
		return x, rest, err == nil && f.fits(x) == nil
	case driver.Int, driver.Time:
		n, size := binary.Varint(in)
		if size <= 0 {
			return nil, nil, false
		}
		if f.column.Kind == driver.Time {
			at := time.UnixMicro(n).UTC()
			return at, in[size:], at.Year() >= 1 && at.Year() <= 9999
		}
		return n, in[size:], true
	case driver.Float:
		if len(in) < 8 {
			return nil, nil, false
		}
		x := math.Float64frombits(binary.BigEndian.Uint64(in))
		return x, in[8:], !math.IsNaN(x)
	case driver.Bool:
		if len(in) < 1 || in[0] > 1 {
			return nil, nil, false
		}
		return in[0] == 1, in[1:], true
	case driver.UUID:
		if len(in) < 16 {
			return nil, nil, false
		}
		return [16]byte(in), in[16:], true
	}
	return nil, nil, false
}
