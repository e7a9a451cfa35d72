package data_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

func ExampleParseDate() {
	d, err := data.ParseDate("2026-02-28")
	fmt.Println(d, err, d.Time().AddDate(0, 0, 1).Weekday())
	_, err = data.ParseDate("2026-02-30")
	fmt.Println(err)
	// Output:
	// 2026-02-28 <nil> Sunday
	// is not a date, such as 2026-01-31
}

func TestDate(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"0001-01-01", "9999-12-31", "2024-02-29"} {
		if d, err := data.ParseDate(s); err != nil || string(d) != s {
			t.Errorf("ParseDate(%q) = %q, %v", s, d, err)
		}
	}
	for _, s := range []string{"", "2026-1-1", "2025-02-29", "0000-01-01", "10000-01-01", "2026-01-01T00:00:00Z", " 2026-01-01"} {
		if _, err := data.ParseDate(s); !errors.Is(err, fault.Malformed) {
			t.Errorf("ParseDate(%q): %v, want malformed", s, err)
		}
	}
	east := time.Date(2026, 5, 2, 1, 0, 0, 0, time.FixedZone("", 2*3600))
	if d := data.DateOf(east); d != "2026-05-01" {
		t.Errorf("DateOf(%v) = %s, want the day in UTC", east, d)
	}
	if !data.Date("x").Time().IsZero() {
		t.Error("the time of no date is not zero")
	}
}
