package transfer

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/data/driver"
)

// A cell is a value in its neutral form: text, but for Bytes, which are
// themselves.
type cell struct {
	null bool
	b    []byte
}

// anyScale is the Scale of a decimal that may have any.
const anyScale = -1

// timeLayout is how times are written.
const timeLayout = "2006-01-02T15:04:05.000000Z"

// SELECT writes what is read of c.
func (c *column) read() string {
	name := quote(c.Name)
	switch {
	case c.server && c.Kind == driver.Time:
		return "(extract(epoch FROM " + name + ") * 1000000)::bigint::text"
	case c.server && c.Kind == driver.Int && c.stored == "bit":
		return name + "::bigint::text"
	case c.server && c.Kind == driver.JSON && strings.HasSuffix(c.stored, "[]"):
		return "to_jsonb(" + name + ")::text"
	case c.server:
		return name + "::text"
	case c.Kind == driver.JSON && c.stored == "BLOB":
		return "json(" + name + ")" // SQLite's own binary form
	case c.Kind == driver.Time && c.textTime():
		return "CAST(" + name + " AS TEXT)" // or its library would parse it
	}
	return name
}

// textTime reports whether SQLite holds the times of c as text: those of the
// queue's library, and not those of package data.
func (c *column) textTime() bool { return !strings.Contains(c.stored, "INT") }

// decode appends the neutral form of what was read.
func (c *column) decode(dst []byte, src any) ([]byte, error) {
	switch c.Kind {
	case driver.Int:
		switch v := src.(type) {
		case int64:
			return strconv.AppendInt(dst, v, 10), nil
		case string:
			return append(dst, v...), nil
		}
	case driver.Float:
		return decodeFloat(dst, src)
	case driver.Bool:
		switch v := src.(type) {
		case int64:
			return strconv.AppendBool(dst, v != 0), nil
		case string:
			return append(dst, v...), nil
		}
	case driver.Time:
		return decodeTime(dst, src)
	case driver.UUID:
		switch v := src.(type) {
		case []byte:
			if len(v) == 16 {
				return appendUUID(dst, v), nil
			}
		case string:
			return append(dst, v...), nil
		}
	case driver.Decimal:
		switch v := src.(type) {
		case int64:
			return append(dst, decimal.New(v, -int32(c.Scale)).StringFixed(int32(c.Scale))...), nil
		case string:
			return c.decimal(dst, v)
		}
	case driver.Bytes:
		switch v := src.(type) {
		case []byte:
			return append(dst, v...), nil
		case string:
			if !c.server {
				return append(dst, v...), nil
			}
			digits := strings.TrimPrefix(v, `\x`)
			return hex.AppendDecode(dst, []byte(digits))
		}
	case driver.JSON:
		return decodeJSON(dst, src)
	default:
		return decodeText(dst, src)
	}
	return dst, fmt.Errorf("holds a %T, which is not %s", src, kindNames[c.Kind])
}

func decodeFloat(dst []byte, src any) ([]byte, error) {
	var f float64
	switch v := src.(type) {
	case float64:
		f = v
	case int64:
		f = float64(v)
	case string:
		var err error
		if f, err = strconv.ParseFloat(v, 64); err != nil {
			return dst, errors.New("holds no number")
		}
	default:
		return dst, fmt.Errorf("holds a %T, which is no number", src)
	}
	return appendFloat(dst, f), nil
}

func appendFloat(dst []byte, f float64) []byte {
	switch {
	case math.IsInf(f, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(f, -1):
		return append(dst, "-Infinity"...)
	}
	return strconv.AppendFloat(dst, f+0, 'g', -1, 64) // -0 is 0, as SQLite has it
}

func decodeTime(dst []byte, src any) ([]byte, error) {
	var t time.Time
	switch v := src.(type) {
	case int64:
		t = time.UnixMicro(v).UTC()
	case string:
		if n, err := strconv.ParseInt(v, 10, 64); err == nil {
			t = time.UnixMicro(n).UTC()
		} else if t, err = time.Parse("2006-01-02 15:04:05.999999999", v); err != nil {
			if t, err = time.Parse(time.RFC3339Nano, v); err != nil {
				return dst, errors.New("holds no time that is understood")
			}
		}
	default:
		return dst, fmt.Errorf("holds a %T, which is no time", src)
	}
	if y := t.UTC().Year(); y < 1 || y > 9999 {
		return dst, errors.New("holds a time outside the years 1 to 9999")
	}
	return t.UTC().Truncate(time.Microsecond).AppendFormat(dst, timeLayout), nil
}

func decodeJSON(dst []byte, src any) ([]byte, error) {
	var b []byte
	switch v := src.(type) {
	case string:
		b = []byte(v)
	case []byte:
		b = v
	default:
		return dst, fmt.Errorf("holds a %T, which is not JSON", src)
	}
	out := bytes.NewBuffer(dst)
	if err := json.Compact(out, b); err != nil {
		return dst, errors.New("holds no valid JSON")
	}
	return out.Bytes(), nil
}

func decodeText(dst []byte, src any) ([]byte, error) {
	switch v := src.(type) {
	case string:
		dst = append(dst, v...)
	case []byte:
		dst = append(dst, v...)
	case int64:
		return strconv.AppendInt(dst, v, 10), nil
	case float64:
		return appendFloat(dst, v), nil
	default:
		return dst, fmt.Errorf("holds a %T, which is not text", src)
	}
	if !utf8.Valid(dst) {
		return dst, errors.New("holds text that is not UTF-8")
	}
	return dst, nil
}

// decimal appends a decimal with the column's places, or all that it has.
func (c *column) decimal(dst []byte, s string) ([]byte, error) {
	d, err := decimal.NewFromString(s)
	switch {
	case err != nil:
		return dst, errors.New("is not a decimal")
	case d.Exponent() > 1000 || d.Exponent() < -1000:
		return dst, errors.New("has too many digits")
	case c.Scale == anyScale:
		return append(dst, d.String()...), nil
	case !d.Equal(d.Truncate(int32(c.Scale))):
		return dst, fmt.Errorf("has more than %d decimal places", c.Scale)
	}
	return append(dst, d.StringFixed(int32(c.Scale))...), nil
}

func appendUUID(dst, id []byte) []byte {
	dst = hex.AppendEncode(dst, id[:4])
	for _, part := range [][]byte{id[4:6], id[6:8], id[8:10], id[10:16]} {
		dst = hex.AppendEncode(append(dst, '-'), part)
	}
	return dst
}

func parseUUID(s string) ([]byte, error) {
	if len(s) == 36 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-' {
		if id, err := hex.DecodeString(strings.ReplaceAll(s, "-", "")); err == nil && len(id) == 16 {
			return id, nil
		}
	}
	return nil, errors.New("is not a UUID")
}

