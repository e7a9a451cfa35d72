package data_test

import (
	"context"
	"strings"
	"testing"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/patch"
)

type book struct {
	data.Audited[book]
	Title  string  `json:"title" db:"title,size=20,search,sort"`
	Author *string `json:"writtenBy" db:"author,search"`
	Pages  int     `json:"pages" db:"pages,filter"`
}

var (
	books  = data.NewTable[book]("books", data.UniqueOn("title", "author"))
	bookID = data.Col[data.ID[book]](books, "id")
	title  = data.TextCol(books, "title")
	author = data.Col[string](books, "author")
	pages  = data.Col[int](books, "pages")
)

const list = `"id", "created_at", "updated_at", "title", "author", "pages"`

// Each statement is written in SQLite's SQL; $ stands for the parameters of
// PostgreSQL, and «LOCK» for its lock.
func TestStatements(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	id := data.ID[book]{0xab, 0xcd}
	type rows = data.Repository[book]
	get := func(f data.Filter[book]) func(rows) {
		return func(r rows) { r.Count(ctx, f) }
	}
	where := func(text string) string { return `query SELECT count(*) FROM "books" WHERE ` + text }
	for _, c := range []struct {
		name string
		run  func(rows)
		want string
	}{
		{"get", func(r rows) { r.Get(ctx, id) }, `query SELECT ` + list + ` FROM "books" WHERE "id" = ?; abcd`},
		{"get by", func(r rows) { r.GetBy(ctx, title.Eq("x"), pages.Gt(1)) }, `query SELECT ` + list + ` FROM "books" WHERE ("title" = ? AND "pages" > ?) LIMIT 2; x; 1`},
		{"lock", func(r rows) { r.Lock(ctx, title.Eq("x")) }, `query SELECT ` + list + ` FROM "books" WHERE "title" = ? LIMIT 2«LOCK»; x`},
		{"exists", func(r rows) { r.Exists(ctx, title.Eq("x")) }, `query SELECT 1 FROM "books" WHERE "title" = ? LIMIT 1; x`},
		{"count", func(r rows) { r.Count(ctx) }, `query SELECT count(*) FROM "books"`},

		{"list", func(r rows) { r.List(ctx, data.Query[book]{}) }, `query SELECT ` + list + ` FROM "books" ORDER BY "id" LIMIT 20`},
		{"list all", func(r rows) { r.List(ctx, data.Query[book]{Limit: -1}) }, `query SELECT ` + list + ` FROM "books" ORDER BY "id"`},
		{"list the rest", func(r rows) { r.List(ctx, data.Query[book]{Limit: -1, Offset: 5}) }, `query SELECT ` + list + ` FROM "books" ORDER BY "id" LIMIT ? OFFSET ?; 9223372036854775807; 5`},
		{"list and count", func(r rows) {
			r.List(ctx, data.Query[book]{Where: pages.Lt(9), Order: data.By(title.Desc()), Limit: 5, Offset: 10, Count: true})
		}, `batch SELECT ` + list + ` FROM "books" WHERE "pages" < ? ORDER BY "title" DESC, "id" DESC LIMIT ? OFFSET ?; 9; 5; 10
batch SELECT count(*) FROM "books" WHERE "pages" < ?; 9`},
		{"list by two", func(r rows) { r.List(ctx, data.Query[book]{Order: data.By(title.Desc(), pages.Asc())}) }, `query SELECT ` + list + ` FROM "books" ORDER BY "title" DESC, "pages", "id" LIMIT 20`},
		{"list by id", func(r rows) { r.List(ctx, data.Query[book]{Order: data.By(bookID.Desc())}) }, `query SELECT ` + list + ` FROM "books" ORDER BY "id" DESC LIMIT 20`},
		{"each", func(r rows) {
			for range r.Each(ctx, data.Query[book]{}) {
			}
		}, `query SELECT ` + list + ` FROM "books" ORDER BY "id"`},
		{"range", func(r rows) { data.Range(ctx, r, pages, title.Eq("x")) }, `query SELECT min("pages"), max("pages") FROM "books" WHERE "title" = ?; x`},

		{"ne", get(pages.Ne(1)), where(`("pages" <> ?); 1`)},
		{"ne or null", get(author.Ne("x")), where(`("author" <> ? OR "author" IS NULL); x`)},
		{"in", get(pages.In(1, 2)), where(`("pages" IN (?, ?)); 1; 2`)},
		{"in three", get(pages.In(1, 2, 3)), where(`("pages" IN (?, ?, ?, ?)); 1; 2; 3; 3`)},
		{"in none", get(pages.In()), where(`1 = 0`)},
		{"not in", get(author.NotIn("x")), where(`("author" NOT IN (?) OR "author" IS NULL); x`)},
		{"not in none", get(author.NotIn()), where(`1 = 1`)},
		{"null", get(data.Any(author.IsNull(), author.NotNull())), where(`("author" IS NULL OR "author" IS NOT NULL)`)},
		{"has", get(title.Contains("a%")), where(`has("title", ?); a%`)},
		{"fold", get(title.ContainsFold("a")), where(`fold("title", ?); a`)},
		{"prefix", get(title.HasPrefix("a")), where(`prefix("title", ?); a`)},
		{"nested", get(data.All(data.Any(pages.Eq(1), pages.Le(2)), data.Not(pages.Ge(3)))), where(`(("pages" = ? OR "pages" <= ?) AND NOT ("pages" >= ?)); 1; 2; 3`)},
		{"nothing", get(data.Nothing[book]()), where(`1 = 0`)},
		{"everything", get(data.Everything[book]()), `query SELECT count(*) FROM "books"`},
		{"everything among others", get(data.Not(data.Everything[book]())), where(`NOT (1 = 1)`)},
		{"search", get(books.Searching("x", true)), where(`(fold("title", ?) OR fold("author", ?)); x; x`)},
		{"sql", get(data.All(pages.Eq(1), data.SQL("a = ? OR b = ?", title.Column, "x", "y"))), where(`("pages" = ? AND (a = ? OR b = ?)); 1; x; y`)},

		{"add", func(r rows) { v := book{Title: "x"}; v.ID = id; r.Add(ctx, &v) }, `exec INSERT INTO "books" (` + list + `) VALUES (?, ?, ?, ?, ?, ?); abcd; 03:04:05; 03:04:05; x; <nil>; 0`},
		{"add new", func(r rows) { v := book{Title: "x"}; v.ID = id; r.AddNew(ctx, &v, "title", "author") }, `exec INSERT INTO "books" (` + list + `) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT ("title", "author") DO NOTHING; abcd; 03:04:05; 03:04:05; x; <nil>; 0`},
		{"add all", func(r rows) { r.AddAll(ctx, make([]book, 3)) }, `load books 3×6`},
		{"update nothing", func(r rows) { r.UpdateOne(ctx, title.Eq("x"), pages.Patch(patch.Field[int]{})) }, `query SELECT ` + list + ` FROM "books" WHERE "title" = ? LIMIT 2; x`},
		{"update without a filter", func(r rows) { r.UpdateWhere(ctx, data.Filter[book]{}, pages.Set(1)) }, ``},
		{"delete", func(r rows) { r.Delete(ctx, id) }, `exec DELETE FROM "books" WHERE "id" = ?; abcd`},
		{"delete one", func(r rows) { r.DeleteOne(ctx, bookID.Eq(id)) }, `query DELETE FROM "books" WHERE "id" = ? RETURNING ` + list + `; abcd`},
		{"delete where", func(r rows) { r.DeleteWhere(ctx, pages.Eq(1)) }, `exec DELETE FROM "books" WHERE "pages" = ?; 1`},
		{"delete without a filter", func(r rows) { r.DeleteWhere(ctx, data.Any[book]()); r.DeleteWhere(ctx, data.All[book]()) }, `exec DELETE FROM "books" WHERE 1 = 0`},
	} {
		db, sqlite := newRecorder("sqlite")
		c.run(books.On(db))
		check(t, c.name, sqlite.take(), strings.ReplaceAll(c.want, "«LOCK»", ""))

		db, postgres := newRecorder("postgres")
		c.run(books.On(db))
		check(t, c.name+" on PostgreSQL", postgres.take(), numbered(strings.ReplaceAll(c.want, "«LOCK»", " FOR UPDATE")))
	}
}

