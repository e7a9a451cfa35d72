package manortest_test

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/manorgo/manor/manortest"
)

// dump returns all rows of all tables of an app, sorted.
func dump(t *testing.T, app *manortest.App) string {
	t.Helper()
	var out []string
	for _, s := range app.Schemas() {
		var columns []string
		for _, c := range s.Columns {
			columns = append(columns, `"`+c.Name+`"`)
		}
		rows, err := query(t, app, "SELECT "+strings.Join(columns, ", ")+` FROM "`+s.Table+`"`, len(columns))
		if err != nil {
			t.Fatalf("dump %s: %v", s.Table, err)
		}
		for _, row := range rows {
			out = append(out, s.Table+": "+row)
		}
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// query returns rows as text, read beside the data layer.
func query(t *testing.T, app *manortest.App, text string, width int) (out []string, err error) {
	t.Helper()
	switch pool := app.DB.Driver().Native().(type) {
	case *sql.DB:
		rows, err := pool.QueryContext(t.Context(), text)
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		for rows.Next() {
			values := make([]any, width)
			into := make([]any, width)
			for i := range values {
				into[i] = &values[i]
			}
			if err := rows.Scan(into...); err != nil {
				return nil, err
			}
			out = append(out, fmt.Sprint(values...))
		}
		return out, rows.Err()
	case *pgxpool.Pool:
		rows, err := pool.Query(t.Context(), text)
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		for rows.Next() {
			values, err := rows.Values()
			if err != nil {
				return nil, err
			}
			out = append(out, fmt.Sprint(values...))
		}
		return out, rows.Err()
	default:
		return nil, fmt.Errorf("no rows from %T", pool)
	}
}
