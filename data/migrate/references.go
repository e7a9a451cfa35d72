package migrate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
)

var actions = map[string]string{"cascade": "CASCADE", "restrict": "RESTRICT", "null": "SET NULL"}

// reference returns the constraint of a reference.
func (t *table) reference(k data.ForeignKey) string {
	text := "CONSTRAINT " + quote(k.Name(t.Table)) + " FOREIGN KEY " + list(k.Columns) + " REFERENCES " + quote(k.Table) + " " + list(k.Targets)
	if a := actions[k.OnDelete]; a != "" {
		text += " ON DELETE " + a
	}
	return text
}

// action returns an error if what follows a deletion cannot.
func (t *table) action(k data.ForeignKey) error {
	if k.OnDelete != "" && actions[k.OnDelete] == "" {
		return fmt.Errorf("ondelete is %q and not cascade, restrict or null", k.OnDelete)
	}
	for _, c := range t.Columns {
		if k.OnDelete == "null" && !c.Null && slices.Contains(k.Columns, c.Name) {
			return fmt.Errorf("ondelete is null but the column %s may not be NULL", c.Name)
		}
	}
	return nil
}

// leads reports whether an index of a constraint starts with the columns, in
// any order.
func (t *table) leads(columns ...string) bool {
	for _, set := range append(slices.Clone(t.Uniques), primaryOf(t.Schema)) {
		if len(set) >= len(columns) && sameSet(set[:len(columns)], columns) {
			return true
		}
	}
	return false
}

// CheckReferences returns an error if one of the tables refers to columns of
// another of them that are not there, have another type or are not unique
// together. What is referred to outside of them is not known.
func CheckReferences(schemas []data.Schema) error {
	for _, s := range schemas {
		for _, k := range s.Foreign {
			i := slices.IndexFunc(schemas, func(o data.Schema) bool { return o.Table == k.Table })
			if i < 0 {
				continue
			}
			if err := fits(s, k, schemas[i]); err != nil {
				return fmt.Errorf("migrate: %s (%s): %w", s.Table, strings.Join(k.Columns, ", "), err)
			}
		}
	}
	return nil
}

func fits(s data.Schema, k data.ForeignKey, to data.Schema) error {
	for i, name := range k.Targets {
		from, there := columnOf(s, k.Columns[i]), columnOf(to, name)
		switch {
		case there == nil:
			return fmt.Errorf("it refers to %s.%s, which is no column", to.Table, name)
		case from.Kind != there.Kind || from.Kind == driver.Decimal && from.Scale != there.Scale:
			return fmt.Errorf("%s has another type than %s.%s, to which it refers", from.Name, to.Table, name)
		}
	}
	for _, set := range append(slices.Clone(to.Uniques), primaryOf(to)) {
		if sameSet(set, k.Targets) {
			return nil
		}
	}
	return fmt.Errorf("it refers to (%s) of %s, which neither is the primary key nor unique", strings.Join(k.Targets, ", "), to.Table)
}

func columnOf(s data.Schema, name string) *data.ColumnSchema {
	if i := slices.IndexFunc(s.Columns, func(c data.ColumnSchema) bool { return c.Name == name }); i >= 0 {
		return &s.Columns[i]
	}
	return nil
}

func primaryOf(s data.Schema) (columns []string) {
	for _, c := range s.Columns {
		if c.Primary {
			columns = append(columns, c.Name)
		}
	}
	return columns
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}
