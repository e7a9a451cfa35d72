package sqlite

import (
	"context"
	"strings"

	"github.com/manorgo/manor/data/driver"
)

// load adds rows with INSERT … VALUES of many rows.
func load(ctx context.Context, c *conn, table string, columns []driver.Column, n int, row func(int, []any) error) error {
	width := len(columns)
	size := max(1, min(maxLoad, dialect.MaxParams/width))
	args := make([]any, min(size, n)*width)
	var st driver.Statement
	for i, last := 0, 0; i < n; i, last = i+size, size {
		for size > n-i {
			size /= 2 // few different texts, however many rows there are
		}
		if size != last {
			st.SQL = insert(table, columns, size)
		}
		for j := range size {
			if err := row(i+j, args[j*width:(j+1)*width]); err != nil {
				return err
			}
		}
		if _, err := c.exec(ctx, driver.Call{Statement: &st, Args: args[:size*width]}); err != nil {
			return classify(ctx, err)
		}
	}
	return nil
}

// maxLoad is how many rows one statement adds. Neither more nor fewer are
// faster: of 25, 50, 100, 250, 500 and 1,000 this took the least CPU.
const maxLoad = 250

func insert(table string, columns []driver.Column, rows int) string {
	var b strings.Builder
	b.WriteString("INSERT INTO " + quote(table) + " (")
	for i, c := range columns {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(quote(c.Name))
	}
	b.WriteString(") VALUES ")
	tuple := "(" + strings.Repeat("?, ", len(columns)-1) + "?)"
	for i := range rows {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(tuple)
	}
	return b.String()
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
