package revise

import (
	"fmt"
	"strings"

	"github.com/manorgo/manor/fault"
)

// alterSQLite changes a table in place where SQLite can, and otherwise makes it
// anew, which is right because foreign keys are off while a revision runs.
func (p *planner) alterSQLite(c change) error {
	switch {
	case c.none():
		p.altering = append(p.altering, dropIndexes(c)...)
		p.tightening = append(p.tightening, addIndexes(c)...)
	case p.extended(c.table):
		return p.alterExtended(c)
	case p.undoing && p.inPlace[c.table]:
		p.altering = append(p.altering, dropIndexes(c)...)
		for _, x := range c.columns {
			p.altering = append(p.altering, "ALTER TABLE "+quote(c.table)+" DROP COLUMN "+quote(x.name))
		}
		p.tightening = append(p.tightening, addIndexes(c)...)
	case !p.undoing && onlyAdds(c):
		p.inPlace[c.table] = true
		p.altering = append(p.altering, dropIndexes(c)...)
		for _, x := range c.columns {
			p.altering = append(p.altering, "ALTER TABLE "+quote(c.table)+" ADD COLUMN "+inline(c.table, c.to, x.name))
		}
		p.tightening = append(p.tightening, addIndexes(c)...)
	default:
		return p.rebuild(c)
	}
	return nil
}

func dropIndexes(c change) (out []string) {
	for _, x := range c.index.drop {
		out = append(out, "DROP INDEX "+quote(x.Name))
	}
	for _, r := range c.index.rename {
		out = append(out, "DROP INDEX "+quote(r[0]))
	}
	return out
}

func addIndexes(c change) (out []string) {
	for _, r := range c.index.rename {
		out = append(out, part(c.to.Indexes, r[1]).index(c.table))
	}
	for _, x := range c.index.add {
		out = append(out, x.index(c.table))
	}
	return out
}

// onlyAdds reports whether all that happens to the table is new columns that
// rows which are there can have, with their own constraints.
func onlyAdds(c change) bool {
	if len(c.constraints.drop)+len(c.constraints.rename) > 0 || c.from.Options != c.to.Options {
		return false
	}
	for _, x := range c.columns {
		if x.old != nil || x.new.notNull && x.new.preset == "" || strings.Contains(x.new.typ, "PRIMARY KEY") {
			return false
		}
	}
	for _, k := range c.constraints.add {
		name := belongs(c.table, k, c.to.Columns)
		if name == "" || c.from.column(name) != nil {
			return false
		}
	}
	return true
}

// inline returns the definition of a column with its constraints in it. SQLite
// drops a column together with those, and refuses to drop one that constraints
// of the table speak of.
func inline(table string, f Form, name string) string {
	text := quote(name) + " " + f.column(name).Definition
	for _, k := range f.Constraints {
		if belongs(table, k, f.Columns) == name {
			text += " CONSTRAINT " + quote(k.Name) + " " + strings.TrimPrefix(k.Definition, "FOREIGN KEY ("+quote(name)+") ")
		}
	}
	return text
}

// rebuild makes the table anew under another name, fills it and lets it take
// the place of the old one.
func (p *planner) rebuild(c change) error {
	for _, r := range p.renames {
		if (r.Table == c.table || r.To == c.table) && len(p.extras[r.Table])+len(p.extras[r.To]) > 0 {
			return fault.Errorf(fault.Invalid, "%s: it has indexes or triggers that were made by hand, which cannot follow a new name: write the revision by hand, beginning with --empty", c.table)
		}
	}
	var lines, into, values []string
	for _, x := range c.to.Columns {
		lines = append(lines, inline(c.table, c.to, x.Name))
		if c.from.column(x.Name) != nil {
			into = append(into, quote(x.Name))
			values = append(values, value(c, x.Name))
		}
	}
	for _, k := range c.to.Constraints {
		if belongs(c.table, k, c.to.Columns) == "" {
			lines = append(lines, "CONSTRAINT "+quote(k.Name)+" "+k.Definition)
		}
	}
	fresh := "manor_new_" + c.table
	p.altering = append(p.altering, c.to.body(fresh, lines))
	if len(into) > 0 {
		p.altering = append(p.altering, fmt.Sprintf("INSERT INTO %s (%s)\nSELECT %s FROM %s", quote(fresh), strings.Join(into, ", "), strings.Join(values, ", "), quote(c.table)))
	}
	p.altering = append(p.altering, "DROP TABLE "+quote(c.table), "ALTER TABLE "+quote(fresh)+" RENAME TO "+quote(c.table))
	for _, x := range c.to.Indexes {
		p.altering = append(p.altering, x.index(c.table))
	}
	p.altering = append(p.altering, p.extras[c.table]...)
	return nil
}

// value returns what the new table gets for a column of the old one.
func value(c change, name string) string {
	text := quote(name)
	for _, x := range c.columns {
		if x.name != name {
			continue
		}
		text = fmt.Sprintf(x.convert.sqlite, text)
		if x.new.notNull && !x.old.notNull && x.new.preset != "" {
			text = "coalesce(" + text + ", " + x.new.preset + ")"
		}
	}
	return text
}
