package data_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/fault"
)

// A Writer has novels: a field without a db tag is not a column.
type Writer struct {
	data.Identified[Writer]
	Name string `json:"name" db:"name"`

	Novels  []Novel `json:"novels,omitzero"`
	Written int     `json:"written,omitzero"`
}

// A Novel belongs to its writer and is of several genres.
type Novel struct {
	data.Identified[Novel]
	WriterID data.ID[Writer] `json:"writer_id" db:"writer_id,references=writers,ondelete=cascade"`
	Title    string          `json:"title" db:"title,filter"`
	Draft    bool            `json:"draft" db:"draft"`

	Writer *Writer `json:"writer,omitzero"`
	Genres []Genre `json:"genres,omitzero"`
}

// A Genre is named by its key.
type Genre struct {
	ID string `json:"id" db:"id,primary,size=40"`
}

// A NovelGenre links a novel with a genre.
type NovelGenre struct {
	NovelID data.ID[Novel] `db:"novel_id,references=novels,ondelete=cascade"`
	GenreID string         `db:"genre_id,references=genres,ondelete=cascade"`
}

var (
	Writers     = data.NewTable[Writer]("writers")
	Novels      = data.NewTable[Novel]("novels")
	Genres      = data.NewTable[Genre]("genres")
	NovelGenres = data.NewTable[NovelGenre]("novel_genres", data.UniqueOn("novel_id", "genre_id"))

	WriterName = data.TextCol(Writers, "name")
	WriterID   = data.Col[data.ID[Writer]](Novels, "writer_id")
	Title      = data.TextCol(Novels, "title")
	Draft      = data.Col[bool](Novels, "draft")
	GenreID    = data.Col[string](Genres, "id")
	LinkNovel  = data.Col[data.ID[Novel]](NovelGenres, "novel_id")
	LinkGenre  = data.Col[string](NovelGenres, "genre_id")
)

// The relations are values, too.
var (
	WriterNovels = data.HasMany(Writers, Novels, WriterID, func(w *Writer) *[]Novel { return &w.Novels })
	NovelWriter  = data.BelongsTo(Novels, Writers, WriterID, func(n *Novel) **Writer { return &n.Writer })
	GenresOf     = data.ManyToMany(Novels, Genres, NovelGenres, LinkNovel, LinkGenre, func(n *Novel) *[]Genre { return &n.Genres })
)

// library has ursula with two novels and a draft, and iain with none.
func library(ctx context.Context) (db *data.DB, done func()) {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	if db, err = sqlite.Open(ctx, filepath.Join(dir, "library.db"), sqlite.Options{}); err != nil {
		log.Fatal(err)
	}
	create := driver.Statement{SQL: `CREATE TABLE writers (id BLOB PRIMARY KEY, name TEXT NOT NULL);
		CREATE TABLE genres (id TEXT PRIMARY KEY);
		CREATE TABLE novels (id BLOB PRIMARY KEY, writer_id BLOB NOT NULL REFERENCES writers (id) ON DELETE CASCADE, title TEXT NOT NULL, draft INTEGER NOT NULL);
		CREATE TABLE novel_genres (novel_id BLOB NOT NULL REFERENCES novels (id) ON DELETE CASCADE,
			genre_id TEXT NOT NULL REFERENCES genres (id) ON DELETE CASCADE, UNIQUE (novel_id, genre_id))`}
	if _, err := db.Driver().Exec(ctx, driver.Call{Statement: &create}); err != nil {
		log.Fatal(err)
	}
	ursula, iain := Writer{Name: "Ursula"}, Writer{Name: "Iain"}
	for _, w := range []*Writer{&ursula, &iain} {
		if err := Writers.On(db).Add(ctx, w); err != nil {
			log.Fatal(err)
		}
	}
	novels := []Novel{{Title: "Rocannon's World"}, {Title: "The Dispossessed"}, {Title: "Untitled", Draft: true}}
	for i := range novels {
		novels[i].WriterID = ursula.ID
	}
	if err := Novels.On(db).AddAll(ctx, novels); err != nil {
		log.Fatal(err)
	}
	if err := Genres.On(db).AddAll(ctx, []Genre{{"fantasy"}, {"utopia"}, {"space"}}); err != nil {
		log.Fatal(err)
	}
	return db, func() {
		db.Close()
		os.RemoveAll(dir)
	}
}

