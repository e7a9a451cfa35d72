package data

import (
	"time"

	"github.com/manorgo/manor/fault"
)

// A Date is a day, without a time or a zone: YYYY-MM-DD, from 0001-01-01 to
// 9999-12-31. It is stored as that text, which sorts right, and is the same
// text in JSON. A column of Dates refuses everything else as fault.Invalid,
// the empty Date too: use a *Date where there may be none.
type Date string

// ParseDate reads a day. Anything else is fault.Malformed.
func ParseDate(s string) (Date, error) {
	if !Date(s).Valid() {
		return "", fault.Errorf(fault.Malformed, notADate)
	}
	return Date(s), nil
}

const notADate = "is not a date, such as 2026-01-31"

// DateOf returns the day that t is in, in UTC.
func DateOf(t time.Time) Date { return Date(t.UTC().Format(time.DateOnly)) }

// Valid reports whether d is a day of the calendar.
func (d Date) Valid() bool {
	t, err := time.Parse(time.DateOnly, string(d))
	return err == nil && t.Year() >= 1
}

// Time returns the beginning of the day in UTC, or the zero time if d is not
// valid.
func (d Date) Time() time.Time {
	t, _ := time.Parse(time.DateOnly, string(d))
	return t
}
