package data

import (
	"database/sql"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/data/driver"
)

// initialise gives the field in the struct at p the value that the default of
// its column stands for.
func (f *field) initialise(p unsafe.Pointer) error {
	if f.preset == "" {
		return nil
	}
	v, err := f.literal()
	if err != nil {
		return err
	}
	if cell, ok := f.at(p).(sql.Scanner); ok {
		return cell.Scan(v)
	}
	into := reflect.NewAt(f.typ, unsafe.Add(p, f.offset)).Elem()
	if into.Kind() == reflect.Pointer {
		into.Set(reflect.New(f.typ.Elem()))
		into = into.Elem()
	}
	if n, ok := v.(int64); ok && into.OverflowInt(n) {
		return fmt.Errorf("%d does not fit", n)
	}
	into.Set(reflect.ValueOf(v).Convert(into.Type()))
	return nil
}

// literal returns what a default says, of the column's kind.
func (f *field) literal() (any, error) {
	switch f.column.Kind {
	case driver.Int:
		return strconv.ParseInt(f.preset, 10, 64)
	case driver.Float:
		return strconv.ParseFloat(f.preset, 64)
	case driver.Bool:
		return strconv.ParseBool(f.preset)
	case driver.Decimal:
		x, err := decimal.NewFromString(f.preset)
		if err == nil {
			err = f.fits(x)
		}
		return x, err
	case driver.Text, driver.JSON:
		s, open := strings.CutPrefix(f.preset, "'")
		s, closed := strings.CutSuffix(s, "'")
		if !open || !closed {
			return nil, fmt.Errorf("%s is not a text in single quotes", f.preset)
		}
		s = strings.ReplaceAll(s, "''", "'")
		if f.column.Kind == driver.Text {
			return s, f.text(s)
		}
		return s, nil
	}
	return nil, fmt.Errorf("a column of this type has none but NULL: make the field a pointer")
}

// truncate cuts the time in the struct at p to what every database can store.
func (f *field) truncate(p unsafe.Pointer) {
	p = unsafe.Add(p, f.offset)
	if !f.column.Null {
		at := (*time.Time)(p)
		*at = at.UTC().Truncate(time.Microsecond)
		return
	}
	if at := *(**time.Time)(p); at != nil {
		t := at.UTC().Truncate(time.Microsecond)
		*(**time.Time)(p) = &t
	}
}
