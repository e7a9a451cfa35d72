package drivertest

import (
	"bytes"
	"database/sql/driver"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

type (
	colour   string
	level    int
	settings struct {
		Theme string         `json:"theme"`
		More  map[string]any `json:"more,omitempty"`
	}
	// A celsius knows itself how it is stored.
	celsius struct{ Degrees int }
)

// Scan reads the stored text.
func (c *celsius) Scan(src any) error {
	_, err := fmt.Sscanf(fmt.Sprint(src), "%d degrees", &c.Degrees)
	return err
}

// Value returns the stored text.
func (c celsius) Value() (driver.Value, error) { return fmt.Sprintf("%d degrees", c.Degrees), nil }

// A sample has a column of every kind, with and without NULL.
type sample struct {
	data.Identified[sample]
	Text    string          `db:"text"`
	Named   colour          `db:"named"`
	Int     int             `db:"int"`
	Level   level           `db:"level"`
	Big     int64           `db:"big"`
	Small   int32           `db:"small"`
	Float   float64         `db:"float"`
	Bool    bool            `db:"bool"`
	Time    time.Time       `db:"time"`
	UUID    data.ID[person] `db:"uuid"`
	Decimal decimal.Decimal `db:"decimal,numeric=18.4"`
	Bytes   []byte          `db:"bytes"`
	JSON    settings        `db:"json,json"`
	Other   celsius         `db:"other"`

	NullText    *string          `db:"null_text"`
	NullNamed   *colour          `db:"null_named"`
	NullInt     *int             `db:"null_int"`
	NullBig     *int64           `db:"null_big"`
	NullSmall   *int32           `db:"null_small"`
	NullFloat   *float64         `db:"null_float"`
	NullBool    *bool            `db:"null_bool"`
	NullTime    *time.Time       `db:"null_time"`
	NullUUID    *data.ID[person] `db:"null_uuid"`
	NullDecimal *decimal.Decimal `db:"null_decimal,numeric=18.4"`
	NullBytes   *[]byte          `db:"null_bytes"`
	NullJSON    *settings        `db:"null_json,json"`
}

var samples = data.NewTable[sample]("samples")

var kindTests = []test{
	{"round trip", func(s suite) {
		db := s.db(samples.Schema())
		for name, v := range sampleValues() {
			want := v
			s.ok(samples.On(db).Add(s.ctx, &v))
			want.ID = v.ID
			got, err := samples.On(db).Get(s.ctx, v.ID)
			s.ok(err)
			s.same(name+" by Add", got, want)
		}
		var all []sample
		for _, v := range sampleValues() {
			all = append(all, v)
		}
		s.exec(db, "DELETE FROM samples")
		s.ok(samples.On(db).AddAll(s.ctx, all))
		page, err := samples.On(db).List(s.ctx, data.Query[sample]{Limit: -1})
		s.ok(err)
		s.same("by AddAll", page.Items, all)
	}},
	{"times are UTC and whole microseconds", func(s suite) {
		db := s.db(samples.Schema())
		at := time.Date(2026, 3, 29, 1, 59, 59, 123456789, time.FixedZone("", 7200))
		v := sample{Time: at, NullTime: &at}
		s.ok(samples.On(db).Add(s.ctx, &v))
		got, err := samples.On(db).Get(s.ctx, v.ID)
		s.ok(err)
		want := time.Date(2026, 3, 28, 23, 59, 59, 123456000, time.UTC)
		for name, x := range map[string]time.Time{"written": v.Time, "read": got.Time, "nullable": *got.NullTime} {
			if x != want {
				s.Errorf("%s is %v, want %v", name, x, want)
			}
		}
	}},
	{"an empty value is not NULL", func(s suite) {
		db := s.db(samples.Schema())
		v := sample{NullText: ptr(""), NullBytes: ptr([]byte{}), NullJSON: &settings{}, NullInt: ptr(0)}
		s.ok(samples.On(db).Add(s.ctx, &v))
		for _, column := range []string{"null_text", "null_named", "null_int", "null_bytes", "null_json"} {
			var f data.Filter[sample]
			switch column {
			case "null_text":
				f = data.Col[string](samples, column).IsNull()
			case "null_named":
				f = data.Col[colour](samples, column).NotNull()
			case "null_int":
				f = data.Col[int](samples, column).IsNull()
			case "null_bytes":
				f = data.Col[[]byte](samples, column).IsNull()
			case "null_json":
				f = data.Col[settings](samples, column).IsNull()
			}
			found, err := samples.On(db).Exists(s.ctx, f)
			s.ok(err)
			if found {
				s.Errorf("%s: NULL and an empty value are mixed up", column)
			}
		}
	}},
	{"changes and filters of every kind", kindsInChangesAndFilters},
	{"what does not fit is refused", func(s suite) {
		db := s.db(samples.Schema())
		for name, v := range map[string]sample{
			"decimal": {Decimal: decimal.RequireFromString("0.00001")},
			"float":   {Float: math.NaN()},
		} {
			err := samples.On(db).Add(s.ctx, &v)
			s.is(err, fault.Invalid)
			s.mentions(err, name)
			err = samples.On(db).AddAll(s.ctx, []sample{{}, v})
			s.is(err, fault.Invalid)
			s.mentions(err, name)
		}
		wide := sample{Decimal: decimal.RequireFromString("100000000000000")}
		s.is(samples.On(db).Add(s.ctx, &wide), fault.Invalid)
		count(s, db, samples, 0)
	}},
}

func sampleValues() map[string]sample {
	whole := decimal.RequireFromString
	return map[string]sample{
		"zero": {Bytes: []byte{}},
		"small": {
			Text: "a", Named: "red", Int: math.MinInt64, Level: -1, Big: math.MinInt64, Small: math.MinInt32,
			Float: -math.MaxFloat64, Bool: true, Time: time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC),
			UUID: data.ID[person]{15: 1}, Decimal: whole("-99999999999999.9999"), Bytes: []byte{0},
			JSON: settings{Theme: "dark"}, Other: celsius{-273},
		},
		"large": {
			Text: strings.Repeat("ß漢😀\n\t'\"\\%_", 5000), Named: "a 'quoted' \"colour\"", Int: math.MaxInt64, Level: 7,
			Big: math.MaxInt64, Small: math.MaxInt32, Float: math.MaxFloat64, Bool: true,
			Time: time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC),
			UUID: data.ID[person](bytes.Repeat([]byte{255}, 16)), Decimal: whole("99999999999999.9999"),
			Bytes: bytes.Repeat([]byte{0, 1, 127, 128, 255}, 20000),
			JSON:  settings{Theme: "ß\u0001 \" \\", More: map[string]any{"a": []any{1.5, nil, true, "x"}, "b": map[string]any{}}},
			Other: celsius{math.MaxInt32},
		},
		"optional": {
			Bytes: []byte{}, Float: math.SmallestNonzeroFloat64, Time: time.Date(1969, 12, 31, 23, 59, 59, 999999000, time.UTC),
			NullText: ptr("text"), NullNamed: ptr(colour("blue")), NullInt: ptr(-1), NullBig: ptr(int64(1) << 60), NullSmall: ptr(int32(-5)),
			NullFloat: ptr(0.1), NullBool: ptr(false), NullTime: ptr(time.UnixMicro(1).UTC()), NullUUID: &data.ID[person]{1},
			NullDecimal: ptr(whole("0.0001")), NullBytes: ptr([]byte("x")), NullJSON: &settings{Theme: "light"},
		},
		"halves": {
			Bytes: []byte{}, Float: 0.1, Decimal: whole("12.5"), NullDecimal: ptr(whole("-1200")), NullBool: ptr(true),
			NullText: ptr(""), NullBytes: ptr([]byte{}),
		},
	}
}

