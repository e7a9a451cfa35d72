package data

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/manorgo/manor/data/driver"
)

// fromJSON reads a value of the column as the row's JSON has it.
func (f *field) fromJSON(v any, path string) (any, error) {
	want, ok, text := "a text", false, ""
	switch f.column.Kind {
	case driver.Bool:
		var b bool
		if b, ok = v.(bool); ok {
			text = strconv.FormatBool(b)
		}
		want = "true or false"
	case driver.Int, driver.Float:
		var n json.Number
		n, ok = v.(json.Number)
		text, want = n.String(), "a number"
	default:
		text, ok = v.(string)
	}
	if !ok {
		return nil, badTree(path, "must be %s", want)
	}
	out, err := f.parse(text)
	return out, place(err, path)
}

// dayFromJSON reads a day, or the day of a time, in UTC.
func (f *field) dayFromJSON(v any, path string) (time.Time, error) {
	s, _ := v.(string)
	if Date(s).Valid() {
		return Date(s).Time(), nil
	}
	x, err := f.parse(s)
	if err != nil {
		return time.Time{}, badTree(path, "is not a day, such as 2026-01-31, nor a time with zone")
	}
	at, _ := x.(time.Time)
	return at, nil
}
