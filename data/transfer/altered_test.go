package transfer

import (
	"context"
	"strings"
	"testing"

	"path/filepath"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/internal/pgtest"
)

// TestCopyFindsDifferences changes what was copied before it is proved.
func TestCopyFindsDifferences(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, fault, says string }{
		{"value", "UPDATE notes SET text = 'other' WHERE id = 2", "notes holds other values"},
		{"case", "UPDATE notes SET text = 'Two' WHERE id = 2", "notes holds other values"},
		{"null", "UPDATE notes SET text = NULL WHERE id = 3", "notes holds other values"},
		{"missing", "DELETE FROM notes WHERE id = 2", "notes has 2 rows and not 3"},
		{"more", "INSERT INTO notes VALUES (4, 'four')", "notes has 4 rows and not 3"},
	} {
		for _, dialect := range []string{"sqlite", "postgres"} {
			t.Run(tt.name+"/"+dialect, func(t *testing.T) {
				t.Parallel()
				a, b := notes(t, "sqlite"), notes(t, dialect)
				do(t, a, "INSERT INTO notes VALUES (1, 'one'), (2, 'two'), (3, '')")
				_, err := Copy(t.Context(), a, b, CopyOptions{altered: func(ctx context.Context, tx driver.Tx) error { return exec(ctx, tx, tt.fault) }})
				if fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("the error is %v, want %q", err, tt.says)
				}
				if used, err := Used(t.Context(), b); used != "" || err != nil {
					t.Errorf("something was kept: %s %v", used, err)
				}
			})
		}
	}
}

func notes(t *testing.T, dialect string) *data.DB {
	t.Helper()
	address := filepath.Join(t.TempDir(), "notes.db")
	if dialect == "postgres" {
		address = pgtest.Database(t)
	}
	db := openAt(t, address)
	do(t, db, "CREATE TABLE notes (id integer PRIMARY KEY, text text)")
	return db
}

func do(t *testing.T, db *data.DB, sql string) {
	t.Helper()
	if err := exec(t.Context(), db.Driver(), sql); err != nil {
		t.Fatal(err)
	}
}

// TestCanonicalJSON takes for equal what PostgreSQL takes for equal.
func TestCanonicalJSON(t *testing.T) {
	t.Parallel()
	for _, same := range [][]string{
		{`{"a":1,"b":[1,2]}`, `{ "b" : [1.0, 20e-1], "a" : 1 }`, `{"a":9,"b":[1,2],"a":1}`},
		{`1500`, `1.5e3`, `1500.00`, `15E+2`},
		{`0`, `-0`, `0.00`, `0e99`},
		{`-0.001`, `-1e-3`, `-0.0010`},
		{`"<é>"`, `"\u003c\u00e9\u003e"`},
	} {
		want := string(canonicalJSON(nil, []byte(same[0])))
		for _, s := range same[1:] {
			if got := string(canonicalJSON(nil, []byte(s))); got != want {
				t.Errorf("%s is %s, and %s is %s", same[0], want, s, got)
			}
		}
	}
	seen := map[string]string{}
	for _, s := range []string{`1`, `10`, `-1`, `0.1`, `"1"`, `null`, `[]`, `{}`, `[[]]`, `[1]`, `{"1":1}`, `true`, `"true"`, `[1,2]`, `[12]`, `1e999999999`} {
		c := string(canonicalJSON(nil, []byte(s)))
		if other, ok := seen[c]; ok {
			t.Errorf("%s and %s are %s", s, other, c)
		}
		seen[c] = s
	}
}
