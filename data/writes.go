package data

import (
	"strconv"
	"strings"

	"github.com/manorgo/manor/data/driver"
)

// writesOf returns what a statement changes, as its text says. All texts are
// parts of the program, so none is made to mislead.
func writesOf(text string) (out []driver.Write) {
	words := wordsOf(text)
	if len(words) == 0 {
		return nil
	}
	switch words[0].upper {
	case "INSERT", "UPDATE", "DELETE", "WITH", "REPLACE":
	default:
		return nil
	}
	for i := range words {
		verb, name := verbAt(words, i)
		if verb == 0 || name >= len(words) || words[name].upper == "(" {
			continue
		}
		w := driver.Write{Table: words[name].text, Verb: verb, Key: -1}
		switch rest := words[name+1:]; verb {
		case driver.Insert:
			w.Key = insertedKey(rest)
		case driver.Update:
			w.Columns, rest = assigned(rest)
			w.Key = pickedKey(rest)
		case driver.Delete:
			w.Key = pickedKey(rest)
		}
		out = append(out, w)
	}
	return out
}

// verbAt returns what words[i] begins to do, 0 for nothing, and where the name
// of the table is.
func verbAt(words []word, i int) (verb driver.Verb, name int) {
	before, after := "", ""
	if i > 0 {
		before = words[i-1].upper
	}
	if i+1 < len(words) {
		after = words[i+1].upper
	}
	switch words[i].upper {
	case "INSERT", "REPLACE":
		for name = i + 1; name < len(words) && words[name].upper != "INTO"; name++ {
			if words[name].upper == "(" {
				return 0, 0 // the function replace
			}
		}
		return driver.Insert, name + 1
	case "UPDATE":
		switch before {
		case "DO", "FOR", "KEY", "ON": // of an upsert, a lock, a reference
			return 0, 0
		}
		return driver.Update, i + 1
	case "DELETE":
		if after == "FROM" {
			return driver.Delete, i + 2
		}
	}
	return 0, 0
}

// insertedKey returns the parameter for the column id of the first row, or -1.
// words are what follows the table's name: (columns) VALUES (parameters).
func insertedKey(words []word) int {
	column, place := -1, 0
	i := 0
	for ; i < len(words) && words[i].upper != ")"; i++ {
		switch {
		case words[i].upper == ",":
			place++
		case words[i].text == "id":
			column = place
		}
	}
	if column < 0 || i+2 >= len(words) || words[i+1].upper != "VALUES" {
		return -1
	}
	for place, i = 0, i+3; i < len(words) && words[i].upper != ")"; i++ {
		switch {
		case words[i].upper == ",":
			place++
		case place == column:
			return words[i].param
		}
	}
	return -1
}

// assigned returns the columns between SET and what follows it, and that.
func assigned(words []word) (columns []string, rest []word) {
	depth, begins := 0, false
	for i, w := range words {
		switch w.upper {
		case "(":
			depth++
		case ")":
			depth--
		}
		switch {
		case depth > 0:
		case w.upper == "SET", w.upper == ",":
			begins = true
		case w.upper == "WHERE", w.upper == "FROM", w.upper == "RETURNING":
			return columns, words[i:]
		case begins:
			columns, begins = append(columns, w.text), false
		}
	}
	return columns, nil
}

// pickedKey returns the parameter that the column id of the row has to be, or
// -1 if the condition is not that and more.
func pickedKey(words []word) int {
	key := -1
	for i, w := range words {
		switch w.upper {
		case "OR":
			return -1
		case "NOT":
			if i+1 < len(words) && words[i+1].upper == "(" {
				return -1
			}
		case "SELECT", "RETURNING":
			return key
		case "=":
			if key < 0 && i > 0 && i+1 < len(words) && words[i-1].text == "id" && (i < 2 || words[i-2].upper != ".") {
				key = words[i+1].param
			}
		}
	}
	return key
}

// A word is a name, a keyword, a sign or a parameter of SQL.
type word struct {
	text  string // a name without its quotes
	upper string // "" for a name in quotes and for a text
	param int    // which parameter it is, from 0; -1 for none
}

// wordsOf returns the words of a statement. What is in a text constant is one.
func wordsOf(sql string) (out []word) {
	params := 0
	for i := 0; i < len(sql); {
		c := sql[i]
		end := i + 1
		w := word{param: -1}
		switch {
		case c == ' ' || c == '\n' || c == '\t' || c == '\r':
			i = end
			continue
		case c == '"' || c == '\'':
			end = i + 1 + strings.IndexByte(sql[i+1:], c) + 1
			if end <= i+1 {
				end = len(sql) + 1
			}
			if c == '"' {
				w.text = sql[i+1 : end-1]
			}
		case inWord(c):
			for end < len(sql) && inWord(sql[end]) {
				end++
			}
			w.text = sql[i:end]
			w.upper = strings.ToUpper(w.text)
			if c == '?' || c == '$' {
				if n, err := strconv.Atoi(w.text[1:]); err == nil {
					w.param = n - 1
				} else {
					w.param = params
				}
				params = max(params, w.param+1)
			}
		default:
			w.text, w.upper = sql[i:end], sql[i:end]
		}
		out = append(out, w)
		i = end
	}
	return out
}

func inWord(c byte) bool {
	return c == '_' || c == '?' || c == '$' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
