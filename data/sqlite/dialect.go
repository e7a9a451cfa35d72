package sqlite

import (
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/data/driver"
)

// dialect is SQLite's SQL. LIKE is not used: it folds case and knows wildcards.
var dialect = driver.Dialect{
	Name:      "sqlite",
	MaxParams: 32766,
	True:      "1", False: "0",
	Verbatim: true,
	Later:    "max(%s, %s + 1)",
	Has:      "instr(%s, %s) > 0",
	HasFold:  "instr(lower(%s), lower(%s)) > 0",
	Prefix:   "instr(%s, %s) = 1",
	// No text has a NUL in it, so only an end is followed by one.
	PrefixFold: "instr(lower(%s), lower(%s)) = 1",
	Suffix:     "instr(%s || char(0), %s || char(0)) > 0",
	SuffixFold: "instr(lower(%s) || char(0), lower(%s) || char(0)) > 0",
	Like:       "%s GLOB %s",
	LikeFold:   "lower(%s) GLOB lower(%s)",
	Pattern:    glob,
	Fold:       "lower(%s)",
	Member:     "EXISTS (SELECT 1 FROM (SELECT %s AS list) AS l, json_each(l.list) AS e WHERE e.atom = %s)",
	// Nothing fails so on purpose but RAISE, which only triggers have: the blob is
	// larger than any may be.
	Narrow: "(SELECT CASE WHEN n BETWEEN -2147483648 AND 2147483647 THEN n ELSE zeroblob(2147483647) END FROM (SELECT %s AS n))",
	Field:  "json_set(%s, '$.%s', %s)",
	Search: search, Together: indexTogether,
	Encode: encode,
}

// glob turns a pattern of LIKE into one of GLOB, which tells upper from lower
// case.
func glob(like string) string {
	var b strings.Builder
	escaped := false
	for _, r := range like {
		switch {
		case !escaped && r == '\\':
			escaped = true
			continue
		case !escaped && r == '%':
			b.WriteByte('*')
		case !escaped && r == '_':
			b.WriteByte('?')
		case r == '*' || r == '?' || r == '[':
			b.WriteString("[" + string(r) + "]")
		default:
			b.WriteRune(r)
		}
		escaped = false
	}
	return b.String()
}

// encode turns a value into what is stored: a UUID into its 16 bytes, a time
// into microseconds since 1970, a bool into 0 or 1, and a decimal into a whole
// number of its last places, so that all of them are exact and sort right.
func encode(c driver.Column, v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	switch c.Kind {
	case driver.UUID:
		switch id := v.(type) {
		case *[16]byte:
			return id[:], nil
		case [16]byte:
			return id[:], nil
		}
	case driver.Time:
		switch t := v.(type) {
		case *time.Time:
			return t.UnixMicro(), nil
		case time.Time:
			return t.UnixMicro(), nil
		}
	case driver.Bool:
		if b, ok := v.(bool); ok {
			if b {
				return int64(1), nil
			}
			return int64(0), nil
		}
	case driver.Decimal:
		switch d := v.(type) {
		case *decimal.Decimal:
			return scaled(c, *d)
		case decimal.Decimal:
			return scaled(c, d)
		}
	case driver.JSON:
		if b, ok := v.([]byte); ok {
			return string(b), nil
		}
	case driver.Bytes:
		if b, ok := v.([]byte); ok && b == nil {
			return []byte{}, nil // nil would be NULL
		}
	case driver.Float:
		if f, ok := v.(float64); ok && math.IsNaN(f) {
			return nil, bad(c, "is not a number")
		}
	case driver.Other:
		if valuer, ok := v.(sqldriver.Valuer); ok {
			return sqldriver.DefaultParameterConverter.ConvertValue(valuer)
		}
	}
	if !sqldriver.IsValue(v) {
		return nil, bad(c, fmt.Sprintf("cannot hold a %T", v))
	}
	return v, nil
}

func bad(c driver.Column, why string) error {
	return &driver.Error{Class: driver.BadValue, Columns: []string{c.Name}, Err: errors.New("sqlite: " + c.Name + " " + why)}
}

// scaled returns d in units of the column's last place.
func scaled(c driver.Column, d decimal.Decimal) (any, error) {
	if d.NumDigits() > 18 { // it may be more than an int64
		short := d.Truncate(int32(c.Scale))
		if !short.Equal(d) || !short.Coefficient().IsInt64() {
			return nil, bad(c, "has too many digits")
		}
		d = short
	}
	n, shift := d.CoefficientInt64(), int(d.Exponent())+c.Scale
	for ; shift > 0 && n != 0; shift-- {
		if n > math.MaxInt64/10 || n < math.MinInt64/10 {
			return nil, bad(c, "has too many digits")
		}
		n *= 10
	}
	for ; shift < 0 && n != 0; shift++ {
		if n%10 != 0 {
			return nil, bad(c, "has too many decimal places")
		}
		n /= 10
	}
	return n, nil
}
