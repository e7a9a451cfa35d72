package revise

import (
	"fmt"
	"slices"
	"strings"

	"github.com/manorgo/manor/fault"
)

// A planner finds the statements that lead from tables to tables, in one
// dialect. It fills the phases, which run in this order so that nothing is
// needed before it is there or after it is gone.
type planner struct {
	dialect  string
	from, to Snapshot // from with its renames applied
	renames  []Rename
	extras   map[string][]string // SQLite: what only statements by hand made, by table

	// Tables whose new columns SQLite added in place. Undone, they are dropped
	// in place, which commutes with what other branches do to the table.
	inPlace map[string]bool
	undoing bool

	notes []string // for whoever reviews

	renaming, loosening, dropping, creating, altering, tightening, referring []string
}

// statements returns the phases in their order.
func (p *planner) statements() []string {
	return slices.Concat(p.renaming, p.loosening, p.dropping, p.creating, p.altering, p.tightening, p.referring)
}

func (p *planner) note(format string, args ...any) {
	p.notes = append(p.notes, fmt.Sprintf(format, args...))
}

// plan fills the phases.
func (p *planner) plan() error {
	p.rename()
	p.creations()
	p.removals()
	for _, to := range p.to.Tables {
		from := p.from.table(to.Name)
		if from == nil {
			continue
		}
		c, err := p.compare(*from, to)
		if err != nil {
			return err
		}
		if p.dialect == postgres {
			err = p.alterPostgres(c)
		} else {
			err = p.alterSQLite(c)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *planner) rename() {
	for _, r := range p.renames {
		text := "ALTER TABLE " + quote(r.Table) + " RENAME TO " + quote(r.To)
		if r.Column != "" {
			text = "ALTER TABLE " + quote(r.Table) + " RENAME COLUMN " + quote(r.Column) + " TO " + quote(r.To)
		}
		p.renaming = append(p.renaming, text)
	}
}

// creations creates the tables that are new.
func (p *planner) creations() {
	var fresh []Table
	for _, t := range p.to.Tables {
		if p.from.table(t.Name) == nil {
			fresh = append(fresh, t)
		}
	}
	fresh = ordered(fresh)
	for i, t := range fresh {
		// SQLite looks for the table when a row refers to it, PostgreSQL now.
		late := func(c Part) bool {
			return p.dialect == postgres && slices.ContainsFunc(fresh[i+1:], func(o Table) bool { return o.Name == c.refersTo() })
		}
		f := *t.form(p.dialect)
		p.creating = append(p.creating, f.create(t.Name, late)...)
		for _, c := range f.Constraints {
			if late(c) {
				p.referring = append(p.referring, "ALTER TABLE "+quote(t.Name)+" ADD CONSTRAINT "+quote(c.Name)+" "+c.Definition)
			}
		}
	}
}

// removals drops the tables that are gone.
func (p *planner) removals() {
	var gone []Table
	for _, t := range p.from.Tables {
		if p.to.table(t.Name) == nil {
			gone = append(gone, t)
			if !p.undoing {
				p.note("the table %s is dropped with its rows", t.Name)
			}
		}
	}
	gone = ordered(gone)
	for i, t := range gone {
		for _, c := range t.Postgres.Constraints {
			blocks := slices.ContainsFunc(gone[i+1:], func(o Table) bool { return o.Name == c.refersTo() })
			if p.dialect == postgres && blocks {
				p.loosening = append(p.loosening, "ALTER TABLE "+quote(t.Name)+" DROP CONSTRAINT "+quote(c.Name))
			}
		}
	}
	for _, t := range slices.Backward(gone) {
		drop := "DROP TABLE " + quote(t.Name)
		if p.dialect == postgres {
			p.dropping = append(p.dropping, drop)
		} else { // after those that refer to it were rebuilt
			p.tightening = append(p.tightening, drop)
		}
	}
}

// A change is how one table differs from what it should be.
type change struct {
	table              string
	from, to           Form
	columns            []columnChange
	constraints, index partChanges
}

// A columnChange has one side only if the column is gone or new.
type columnChange struct {
	name     string
	old, new *column // in the dialect
	convert  conversion
}

type partChanges struct {
	drop, add []Part
	rename    [][2]string
}

func (c change) none() bool {
	return len(c.columns)+len(c.constraints.drop)+len(c.constraints.add)+len(c.constraints.rename) == 0 && c.from.Options == c.to.Options
}

// compare finds what changed.
func (p *planner) compare(from, to Table) (change, error) {
	c := change{table: to.Name, from: *from.form(p.dialect), to: *to.form(p.dialect)}
	c.constraints = compareParts(c.from.Constraints, c.to.Constraints)
	c.index = compareParts(c.from.Indexes, c.to.Indexes)
	for _, old := range c.from.Columns {
		if c.to.column(old.Name) == nil {
			was := readColumn(old.Definition)
			c.columns = append(c.columns, columnChange{name: old.Name, old: &was})
			if !p.undoing {
				p.note("the column %s.%s is dropped with its values", c.table, old.Name)
			}
		}
	}
	for _, now := range c.to.Columns {
		is := readColumn(now.Definition)
		old := c.from.column(now.Name)
		if old == nil {
			c.columns = append(c.columns, columnChange{name: now.Name, new: &is})
			if is.notNull && is.preset == "" && is.identity == "" && !p.undoing {
				p.note("the column %s.%s is NOT NULL without a default: this fails if the table has rows", c.table, now.Name)
			}
			continue
		}
		if err := sealedAlike(c.table, now.Name, from.Sealed[now.Name], to.Sealed[now.Name]); err != nil {
			return c, err
		}
		// What a type means, PostgreSQL's says.
		a, b := readColumn(from.Postgres.column(now.Name).Definition), readColumn(to.Postgres.column(now.Name).Definition)
		conv, ok := convert(a, b)
		if !ok && p.undoing {
			conv, ok = restore(a, b)
		}
		was := readColumn(old.Definition)
		switch {
		case !ok || was.identity != is.identity:
			return c, fault.Errorf(fault.Invalid, "%s.%s: nothing plans the way from %s to %s: write the revision by hand, beginning with --empty", c.table, now.Name, from.Postgres.column(now.Name).Definition, to.Postgres.column(now.Name).Definition)
		case old.Definition == now.Definition && conv.sqlite == "%s":
			continue
		}
		c.columns = append(c.columns, columnChange{name: now.Name, old: &was, new: &is, convert: conv})
		p.warn(c.table, now.Name, was, is, conv)
	}
	return c, nil
}

// sealedAlike returns fault.Invalid if a column's values could not be opened any
// more: they are bound to what it was called when they were written.
func sealedAlike(table, name, was, is string) error {
	switch {
	case was == is:
		return nil
	case was == "":
		return fault.Errorf(fault.Invalid, "%s.%s: its values are not encrypted yet, which no statement can do: take a new column, fill it by a program, and drop the old one", table, name)
	case is == "":
		return fault.Errorf(fault.Invalid, "%s.%s: its values are encrypted, which no statement can undo: take a new column, fill it by a program, and drop the old one", table, name)
	}
	return fault.Errorf(fault.Invalid, "%s.%s: its values were encrypted for %s: add sealed=%[3]s to its tag, or they cannot be opened", table, name, was)
}

func (p *planner) warn(table, name string, was, is column, conv conversion) {
	if is.notNull && !was.notNull && is.preset == "" && !p.undoing {
		p.note("the column %s.%s becomes NOT NULL without a default: this fails if a row has NULL", table, name)
	}
	if conv.rounds {
		p.note("the values of %s.%s are rounded", table, name)
	}
}

// compareParts matches constraints or indexes by their names, and those that
// are left by what they say.
func compareParts(from, to []Part) (c partChanges) {
	for _, old := range from {
		if now := part(to, old.Name); now == nil || now.Definition != old.Definition {
			c.drop = append(c.drop, old)
		}
	}
	for _, now := range to {
		if old := part(from, now.Name); old != nil && old.Definition == now.Definition {
			continue
		}
		i := slices.IndexFunc(c.drop, func(o Part) bool {
			return o.Definition == now.Definition && part(to, o.Name) == nil && part(from, now.Name) == nil
		})
		if i < 0 {
			c.add = append(c.add, now)
			continue
		}
		c.rename = append(c.rename, [2]string{c.drop[i].Name, now.Name})
		c.drop = slices.Delete(c.drop, i, i+1)
	}
	return c
}

// belongs returns the column that a constraint of package migrate is about by
// its name, or "".
func belongs(table string, c Part, columns []Part) string {
	for _, prefix := range []string{"ck_", "fk_"} {
		name, ok := strings.CutPrefix(c.Name, prefix+table+"_")
		if ok && part(columns, name) != nil && (c.refersTo() == "" || strings.HasPrefix(c.Definition, "FOREIGN KEY ("+quote(name)+") ")) {
			return name
		}
	}
	return ""
}
