package transfer

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/data/driver"
)

// write is the SQL that stores parameter n.
func (c *column) write(n int) string {
	switch {
	case c.server && c.stored == "bit":
		return fmt.Sprintf("$%d::text::bit varying", n) // bit alone would be one
	case c.server:
		return fmt.Sprintf("$%d::text::%s", n, c.stored)
	case c.Kind == driver.JSON && c.stored == "BLOB":
		return "jsonb(?)"
	}
	return "?"
}

// bind returns what a value is bound as.
func (c *column) bind(v cell) (any, error) {
	if v.null {
		return nil, nil
	}
	if c.server {
		b, err := c.appendServer(nil, v)
		return string(b), err
	}
	s := string(v.b)
	switch c.Kind {
	case driver.Int:
		return strconv.ParseInt(s, 10, 64)
	case driver.Float:
		f, err := strconv.ParseFloat(s, 64)
		if err == nil && math.IsNaN(f) {
			err = errors.New("is not a number, which SQLite cannot hold")
		}
		return f, err
	case driver.Bool:
		if s == "true" {
			return int64(1), nil
		}
		return int64(0), nil
	case driver.Time:
		t, err := time.Parse(timeLayout, s)
		if err != nil {
			return nil, err
		}
		if !c.textTime() {
			return t.UnixMicro(), nil
		}
		if t.Nanosecond()%int(time.Millisecond) == 0 {
			return t.Format("2006-01-02 15:04:05.000"), nil // as the queue writes it
		}
		return t.Format("2006-01-02 15:04:05.000000"), nil
	case driver.UUID:
		return parseUUID(s)
	case driver.Decimal:
		return c.scaled(s)
	case driver.Bytes:
		return append([]byte{}, v.b...), nil
	}
	return s, nil
}

// scaled returns a decimal as SQLite holds it: in units of its last place.
func (c *column) scaled(s string) (any, error) {
	if !strings.Contains(c.stored, "INT") {
		return s, nil
	}
	d, err := decimal.NewFromString(s)
	if err != nil {
		return nil, err
	}
	d = d.Shift(int32(max(c.Scale, 0)))
	if !d.IsInteger() || !d.BigInt().IsInt64() {
		return nil, errors.New("has too many digits")
	}
	return d.IntPart(), nil
}

// appendServer appends a value, which is not NULL, as PostgreSQL reads it.
func (c *column) appendServer(dst []byte, v cell) ([]byte, error) {
	switch c.Kind {
	case driver.Bytes:
		return hex.AppendEncode(append(dst, `\x`...), v.b), nil
	case driver.Int:
		if c.stored == "bit" {
			n, err := strconv.ParseUint(string(v.b), 10, 63)
			if err != nil {
				return dst, errors.New("is not a bit string")
			}
			return fmt.Appendf(dst, "%0*b", c.bits, n), nil
		}
	case driver.JSON:
		if of, ok := strings.CutSuffix(c.stored, "[]"); ok {
			return appendArray(dst, v.b, strings.HasPrefix(of, "json"))
		}
	}
	for _, b := range v.b {
		if b == 0 {
			return dst, errors.New("has a NUL in it, which PostgreSQL cannot hold")
		}
	}
	return append(dst, v.b...), nil
}

// appendArray appends a JSON list as an array, of JSON or of texts.
func appendArray(dst, list []byte, ofJSON bool) ([]byte, error) {
	var items []json.RawMessage
	if err := json.Unmarshal(list, &items); err != nil {
		return dst, errors.New("is not a list")
	}
	dst = append(dst, '{')
	for i, item := range items {
		if i > 0 {
			dst = append(dst, ',')
		}
		text := string(item)
		if !ofJSON {
			if text == "null" {
				dst = append(dst, "NULL"...)
				continue
			}
			if json.Unmarshal(item, &text) != nil {
				text = string(item) // a number
			}
		}
		dst = append(dst, '"')
		for j := range len(text) {
			if text[j] == '"' || text[j] == '\\' {
				dst = append(dst, '\\')
			}
			dst = append(dst, text[j])
		}
		dst = append(dst, '"')
	}
	return append(dst, '}'), nil
}

// appendCopy appends a value, whose text is in scratch, as COPY reads it.
func appendCopy(dst, scratch []byte) []byte {
	for _, b := range scratch {
		switch b {
		case '\\':
			dst = append(dst, '\\', '\\')
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, b)
		}
	}
	return dst
}