// An update moves updated_at only for rows in which a column really changes. To
// know, it names each value twice.
func TestUpdateStatements(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	id := data.ID[book]{0xab, 0xcd}
	for _, c := range []struct {
		name             string
		run              func(data.Repository[book])
		sqlite, postgres string
	}{
		{
			"update", func(r data.Repository[book]) { r.Update(ctx, id, pages.Set(1), author.SetNull()) },
			`query UPDATE "books" SET "pages" = ?, "author" = ?, "updated_at" = CASE WHEN "pages" IS DISTINCT FROM ?1 OR "author" IS DISTINCT FROM ?2 THEN later(?, "updated_at") ELSE "updated_at" END WHERE "id" = ? RETURNING ` + list + `; 1; <nil>; 03:04:05; abcd`,
			`query UPDATE "books" SET "pages" = $1, "author" = $2, "updated_at" = CASE WHEN "pages" IS DISTINCT FROM coalesce($1, null of "books"."pages") OR "author" IS DISTINCT FROM coalesce($2, null of "books"."author") THEN later($3, "updated_at") ELSE "updated_at" END WHERE "id" = $4 RETURNING ` + list + `; 1; <nil>; 03:04:05; abcd`,
		},
		{
			"update where", func(r data.Repository[book]) { r.UpdateWhere(ctx, data.Everything[book](), pages.Plus(1)) },
			`exec UPDATE "books" SET "pages" = "pages" + ?, "updated_at" = CASE WHEN "pages" IS DISTINCT FROM "pages" + ?1 THEN later(?, "updated_at") ELSE "updated_at" END; 1; 03:04:05`,
			`exec UPDATE "books" SET "pages" = "pages" + $1, "updated_at" = CASE WHEN "pages" IS DISTINCT FROM "pages" + $1 THEN later($2, "updated_at") ELSE "updated_at" END; 1; 03:04:05`,
		},
	} {
		db, sqlite := newRecorder("sqlite")
		c.run(books.On(db))
		check(t, c.name, sqlite.take(), c.sqlite)
		db, postgres := newRecorder("postgres")
		c.run(books.On(db))
		check(t, c.name+" on PostgreSQL", postgres.take(), c.postgres)
	}
}

// numbered turns the ? of each statement into $1, $2, …
func numbered(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		for n := 1; strings.Contains(line, "?"); n++ {
			line = strings.Replace(line, "?", "$"+string(rune('0'+n)), 1)
		}
		lines[i] = line
	}
	return strings.Join(lines, "\n")
}

func TestSelectNumbers(t *testing.T) {
	t.Parallel()
	sel := data.NewSelect[struct {
		N int `db:"n"`
	}]("SELECT ? + ?", "SELECT ?::int + ?::int")
	db, sqlite := newRecorder("sqlite")
	sel.All(context.Background(), db, 1, 2)
	check(t, "sqlite", sqlite.take(), "query SELECT ? + ?; 1; 2")
	db, postgres := newRecorder("postgres")
	sel.All(context.Background(), db, 1, 2)
	check(t, "postgres", postgres.take(), "query SELECT $1::int + $2::int; 1; 2")
	if _, err := sel.All(context.Background(), db, struct{}{}); err == nil {
		t.Error("an argument of no known type was taken")
	}
}