func kindsInChangesAndFilters(s suite) {
	db := s.db(samples.Schema())
	v, other := sample{}, sample{Text: "other"}
	s.ok(samples.On(db).AddAll(s.ctx, []sample{v, other}))
	page, err := samples.On(db).List(s.ctx, data.Query[sample]{})
	s.ok(err)
	id := page.Items[0].ID
	want := sampleValues()["large"]
	want.ID = id
	want.NullNamed, want.NullSmall = ptr(colour("blue")), ptr(int32(3))

	text, named, number := data.Col[string](samples, "text"), data.Col[colour](samples, "named"), data.Col[int](samples, "int")
	lvl, big, small := data.Col[level](samples, "level"), data.Col[int64](samples, "big"), data.Col[int32](samples, "small")
	float, truth, at := data.Col[float64](samples, "float"), data.Col[bool](samples, "bool"), data.Col[time.Time](samples, "time")
	uuid, dec := data.Col[data.ID[person]](samples, "uuid"), data.Col[decimal.Decimal](samples, "decimal")
	blob, js, cels := data.Col[[]byte](samples, "bytes"), data.Col[settings](samples, "json"), data.Col[celsius](samples, "other")
	nullNamed, nullSmall := data.Col[colour](samples, "null_named"), data.Col[int32](samples, "null_small")

	got, err := samples.On(db).Update(s.ctx, id,
		text.Set(want.Text), named.Set(want.Named), number.Set(want.Int), lvl.Set(want.Level), big.Set(want.Big), small.Set(want.Small),
		float.Set(want.Float), truth.Set(want.Bool), at.Set(want.Time), uuid.Set(want.UUID), dec.Set(want.Decimal), blob.Set(want.Bytes),
		js.Set(want.JSON), cels.Set(want.Other), nullNamed.Set(*want.NullNamed), nullSmall.Set(*want.NullSmall))
	s.ok(err)
	s.same("the updated row", got, want)

	for name, f := range map[string]data.Filter[sample]{
		"text": text.Eq(want.Text), "named": named.Eq(want.Named), "int": number.Eq(want.Int), "level": lvl.In(want.Level, 9), "big": big.Gt(0),
		"small": small.Ge(want.Small), "float": float.Eq(want.Float), "bool": truth.Eq(true), "time": at.Eq(want.Time), "uuid": uuid.Eq(want.UUID),
		"decimal": dec.Eq(want.Decimal), "bytes": blob.Eq(want.Bytes), "other": cels.Eq(want.Other), "null_named": nullNamed.Eq("blue"),
		"null_small": nullSmall.Lt(4), "decimal list": dec.In(want.Decimal, decimal.New(1, 0)), "float below": float.Ge(1e300),
	} {
		got, err := samples.On(db).GetBy(s.ctx, f)
		if err != nil || got.ID != id {
			s.Errorf("filter on %s: found %v, %v", name, got.ID, err)
		}
	}
}