// kindNames are what kinds are called in files and errors.
var kindNames = map[driver.Kind]string{
	driver.Text: "text", driver.Int: "int", driver.Float: "float", driver.Bool: "bool", driver.Time: "time",
	driver.UUID: "uuid", driver.Decimal: "decimal", driver.Bytes: "bytes", driver.JSON: "json",
}

// appendJSON appends a value as files have it.
func (c *column) appendJSON(dst []byte, v cell) []byte {
	switch {
	case v.null:
		return append(dst, "null"...)
	case c.Kind == driver.Int, c.Kind == driver.Bool, c.Kind == driver.JSON:
		return append(dst, v.b...)
	case c.Kind == driver.Float && !bytes.HasSuffix(v.b, []byte("y")) && string(v.b) != "NaN": // not Infinity
		return append(dst, v.b...)
	case c.Kind == driver.Bytes:
		dst = append(dst, '"')
		return append(base64.StdEncoding.AppendEncode(dst, v.b), '"')
	}
	return appendString(dst, string(v.b))
}

// appendString appends s as a JSON string.
func appendString(dst []byte, s string) []byte {
	out := bytes.NewBuffer(dst)
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // cannot fail
	return out.Bytes()[:out.Len()-1]
}

// text returns a value as CSV has it.
func (c *column) text(v cell) string {
	if c.Kind == driver.Bytes {
		return base64.StdEncoding.EncodeToString(v.b)
	}
	return string(v.b)
}

// parse appends the neutral form of a text that a person or a program wrote.
func (c *column) parse(dst []byte, s string) ([]byte, error) {
	switch c.Kind {
	case driver.Int:
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return dst, errors.New("is not a whole number of 64 bits")
		}
		return strconv.AppendInt(dst, n, 10), nil
	case driver.Float:
		f, err := strconv.ParseFloat(s, 64)
		if err != nil || strings.ContainsAny(s, "xX_") {
			return dst, errors.New("is not a number")
		}
		return appendFloat(dst, f), nil
	case driver.Bool:
		switch strings.ToLower(s) {
		case "true", "t", "1":
			return append(dst, "true"...), nil
		case "false", "f", "0":
			return append(dst, "false"...), nil
		}
		return dst, errors.New("is neither true nor false")
	case driver.Time:
		t, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			return dst, errors.New("is not a time, such as 2026-01-31T10:00:00Z")
		}
		return decodeTime(dst, t.UTC().Format(time.RFC3339Nano))
	case driver.UUID:
		id, err := parseUUID(s)
		if err != nil {
			return dst, err
		}
		return appendUUID(dst, id), nil
	case driver.Decimal:
		return c.decimal(dst, s)
	case driver.Bytes:
		out, err := base64.StdEncoding.AppendDecode(dst, []byte(s))
		if err != nil {
			return dst, errors.New("is not base64")
		}
		return out, nil
	case driver.JSON:
		return decodeJSON(dst, s)
	}
	return decodeText(dst, s)
}

// parseJSON appends the neutral form of a JSON value other than null.
func (c *column) parseJSON(dst []byte, raw []byte) ([]byte, error) {
	if c.Kind == driver.JSON {
		return decodeJSON(dst, raw)
	}
	switch raw[0] {
	case '"':
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			return dst, errors.New("is no valid text")
		}
		return c.parse(dst, s)
	case '{', '[':
		return dst, errors.New("is an object or a list where one value is expected")
	}
	return c.parse(dst, string(raw))
}
