package data

import "fmt"

// RenameColumns says what columns are called in the database whose names in the
// tags are others, so that a struct can be bound to a table that exists
// already: names["owner"] is the real name of the column owner. UniqueOn,
// UniqueAlive and the columns of References go by the tags, and so does what is
// known by its name, such as the times of Audited. What is referred to, whatever
// else names a column, such as Col, and what an encrypted column is bound to go
// by the real name. The text of a check is not changed. NewTable panics for a
// column that T does not have, and if two have one name.
func RenameColumns(names map[string]string) TableOption {
	return func(o *tableOptions) { o.renamed = names }
}

// rename gives columns their real names.
func (t *Table[T]) rename(names map[string]string) {
	if len(names) == 0 {
		return
	}
	for from := range names {
		t.mustField(from)
	}
	named := func(name string) string {
		if to, ok := names[name]; ok {
			return to
		}
		return name
	}
	taken := map[string]bool{}
	for _, f := range t.fields {
		f.column.Name = named(f.column.Name)
		if taken[f.column.Name] {
			panic(fmt.Sprintf("data: table %s: two fields are column %q", t.name, f.column.Name))
		}
		taken[f.column.Name] = true
		if f.seal != nil {
			f.seal.column = f.column.Name
		}
	}
	all := func(columns []string) []string {
		out := make([]string, len(columns))
		for i, c := range columns {
			out[i] = named(c)
		}
		return out
	}
	for _, sets := range [][][]string{t.uniques, t.alive} {
		for i, u := range sets {
			sets[i] = all(u)
		}
	}
	for i, k := range t.foreign {
		t.foreign[i].Columns = all(k.Columns)
	}
}
