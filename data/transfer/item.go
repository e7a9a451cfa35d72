package transfer

import (
	"errors"
	"strings"

	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
)

// An item is a row on its way.
type item struct {
	line int
	t    *table
	p    *part
	row  []cell
}

// item makes a row of a record.
func (l *loading) item(t *table, f *Fixture, r Record) (item, error) {
	it := item{line: r.Line, t: t, p: &part{table: t.name}}
	for _, field := range r.Fields {
		c := t.column(field.Name)
		if c == nil || c.generated {
			return it, at(f, r.Line, field.Name, "the table has no such column, or computes it")
		}
		v, err := c.cellOf(field)
		if err != nil {
			return it, at(f, r.Line, c.Name, err.Error())
		}
		if v.null && !c.Null {
			if !c.preset {
				return it, at(f, r.Line, c.Name, "may not be empty")
			}
			continue // the database knows what to put there
		}
		it.p.columns = append(it.p.columns, *c)
		it.row = append(it.row, v)
	}
	if len(it.row) == 0 {
		return it, at(f, r.Line, t.name, "the row has no values")
	}
	return it, nil
}

// cellOf reads a field's value.
func (c *column) cellOf(field Field) (v cell, err error) {
	switch {
	case string(field.JSON) == "null" && (c.Null || c.Kind != driver.JSON):
		v.null = true
	case field.JSON != nil:
		v.b, err = c.parseJSON(nil, field.JSON)
	case field.Text != "" || field.Quoted:
		v.b, err = c.parse(nil, field.Text)
	case c.Null || c.Kind != driver.Text:
		v.null = true
	}
	return v, err
}

func at(f *Fixture, line int, column, why string) error {
	return fault.Errorf(fault.Invalid, "%s:%d: %s: %s", f.file, line, column, why)
}

// reason says why the database refused a row, or "" if it was not the row.
func reason(table string, err error) (column, why string) {
	if e, ok := asCell(err); ok {
		return e.column, e.err.Error()
	}
	e, ok := errors.AsType[*driver.Error](err)
	if !ok {
		return "", ""
	}
	words := map[driver.Class]string{
		driver.Unique: "the value is taken", driver.ForeignKey: "refers to a row that does not exist", driver.Check: "a check does not hold",
		driver.NotNull: "is missing", driver.BadValue: "does not fit", driver.Unclassified: "is refused by the database",
	}
	column = strings.Join(e.Columns, ", ")
	if column == "" {
		column = e.Constraint
		for _, prefix := range []string{"uq_", "fk_", "ck_"} {
			column = strings.TrimPrefix(column, prefix+table+"_")
		}
	}
	switch column {
	case "":
		column = table
	case table + "_pkey":
		column = "the primary key"
	}
	return column, words[e.Class]
}