func ExampleHasMany() {
	ctx := context.Background()
	db, done := library(ctx)
	defer done()

	page, err := Writers.On(db).List(ctx, data.Query[Writer]{
		Order: data.By(WriterName.Asc()),
		Load:  []data.Load[Writer]{WriterNovels.Only(Draft.Eq(false)).OrderBy(Title.Desc()).Limit(1)},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, w := range page.Items {
		fmt.Print(w.Name, ":")
		for _, n := range w.Novels {
			fmt.Print(" ", n.Title)
		}
		fmt.Println()
	}
	// Output:
	// Iain:
	// Ursula: The Dispossessed
}

func ExampleRepository_With() {
	ctx := context.Background()
	db, done := library(ctx)
	defer done()

	novels := Novels.On(db).With(NovelWriter.With(WriterNovels.Count(func(w *Writer) *int { return &w.Written })))
	n, err := novels.GetBy(ctx, Title.Eq("The Dispossessed"))
	fmt.Println(n.Writer.Name, n.Writer.Written, n.Writer.Novels == nil, err)
	// Output: Ursula 3 true <nil>
}

func ExampleToMany_Some() {
	ctx := context.Background()
	db, done := library(ctx)
	defer done()

	published := WriterNovels.Some(Draft.Eq(false), Title.HasPrefix("The "))
	for _, f := range []data.Filter[Writer]{published, WriterNovels.None(), WriterNovels.Every(Draft.Eq(false))} {
		w, err := Writers.On(db).GetBy(ctx, f)
		fmt.Println(w.Name, err)
	}
	n, err := Novels.On(db).Count(ctx, NovelWriter.Where(WriterName.Eq("Ursula")))
	fmt.Println(n, err)
	// Output:
	// Ursula <nil>
	// Iain <nil>
	// Iain <nil>
	// 3 <nil>
}

func ExampleManyToMany() {
	ctx := context.Background()
	db, done := library(ctx)
	defer done()
	n, err := Novels.On(db).GetBy(ctx, Title.Eq("The Dispossessed"))
	if err != nil {
		log.Fatal(err)
	}

	added, err := GenresOf.Add(ctx, db, n.ID, "fantasy", "utopia")
	fmt.Println(added, err)
	err = GenresOf.Set(ctx, db, n.ID, "space", "utopia")
	fmt.Println(err)

	n, err = Novels.On(db).With(GenresOf.OrderBy(GenreID.Asc())).Get(ctx, n.ID)
	text, _ := json.Marshal(n.Genres)
	fmt.Println(string(text), err)
	// Output:
	// 2 <nil>
	// <nil>
	// [{"id":"space"},{"id":"utopia"}] <nil>
}

// Filters as data, over relations that say whose rows count and what may be
// asked of them.
func ExampleToMany_InTrees() {
	ctx := context.Background()
	db, done := library(ctx)
	defer done()

	published := func(context.Context) (data.Filter[Novel], error) { return Draft.Eq(false), nil }
	reader := data.TreeReader[Writer]{Table: Writers, Relations: []data.TreeRelation[Writer]{
		WriterNovels.InTrees("novels", published, []string{"title"}, GenresOf.InTrees("genres", nil, []string{"id"})),
	}}
	where, err := reader.Filter(ctx, []byte(`{"type": "exists", "relation": "novels", "filter": {"or_": [
		{"type": "comparison", "field": "title", "op": "startswith", "value": "The "},
		{"type": "exists", "relation": "genres", "filter": {"type": "comparison", "field": "id", "op": "eq", "value": "utopia"}}
	]}}`))
	if err != nil {
		log.Fatal(err)
	}
	w, err := Writers.On(db).GetBy(ctx, where)
	fmt.Println(w.Name, err)

	for _, tree := range []string{
		`{"type": "exists", "relation": "novels", "filter": {"type": "comparison", "field": "title", "op": "eq", "value": "Untitled"}}`,
		`{"type": "exists", "relation": "novels", "filter": {"type": "comparison", "field": "draft", "op": "eq", "value": true}}`,
	} {
		where, err := reader.Filter(ctx, []byte(tree))
		if err != nil {
			fmt.Println(err.(*fault.Error).Msg)
			continue
		}
		n, err := Writers.On(db).Count(ctx, where)
		fmt.Println(n, err)
	}
	// Output:
	// Ursula <nil>
	// 0 <nil>
	// filter.field: is not a field that can be filtered by
}
