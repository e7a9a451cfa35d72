package data

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
)

// A Select is a query that tables cannot say, such as a join: SQL text with a
// struct R whose `db` tags name the columns of the result, in order. Its text
// is part of the program. It is immutable and may be a package variable.
type Select[R any] struct {
	fields   []*field
	sealed   bool // it has sealed columns
	sqlite   *driver.Statement
	postgres *driver.Statement
}

// NewSelect returns the query with this text, whose parameters are written ?.
// A non-empty postgres is used there instead. A sealed column of a table needs
// the option sealed=TABLE.COLUMN, and the table's primary key as the column id. It
// panics if R's tags make no sense.
func NewSelect[R any](text, postgres string) *Select[R] {
	s := &Select[R]{fields: parseFields("select", reflect.TypeFor[R](), 0)}
	var columns []driver.Column
	for _, f := range s.fields {
		if f.seal != nil {
			id := slices.IndexFunc(s.fields, func(f *field) bool { return f.column.Name == "id" })
			if f.seal.as == "" || id < 0 {
				panic("data: a Select of a sealed column needs the option sealed=TABLE.COLUMN, and the column id of its row: " + f.column.Name)
			}
			f.seal.id, s.sealed = s.fields[id], true
		}
		columns = append(columns, f.column)
	}
	if postgres == "" {
		postgres = text
	}
	s.sqlite = newStatement(text, columns)
	s.postgres = newStatement(number(postgres), columns)
	return s
}

// number writes $1, $2, … for each ?.
func number(text string) string {
	var b strings.Builder
	n := 0
	for part := range strings.SplitSeq(text, "?") {
		if n > 0 {
			b.WriteString("$" + strconv.Itoa(n))
		}
		b.WriteString(part)
		n++
	}
	return b.String()
}

// One returns the first row of the result, or fault.NotFound. An argument is a
// string, a bool, an int, a time, bytes, an ID or one of these by another name.
func (s *Select[R]) One(ctx context.Context, h Handle, args ...any) (v R, err error) {
	err = s.each(ctx, h, args, func(rows driver.Rows, dest []any) error {
		if !rows.Next() {
			if err := rows.Err(); err != nil {
				return err
			}
			return fault.Errorf(fault.NotFound, "not found")
		}
		return rows.Scan(s.dest(dest, &v))
	})
	return v, err
}

// All returns the whole result.
func (s *Select[R]) All(ctx context.Context, h Handle, args ...any) (out []R, err error) {
	err = s.each(ctx, h, args, func(rows driver.Rows, dest []any) error {
		for rows.Next() {
			var v R
			out = append(out, v)
			if err := rows.Scan(s.dest(dest, &out[len(out)-1])); err != nil {
				return err
			}
		}
		return rows.Err()
	})
	return out, err
}

func (s *Select[R]) each(ctx context.Context, h Handle, args []any, read func(driver.Rows, []any) error) error {
	d := h.database().dialect
	st := s.sqlite
	if d.Numbered {
		st = s.postgres
	}
	bound := make([]any, len(args))
	for i, a := range args {
		var err error
		if bound[i], err = bindLoose(d, a); err != nil {
			return err
		}
	}
	rows, err := h.conn().Query(ctx, driver.Call{Statement: st, Args: bound})
	if err != nil {
		return classify(err, nil)
	}
	defer rows.Close()
	if s.sealed {
		rows = sealedRows{rows, h.database()}
	}
	if err := read(rows, make([]any, len(s.fields))); err != nil {
		return classify(err, nil)
	}
	return classify(rows.Close(), nil) // a write may fail at its very end
}

func (s *Select[R]) dest(out []any, v *R) []any {
	for i, f := range s.fields {
		out[i] = f.at(unsafe.Pointer(v))
	}
	return out
}

// bindLoose binds a value whose column is not known, by its Go type.
func bindLoose(d *driver.Dialect, v any) (any, error) {
	switch x := v.(type) {
	case string:
		return d.Encode(driver.Column{Kind: driver.Text}, x)
	case bool:
		return d.Encode(driver.Column{Kind: driver.Bool}, x)
	case int:
		return d.Encode(driver.Column{Kind: driver.Int}, int64(x))
	case int64:
		return d.Encode(driver.Column{Kind: driver.Int}, x)
	case []byte:
		return d.Encode(driver.Column{Kind: driver.Bytes}, x)
	case time.Time:
		if !tellable(x) {
			return nil, fault.Errorf(fault.Invalid, "an argument "+notATime)
		}
		return d.Encode(driver.Column{Kind: driver.Time}, x.UTC().Truncate(time.Microsecond))
	}
	rv := reflect.ValueOf(v)
	switch {
	case rv.Kind() == reflect.String:
		return d.Encode(driver.Column{Kind: driver.Text}, rv.String())
	case rv.Kind() == reflect.Array && rv.Type().ConvertibleTo(reflect.TypeFor[[16]byte]()):
		return d.Encode(driver.Column{Kind: driver.UUID}, rv.Convert(reflect.TypeFor[[16]byte]()).Interface())
	}
	return nil, fmt.Errorf("data: %T cannot be an argument of a Select", v)
}

// Range returns the smallest and the largest value of a column among the rows
// that hold to every filter, and false if there are none.
func Range[T, V any](ctx context.Context, r Repository[T], c Column[T, V], where ...Filter[T]) (lo, hi V, ok bool, err error) {
	b := newBuilder(r.db.dialect)
	defer b.release()
	b.text("SELECT min(").name(c.f).text("), max(").name(c.f).text(") FROM ").text(r.p.table)
	if err := b.where(r.scoped(where...)); err != nil {
		return lo, hi, false, err
	}
	column := c.f.column
	column.Null = true
	rows, err := r.c.Query(ctx, r.call(b, []driver.Column{column, column}))
	if err != nil {
		return lo, hi, false, classify(err, r.t)
	}
	defer rows.Close()
	var low, high *V
	if rows.Next() {
		if err := rows.Scan([]any{nullable(c.f, &low), nullable(c.f, &high)}); err != nil {
			return lo, hi, false, classify(err, r.t)
		}
	}
	if err := rows.Err(); err != nil || low == nil || high == nil {
		return lo, hi, false, classify(err, r.t)
	}
	return *low, *high, true, nil
}

// nullable returns p as the pointer that the column's kind reads into.
func nullable[V any](f *field, p **V) any {
	if f.own != nil {
		return &ownCell{f.own, unsafe.Pointer(p), true}
	}
	switch f.column.Kind {
	case driver.UUID:
		return (**[16]byte)(unsafe.Pointer(p))
	case driver.Text:
		return (**string)(unsafe.Pointer(p))
	}
	return p
}
