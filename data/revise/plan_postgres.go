package revise

import (
	"fmt"
	"slices"
	"strings"

	"github.com/manorgo/manor/fault"
)

// alterPostgres changes a table in place.
func (p *planner) alterPostgres(c change) error {
	alter := "ALTER TABLE " + quote(c.table) + " "
	c.recheck()
	for _, r := range c.constraints.rename {
		p.loosening = append(p.loosening, alter+"RENAME CONSTRAINT "+quote(r[0])+" TO "+quote(r[1]))
	}
	for _, r := range c.index.rename {
		p.loosening = append(p.loosening, "ALTER INDEX "+quote(r[0])+" RENAME TO "+quote(r[1]))
	}
	// References first: what they refer to may be about to go.
	var others []string
	for _, part := range c.constraints.drop {
		switch {
		case part.refersTo() != "":
			p.loosening = append(p.loosening, alter+"DROP CONSTRAINT "+quote(part.Name))
		case strings.HasPrefix(part.Definition, "PRIMARY KEY") && p.referred(c.table):
			return fault.Errorf(fault.Invalid, "%s: its primary key changes while others refer to it: write the revision by hand, beginning with --empty", c.table)
		default:
			others = append(others, alter+"DROP CONSTRAINT "+quote(part.Name))
		}
	}
	for _, part := range c.index.drop {
		others = append(others, "DROP INDEX "+quote(part.Name))
	}
	p.altering = append(p.altering, others...)
	for _, column := range c.columns {
		p.alterPostgresColumn(alter, c, column)
	}
	for _, part := range c.constraints.add {
		text := alter + "ADD CONSTRAINT " + quote(part.Name) + " " + part.Definition
		if part.refersTo() != "" {
			p.referring = append(p.referring, text)
		} else {
			p.tightening = append(p.tightening, text)
		}
	}
	for _, part := range c.index.add {
		p.tightening = append(p.tightening, part.index(c.table))
	}
	return nil
}

// recheck makes checks of columns that get another type anew: PostgreSQL would
// go on to compare as the old type.
func (c *change) recheck() {
	for _, now := range c.to.Constraints {
		if !strings.HasPrefix(now.Definition, "CHECK ") || !c.retypes(now.Definition) {
			continue
		}
		old := part(c.from.Constraints, now.Name)
		if i := slices.IndexFunc(c.constraints.rename, func(r [2]string) bool { return r[1] == now.Name }); i >= 0 {
			old = part(c.from.Constraints, c.constraints.rename[i][0])
			c.constraints.rename = slices.Delete(c.constraints.rename, i, i+1)
		} else if old == nil || old.Definition != now.Definition {
			continue // new anyway
		}
		c.constraints.drop = append(c.constraints.drop, *old)
		c.constraints.add = append(c.constraints.add, now)
	}
}

// retypes reports whether a column that SQL speaks of gets another type.
func (c *change) retypes(sql string) bool {
	return slices.ContainsFunc(c.columns, func(x columnChange) bool {
		return x.old != nil && x.new != nil && x.old.typ != x.new.typ && strings.Contains(sql, x.name)
	})
}

func (p *planner) alterPostgresColumn(alter string, c change, x columnChange) {
	name := quote(x.name)
	add := func(text string) { p.altering = append(p.altering, text) }
	switch {
	case x.new == nil:
		add(alter + "DROP COLUMN " + name)
		return
	case x.old == nil:
		add(alter + "ADD COLUMN " + name + " " + c.to.column(x.name).Definition)
		return
	}
	was, is := *x.old, *x.new
	retyped := was.typ != is.typ
	if was.preset != "" && (retyped || is.preset == "") {
		add(alter + "ALTER COLUMN " + name + " DROP DEFAULT")
	}
	if was.notNull && !is.notNull {
		add(alter + "ALTER COLUMN " + name + " DROP NOT NULL")
	}
	if retyped {
		text := alter + "ALTER COLUMN " + name + " TYPE " + is.typ
		if x.convert.using != "" {
			text += " USING " + fmt.Sprintf(x.convert.using, name)
		}
		add(text)
	}
	if is.preset != "" && (retyped || is.preset != was.preset) {
		add(alter + "ALTER COLUMN " + name + " SET DEFAULT " + is.preset)
	}
	if is.notNull && !was.notNull {
		if is.preset != "" {
			add("UPDATE " + quote(c.table) + " SET " + name + " = DEFAULT WHERE " + name + " IS NULL")
		}
		add(alter + "ALTER COLUMN " + name + " SET NOT NULL")
	}
}

// referred reports whether a table refers to this one, before or after.
func (p *planner) referred(table string) bool {
	for _, s := range []Snapshot{p.from, p.to} {
		for _, t := range s.Tables {
			for _, c := range t.Postgres.Constraints {
				if c.refersTo() == table {
					return true
				}
			}
		}
	}
	return false
}
