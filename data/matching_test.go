package data_test

import (
	"context"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

type sample struct {
	data.Identified[sample]
	Text    string            `db:"text,size=5"`
	Enum    string            `db:"enum,enum=red|blue"`
	Int     int               `db:"int"`
	Float   float64           `db:"float"`
	Bool    bool              `db:"bool"`
	Time    *time.Time        `db:"time"`
	Decimal decimal.Decimal   `db:"decimal,numeric=5.2"`
	Day     data.Date         `db:"day"`
	JSON    map[string]string `db:"json,json"`
	Bytes   []byte            `db:"bytes"`
}

var samples = data.NewTable[sample]("samples")

func TestMatchingReadsText(t *testing.T) {
	t.Parallel()
	where := func(text string) string { return `query SELECT count(*) FROM "samples" WHERE ` + text }
	for _, c := range []struct {
		column string
		m      data.Match
		texts  []string
		want   string
	}{
		{"id", data.OneOf, []string{"ABCD0000-0000-0000-0000-000000000000"}, where(`"id" = ?; abcd`)},
		{"text", data.OneOf, []string{"a,b"}, where(`"text" = ?; a,b`)},
		{"text", data.OneOf, []string{"a", "b"}, where(`("text" IN (?, ?)); a; b`)},
		{"text", data.OneOf, nil, where(`1 = 0`)},
		{"text", data.NoneOf, []string{"a"}, where(`("text" NOT IN (?)); a`)},
		{"text", data.NoneOf, nil, where(`1 = 1`)},
		{"int", data.Before, []string{"-7"}, where(`"int" < ?; -7`)},
		{"float", data.After, []string{"1e3"}, where(`"float" > ?; 1000`)},
		{"bool", data.OneOf, []string{"false"}, where(`"bool" = no`)},
		{"time", data.Before, []string{"2026-01-01T10:30:00+02:00"}, where(`"time" < ?; 08:30:00`)},
		{"time", data.After, []string{"2026-01-01T10:30:00.5Z"}, where(`"time" > ?; 10:30:00`)},
		{"decimal", data.OneOf, []string{"999.99", "1.500", "1e2"}, where(`("decimal" IN (?, ?, ?, ?)); 999.99; 1.5; 100; 100`)},
		{"enum", data.OneOf, []string{"red"}, where(`"enum" = ?; red`)},
		{"day", data.OneOf, []string{"2026-02-28"}, where(`"day" = ?; 2026-02-28`)},
	} {
		f, err := samples.Matching(c.column, c.m, c.texts...)
		if err != nil {
			t.Errorf("%s %v: %v", c.column, c.texts, err)
			continue
		}
		db, r := newRecorder("sqlite")
		samples.On(db).Count(context.Background(), f)
		check(t, c.column, r.take(), c.want)
	}
}

func TestMatchingRefuses(t *testing.T) {
	t.Parallel()
	for column, texts := range map[string][]string{
		"id":      {"", "1", "abcd0000000000000000000000000000", "abcd0000-0000-0000-0000-00000000000g"},
		"text":    {"a\x00", "\xff", "longer"},
		"enum":    {"", "Red", "green"},
		"int":     {"", "x", "1.5", " 1", "1_000", "0x10", "9223372036854775808"},
		"float":   {"", "x", "NaN", "Inf", "-inf", "1e999"},
		"bool":    {"", "1", "TRUE", "yes"},
		"time":    {"", "2026-01-01", "2026-01-01T10:00:00", "2026-01-01 10:00:00Z", "2026-02-30T10:00:00Z", "10000-01-01T00:00:00Z", "0000-01-01T00:00:00Z", "1767225600"},
		"decimal": {"", "x", "NaN", "1000", "0.001", "1e3", "1e999999999", "-1e999999999", "1e-999999999", strings.Repeat("9", 60)},
		"day":     {"", "2026-02-30", "2026-1-1"},
		"json":    {"{}"},
		"bytes":   {"x"},
	} {
		for _, text := range texts {
			if _, err := samples.Matching(column, data.OneOf, text); !errors.Is(err, fault.Malformed) {
				t.Errorf("%s: %q gave %v, want %s", column, text, err, fault.Malformed)
			}
		}
	}
}

// FuzzDecimal holds what a column takes against plain arithmetic.
func FuzzDecimal(f *testing.F) {
	for _, s := range []string{"0", "-0.00", "999.99", "999.994", "1000", "1.500", "0.001", "1e2", "1e3", "12e-1", "0e99"} {
		f.Add(s)
	}
	db, _ := newRecorder("sqlite")
	f.Fuzz(func(t *testing.T, s string) {
		d, err := decimal.NewFromString(s)
		if err != nil || d.Exponent() > 50 || d.Exponent() < -50 || len(s) > 60 {
			t.Skip() // no decimal that a request can bring: the parser has refused it
		}
		x := d.Rat()
		fits := new(big.Rat).Mul(x, big.NewRat(100, 1)).IsInt() && x.Cmp(big.NewRat(1000, 1)) < 0 && x.Cmp(big.NewRat(-1000, 1)) > 0
		err = samples.On(db).Add(context.Background(), &sample{Enum: "red", Day: "2026-01-01", Decimal: d})
		if fits != (err == nil) || err != nil && !errors.Is(err, fault.Invalid) {
			t.Errorf("%s: %v, fits: %v", s, err, fits)
		}
	})
}

func TestHugeExponentsAreCheap(t *testing.T) {
	t.Parallel()
	db, r := newRecorder("sqlite")
	for _, exp := range []int32{999_999_999, -999_999_999} {
		err := samples.On(db).Add(context.Background(), &sample{Enum: "red", Day: "2026-01-01", Decimal: decimal.New(1, exp)})
		if !errors.Is(err, fault.Invalid) {
			t.Errorf("1e%d: %v", exp, err)
		}
	}
	check(t, "what was run", r.take(), "")
}

func TestValuesAreHeldToTheirColumn(t *testing.T) {
	t.Parallel()
	db, r := newRecorder("sqlite")
	fine := sample{Enum: "red", Day: "2026-01-01"}
	for field, spoil := range map[string]func(*sample){
		"text":    func(v *sample) { v.Text = "longer" },
		"enum":    func(v *sample) { v.Enum = "green" },
		"day":     func(v *sample) { v.Day = "" },
		"decimal": func(v *sample) { v.Decimal = decimal.New(1, 3) },
		"json":    func(v *sample) { v.JSON = map[string]string{"a": "\x00"} },
	} {
		v := fine
		spoil(&v)
		err := samples.On(db).Add(context.Background(), &v)
		e, ok := errors.AsType[*fault.Error](err)
		if !ok || e.Kind != fault.Invalid || len(e.Details) != 1 || e.Details[0].Location != "body."+field {
			t.Errorf("%s: %v", field, err)
		}
	}
	check(t, "what was run", r.take(), "")
	five := fine
	five.Text, five.JSON = "äöüß😀", map[string]string{"a": `\u0000`} // a backslash, and not the character
	if err := samples.On(db).Add(context.Background(), &five); err != nil {
		t.Error(err)
	}
}
