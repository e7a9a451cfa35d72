package data

import (
	"context"
	sqldriver "database/sql/driver"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
)

// sent is what statements call the rows that they bring with them. No table is
// called so.
const sent = `"sent rows"`

// A cell is a column and the SQL of the value that it gets.
type cell struct {
	f     *field
	value string
}

// assign writes what follows SET. With touch the row becomes a new version if a
// column that is not quiet changes.
func (r Repository[T]) assign(b *builder, cells []cell, touch bool, now time.Time) error {
	table := r.p.table + "."
	m := moves{updated: r.t.updated, version: r.t.version}
	var loud []cell
	for i, c := range cells {
		if i > 0 {
			b.text(", ")
		}
		b.name(c.f).text(" = ").text(c.value)
		m.leave(c.f)
		if !c.f.quiet {
			loud = append(loud, c)
		}
	}
	if !touch || len(loud) == 0 {
		return nil
	}
	return m.write(b, table, now, func() {
		for i, c := range loud {
			if i > 0 {
				b.text(" OR ")
			}
			b.text(table).name(c.f).text(" IS DISTINCT FROM ").text(c.value)
		}
	})
}

// A moves says which columns a real change of a row moves by itself.
type moves struct{ updated, version *field } // nil is left alone

// leave leaves f alone, since the statement sets it.
func (m *moves) leave(f *field) {
	if f == m.updated {
		m.updated = nil
	}
	if f == m.version {
		m.version = nil
	}
}

// write continues what follows SET. changed writes what holds for a row in which
// a column gets another value. prefix is what the names of columns need in front
// of them.
func (m *moves) write(b *builder, prefix string, now time.Time, changed func()) error {
	if f := m.updated; f != nil {
		b.text(", ").name(f).text(" = CASE WHEN ")
		changed()
		b.text(" THEN ")
		if err := b.later(prefix, f, now); err != nil {
			return err
		}
		b.text(" ELSE ").text(prefix).name(f).text(" END")
	}
	if f := m.version; f != nil {
		b.text(", ").name(f).text(" = ").text(prefix).name(f).text(" + CASE WHEN ")
		changed()
		b.text(" THEN 1 ELSE 0 END")
	}
	return nil
}

// tuples writes rows of width parameters each.
func (b *builder) tuples(args []any, width int) *builder {
	for i, v := range args {
		switch {
		case i == 0:
			b.text("(")
		case i%width == 0:
			b.text("), (")
		default:
			b.text(", ")
		}
		b.param(v)
	}
	return b.text(")")
}

// sentRows writes rows of all columns for an INSERT: a list of values for each
// column where the database takes them, so that statements are short and the
// same for any number of rows.
func (t *Table[T]) sentRows(b *builder, args []any) {
	if !t.inLists(b.d, len(args)/len(t.fields)) {
		b.text("VALUES ").tuples(args, len(t.fields))
		return
	}
	b.text("SELECT ")
	for i, f := range t.fields {
		if i > 0 {
			b.text(", ")
		}
		list, typ := b.d.List(f.column, args, i, len(t.fields))
		b.text("unnest(")
		b.param(list)
		b.text("::").text(typ).text(")")
	}
}

// inLists reports whether n rows are sent as lists. A list says its type, and so
// fits only columns that are what the documentation says of their Go types, which
// can be expected of those alone that nobody has a reason to make otherwise. What
// is sealed is not to be hidden in a list.
func (t *Table[T]) inLists(d *driver.Dialect, n int) bool {
	return d.List != nil && n > 1 && !t.sealed && !slices.ContainsFunc(t.fields, func(f *field) bool {
		texts := f.typ == reflect.TypeFor[string]() || f.typ == reflect.TypeFor[*string]() || f.nano
		return f.own != nil || f.as.name != "" || f.enum != nil || f.column.Kind == driver.Other || f.column.Kind == driver.Text && !texts
	})
}

// bound writes that the columns fs of a table are one of the rows in vs, which
// the driver has encoded.
func (b *builder) bound(table string, fs []*field, vs []any) {
	width := len(fs)
	if width == 1 {
		b.name(fs[0]).text(" IN (")
	} else {
		for i, f := range fs {
			b.text([]string{"(", ", "}[min(i, 1)]).name(f)
		}
		b.text(") IN (").text("VALUES ")
	}
	last := len(vs)/width - 1
	for i := range b.listLen(last+1, width) {
		if i > 0 {
			b.text(", ")
		}
		row := vs[min(i, last)*width:][:width]
		switch {
		case width == 1:
			b.param(row[0])
		case i == 0 && b.d.TypeOf != "": // the others take the types of the first
			for j, f := range fs {
				b.text([]string{"(coalesce(", ", coalesce("}[min(j, 1)])
				b.param(row[j])
				b.text(", ").typeOf(table, f).text(")")
			}
			b.text(")")
		default:
			b.tuples(row, width)
		}
	}
	b.text(")")
}

