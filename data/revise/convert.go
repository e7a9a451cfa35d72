package revise

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// A column is what a definition says, taken apart.
type column struct {
	typ      string
	identity string // how PostgreSQL numbers rows, or ""
	notNull  bool
	preset   string // the default, or ""
}

var identity = regexp.MustCompile(`^([^']*?) (GENERATED (?:ALWAYS|BY DEFAULT) AS IDENTITY)`)

func readColumn(definition string) (c column) {
	if m := identity.FindStringSubmatch(definition); m != nil {
		c.identity = m[2]
		definition = m[1] + definition[len(m[0]):]
	}
	definition, c.preset, _ = strings.Cut(definition, " DEFAULT ")
	c.typ, c.notNull = strings.CutSuffix(definition, " NOT NULL")
	return c
}

var (
	numeric = regexp.MustCompile(`^numeric\((\d+),(\d+)\)$`)
	text    = regexp.MustCompile(`^(?:text|varchar\(\d+\))( COLLATE "\w+")?$`)
)

// kind returns the type without its size.
func (c column) kind() string {
	switch {
	case text.MatchString(c.typ):
		return "text"
	case numeric.MatchString(c.typ):
		return "numeric"
	}
	return c.typ
}

// places returns the scale of a numeric or whole number, or -1.
func (c column) places() int {
	if c.typ == "bigint" {
		return 0
	}
	if m := numeric.FindStringSubmatch(c.typ); m != nil {
		n, _ := strconv.Atoi(m[2])
		return n
	}
	return -1
}

const double = "double precision"

// A conversion turns the values of a type into those of another. %s stands for
// the column.
type conversion struct {
	using  string // PostgreSQL; "" if it knows by itself
	sqlite string
	rounds bool
}

// convert returns how values of a PostgreSQL type become those of another, and
// how the same is done on SQLite, which may store both alike. It knows only
// what keeps the meaning of each value.
func convert(from, to column) (conversion, bool) {
	a, b := from.places(), to.places()
	switch {
	case from.typ == to.typ, from.kind() == "text" && to.kind() == "text":
		return conversion{sqlite: "%s"}, true // what is too long is refused
	case a >= 0 && b >= 0:
		return rescale(a, b), true
	case a == 0 && to.typ == double:
		return conversion{sqlite: "CAST(%s AS REAL)"}, true
	case a > 0 && to.typ == double:
		return conversion{sqlite: "CAST(%s AS REAL) / " + power(a)}, true
	case from.typ == "bigint" && to.kind() == "text":
		return conversion{sqlite: "CAST(%s AS TEXT)"}, true
	case from.typ == "boolean" && to.typ == "bigint":
		return conversion{using: "%s::integer", sqlite: "%s"}, true
	case from.typ == "bigint" && to.typ == "boolean":
		return conversion{using: "%s <> 0", sqlite: "%s <> 0"}, true
	}
	return conversion{}, false
}

// restore is convert for the way back, where values came from the other type:
// what a float has behind the point by now is rounded, and a text that is no
// whole number lets the revision fail.
func restore(from, to column) (conversion, bool) {
	b := to.places()
	switch {
	case from.typ == double && b == 0:
		return conversion{sqlite: "CAST(round(%s) AS INTEGER)"}, true
	case from.typ == double && b > 0:
		return conversion{sqlite: "CAST(round(%s * " + power(b) + ") AS INTEGER)"}, true
	case from.kind() == "text" && to.typ == "bigint":
		// SQLite would read any text as a number, but its tables take none.
		return conversion{using: "%s::bigint", sqlite: "CASE WHEN CAST(CAST(%[1]s AS INTEGER) AS TEXT) = %[1]s THEN CAST(%[1]s AS INTEGER) ELSE %[1]s END"}, true
	}
	return conversion{}, false
}

// rescale moves the point of numbers that SQLite stores without one, and rounds
// as PostgreSQL does: halves away from zero.
func rescale(from, to int) conversion {
	switch {
	case from < to:
		return conversion{sqlite: "%s * " + power(to-from)}
	case from > to:
		p := power(from - to)
		return conversion{sqlite: fmt.Sprintf("(%%[1]s + CASE WHEN %%[1]s < 0 THEN -%[1]s / 2 ELSE %[1]s / 2 END) / %[1]s", p), rounds: true}
	}
	return conversion{sqlite: "%s"}
}

func power(n int) string { return "1" + strings.Repeat("0", n) }
