package data_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/fault"
)

// A Film is found by search, sort and filter.
type Film struct {
	data.Audited[Film]
	Title    string    `json:"title" db:"title,size=100,search,sort,filter"`
	Genre    string    `json:"genre" db:"genre,enum=action|comedy|drama,filter"`
	Director *string   `json:"director" db:"director,search,filter"`
	Released data.Date `json:"released" db:"released,sort,filter"`
	Rating   int       `json:"rating" db:"rating,sort,filter"`
	Seen     bool      `json:"seen" db:"seen,filter"`
}

var (
	films     = data.NewTable[Film]("films")
	filmTitle = data.TextCol(films, "title")
	filmGenre = data.Col[string](films, "genre")
	director  = data.TextCol(films, "director")
	released  = data.Col[data.Date](films, "released")
	rating    = data.Col[int](films, "rating")
	seen      = data.Col[bool](films, "seen")
	created   = data.Col[time.Time](films, "created_at")
)

// cinema opens a new database with three films in it.
func cinema() (db *data.DB, done func()) {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	db, err = sqlite.Open(ctx, filepath.Join(dir, "cinema.db"), sqlite.Options{})
	if err != nil {
		log.Fatal(err)
	}
	for _, sql := range migrate.DDL(db.Dialect(), films.Schema()) {
		if _, err := db.Driver().Exec(ctx, driver.Call{Statement: &driver.Statement{SQL: sql}}); err != nil {
			log.Fatal(err)
		}
	}
	name := "Frank Darabont"
	err = films.On(db).AddAll(ctx, []Film{
		{Title: "The Matrix", Genre: "action", Released: "1999-03-31", Rating: 87, Seen: true},
		{Title: "The Hangover", Genre: "comedy", Released: "2009-06-05", Rating: 77},
		{Title: "The Shawshank Redemption", Genre: "drama", Director: &name, Released: "1994-09-23", Rating: 93, Seen: true},
	})
	if err != nil {
		log.Fatal(err)
	}
	return db, func() {
		db.Close()
		os.RemoveAll(dir)
	}
}

// Filters are typed values, and make others.
func ExampleFilter() {
	db, done := cinema()
	defer done()
	ctx := context.Background()

	since := data.Date("1999-01-01")
	for _, f := range []data.Filter[Film]{
		rating.Between(77, 87),
		filmGenre.In("comedy", "drama"),
		director.Ne("Frank Darabont"), // and those that have none
		director.IsNull(),
		filmTitle.HasSuffixFold("MATRIX"),
		filmTitle.Lacks("the "),
		data.All(seen.Eq(true), data.Not(filmTitle.HasPrefix("The M"))),
		data.Any(rating.Gt(90), filmGenre.Eq("comedy")),
		released.Within(data.Span[data.Date]{From: &since}),
		data.OnDay(created, time.Now()),
	} {
		n, err := films.On(db).Count(ctx, f)
		fmt.Print(n, " ")
		if err != nil {
			fmt.Println(err)
		}
	}
	// Output: 2 2 2 2 1 3 1 2 2 3
}

// What a request left out is no filter.
func ExampleColumn_InIf() {
	db, done := cinema()
	defer done()
	var request struct {
		Genres []string `json:"genres"`
		Seen   *bool    `json:"seen"`
	}
	for _, body := range []string{`{}`, `{"genres":[]}`, `{"genres":["drama","action"],"seen":true}`} {
		request.Genres, request.Seen = nil, nil
		if err := json.Unmarshal([]byte(body), &request); err != nil {
			log.Fatal(err)
		}
		where := data.All(filmGenre.InIf(request.Genres), seen.EqIf(request.Seen))
		n, err := films.On(db).Count(context.Background(), where)
		fmt.Println(n, err)
	}
	// Output:
	// 3 <nil>
	// 0 <nil>
	// 2 <nil>
}

// A saved search.
func ExampleTable_ParseQuery() {
	db, done := cinema()
	defer done()
	q, err := films.ParseQuery([]byte(`{"and_": [
		{"type": "search", "value": "the", "ignore_case": true},
		{"or_": [
			{"type": "comparison", "field": "rating", "op": "ge", "value": 90},
			{"type": "comparison", "field": "released", "op": "lt", "value": "2000-01-01"}
		]},
		{"type": "order_by", "field": "released", "sort_order": "desc"}
	]}`))
	if err != nil {
		log.Fatal(err)
	}
	page, err := films.On(db).List(context.Background(), q)
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range page.Items {
		fmt.Println(f.Title)
	}

	_, err = films.ParseFilter([]byte(`{"and_": [{}, {"type": "comparison", "field": "ratin", "op": "ge", "value": 90}]}`))
	fmt.Println(fault.KindOf(err), err.(*fault.Error).Msg)

	tree, err := json.Marshal(data.Any(rating.Ge(90), director.IsNull()))
	fmt.Println(string(tree), err)
	// Output:
	// The Matrix
	// The Shawshank Redemption
	// malformed and_[1].field: is not a field that can be filtered by
	// {"or_":[{"field":"rating","op":"ge","type":"comparison","value":90},{"field":"director","type":"null"}]} <nil>
}

// Orders are values, too.
func ExampleOrder() {
	db, done := cinema()
	defer done()
	ctx := context.Background()
	for _, order := range [][]data.Order[Film]{
		data.By(rating.Desc()),
		data.By(seen.Asc(), filmTitle.AscFold()), // unseen first, then by title in either case
	} {
		page, err := films.On(db).List(ctx, data.Query[Film]{Order: order})
		if err != nil {
			log.Fatal(err)
		}
		for i, f := range page.Items {
			fmt.Printf("%d %s ", i+1, strings.TrimPrefix(f.Title, "The "))
		}
		fmt.Println("of", len(page.Items))
	}
	any, err := films.On(db).List(ctx, data.Query[Film]{Order: data.By(data.Shuffled[Film]()), Limit: 1})
	fmt.Println(len(any.Items), err)
	// Output:
	// 1 Shawshank Redemption 2 Matrix 3 Hangover of 3
	// 1 Hangover 2 Matrix 3 Shawshank Redemption of 3
	// 1 <nil>
}

// A total that may be a guess where there are many rows.
func ExampleQuery_estimate() {
	db, done := cinema()
	defer done()
	page, err := films.On(db).List(context.Background(), data.Query[Film]{Where: seen.Eq(true), Limit: 50, Count: true, Estimate: true})
	fmt.Println(page.Total, page.Estimated, err)
	// Output: 2 false <nil>
}
