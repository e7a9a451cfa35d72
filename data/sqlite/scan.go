package sqlite

import (
	"database/sql"
	sqldriver "database/sql/driver"
	"fmt"
	"math"
	"time"

	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/data/driver"
)

// scan stores src, as the SQLite library read it, where dest points to.
func scan(c *driver.Column, dest any, src sqldriver.Value) error {
	ok := true
	switch d := dest.(type) {
	case *string:
		*d, ok = text(src)
	case *[16]byte:
		ok = uuid(d, src)
	case *time.Time:
		*d, ok = moment(src)
	case *int64:
		*d, ok = src.(int64)
	case *bool:
		*d, ok = truth(src)
	case *decimal.Decimal:
		*d, ok = number(c, src)
	case *int:
		var n int64
		n, ok = src.(int64)
		*d = int(n)
		ok = ok && int64(*d) == n
	case *int32:
		var n int64
		n, ok = src.(int64)
		*d = int32(n)
		ok = ok && int64(*d) == n
	case *float64:
		*d, ok = float(src)
	case *[]byte:
		*d, ok = blob(src)
	default:
		if s, is := dest.(sql.Scanner); is {
			if err := s.Scan(src); err != nil {
				return fmt.Errorf("sqlite: column %s: %w", c.Name, err)
			}
			return nil
		}
		ok = scanNull(c, dest, src)
	}
	if !ok {
		return &driver.Error{Err: fmt.Errorf("sqlite: column %s holds a %T, which a %T cannot take", c.Name, src, dest)}
	}
	return nil
}

// scanNull is scan into a pointer to a pointer.
func scanNull(c *driver.Column, dest any, src sqldriver.Value) bool {
	switch d := dest.(type) {
	case **string:
		return pointer(d, src, text)
	case **[16]byte:
		return pointer(d, src, func(src sqldriver.Value) (id [16]byte, ok bool) { ok = uuid(&id, src); return })
	case **time.Time:
		return pointer(d, src, moment)
	case **int64:
		return pointer(d, src, integer[int64])
	case **bool:
		return pointer(d, src, truth)
	case **decimal.Decimal:
		return pointer(d, src, func(src sqldriver.Value) (decimal.Decimal, bool) { return number(c, src) })
	case **int:
		return pointer(d, src, integer[int])
	case **int32:
		return pointer(d, src, integer[int32])
	case **float64:
		return pointer(d, src, float)
	case **[]byte:
		return pointer(d, src, blob)
	}
	return false
}

func pointer[T any](dest **T, src sqldriver.Value, read func(sqldriver.Value) (T, bool)) bool {
	if src == nil {
		*dest = nil
		return true
	}
	v, ok := read(src)
	*dest = &v
	return ok
}

func text(src sqldriver.Value) (string, bool) {
	switch v := src.(type) {
	case string:
		return v, true
	case []byte:
		return string(v), true
	}
	return "", false
}

func uuid(id *[16]byte, src sqldriver.Value) bool {
	b, ok := src.([]byte)
	return ok && copy(id[:], b) == 16 && len(b) == 16
}

func moment(src sqldriver.Value) (time.Time, bool) {
	n, ok := src.(int64)
	return time.UnixMicro(n).UTC(), ok
}

func truth(src sqldriver.Value) (bool, bool) {
	n, ok := src.(int64)
	return n != 0, ok
}

func integer[T int | int32 | int64](src sqldriver.Value) (T, bool) {
	n, ok := src.(int64)
	return T(n), ok && int64(T(n)) == n
}

func number(c *driver.Column, src sqldriver.Value) (decimal.Decimal, bool) {
	n, ok := src.(int64)
	return decimal.New(n, -int32(c.Scale)), ok
}

func float(src sqldriver.Value) (float64, bool) {
	switch v := src.(type) {
	case float64:
		return v, true
	case int64: // of an expression
		return float64(v), v < 1<<53 && v > -1<<53
	}
	return math.NaN(), false
}

// blob keeps an empty value apart from NULL.
func blob(src sqldriver.Value) ([]byte, bool) {
	switch v := src.(type) {
	case []byte:
		if v == nil {
			v = []byte{}
		}
		return v, true
	case string:
		return []byte(v), true
	}
	return nil, false
}
