package data_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
)

func TestMistakesInTagsPanic(t *testing.T) {
	t.Parallel()
	for want, run := range map[string]func(){
		"is not a struct": func() { data.NewTable[int]("t") },
		"has no db tags": func() {
			data.NewTable[struct{ A int }]("t")
		},
		"names no column": func() {
			data.NewTable[struct {
				A int `db:",unique"`
			}]("t")
		},
		`unknown option "uniq"`: func() {
			data.NewTable[struct {
				A int `db:"a,uniq"`
			}]("t")
		},
		`option "size=x"`: func() {
			data.NewTable[struct {
				A string `db:"a,size=x"`
			}]("t")
		},
		`option "numeric=10"`: func() {
			data.NewTable[struct {
				A decimal.Decimal `db:"a,numeric=10"`
			}]("t")
		},
		"a decimal needs numeric": func() {
			data.NewTable[struct {
				A decimal.Decimal `db:"a"`
			}]("t")
		},
		"chan int cannot be stored": func() {
			data.NewTable[struct {
				A chan int `db:"a"`
			}]("t")
		},
		"map[string]int cannot be stored": func() {
			data.NewTable[struct {
				A map[string]int `db:"a"`
			}]("t")
		},
		`two fields are column "a"`: func() {
			data.NewTable[struct {
				A int `db:"a"`
				B int `db:"a"`
			}]("t")
		},
		`has no column "nothing"`:              func() { data.Col[string](books, "nothing") },
		`has no column "none"`:                 func() { data.NewTable[book]("t", data.UniqueOn("title", "none")) },
		"books.title holds string, not int":    func() { data.Col[int](books, "title") },
		"books.pages holds int, not string":    func() { data.TextCol(books, "pages") },
		"books.author holds *string, not *int": func() { data.Col[*int](books, "author") },
	} {
		func() {
			defer func() {
				if p := fmt.Sprint(recover()); !strings.Contains(p, want) || !strings.HasPrefix(p, "data: ") {
					t.Errorf("panicked with %s, want %q", p, want)
				}
			}()
			run()
		}()
	}
}

func TestSchema(t *testing.T) {
	t.Parallel()
	type base struct {
		Kind string `db:"kind,enum=a|b,default='a'"`
	}
	type row struct {
		data.Identified[row]
		base
		Owner  data.ID[book]     `db:"owner_id,references=books,ondelete=cascade,index"`
		Maker  string            `db:"maker,references=makers.code"`
		Name   *string           `db:"name,size=255,unique"`
		Price  decimal.Decimal   `db:"price,numeric=10.2,sort,check=price > 0, or so"`
		When   time.Time         `db:"at"`
		Extra  map[string]string `db:"extra,json"`
		More   *[]int            `db:"more,json"`
		Skip   string            `db:"-"`
		Absent int
	}
	got := data.NewTable[row]("rows", data.UniqueOn("name", "at"),
		data.References(data.ForeignKey{Columns: []string{"maker", "at"}, Table: "models", Targets: []string{"maker", "made"}, OnDelete: "restrict"}),
		data.References(data.ForeignKey{Columns: []string{"name", "at"}, Table: "names"}),
	).Schema()
	want := data.Schema{
		Table: "rows",
		Columns: []data.ColumnSchema{
			{Column: driver.Column{Name: "id", Kind: driver.UUID}, Primary: true},
			{Column: driver.Column{Name: "kind", Kind: driver.Text}, Enum: []string{"a", "b"}, Default: "'a'"},
			{Column: driver.Column{Name: "owner_id", Kind: driver.UUID}, Index: true},
			{Column: driver.Column{Name: "maker", Kind: driver.Text}},
			{Column: driver.Column{Name: "name", Kind: driver.Text, Null: true}, Size: 255},
			{Column: driver.Column{Name: "price", Kind: driver.Decimal, Scale: 2}, Digits: 10, Check: "price > 0, or so"},
			{Column: driver.Column{Name: "at", Kind: driver.Time}},
			{Column: driver.Column{Name: "extra", Kind: driver.JSON}},
			{Column: driver.Column{Name: "more", Kind: driver.JSON, Null: true}},
		},
		Uniques: [][]string{{"name", "at"}, {"name"}},
		Foreign: []data.ForeignKey{
			{Columns: []string{"owner_id"}, Table: "books", Targets: []string{"id"}, OnDelete: "cascade"},
			{Columns: []string{"maker"}, Table: "makers", Targets: []string{"code"}},
			{Columns: []string{"maker", "at"}, Table: "models", Targets: []string{"maker", "made"}, OnDelete: "restrict"},
			{Columns: []string{"name", "at"}, Table: "names", Targets: []string{"name", "at"}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("schema (-want +got):\n%s", diff)
	}
	if name := data.UniqueName("rows", "name", "at"); name != "uq_rows_name_at" {
		t.Errorf("the constraint is called %s", name)
	}
	if name := want.Foreign[2].Name("rows"); name != "fk_rows_maker_at" {
		t.Errorf("the reference is called %s", name)
	}
}

func TestFields(t *testing.T) {
	t.Parallel()
	got := books.Fields()[3:]
	want := []data.Field{
		{Column: "title", JSON: "title", Kind: driver.Text, Search: true, Sort: true},
		{Column: "author", JSON: "writtenBy", Kind: driver.Text, Null: true, Search: true},
		{Column: "pages", JSON: "pages", Kind: driver.Int, Filter: true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
}
