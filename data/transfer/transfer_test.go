package transfer_test

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/data/postgres"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/internal/pgtest"
)

// A sample has a column of every kind, with and without NULL.
type sample struct {
	data.Identified[sample]
	Text    string          `db:"text"`
	Int     int64           `db:"int"`
	Float   float64         `db:"float"`
	Bool    bool            `db:"bool"`
	Time    time.Time       `db:"time"`
	UUID    data.ID[tree]   `db:"uuid"`
	Decimal decimal.Decimal `db:"decimal,numeric=18.4"`
	Bytes   []byte          `db:"bytes"`
	JSON    []any           `db:"json,json"`

	NullText    *string          `db:"null_text,unique"`
	NullInt     *int64           `db:"null_int"`
	NullFloat   *float64         `db:"null_float"`
	NullBool    *bool            `db:"null_bool"`
	NullTime    *time.Time       `db:"null_time"`
	NullUUID    *data.ID[tree]   `db:"null_uuid"`
	NullDecimal *decimal.Decimal `db:"null_decimal,numeric=18.4"`
	NullBytes   *[]byte          `db:"null_bytes"`
	NullJSON    *map[string]any  `db:"null_json,json"`
}

// Trees refer to themselves; left and right to each other, and to trees.
type (
	tree struct {
		data.Identified[tree]
		Name   string         `db:"name,unique"`
		Rank   int64          `db:"rank,check=rank >= 0"`
		Parent *data.ID[tree] `db:"parent_id,references=trees,ondelete=restrict"`
	}
	left struct {
		data.Identified[left]
		Other data.ID[right] `db:"right_id,references=rights,ondelete=cascade"`
	}
	right struct {
		data.Identified[right]
		Other data.ID[left]  `db:"left_id,references=lefts,ondelete=cascade"`
		Tree  *data.ID[tree] `db:"tree_id,references=trees,ondelete=null"`
	}
)

var (
	samples = data.NewTable[sample]("samples")
	trees   = data.NewTable[tree]("trees")
	lefts   = data.NewTable[left]("lefts")
	rights  = data.NewTable[right]("rights")

	schemas = []data.Schema{samples.Schema(), trees.Schema(), lefts.Schema(), rights.Schema()}
)

var dialects = []string{"sqlite", "postgres"}

// empty opens a database without tables.
func empty(t testing.TB, dialect string) *data.DB {
	t.Helper()
	var db *data.DB
	var err error
	if dialect == "sqlite" {
		db, err = sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "test.db"), sqlite.Options{})
	} else {
		db, err = postgres.Open(t.Context(), pgtest.Database(t), postgres.Options{})
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// open opens a database with the tables.
func open(t testing.TB, dialect string) *data.DB {
	t.Helper()
	db := empty(t, dialect)
	up, _ := migrate.Draft(dialect, schemas)
	run(t, db, up)
	return db
}

func run(t testing.TB, db *data.DB, sql string) {
	t.Helper()
	for _, statement := range strings.Split(sql, ";\n") {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		if _, err := db.Driver().Exec(context.Background(), driver.Call{Statement: &driver.Statement{SQL: statement}}); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// says wants an error of a kind whose text has all words in it.
func says(t testing.TB, err error, kind fault.Kind, words ...string) {
	t.Helper()
	if err == nil || fault.KindOf(err) != kind {
		t.Errorf("the error is %v (%s), want %s", err, fault.KindOf(err), kind)
		return
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%q does not say %q", err, w)
		}
	}
}

func ptr[T any](v T) *T { return &v }

// extremes are values at the edges of what columns can hold.
func extremes() []sample {
	whole := decimal.RequireFromString
	return []sample{
		{Bytes: []byte{}, JSON: []any{map[string]any{}}},
		{
			Text: "a", Int: math.MinInt64, Float: -math.MaxFloat64, Bool: true, Time: time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC),
			UUID: data.ID[tree]{15: 1}, Decimal: whole("-99999999999999.9999"), Bytes: []byte{0}, JSON: []any{"text"},
		},
		{
			Text: strings.Repeat("ß漢😀\n\t\r'\"\\%_\\N\\.", 50), Int: math.MaxInt64, Float: math.MaxFloat64, Bool: true,
			Time: time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC), UUID: anID[tree](),
			Decimal: whole("99999999999999.9999"), Bytes: []byte{0, 1, 127, 128, 255, '\\', '\n'},
			JSON: []any{map[string]any{"z": 1.50, "a": []any{nil, true, "x\u0001 \"\\ <&>", 1e300, 0.1}, "b": map[string]any{}}},
		},
		{
			Bytes: []byte("x"), Float: math.SmallestNonzeroFloat64, Time: time.Date(1969, 12, 31, 23, 59, 59, 999999000, time.UTC), JSON: nil,
			NullText: ptr(""), NullInt: ptr(int64(-1)), NullFloat: ptr(0.1), NullBool: ptr(false), NullTime: ptr(time.UnixMicro(1).UTC()),
			NullUUID: &data.ID[tree]{1}, NullDecimal: ptr(whole("-0.0001")), NullBytes: ptr([]byte{}), NullJSON: &map[string]any{"n": nil},
		},
		{Text: "NULL", JSON: []any{}, Bytes: []byte("null"), Float: math.Copysign(0, -1), NullText: ptr("\\N"), NullFloat: ptr(math.Inf(-1))},
	}
}

