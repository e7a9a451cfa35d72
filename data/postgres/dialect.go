package postgres

import (
	"errors"
	"math"
	"time"

	"github.com/manorgo/manor/data/driver"
)

// dialect is PostgreSQL's SQL. Text is compared and folded by bytes: columns
// are made with the collation C, and parameters are given it.
var dialect = driver.Dialect{
	Name:      "postgres",
	MaxParams: 65535,
	Numbered:  true,
	Lock:      " FOR UPDATE",
	True:      "true", False: "false",
	Later: "greatest(%s::timestamptz, %s + interval '1 microsecond')",
	// An update locks the row that it found first, which xmax then tells of.
	Inserted: "(xmax = 0)",
	TypeOf:   "(NULL::%s).%s",
	List:     newList,

	NextSerials: "SELECT nextval(pg_get_serial_sequence(%s)::regclass) FROM generate_series(1, %s::bigint)",
	AdvanceSerial: "SELECT setval(s, m) FROM (SELECT pg_get_serial_sequence(%s)::regclass AS s, max(%s) AS m FROM %s) AS x " +
		"WHERE m > coalesce(pg_sequence_last_value(s), 0)",

	Has:        "strpos(%s, %s) > 0",
	HasFold:    `strpos(lower(%s COLLATE "C"), lower(%s::text COLLATE "C")) > 0`,
	Prefix:     "starts_with(%s, %s)",
	PrefixFold: `starts_with(lower(%s COLLATE "C"), lower(%s::text COLLATE "C"))`,
	Suffix:     "starts_with(reverse(%s), reverse(%s))",
	SuffixFold: `starts_with(reverse(lower(%s COLLATE "C")), reverse(lower(%s::text COLLATE "C")))`,
	Like:       "%s LIKE %s",
	LikeFold:   `lower(%s COLLATE "C") LIKE lower(%s::text COLLATE "C")`,
	Fold:       `lower(%s COLLATE "C")`,
	Explain:    explain,
	Member:     "%s @> jsonb_build_array(%s::text)",
	Narrow:     "(%s)::int4",
	Field:      "jsonb_set(%s, '{%s}', to_jsonb((%s)::bigint))",
	Search:     search,
	Encode:     encode,
}

// encode turns a value into what pgx binds: itself, mostly.
func encode(c driver.Column, v any) (any, error) {
	switch x := v.(type) {
	case *[16]byte:
		return *x, nil // pgx would look for a better way for every pointer
	case *time.Time:
		return *x, nil
	case []byte:
		if x == nil {
			return []byte{}, nil // nil would be NULL
		}
	case float64:
		if math.IsNaN(x) {
			return nil, &driver.Error{
				Class: driver.BadValue, Columns: []string{c.Name},
				Err: errors.New("postgres: " + c.Name + " is not a number"),
			}
		}
	}
	return v, nil
}
