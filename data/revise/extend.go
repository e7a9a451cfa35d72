package revise

import (
	"slices"
	"strings"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

// target returns the tables that the structs ask for. Those that the domain only
// adds columns to are whole, and know what others made of them.
func (d *Domain) target() (Snapshot, error) {
	to, err := Of(d.Schemas)
	if err != nil {
		return to, err
	}
	for _, x := range d.Extends {
		both, err := Of([]data.Schema{x.Schema()})
		if err != nil {
			return to, err
		}
		base, err := Of([]data.Schema{x.Base()})
		if err != nil {
			return to, err
		}
		t := both.Tables[0]
		t.Extended, t.base = true, &base.Tables[0]
		to.Tables = append(to.Tables, t)
	}
	return to, nil
}

// between completes what is recorded and what is asked for by what others made
// of the tables that only get columns: neither creates nor drops one.
func (d *Domain) between(from, to *Snapshot) error {
	for i, t := range from.Tables {
		if !t.Extended {
			continue
		}
		j := slices.IndexFunc(d.Others, func(s data.Schema) bool { return s.Table == t.Name })
		if j < 0 {
			return fault.Errorf(fault.Conflict, "%s records columns of the table %s, which no domain has", d.Folder.path(snapshotFile), t.Name)
		}
		base, err := Of(d.Others[j : j+1])
		if err != nil {
			return err
		}
		from.Tables[i] = t.onto(base.Tables[0])
		if to.table(t.Name) == nil {
			to.Tables = append(to.Tables, Table{Name: t.Name, Extended: true}.onto(base.Tables[0]))
		}
	}
	for _, t := range to.Tables {
		if t.Extended && from.table(t.Name) == nil {
			from.Tables = append(from.Tables, Table{Name: t.Name, Extended: true}.onto(*t.base))
		}
	}
	return nil
}

// onto returns the table with the parts of t after those of base.
func (t Table) onto(base Table) Table {
	t.base = &base
	for _, dialect := range []string{sqlite, postgres} {
		own, others := t.form(dialect), base.form(dialect)
		*own = Form{
			Columns:     slices.Concat(others.Columns, own.Columns),
			Constraints: slices.Concat(others.Constraints, own.Constraints),
			Indexes:     slices.Concat(others.Indexes, own.Indexes),
			Options:     others.Options,
		}
	}
	return t
}

// recorded returns what schema.json says: of a table that only gets columns,
// what is the domain's own.
func (s Snapshot) recorded() (out Snapshot) {
	out.Tables = []Table{}
	for _, t := range s.Tables {
		if t.base != nil {
			for _, dialect := range []string{sqlite, postgres} {
				own, others := t.form(dialect), t.base.form(dialect)
				*own = Form{
					Columns:     without(own.Columns, others.Columns),
					Constraints: without(own.Constraints, others.Constraints),
					Indexes:     without(own.Indexes, others.Indexes),
				}
			}
			if len(t.SQLite.Columns) == 0 {
				continue
			}
		}
		out.Tables = append(out.Tables, t)
	}
	return out
}

func without(parts, others []Part) (out []Part) {
	for _, p := range parts {
		if part(others, p.Name) == nil {
			out = append(out, p)
		}
	}
	return out
}

// extended reports whether the domain only adds columns to the table.
func (p *planner) extended(table string) bool {
	t := p.to.table(table)
	return t != nil && t.Extended
}

// alterExtended adds and drops columns of a table that is somebody else's, in
// place: made anew, it would be as it is now, without what its owner has added
// by the time that the revision runs.
func (p *planner) alterExtended(c change) error {
	refuse := func(name string) error {
		return fault.Errorf(fault.Invalid, "%s.%s: SQLite cannot change a column in place, and the table is another domain's, which cannot be made anew: take a new column, fill it, and drop the old one", c.table, name)
	}
	of := func(k Part, columns []Part) bool {
		name := belongs(c.table, k, columns)
		return slices.ContainsFunc(c.columns, func(x columnChange) bool { return x.name == name })
	}
	for _, k := range c.constraints.add {
		if !of(k, c.to.Columns) {
			return refuse(strings.TrimPrefix(k.Name, "ck_"+c.table+"_"))
		}
	}
	for _, k := range c.constraints.drop {
		if !of(k, c.from.Columns) {
			return refuse(strings.TrimPrefix(k.Name, "ck_"+c.table+"_"))
		}
	}
	for _, r := range c.constraints.rename {
		return refuse(strings.TrimPrefix(r[1], "ck_"+c.table+"_"))
	}
	p.altering = append(p.altering, dropIndexes(c)...)
	for _, x := range c.columns {
		switch {
		case x.old != nil && x.new != nil:
			return refuse(x.name)
		case x.new == nil:
			p.altering = append(p.altering, "ALTER TABLE "+quote(c.table)+" DROP COLUMN "+quote(x.name))
		default:
			p.altering = append(p.altering, "ALTER TABLE "+quote(c.table)+" ADD COLUMN "+inline(c.table, c.to, x.name))
		}
	}
	p.tightening = append(p.tightening, addIndexes(c)...)
	return nil
}