// fillAll stores rows in all tables.
func fillAll(t testing.TB, db *data.DB) {
	t.Helper()
	all := extremes()
	ok(t, samples.On(db).AddAll(t.Context(), all))
	forest := []tree{{Name: "root"}, {Name: "child"}, {Name: "grandchild"}}
	for i := range forest {
		forest[i].ID = anID[tree]()
	}
	forest[1].Parent, forest[2].Parent = &forest[0].ID, &forest[1].ID
	ok(t, trees.On(db).AddAll(t.Context(), forest))
	l, r := anID[left](), anID[right]()
	ok(t, db.Tx(t.Context(), func(tx *data.Tx) error {
		late := "PRAGMA defer_foreign_keys = on"
		if db.Dialect() == "postgres" {
			late = `ALTER TABLE lefts ALTER CONSTRAINT fk_lefts_right_id DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE rights ALTER CONSTRAINT fk_rights_left_id DEFERRABLE INITIALLY DEFERRED`
		}
		execIn(t, tx, late)
		if err := lefts.On(tx).Add(t.Context(), &left{Identified: data.Identified[left]{ID: l}, Other: r}); err != nil {
			return err
		}
		return rights.On(tx).Add(t.Context(), &right{Identified: data.Identified[right]{ID: r}, Other: l, Tree: &forest[2].ID})
	}))
	if db.Dialect() == "postgres" {
		run(t, db, "ALTER TABLE lefts ALTER CONSTRAINT fk_lefts_right_id NOT DEFERRABLE;\nALTER TABLE rights ALTER CONSTRAINT fk_rights_left_id NOT DEFERRABLE")
	}
}

// contents returns all rows of all tables.
func contents(t testing.TB, db *data.DB) map[string]any {
	t.Helper()
	return map[string]any{"samples": list(t, db, samples), "trees": list(t, db, trees), "lefts": list(t, db, lefts), "rights": list(t, db, rights)}
}

func list[T any](t testing.TB, db *data.DB, table *data.Table[T]) []T {
	t.Helper()
	page, err := table.On(db).List(t.Context(), data.Query[T]{Limit: -1})
	ok(t, err)
	return page.Items
}

func same(t testing.TB, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// eachDialect runs a test on both databases.
func eachDialect(t *testing.T, fn func(t *testing.T, dialect string)) {
	for _, d := range dialects {
		t.Run(d, func(t *testing.T) {
			t.Parallel()
			fn(t, d)
		})
	}
}

// eachWay runs a test from each database to each.
func eachWay(t *testing.T, fn func(t *testing.T, from, to string)) {
	for _, from := range dialects {
		for _, to := range dialects {
			t.Run(fmt.Sprintf("%s to %s", from, to), func(t *testing.T) {
				t.Parallel()
				fn(t, from, to)
			})
		}
	}
}
