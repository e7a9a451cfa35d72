package driver

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"strings"
)

// A SearchIndex is what revisions keep for a table whose texts are searched: on
// SQLite the table's name with _search behind it, on PostgreSQL an index on what
// [SearchIndex.Text] says.
type SearchIndex struct {
	Table   string
	Key     string   // the column of the primary key
	Columns []Column // that are searched
}

// Found is what an index says of a text. It names all rows that have the text,
// and perhaps others.
type Found struct {
	// Head and Tail stand before and behind a parameter with the value Arg, and
	// together say which rows the index names. An empty Head means that it is
	// no help: too many rows have the text, or it cannot be looked up.
	Head, Tail string
	Arg        any
	Rows       int // that the index names, about
}

// A Searcher asks the index which rows have needle in any of the columns, in
// whatever case the letters A to Z are. If they are more than most, it is no help.
type Searcher func(ctx context.Context, c Conn, in SearchIndex, needle string, most int) (Found, error)

// Name is what all that revisions make for the index begins with.
func (s SearchIndex) Name() string { return s.Table + "_search" }

// Pieces is the SQL, of SQLite, for the words of a text t: its pieces of four
// characters, from each character on, in hexadecimal. The list has a number for
// each character.
const Pieces = `(SELECT group_concat(hex(substr(t, key + 1, 4)), ' ')
		FROM json_each('[' || substr(replace(hex(zeroblob(length(t))), '00', ',0'), 2) || ']'))`

// Lower returns the SQL, of SQLite, for what is searched of a row: the columns
// with ends of lines between them, A to Z in lower case.
func (s SearchIndex) Lower(row string) string { return "lower(" + s.joined(row+".", "char(10)") + ")" }

// Text is Lower of PostgreSQL, without the row.
func (s SearchIndex) Text() string { return `lower((` + s.joined("", "chr(10)") + `) COLLATE "C")` }

func (s SearchIndex) joined(row, end string) string {
	parts := make([]string, len(s.Columns))
	for i, c := range s.Columns {
		if parts[i] = row + quote(c.Name); c.Null {
			parts[i] = "coalesce(" + parts[i] + ", '')"
		}
	}
	return strings.Join(parts, " || "+end+" || ")
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// PlannedRows returns how many rows a plan promises, at most [math.MaxInt32], as
// PostgreSQL explains it in JSON.
func PlannedRows(explained string) (int, error) {
	var plans []struct {
		Plan struct {
			Rows float64 `json:"Plan Rows"`
		}
	}
	err := json.Unmarshal([]byte(explained), &plans)
	if err == nil && len(plans) == 0 {
		err = errors.New("database: a plan is missing")
	}
	if err != nil {
		return 0, err
	}
	return int(min(plans[0].Plan.Rows, math.MaxInt32)), nil
}
