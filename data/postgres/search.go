package postgres

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/manorgo/manor/data/driver"
)

const explain = "EXPLAIN (FORMAT JSON) "

// search asks the planner how many rows may have a text, which it knows from its
// statistics of the index. Where they are few, a subquery of its own keeps it
// from walking through all rows in the order of the page. The operators of
// pg_trgm are those of every PostgreSQL, so that without the extension only time
// is lost.
func search(ctx context.Context, c driver.Conn, in driver.SearchIndex, needle string, most int) (driver.Found, error) {
	key, from := quote(in.Key), " FROM "+quote(in.Table)+" WHERE "+in.Text()+" LIKE "
	pattern := containing(needle)
	rows, err := expected(ctx, c, explain+"SELECT 1"+from+"$1", pattern)
	if err != nil || rows > most {
		return driver.Found{}, err
	}
	return driver.Found{Head: key + " = ANY (ARRAY(SELECT " + key + from, Tail: "))", Arg: pattern, Rows: rows}, nil
}

// containing returns the pattern of LIKE for texts that contain s, with A to Z in
// lower case. Other letters in upper case become wildcards, because the
// extension takes them for those in lower case, of which some depend on what
// stands beside them.
func containing(s string) string {
	b := []byte{'%'}
	for _, c := range s {
		switch {
		case 'A' <= c && c <= 'Z':
			b = append(b, byte(c)|0x20)
		case c == '%' || c == '_' || c == '\\':
			b = append(b, '\\', byte(c))
		case c >= utf8.RuneSelf && unicode.ToLower(c) != c:
			b = append(b, '_')
		default:
			b = utf8.AppendRune(b, c)
		}
	}
	return string(append(b, '%'))
}

var planColumns = []driver.Column{{Name: "plan", Kind: driver.Text}}

// expected returns how many rows the planner expects of an explained statement.
func expected(ctx context.Context, c driver.Conn, sql string, args ...any) (n int, err error) {
	rows, err := c.Query(ctx, driver.Call{Statement: &driver.Statement{SQL: sql, Columns: planColumns, Reads: true}, Args: args})
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	var text string
	for rows.Next() {
		if err := rows.Scan([]any{&text}); err != nil {
			return 0, err
		}
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	return driver.PlannedRows(text)
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
