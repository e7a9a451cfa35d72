package sqlite

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/manorgo/manor/data/driver"
)

// pieceLength is how many characters of a text one piece of it has. The index has
// a piece from each character on; those at the end of the text are shorter.
const pieceLength = 4

const (
	maxPieces   = 8     // of a needle that are asked for
	manyOfPiece = 1_500 // rows with one piece that are counted at first
)

// search looks a text up in the index of FTS5, whose words are pieces of texts,
// in lower case as to A to Z, in hexadecimal. It looks for those two pieces of
// the needle that the fewest rows have: to pass over the many rows of a frequent
// one costs more than to find out later that a row lacks it.
func search(ctx context.Context, c driver.Conn, in driver.SearchIndex, needle string, most int) (f driver.Found, err error) {
	words := pieces(needle)
	if len(words) == 0 {
		return f, nil
	}
	counts, err := countEach(ctx, c, in, words, manyOfPiece)
	if err != nil {
		return f, err
	}
	slices.SortStableFunc(counts, func(a, b counted) int { return cmp.Compare(a.rows, b.rows) })
	rows, match := counts[0].rows, counts[0].match()
	switch {
	case rows < manyOfPiece:
		if len(counts) > 1 && counts[1].rows < manyOfPiece {
			match += " AND " + counts[1].match()
		}
	case len(counts) == 1:
		if counts, err = countEach(ctx, c, in, words, most+1); err != nil {
			return f, err
		}
		rows = counts[0].rows
	default:
		for _, p := range counts[1:] {
			match += " AND " + p.match()
		}
		if rows, err = countAll(ctx, c, in, match, most+1); err != nil {
			return f, err
		}
	}
	if rows > most {
		return f, nil
	}
	index := quote(in.Name())
	return driver.Found{
		Head: quote(in.Key) + " IN (SELECT k.id FROM " + index + " JOIN " + quote(in.Name()+"_key") + " AS k ON k.n = " + index + ".rowid WHERE " + index + " MATCH ",
		Tail: ")", Arg: match, Rows: rows,
	}, nil
}

// short is how many characters a text has at most whose pieces are cut without
// a loop, which takes a third of the time.
const short = 48

// indexTogether has the triggers number new rows only, until their words are
// added.
func indexTogether(in driver.SearchIndex) (before string, after []string) {
	key := quote(in.Name() + "_key")
	var cut strings.Builder // from texts of one byte for each character
	for i := range short {
		fmt.Fprintf(&cut, ", substr(h, %d, %d)", 2*i+1, 2*pieceLength)
	}
	const once = " LIMIT -1 OFFSET 0" // or SQLite would compute t and h for each piece
	texts := "SELECT k.n AS n, " + in.Lower("r") + " AS t FROM " + key + " AS k JOIN " + quote(in.Table) + " AS r ON r." + quote(in.Key) + " = k.id" +
		" WHERE k.n > (SELECT CAST(substr(id, 7) AS INTEGER) FROM " + key + " WHERE n = 0) ORDER BY k.n" + once
	return "INSERT INTO " + key + " (n, id) SELECT 0, 'after ' || coalesce(max(n), 0) FROM " + key, []string{
		"INSERT INTO " + quote(in.Name()) + " (rowid, pieces) SELECT n, CASE WHEN length(t) <= " + strconv.Itoa(short) +
			" AND length(h) = 2 * length(t) THEN concat_ws(' '" + cut.String() + ") ELSE " + driver.Pieces + " END" +
			" FROM (SELECT n, t, hex(t) AS h FROM (" + texts + ")" + once + ")",
		"DELETE FROM " + key + " WHERE n = 0",
	}
}

// A piece is a word of the index, or what such words begin with.
type piece struct {
	word   string
	prefix bool
}

// match returns the query of FTS5 for p.
func (p piece) match() string {
	if p.prefix {
		return p.word + "*"
	}
	return p.word
}

// pieces cuts a needle into pieces that cover it. A needle shorter than a piece
// is the beginning of some.
func pieces(needle string) []piece {
	chars := []rune(needle)
	word := func(from, to int) string {
		lower := []byte(string(chars[from:to]))
		for i, c := range lower {
			if 'A' <= c && c <= 'Z' {
				lower[i] = c | 0x20
			}
		}
		return hex.EncodeToString(lower)
	}
	last := len(chars) - pieceLength
	switch {
	case len(chars) == 0:
		return nil
	case last < 0:
		return []piece{{word(0, len(chars)), true}}
	}
	var out []piece
	for at := 0; at < last && len(out) < maxPieces-1; at += pieceLength {
		out = append(out, piece{word(at, at+pieceLength), false})
	}
	return append(out, piece{word(last, last+pieceLength), false})
}

// A counted is a piece with how many rows have it.
type counted struct {
	piece
	rows int
}

// countEach counts the rows with each piece, up to most. It reads the words of
// the index, which come one by one, while a search for a prefix would gather all
// rows before it returns the first; a row with several such words counts for
// each.
func countEach(ctx context.Context, c driver.Conn, in driver.SearchIndex, words []piece, most int) ([]counted, error) {
	one := "SELECT count(*) FROM (SELECT 1 FROM " + quote(in.Name()+"_word") + " WHERE term >= ? AND term <= ? LIMIT ?)"
	var args []any
	for _, p := range words {
		end := p.word
		if p.prefix {
			end += "g" // more than any digit
		}
		args = append(args, p.word, end, int64(most))
	}
	out := make([]counted, 0, len(words))
	err := counts(ctx, c, strings.Repeat(one+" UNION ALL ", len(words)-1)+one, args, func(n int) {
		out = append(out, counted{words[len(out)], n})
	})
	return out, err
}

// countAll counts the rows that match, up to most.
func countAll(ctx context.Context, c driver.Conn, in driver.SearchIndex, match string, most int) (n int, err error) {
	index := quote(in.Name())
	err = counts(ctx, c, "SELECT count(*) FROM (SELECT 1 FROM "+index+" WHERE "+index+" MATCH ? LIMIT ?)",
		[]any{match, int64(most)}, func(rows int) { n = rows })
	return n, err
}

var countColumns = []driver.Column{{Name: "n", Kind: driver.Int}}

func counts(ctx context.Context, c driver.Conn, sql string, args []any, each func(int)) error {
	rows, err := c.Query(ctx, driver.Call{Statement: &driver.Statement{SQL: sql, Columns: countColumns, Reads: true}, Args: args})
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var n int
		if err := rows.Scan([]any{&n}); err != nil {
			return err
		}
		each(n)
	}
	return rows.Err()
}