// listLen is how long a list of n rows of width values is written: a power of
// two, if there is room for so many parameters.
func (b *builder) listLen(n, width int) int {
	if size := roundUp(n); size*width <= b.d.MaxParams {
		return size
	}
	return n
}

// roundUp returns the next power of two.
func roundUp(n int) int {
	size := 1
	for size < n {
		size *= 2
	}
	return size
}

// settable returns the columns that hold what the caller says: all but those
// that a row keeps and those that other methods move.
func (r Repository[T]) settable() []*field {
	t := r.t
	out := make([]*field, 0, len(t.fields))
	for _, f := range t.fields {
		switch {
		case f.primary, f.code, f == t.created, f == t.updated, f == t.version, f == t.slug:
		case f == t.deleted:
			if r.seen == allRows {
				out = append(out, f)
			}
		default:
			out = append(out, f)
		}
	}
	return out
}

// valuesOf returns the values of some columns of all vs.
func (t *Table[T]) valuesOf(d *driver.Dialect, vs []T, fields []*field) ([]any, error) {
	args := make([]any, 0, len(vs)*len(fields))
	for i := range vs {
		for _, f := range fields {
			v, err := f.bindAt(d, unsafe.Pointer(&vs[i]))
			if err != nil {
				return nil, err
			}
			args = append(args, v)
		}
	}
	return args, nil
}

// fill makes the columns of v those of row. What is not stored stays.
func (t *Table[T]) fill(v, row *T) {
	if t.pure {
		*v = *row
		return
	}
	p, q := unsafe.Pointer(v), unsafe.Pointer(row)
	if t.extra != nil {
		*t.extra.at(p) = *t.extra.at(q)
	}
	for _, f := range t.fields {
		if f.reach != nil {
			continue
		}
		reflect.NewAt(f.typ, unsafe.Add(p, f.offset)).Elem().Set(reflect.NewAt(f.typ, unsafe.Add(q, f.offset)).Elem())
	}
}

// sameID reports whether two rows, to which Add gave IDs, are one.
func (t *Table[T]) sameID(v, w *T) bool {
	p, q := unsafe.Add(unsafe.Pointer(v), t.id.offset), unsafe.Add(unsafe.Pointer(w), t.id.offset)
	if t.kind == nanoKey {
		return *(*string)(p) == *(*string)(q)
	}
	return *(*[16]byte)(p) == *(*[16]byte)(q)
}

// A found puts the rows that a statement returns, in whatever order, in the
// order in which they were sent. It knows them by their values in some columns.
type found[T any] struct {
	t      *Table[T]
	by     []*field
	text   *field         // the only one of by, if its value is a key as it is
	index  map[string]int // key → place; nil if there is but one
	rows   []T
	asked  []*field // the columns that come back
	known  []*field // those that do not: they hold what was sent
	times  []int    // how often each came back
	lost   error    // of a row that does not come back; nil means a bug
	values []any
	key    []byte
}

// newFound is fault.Invalid if two of vs have the same values.
func newFound[T any](t *Table[T], vs []T, by []*field) (*found[T], error) {
	s := &found[T]{t: t, by: by, asked: t.fields, rows: make([]T, len(vs)), times: make([]int, len(vs))}
	if len(vs) == 1 {
		return s, nil
	}
	if len(by) == 1 && by[0].isPlainText() {
		s.text = by[0]
	}
	s.index = make(map[string]int, len(vs))
	for i := range vs {
		first, ok, err := s.place(&vs[i])
		switch {
		case err != nil:
			return nil, err
		case ok:
			return nil, fault.Field(by[0].json, "is the same in rows %d and %d", first+1, i+1)
		case s.text != nil:
			s.index[s.text.plainText(unsafe.Pointer(&vs[i]))] = i
		default:
			s.index[string(s.key)] = i
		}
	}
	return s, nil
}

// know has those of the columns that the statement sets not come back that are
// in every row just what was sent. It returns the list of the others.
func (s *found[T]) know(set []*field) string {
	s.asked = nil
	var b strings.Builder
	for _, f := range s.t.fields {
		if f.isPlain() && slices.Contains(set, f) {
			s.known = append(s.known, f)
			continue
		}
		if len(s.asked) > 0 {
			b.WriteString(", ")
		}
		b.WriteString(quote(f.column.Name))
		s.asked = append(s.asked, f)
	}
	return b.String()
}

// place returns where the row with v's values is.
func (s *found[T]) place(v *T) (k int, ok bool, err error) {
	if s.text != nil {
		k, ok = s.index[s.text.plainText(unsafe.Pointer(v))]
		return k, ok, nil
	}
	if err := s.keyOf(v); err != nil {
		return 0, false, err
	}
	k, ok = s.index[string(s.key)]
	return k, ok, nil
}

// isPlain reports whether the value in a struct is a text, a whole number or a
// truth, or a pointer to one, and the one that is stored.
func (f *field) isPlain() bool {
	t := f.typ
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.String, reflect.Int, reflect.Int32, reflect.Int64, reflect.Bool:
		return !f.indirect && f.own == nil && !f.list && f.seal == nil && !f.code && f.as.name == "" && f.reach == nil
	}
	return false
}

