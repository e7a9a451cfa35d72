package postgres

import (
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/manorgo/manor/data/driver"
)

// A list is an array of every step-th of the values from start on. It is a
// pgtype.ArrayGetter.
type list struct {
	values      []any
	start, step int
}

func newList(c driver.Column, values []any, start, step int) (any, string) {
	return list{values, start, step}, listTypes[c.Kind]
}

var listTypes = map[driver.Kind]string{
	driver.Text: "text[]", driver.Int: "bigint[]", driver.Float: "double precision[]", driver.Bool: "boolean[]", driver.Time: "timestamptz[]",
	driver.UUID: "uuid[]", driver.Bytes: "bytea[]", driver.JSON: "jsonb[]", driver.Decimal: "numeric[]",
}

// Dimensions returns the length.
func (l list) Dimensions() []pgtype.ArrayDimension {
	return []pgtype.ArrayDimension{{Length: int32((len(l.values) - l.start + l.step - 1) / l.step), LowerBound: 1}}
}

// Index returns a value.
func (l list) Index(i int) any { return l.values[l.start+i*l.step] }

// IndexType returns nothing, as any value may be among them.
func (l list) IndexType() any { return nil }
