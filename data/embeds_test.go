package data_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/manorgo/manor/data"
)

type page struct {
	data.Versioned[page]
	data.SoftDeleted
	data.Slugged
	Title string  `json:"title" db:"title"`
	Code  *string `json:"code" db:"code,unique"`
	Rank  int     `json:"rank" db:"rank"`
}

func TestEmbedsMustBeThere(t *testing.T) {
	t.Parallel()
	db, _ := newRecorder("sqlite")
	for name, run := range map[string]func(){
		"slug without embed":         func() { data.NewTable[book]("books", data.SlugFrom("title")) },
		"slug of no column":          func() { data.NewTable[page]("pages", data.SlugFrom("nothing")) },
		"slug of a number":           func() { data.NewTable[page]("pages", data.SlugFrom("rank")) },
		"slug of itself":             func() { data.NewTable[page]("pages", data.SlugFrom("slug")) },
		"alive without embed":        func() { data.NewTable[book]("books", data.UniqueAlive("title")) },
		"alive of no column":         func() { data.NewTable[page]("pages", data.UniqueAlive("nothing")) },
		"unique both ways":           func() { data.NewTable[page]("pages", data.UniqueAlive("code")) },
		"words about no column":      func() { data.NewTable[page]("pages", data.Worded("x", "nothing")) },
		"restore what stays deleted": func() { books.On(db).Restore(context.Background(), data.Everything[book]()) },
		"purge what is not marked":   func() { books.On(db).Purge(context.Background(), data.Everything[book]()) },
		"with deleted":               func() { books.On(db).WithDeleted() },
		"only deleted":               func() { books.On(db).OnlyDeleted() },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s was taken", name)
				}
			}()
			run()
		}()
	}
}

func TestVersionOf(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
	var p page
	p.UpdatedAt = at
	if !p.Version().IsZero() || !(book{}).Version().IsZero() || !data.VersionAt(time.Time{}).IsZero() {
		t.Error("what was never stored has a version")
	}
	p.Number = 3
	if p.Version() != 3 || p.Audited.Version() != data.VersionAt(at) || int64(data.VersionAt(at)) != at.UnixMicro() {
		t.Errorf("the versions are %v and %v", p.Version(), p.Audited.Version())
	}
}

func ExampleRepository_Where() {
	db, done := shop()
	defer done()
	ctx := context.Background()
	products.On(db).AddAll(ctx, []Product{{Name: "Lamp", Active: true}, {Name: "Table"}})

	active := products.On(db).Where(data.Col[bool](products, "active").Eq(true))
	n, err := active.DeleteWhere(ctx, data.Everything[Product]())
	fmt.Println(n, err)
	left, err := products.On(db).Count(ctx)
	fmt.Println(left, err)
	// Output:
	// 1 <nil>
	// 1 <nil>
}

func ExampleSlugify() {
	fmt.Println(data.Slugify("Die Straße nach 東京, Teil 2!"))
	// Output: die-strasse-nach-東京-teil-2
}

func ExamplePageOf() {
	page := data.Page[Product]{Items: []Product{{Name: "Lamp"}}, Total: 41, Limit: 1}
	fmt.Printf("%+v\n", data.PageOf(page, func(p Product) string { return p.Name }))
	// Output: {Items:[Lamp] Total:41 Limit:1 Offset:0 Next: Estimated:false}
}