// copyPlain copies the value of such a field from the struct at q to that at p.
func (f *field) copyPlain(p, q unsafe.Pointer) {
	p, q = unsafe.Add(p, f.offset), unsafe.Add(q, f.offset)
	switch f.typ.Kind() {
	case reflect.Pointer:
		*(*unsafe.Pointer)(p) = *(*unsafe.Pointer)(q)
	case reflect.String:
		*(*string)(p) = *(*string)(q)
	case reflect.Bool:
		*(*bool)(p) = *(*bool)(q)
	case reflect.Int32:
		*(*int32)(p) = *(*int32)(q)
	case reflect.Int64:
		*(*int64)(p) = *(*int64)(q)
	case reflect.Int:
		*(*int)(p) = *(*int)(q)
	}
}

// isPlainText reports whether the value in a struct is the text that is stored.
func (f *field) isPlainText() bool {
	return f.column.Kind == driver.Text && !f.column.Null && f.typ.Kind() == reflect.String &&
		!f.indirect && f.own == nil && !f.list && f.seal == nil && !f.code && f.reach == nil
}

// plainText returns that text from the struct at p.
func (f *field) plainText(p unsafe.Pointer) string { return *(*string)(unsafe.Add(p, f.offset)) }

// read runs c, which brings n rows from i on, and calls each, if not nil, for
// every row of the result: its place and how often it came by now.
func (s *found[T]) read(ctx context.Context, r Repository[T], c driver.Call, i, n int, extra []any, each func(k, times int, row *T)) error {
	rows, err := r.c.Query(ctx, c)
	if err != nil {
		return classify(err, s.t)
	}
	defer rows.Close()
	dest := make([]any, 0, len(s.asked)+len(extra))
	var row, zero T // one row is copied to its place, instead of one for each
	for _, f := range s.asked {
		dest = append(dest, f.at(unsafe.Pointer(&row)))
	}
	dest = append(dest, extra...)
	for rows.Next() {
		row = zero
		if s.t.extra != nil { // which is reached through the row
			for i, f := range s.asked {
				dest[i] = f.at(unsafe.Pointer(&row))
			}
		}
		if err := rows.Scan(dest); err != nil {
			return classify(err, s.t)
		}
		k := 0
		if s.index != nil {
			var ok bool
			if k, ok, err = s.place(&row); err != nil {
				return err
			}
			if !ok || k < i || k >= i+n {
				return fault.Errorf(fault.Internal, "%s: a row came back that was not sent", s.t.name)
			}
		}
		s.rows[k] = row
		s.times[k]++
		if each != nil {
			each(k, s.times[k], &s.rows[k])
		}
	}
	if err := rows.Err(); err != nil {
		return classify(err, s.t)
	}
	if err := rows.Close(); err != nil { // a write may fail at its very end
		return classify(err, s.t)
	}
	for k := i; k < i+n; k++ {
		if s.times[k] == 0 && s.lost != nil {
			return s.lost
		}
		if s.times[k] == 0 {
			return fault.Errorf(fault.Internal, "%s: a row did not come back", s.t.name)
		}
	}
	return nil
}

// keyOf makes key of v's values: equal for those that a database takes for
// equal.
func (s *found[T]) keyOf(v *T) (err error) {
	values := s.values[:0]
	for _, f := range s.by {
		value := f.value(unsafe.Pointer(v))
		if f.own != nil && value != nil {
			if value, err = f.plainly(value); err != nil {
				return fault.Wrap(fault.Invalid, err, "%s cannot be stored", f.json)
			}
		}
		values = append(values, value)
	}
	s.values = values
	s.key, err = appendKeys(s.key[:0], s.by, values)
	return err
}

func appendKeys(b []byte, by []*field, values []any) (_ []byte, err error) {
	for i, f := range by {
		at := len(b)
		if b, err = appendKey(b, values[i]); err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "%s cannot be stored", f.json)
		}
		// The length at the end keeps ("a", "bc") apart from ("ab", "c").
		b = binary.BigEndian.AppendUint32(b, uint32(len(b)-at))
	}
	return b, nil
}

func appendKey(b []byte, v any) ([]byte, error) {
	switch x := v.(type) {
	case string:
		return append(b, x...), nil
	case [16]byte:
		return append(b, x[:]...), nil
	case []byte:
		return append(b, x...), nil
	case time.Time:
		return strconv.AppendInt(b, x.UTC().Truncate(time.Microsecond).UnixMicro(), 10), nil
	case decimal.Decimal:
		return append(b, x.String()...), nil // without zeros at its end
	case float64:
		return strconv.AppendFloat(b, x+0, 'g', -1, 64), nil // -0 is 0
	case bool, int, int32, int64:
		return fmt.Append(b, x), nil
	case sqldriver.Valuer:
		stored, err := x.Value()
		return fmt.Append(b, stored), err
	}
	text, err := json.Marshal(v)
	return append(b, text...), err
}
