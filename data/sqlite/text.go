package sqlite

import "strings"

// A kind is what a statement does, as far as it matters where it runs.
type kind uint8

const (
	other  kind = iota // changes the schema or the connection
	reads              // only reads
	writes             // changes rows
)

// kindOf tells by the first word. A WITH that has a writing word anywhere is
// taken to write: then it runs on the writer, where everything is allowed.
func kindOf(sql string) kind {
	word, rest := firstWord(lead(sql))
	k := kindOfWord(word)
	if k == other && strings.EqualFold(word, "WITH") {
		for word != "" {
			if word, rest = firstWord(rest); kindOfWord(word) == writes {
				return writes
			}
		}
		return reads
	}
	return k
}

func kindOfWord(word string) kind {
	switch len(word) {
	case 6, 7:
	default:
		return other
	}
	for _, w := range [...]string{"SELECT", "VALUES", "EXPLAIN"} {
		if strings.EqualFold(word, w) {
			return reads
		}
	}
	for _, w := range [...]string{"UPDATE", "INSERT", "DELETE", "REPLACE"} {
		if strings.EqualFold(word, w) {
			return writes
		}
	}
	return other
}

// lead removes the comments that a text begins with.
func lead(sql string) string {
	for {
		sql = strings.TrimLeft(sql, " \t\r\n;")
		switch {
		case strings.HasPrefix(sql, "--"):
			_, sql, _ = strings.Cut(sql, "\n")
		case strings.HasPrefix(sql, "/*"):
			_, sql, _ = strings.Cut(sql, "*/")
		default:
			return sql
		}
	}
}

func firstWord(sql string) (word, rest string) {
	i := 0
	for i < len(sql) && !letter(sql[i]) {
		i++
	}
	j := i
	for j < len(sql) && letter(sql[j]) {
		j++
	}
	return sql[i:j], sql[j:]
}

func letter(b byte) bool { return 'a' <= b|0x20 && b|0x20 <= 'z' || b == '_' }
