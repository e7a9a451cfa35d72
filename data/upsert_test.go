package data_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/manorgo/manor/data"
)

func TestStatementsOfManyRows(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	row := func(b byte) book {
		v := book{Title: "x", Author: new("y")}
		v.ID[0], v.ID[1] = b, b
		return v
	}
	const (
		own     = `; 0101; 03:04:05; 03:04:05; x; y; 0`
		values  = `VALUES (?, ?, ?, ?, ?, ?)`
		changed = `"books"."pages" IS DISTINCT FROM excluded."pages"`
		update  = ` ON CONFLICT ("title", "author") DO UPDATE SET "pages" = excluded."pages", "updated_at" = CASE WHEN ` + changed +
			` THEN later(?, "books"."updated_at") ELSE "books"."updated_at" END RETURNING ` + list
		args   = own + `; 03:04:05`
		insert = `query INSERT INTO "books" (` + list + `) `
		twice  = `WITH "sent rows" (` + list + `) AS (` + values + `) SELECT * FROM "sent rows" UNION ALL SELECT * FROM "sent rows" WHERE EXISTS (SELECT 1 FROM "books" WHERE `
		byID   = `query SELECT ` + list + ` FROM "books" WHERE "id" = ? LIMIT 2; 0101
`
		keep = ` ON CONFLICT ("id") DO UPDATE SET "id" = excluded."id" RETURNING ` + list
		lock = `query SELECT "id" FROM "books" WHERE "id" IN (?, ?) ORDER BY "id"`
	)
	type rows = data.Repository[book]
	for _, c := range []struct {
		name             string
		run              func(rows)
		sqlite, postgres string
	}{
		{"upsert", func(r rows) { v := row(1); r.Upsert(ctx, &v, "title", "author") },
			insert + twice + `"books"."title" = "sent rows"."title" AND "books"."author" = "sent rows"."author")` + update + args,
			insert + values + update + `, is_new` + args},
		{"get or add", func(r rows) { v := row(1); r.GetOrAdd(ctx, &v, "id") },
			byID + insert + twice + `"books"."id" = "sent rows"."id")` + keep + own,
			byID + insert + values + keep + `, is_new` + own},
		{"update all", func(r rows) { r.UpdateAll(ctx, []book{row(1), row(2)}, "pages") },
			lock + `; 0101; 0202
rollback`, lock + ` FOR UPDATE; 0101; 0202
rollback`},
		{"delete all", func(r rows) { r.DeleteAll(ctx, row(1).ID, row(2).ID, row(3).ID) },
			`exec DELETE FROM "books" WHERE ("id" IN (?, ?, ?, ?)); 0101; 0202; 0303; 0303`,
			`exec DELETE FROM "books" WHERE ("id" IN (?, ?, ?, ?)); 0101; 0202; 0303; 0303`},
		{"delete none", func(r rows) { r.DeleteAll(ctx) }, "", ""},
	} {
		db, sqlite := newRecorder("sqlite")
		c.run(books.On(db))
		check(t, c.name, sqlite.take(), c.sqlite)
		db, postgres := newRecorder("postgres")
		c.run(books.On(db))
		check(t, c.name+" on PostgreSQL", postgres.take(), numbered(c.postgres))
	}
	db, sqlite := newRecorder("sqlite")
	books.On(db).Upsert(ctx, &book{Title: "x", Author: new("y")}, "title", "author")
	if said := sqlite.take(); !strings.HasPrefix(said, insert+values+update+"; ") {
		t.Errorf("with an ID that the call made: %s", said)
	}
}

func TestMatchNeedsAConstraint(t *testing.T) {
	t.Parallel()
	db, said := newRecorder("sqlite")
	r, ctx := books.On(db), context.Background()
	for want, run := range map[string]func(){
		"nothing keeps title unique":           func() { r.Upsert(ctx, &book{}, "title") },
		"nothing keeps pages unique":           func() { r.UpsertAll(ctx, nil, "pages") },
		"nothing keeps title, title unique":    func() { r.GetOrAdd(ctx, &book{}, "title", "title") },
		"nothing keeps id, title unique":       func() { r.Upsert(ctx, &book{}, "id", "title") },
		`has no column "nothing"`:              func() { r.Upsert(ctx, &book{}, "nothing") },
		"id cannot be updated":                 func() { r.UpdateAll(ctx, nil, "id") },
		"pages cannot be updated, or comes tw": func() { r.UpdateAll(ctx, nil, "pages", "pages") },
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
	check(t, "statements", said.take(), "")
}
