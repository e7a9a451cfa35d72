package data

import (
	"bytes"
	"encoding/json"
	"math/big"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"

	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
)

// bind turns a value, as given to a filter or a change or found in a struct,
// into what the driver binds. It holds text to the column's size and to what
// every database can store.
func (f *field) bind(d *driver.Dialect, v any) (any, error) {
	if v != nil && f.indirect {
		var err error
		if v, err = f.plainly(v); err != nil {
			return nil, err
		}
	}
	if v == nil {
		return d.Encode(f.column, nil)
	}
	switch f.column.Kind {
	case driver.Text:
		s, ok := v.(string)
		if !ok {
			s = reflect.ValueOf(v).String()
			v = s
		}
		if err := f.text(s); err != nil {
			return nil, err
		}
	case driver.Time:
		if t, ok := v.(time.Time); ok {
			if !tellable(t) {
				return nil, fault.Field(f.json, notATime)
			}
			if !cut(t) {
				v = t.UTC().Truncate(time.Microsecond)
			}
		}
	case driver.Decimal:
		if x, ok := v.(decimal.Decimal); ok {
			if err := f.fits(x); err != nil {
				return nil, err
			}
		}
	case driver.JSON:
		b, err := json.Marshal(v)
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "%s cannot be stored", f.json)
		}
		if holdsBadText(b) {
			return nil, fault.Field(f.json, "is not valid text")
		}
		v = b
	case driver.Int:
		switch n := v.(type) {
		case int:
			v = int64(n)
		case int32:
			v = int64(n)
		}
	}
	return f.encode(d, v)
}

// bindAt binds the value in the struct at p. A value of fixed size is handed to
// the driver by its address, which costs no allocation. A time is cut to what
// every database can store in the struct, too, so that it is what a read would
// return.
func (f *field) bindAt(d *driver.Dialect, p unsafe.Pointer) (any, error) {
	switch {
	case f.reach != nil:
		return f.bind(d, f.value(p)) // other rows may share it
	case f.seal != nil:
		return f.seal.bindAt(f, p)
	case f.column.Null && !f.indirect && f.column.Kind == driver.Time:
		// The struct gets a time of its own: others may have this one.
		if at := (**time.Time)(unsafe.Add(p, f.offset)); *at != nil && !cut(**at) {
			t := (*at).UTC().Truncate(time.Microsecond)
			*at = &t
		}
		return f.bind(d, f.value(p))
	case f.column.Null || f.indirect:
		return f.bind(d, f.value(p))
	}
	switch f.column.Kind {
	case driver.UUID:
		return f.encode(d, (*[16]byte)(unsafe.Add(p, f.offset)))
	case driver.Time:
		at := (*time.Time)(unsafe.Add(p, f.offset))
		if !tellable(*at) {
			return nil, fault.Field(f.json, notATime)
		}
		if !cut(*at) {
			*at = at.UTC().Truncate(time.Microsecond)
		}
		return f.encode(d, at)
	case driver.Decimal:
		x := (*decimal.Decimal)(unsafe.Add(p, f.offset))
		if err := f.fits(*x); err != nil {
			return nil, err
		}
		return f.encode(d, x)
	}
	return f.bind(d, f.value(p))
}

func (f *field) encode(d *driver.Dialect, v any) (any, error) {
	out, err := d.Encode(f.column, v)
	if err != nil {
		return nil, &fault.Error{
			Kind: fault.Invalid, Msg: f.json + ": does not fit", Err: err,
			Details: []fault.Detail{{Location: "body." + f.json, Message: "does not fit"}},
		}
	}
	return out, nil
}

// cut reports whether t is as every database would return it.
func cut(t time.Time) bool { return t.Location() == time.UTC && t.Nanosecond()%1000 == 0 }

// tellable reports whether JSON can say t: its year, in UTC, has four digits.
// PostgreSQL and SQLite could store more, but not the same.
func tellable(t time.Time) bool {
	const year0, year10000 = -62167219200, 253402300800 // in seconds since 1970
	s := t.Unix()
	return year0 <= s && s < year10000
}

const notATime = "is not a time between the years 0 and 9999"

// holdsBadText reports whether a JSON text holds what PostgreSQL cannot store:
// the character U+0000, or half of a surrogate pair.
func holdsBadText(b []byte) bool {
	for {
		i := bytes.IndexByte(b, '\\')
		if i < 0 || i+1 >= len(b) {
			return false
		}
		b = b[i+1:]
		c, ok := escaped(b)
		switch {
		case !ok:
			b = b[1:]
			continue
		case c == 0:
			return true
		case utf16.IsSurrogate(c):
			if len(b) < 6 || b[5] != '\\' {
				return true
			}
			low, ok := escaped(b[6:])
			if !ok || utf16.DecodeRune(c, low) == utf8.RuneError {
				return true
			}
			b = b[6:]
		}
		b = b[5:]
	}
}

// escaped reads uXXXX.
func escaped(b []byte) (rune, bool) {
	if len(b) < 5 || b[0] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(b[1:5]), 16, 16)
	return rune(n), err == nil
}

// text holds s to what the column, and every database, can store.
func (f *field) text(s string) error {
	if f.size > 0 && len(s) > f.size && utf8.RuneCountInString(s) > f.size {
		return fault.Field(f.json, "is longer than %d characters", f.size)
	}
	if strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s) {
		return fault.Field(f.json, "is not valid text")
	}
	if f.date && !Date(s).Valid() {
		return fault.Field(f.json, notADate)
	}
	if f.nano && s != "" && !isNanoID(s) {
		return fault.Field(f.json, notANanoID)
	}
	if len(f.enum) > 0 && !contains(f.enum, s) {
		return fault.Field(f.json, "must be one of %s", strings.Join(f.enum, ", "))
	}
	return nil
}

// fits holds x to the column's digits. It does not compute with x before it
// knows that x is small: a request may have 1e999999999 in it.
func (f *field) fits(x decimal.Decimal) error {
	if x.IsZero() {
		return nil
	}
	places, n := -int(x.Exponent()), x.NumDigits()
	if n-places > f.digits-f.column.Scale {
		return fault.Field(f.json, "has more than %d digits before the point", f.digits-f.column.Scale)
	}
	if more := places - f.column.Scale; more > 0 && (more >= n || !endsInZeros(x.Coefficient(), more)) {
		return fault.Field(f.json, "has more than %d decimal places", f.column.Scale)
	}
	return nil
}

func endsInZeros(x *big.Int, n int) bool {
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
	return x.Rem(x, unit).Sign() == 0
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
