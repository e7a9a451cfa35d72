package postgres

import (
	"context"
	"strings"

	"github.com/manorgo/manor/data/driver"
)

const (
	explain     = "EXPLAIN (FORMAT JSON) "
	pieceLength = 4 // as the function of migrate.SearchIndex cuts them
)

// search asks the planner how many rows may have a text, which it knows from its
// statistics of the index. Where they are few, a subquery of its own keeps it
// from walking through all rows in the order of the page.
func search(ctx context.Context, c driver.Conn, in driver.SearchIndex, needle string, most int) (driver.Found, error) {
	key, head, tail := quote(in.Key), " FROM "+quote(in.Table)+" WHERE "+quote(in.Name()+"_pieces")+"("+in.Text()+") @@ ", "::text::tsquery"
	words := query(needle)
	rows, err := expected(ctx, c, explain+"SELECT 1"+head+"$1"+tail, words)
	if err != nil || rows > most {
		return driver.Found{}, err
	}
	return driver.Found{Head: key + " = ANY (ARRAY(SELECT " + key + head, Tail: tail + "))", Arg: words, Rows: rows}, nil
}

// query returns the tsquery for texts that contain s, which is not empty, with A
// to Z in lower case: all its pieces, or words that begin with it if it is
// shorter than they are. Texts that are too long for the index may contain it.
func query(s string) string {
	lower := []rune(strings.Map(func(c rune) rune {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		return c
	}, s))
	var b strings.Builder
	b.WriteString("'too long' | ")
	if len(lower) < pieceLength {
		b.WriteString(quoteWord(lower) + ":*")
		return b.String()
	}
	for i := range len(lower) - pieceLength + 1 {
		if i > 0 {
			b.WriteString(" & ")
		}
		b.WriteString(quoteWord(lower[i : i+pieceLength]))
	}
	return b.String()
}

func quoteWord(s []rune) string {
	return "'" + strings.NewReplacer("'", "''", `\`, `\\`).Replace(string(s)) + "'"
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
