package revise

import (
	"maps"
	"slices"
	"strings"

	"github.com/manorgo/manor/fault"
)

// A Rename says that a table or column is the same under another name. Column
// is "" for a table. Columns are those of the table under its new name.
type Rename struct {
	Table, Column, To string
}

// ParseRename reads "table=new" or "table.column=new".
func ParseRename(text string) (Rename, error) {
	from, to, ok := strings.Cut(text, "=")
	table, column, isColumn := strings.Cut(from, ".")
	if !ok || table == "" || to == "" || isColumn && column == "" || strings.ContainsAny(to, ".= ") {
		return Rename{}, fault.Errorf(fault.Invalid, "%q is not table=new or table.column=new", text)
	}
	return Rename{Table: table, Column: column, To: to}, nil
}

// String returns the rename as ParseRename reads it.
func (r Rename) String() string {
	if r.Column == "" {
		return r.Table + "=" + r.To
	}
	return r.Table + "." + r.Column + "=" + r.To
}

func (r Rename) undone() Rename {
	if r.Column == "" {
		return Rename{Table: r.To, To: r.Table}
	}
	return Rename{Table: r.Table, Column: r.To, To: r.Column}
}

// sorted puts tables before the columns that are named by their new names.
func sorted(renames []Rename) []Rename {
	out := slices.Clone(renames)
	slices.SortStableFunc(out, func(a, b Rename) int { return min(len(a.Column), 1) - min(len(b.Column), 1) })
	return out
}

// reversed returns the renames of the way back: columns while their tables have
// the new names, which are the first names there.
func reversed(renames []Rename) []Rename {
	back := map[string]string{}
	for _, r := range renames {
		if r.Column == "" {
			back[r.To] = r.Table
		}
	}
	var out []Rename
	for _, r := range renames {
		u := r.undone()
		if old, ok := back[u.Table]; ok && u.Column != "" {
			u.Table = old
		}
		out = append(out, u)
	}
	return sorted(out)
}

// apply returns the tables after the renames, which must make sense.
func (s Snapshot) apply(to Snapshot, renames []Rename) (Snapshot, error) {
	out := s.clone()
	for _, r := range renames {
		t := out.table(r.Table)
		switch {
		case t == nil:
			return s, fault.Errorf(fault.Invalid, "rename %s: there was no table %s", r, r.Table)
		case r.Column == "" && (out.table(r.To) != nil || to.table(r.To) == nil || to.table(r.Table) != nil):
			return s, fault.Errorf(fault.Invalid, "rename %s: %s must be gone from the structs, and %s new in them", r, r.Table, r.To)
		case r.Column == "":
			t.Name = r.To
			out.each(func(_ *Table, f *Form) { f.retarget(r.Table, r.To) })
			continue
		}
		wanted := to.table(r.Table)
		if wanted == nil || t.Postgres.column(r.Column) == nil || t.Postgres.column(r.To) != nil ||
			wanted.Postgres.column(r.To) == nil || wanted.Postgres.column(r.Column) != nil {
			return s, fault.Errorf(fault.Invalid, "rename %s: the column %s must be gone from the struct, and %s new in it", r, r.Column, r.To)
		}
		out.each(func(o *Table, f *Form) { f.renameColumn(o.Name == r.Table, r) })
		if as, ok := t.Sealed[r.Column]; ok {
			delete(t.Sealed, r.Column)
			t.Sealed[r.To] = as
		}
	}
	return out, nil
}

func (s Snapshot) clone() Snapshot {
	out := Snapshot{Tables: slices.Clone(s.Tables)}
	for i, t := range out.Tables {
		out.Tables[i].Sealed = maps.Clone(t.Sealed)
	}
	out.each(func(_ *Table, f *Form) {
		f.Columns, f.Constraints, f.Indexes = slices.Clone(f.Columns), slices.Clone(f.Constraints), slices.Clone(f.Indexes)
	})
	return out
}

func (s Snapshot) each(fn func(*Table, *Form)) {
	for i := range s.Tables {
		fn(&s.Tables[i], &s.Tables[i].SQLite)
		fn(&s.Tables[i], &s.Tables[i].Postgres)
	}
}

// retarget lets references to a table refer to its new name.
func (f *Form) retarget(old, renamed string) {
	for i, c := range f.Constraints {
		if c.refersTo() == old {
			f.Constraints[i].Definition = strings.Replace(c.Definition, " REFERENCES "+quote(old), " REFERENCES "+quote(renamed), 1)
		}
	}
}

// renameColumn renames a column in its own table, or where others refer to it.
func (f *Form) renameColumn(own bool, r Rename) {
	for i, c := range f.Constraints {
		head, tail, isKey := strings.Cut(c.Definition, " REFERENCES ")
		switch {
		case isKey && c.refersTo() != "":
			if own {
				head = substitute(head, r.Column, r.To)
			}
			if c.refersTo() == r.Table {
				table, columns, _ := strings.Cut(tail, " ")
				tail = table + " " + substitute(columns, r.Column, r.To)
			}
			f.Constraints[i].Definition = head + " REFERENCES " + tail
		case own:
			f.Constraints[i].Definition = substitute(c.Definition, r.Column, r.To)
		}
	}
	if !own {
		return
	}
	f.column(r.Column).Name = r.To
	for i, x := range f.Indexes {
		f.Indexes[i].Definition = substitute(x.Definition, r.Column, r.To)
	}
}

// substitute renames a quoted name everywhere but in texts.
func substitute(sql, old, renamed string) string {
	parts := strings.Split(sql, "'")
	for i := 0; i < len(parts); i += 2 {
		parts[i] = strings.ReplaceAll(parts[i], quote(old), quote(renamed))
	}
	return strings.Join(parts, "'")
}

// Doubts returns the renames that could explain why something is gone and
// something alike is new. Only a person knows. Those that are settled, one way
// or the other, are not among them.
func Doubts(from, to Snapshot, settled []Rename, denied []Rename) ([]Rename, error) {
	from, err := from.apply(to, sorted(settled))
	if err != nil {
		return nil, err
	}
	var out []Rename
	for _, gone := range from.Tables {
		if same := to.table(gone.Name); same != nil {
			out = append(out, doubtfulColumns(gone, *same)...)
			continue
		}
		for _, fresh := range to.Tables {
			if from.table(fresh.Name) == nil && alike(gone.Postgres, fresh.Postgres) {
				out = append(out, Rename{Table: gone.Name, To: fresh.Name})
			}
		}
	}
	return slices.DeleteFunc(out, func(r Rename) bool { return slices.Contains(denied, r) }), nil
}

func doubtfulColumns(from, to Table) (out []Rename) {
	for _, gone := range from.Postgres.Columns {
		if to.Postgres.column(gone.Name) != nil {
			continue
		}
		for _, fresh := range to.Postgres.Columns {
			if from.Postgres.column(fresh.Name) == nil && readColumn(gone.Definition).kind() == readColumn(fresh.Definition).kind() {
				out = append(out, Rename{Table: from.Name, Column: gone.Name, To: fresh.Name})
			}
		}
	}
	return out
}

// alike reports whether at least half of the columns have the same names.
func alike(a, b Form) bool {
	common := 0
	for _, c := range a.Columns {
		if b.column(c.Name) != nil {
			common++
		}
	}
	return 2*common >= max(len(a.Columns), len(b.Columns))
}
