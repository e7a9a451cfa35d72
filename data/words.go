package data

import (
	"slices"
)

// A wording is what the error about some columns says.
type wording struct {
	text    string
	columns []string // in order of their names
}

// Worded says in which words the database's refusal of a value is told: of a
// taken value of the unique columns, or, for one column, also of one that breaks
// its check or is missing. The text is shown to the caller, in place of such as
// "email is already taken"; kind, code and the columns that are named stay. It
// belongs to this table alone.
//
// Broken references keep their words, since SQLite does not tell which it was.
func Worded(text string, columns ...string) TableOption {
	return func(o *tableOptions) {
		o.words = append(o.words, wording{text, slices.Sorted(slices.Values(columns))})
	}
}

// worded returns the words for the columns, or "".
func (t *Table[T]) worded(columns []string) string {
	if len(t.words) == 0 {
		return ""
	}
	columns = slices.Sorted(slices.Values(columns))
	for _, w := range t.words {
		if slices.Equal(w.columns, columns) {
			return w.text
		}
	}
	return ""
}
