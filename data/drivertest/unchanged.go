package drivertest

import (
	"net/netip"
	"time"

	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/data"
)

// A changing has a column of each stored type, and knows its versions.
type changing struct {
	data.Versioned[changing]
	Text    string          `db:"text"`
	Short   string          `db:"short,size=9"`
	Level   string          `db:"level,enum=low|high"`
	Day     data.Date       `db:"day"`
	Int     int             `db:"int"`
	Small   int32           `db:"small"`
	Float   float64         `db:"float"`
	Bool    bool            `db:"bool"`
	Time    time.Time       `db:"time"`
	UUID    data.ID[person] `db:"uuid"`
	Decimal decimal.Decimal `db:"decimal,numeric=18.4"`
	Bytes   []byte          `db:"bytes"`
	JSON    settings        `db:"json,json"`
	Tags    []string        `db:"tags"`
	Host    netip.Addr      `db:"host,size=45"`
	Other   celsius         `db:"other"`

	NullShort   *string          `db:"null_short,size=9"`
	NullInt     *int             `db:"null_int"`
	NullDecimal *decimal.Decimal `db:"null_decimal,numeric=18.4"`
	NullTime    *time.Time       `db:"null_time"`
}

var changings = data.NewTable[changing]("changings")

// One and the same value of a statement is stored and compared, whatever type
// the database takes it for.
var unchangedTests = []test{
	{"values of every kind", func(s suite) {
		db := s.db(changings.Schema())
		v := changing{Level: "low", Day: "2026-01-01", Host: netip.MustParseAddr("::1")}
		s.ok(changings.On(db).Add(s.ctx, &v))
		at := time.Date(2026, 2, 3, 4, 5, 6, 7000, time.UTC)
		for name, c := range map[string]data.Change[changing]{
			"text":         data.Col[string](changings, "text").Set("a"),
			"short":        data.Col[string](changings, "short").Set("b"),
			"level":        data.Col[string](changings, "level").Set("high"),
			"day":          data.Col[data.Date](changings, "day").Set("2026-02-03"),
			"int":          data.Col[int](changings, "int").Set(-1), // which adding for the others does not come to
			"small":        data.Col[int32](changings, "small").Set(2),
			"float":        data.Col[float64](changings, "float").Set(0.1),
			"bool":         data.Col[bool](changings, "bool").Set(true),
			"time":         data.Col[time.Time](changings, "time").Set(at),
			"uuid":         data.Col[data.ID[person]](changings, "uuid").Set(data.ID[person]{1}),
			"decimal":      data.Col[decimal.Decimal](changings, "decimal").Set(decimal.New(15, -1)),
			"bytes":        data.Col[[]byte](changings, "bytes").Set([]byte{0}),
			"json":         data.Col[settings](changings, "json").Set(settings{Theme: "dark"}),
			"tags":         data.Col[[]string](changings, "tags").Set([]string{"x"}),
			"host":         data.Col[netip.Addr](changings, "host").Set(netip.MustParseAddr("10.0.0.1")),
			"other":        data.Col[celsius](changings, "other").Set(celsius{20}),
			"null_short":   data.Col[string](changings, "null_short").Set("c"),
			"null_int":     data.Col[int](changings, "null_int").Set(0),
			"null_decimal": data.Col[decimal.Decimal](changings, "null_decimal").Set(decimal.New(2, 0)),
			"null_time":    data.Col[time.Time](changings, "null_time").Set(at),
		} {
			s.moves(db, &v, name, true, c)
			s.moves(db, &v, name, false, c)
			more, same := []data.Change[changing]{c}, []data.Change[changing]{c}
			if name != "int" {
				sum := data.Col[int](changings, "int")
				more, same = append(more, sum.Plus(1)), append(same, sum.Plus(0))
			}
			if name != "decimal" {
				sum := data.Col[decimal.Decimal](changings, "decimal")
				more, same = append(more, sum.Plus(decimal.New(1, -4))), append(same, sum.Plus(decimal.Zero))
			}
			s.moves(db, &v, name+" with others", true, more...)
			s.moves(db, &v, name+" of many", false, same...)
		}
		for _, c := range []data.Change[changing]{
			data.Col[string](changings, "null_short").SetNull(), data.Col[int](changings, "null_int").SetNull(),
			data.Col[decimal.Decimal](changings, "null_decimal").SetNull(), data.Col[time.Time](changings, "null_time").SetNull(),
		} {
			s.moves(db, &v, "to NULL", true, c)
			s.moves(db, &v, "NULL", false, c)
		}
	}},
}

// moves changes the row v, which becomes another version or does not, and is v
// then.
func (s suite) moves(db *data.DB, v *changing, what string, moves bool, changes ...data.Change[changing]) {
	s.Helper()
	got, err := changings.On(db).Update(s.ctx, v.ID, changes...)
	s.ok(err)
	if got.UpdatedAt.After(v.UpdatedAt) != moves || (got.Number == v.Number+1) != moves || !moves && got.Number != v.Number {
		s.Errorf("%s: version %d of %v became %d of %v", what, v.Number, v.UpdatedAt, got.Number, got.UpdatedAt)
	}
	*v = got
}
