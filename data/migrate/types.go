package migrate

import (
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
)

// describePostgres returns a column's type and what its check holds besides the
// column's own.
func describePostgres(c data.ColumnSchema) (typ string, checks []string, err error) {
	switch c.Kind {
	case driver.Text:
		typ = `text COLLATE "C"`
		if c.Size > 0 {
			typ = fmt.Sprintf(`varchar(%d) COLLATE "C"`, c.Size)
		}
		if len(c.Enum) > 0 {
			checks = append(checks, oneOf(c))
		}
	case driver.Decimal:
		typ = fmt.Sprintf("numeric(%d,%d)", c.Digits, c.Scale)
	case driver.Int:
		typ = "bigint"
	case driver.Float:
		typ = "double precision"
	case driver.Bool:
		typ = "boolean"
	case driver.Time:
		typ = "timestamptz"
	case driver.UUID:
		typ = "uuid"
	case driver.Bytes:
		typ = "bytea"
	case driver.JSON:
		typ = "jsonb"
	default:
		err = fmt.Errorf("a type with its own Scan and Value could be stored as anything: say type=text, int or another in its tag, or write the revision by hand")
	}
	return typ, checks, err
}

// describeSQLite does the same for SQLite, whose types hold less.
func describeSQLite(c data.ColumnSchema) (typ string, checks []string, err error) {
	switch c.Kind {
	case driver.Text:
		typ = "TEXT"
		if c.Size > 0 {
			checks = append(checks, fmt.Sprintf("length(%s) <= %d", quote(c.Name), c.Size))
		}
		if len(c.Enum) > 0 {
			checks = append(checks, oneOf(c))
		}
	case driver.Decimal:
		typ = "INTEGER"
		const most = 18 // digits that fit into 64 bits
		if c.Digits > most {
			return "", nil, fmt.Errorf("a decimal has at most %d digits there, not %d", most, c.Digits)
		}
		limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(c.Digits)), nil)
		limit.Sub(limit, big.NewInt(1))
		checks = append(checks, fmt.Sprintf("%s BETWEEN -%d AND %d", quote(c.Name), limit, limit))
		if c.Check != "" && !aboutZero(c) {
			return "", nil, fmt.Errorf("the check %q is not a comparison with 0, which is all that means the same for a scaled integer", c.Check)
		}
	case driver.Bool:
		typ = "INTEGER"
		checks = append(checks, quote(c.Name)+" IN (0, 1)")
	case driver.Int, driver.Time:
		typ = "INTEGER"
	case driver.Float:
		typ = "REAL"
	case driver.UUID, driver.Bytes:
		typ = "BLOB"
	case driver.JSON:
		typ = "TEXT"
	default:
		_, _, err = describePostgres(c)
	}
	return typ, checks, err
}

var zeroCheck = regexp.MustCompile(`^\s*"?(\w+)"?\s*(?:<|<=|>|>=|=|<>|!=)\s*0\s*$`)

// aboutZero reports whether the column's check compares it with 0.
func aboutZero(c data.ColumnSchema) bool {
	m := zeroCheck.FindStringSubmatch(c.Check)
	return m != nil && m[1] == c.Name
}

var quoted = regexp.MustCompile(`^'(?:[^']|'')*'$`)

// defaultOf returns a column's default as the dialect stores it, or "".
func defaultOf(dialect string, c data.ColumnSchema) (string, error) {
	if c.Default == "" {
		return "", nil
	}
	bad := func(want string) (string, error) {
		return "", fmt.Errorf("the default %q is not %s", c.Default, want)
	}
	switch c.Kind {
	case driver.Bool:
		b, err := strconv.ParseBool(c.Default)
		switch {
		case err != nil:
			return bad("true or false")
		case dialect == postgres:
			return strconv.FormatBool(b), nil
		case b:
			return "1", nil
		}
		return "0", nil
	case driver.Int:
		if _, err := strconv.ParseInt(c.Default, 10, 64); err != nil {
			return bad("a whole number")
		}
	case driver.Float:
		if _, err := strconv.ParseFloat(c.Default, 64); err != nil || strings.ContainsAny(c.Default, "xXnN_") {
			return bad("a number")
		}
	case driver.Decimal:
		d, err := decimal.NewFromString(c.Default)
		if err != nil {
			return bad("a number")
		}
		if dialect == sqlite {
			d = d.Shift(int32(c.Scale))
			if !d.IsInteger() {
				return bad(fmt.Sprintf("a number with at most %d places", c.Scale))
			}
		}
		return d.String(), nil
	case driver.Text, driver.JSON:
		if !quoted.MatchString(c.Default) {
			return bad("a text in single quotes")
		}
	default:
		return bad("possible for this type")
	}
	return c.Default, nil
}
