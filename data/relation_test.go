package data_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/manorgo/manor/data"
)

type shelf struct {
	data.Identified[shelf]
	Name string `db:"name"`
	Jars []jar
}

type jar struct {
	data.Identified[jar]
	Name   string          `db:"name"`
	Shelf  data.ID[shelf]  `db:"shelf_id,references=shelves"`
	Inside *data.ID[jar]   `db:"inside_id,references=jars"`
	Old    *data.ID[shelf] `db:"old_id,references=shelves"`
	Price  float64         `db:"price"`
	On     *shelf
	In     *jar
	Label  []label
}

type label struct {
	ID   int64  `db:"id,primary"`
	Name string `db:"name"`
}

type sticker struct {
	Jar   data.ID[jar]  `db:"jar_id"`
	Label int64         `db:"label_id"`
	Under *data.ID[jar] `db:"under_id"`
}

var (
	shelves  = data.NewTable[shelf]("shelves")
	jars     = data.NewTable[jar]("jars")
	labels   = data.NewTable[label]("labels")
	stickers = data.NewTable[sticker]("stickers", data.UniqueOn("label_id", "jar_id"))

	jarName    = data.TextCol(jars, "name")
	jarShelf   = data.Col[data.ID[shelf]](jars, "shelf_id")
	jarInside  = data.Col[data.ID[jar]](jars, "inside_id")
	labelName  = data.TextCol(labels, "name")
	ofJar      = data.Col[data.ID[jar]](stickers, "jar_id")
	ofLabel    = data.Col[int64](stickers, "label_id")
	shelfField = func(j *jar) **shelf { return &j.On }
	jarsField  = func(s *shelf) *[]jar { return &s.Jars }
	labelField = func(j *jar) *[]label { return &j.Label }

	shelfJars = data.HasMany(shelves, jars, jarShelf, jarsField)
	jarOn     = data.BelongsTo(jars, shelves, jarShelf, shelfField)
	jarIn     = data.BelongsTo(jars, jars, jarInside, func(j *jar) **jar { return &j.In })
	jarLabels = data.ManyToMany(jars, labels, stickers, ofJar, ofLabel, labelField)
)

func TestRelationStatements(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	rows := func(n int) []shelf {
		out := make([]shelf, n)
		for i := range out {
			out[i].ID = data.ID[shelf]{byte(i + 1)}
		}
		return out
	}
	one := []jar{{Shelf: data.ID[shelf]{9}}}
	one[0].ID = data.ID[jar]{7}
	const (
		jarsOf  = `"related rows"."id", "related rows"."name", "related rows"."shelf_id", "related rows"."inside_id", "related rows"."old_id", "related rows"."price"`
		byShelf = `query SELECT ` + jarsOf + ` FROM "jars" AS "related rows" WHERE "related rows"."shelf_id" IN (`
		order   = ` ORDER BY "related rows"."shelf_id", "related rows"."id"`
	)
	for _, c := range []struct {
		name string
		run  func(db *data.DB)
		want string
	}{
		{"has many", func(db *data.DB) { shelves.On(db).Load(ctx, rows(2), shelfJars) }, byShelf + `?, ?)` + order + `; 0100; 0200`},
		{"sizes", func(db *data.DB) { shelves.On(db).Load(ctx, rows(9), shelfJars) }, byShelf + `?, ?, ?, ?, ?, ?, ?, ?, ?, ?)` + order + `; 0100; 0200; 0300; 0400; 0500; 0600; 0700; 0800; 0900; 0900`},
		{"the same key", func(db *data.DB) { jars.On(db).Load(ctx, append(one, one...), jarOn) }, `query SELECT "related rows"."id", "related rows"."name" FROM "shelves" AS "related rows" WHERE "related rows"."id" IN (?); 0900`},
		{"many to many", func(db *data.DB) { jars.On(db).Load(ctx, one, jarLabels.Limit(3)) }, `query SELECT "key of the related rows", "related rows"."id", "related rows"."name" FROM (SELECT "between rows"."jar_id" AS "key of the related rows", "related rows"."id", "related rows"."name", row_number() OVER (PARTITION BY "between rows"."jar_id" ORDER BY "related rows"."id") AS "nth of the related rows" FROM "labels" AS "related rows" JOIN "stickers" AS "between rows" ON "between rows"."label_id" = "related rows"."id" WHERE "between rows"."jar_id" IN (?)) AS "related rows" WHERE "nth of the related rows" <= ? ORDER BY "key of the related rows", "nth of the related rows"; 0700; 3`},
		{"itself, within", func(db *data.DB) {
			jars.On(db).Load(ctx, one, jarOn.Only(shelfJars.Some(jarIn.Where(jarName.Eq("x")))))
		}, `query SELECT "related rows"."id", "related rows"."name" FROM "shelves" AS "related rows" WHERE "related rows"."id" IN (?) AND EXISTS (SELECT 1 FROM "jars" AS "related 1" WHERE "related 1"."shelf_id" = "related rows"."id" AND (EXISTS (SELECT 1 FROM "jars" AS "related 2" WHERE "related 2"."id" = "related 1"."inside_id" AND ("related 2"."name" = ?)))); 0900; x`},
		{"itself", func(db *data.DB) {
			jars.On(db).Count(ctx, jarName.Eq("a"), jarIn.None(jarName.Eq("b"), jarIn.Where()), jarName.Ne("c"))
		}, `query SELECT count(*) FROM "jars" WHERE ("name" = ? AND NOT EXISTS (SELECT 1 FROM "jars" AS "related 1" WHERE "related 1"."id" = "jars"."inside_id" AND (("related 1"."name" = ? AND EXISTS (SELECT 1 FROM "jars" AS "related 2" WHERE "related 2"."id" = "related 1"."inside_id")))) AND ("name" <> ?)); a; b; c`},
		{"every", func(db *data.DB) { jars.On(db).Count(ctx, jarLabels.Every(labelName.Eq("x"))) }, `query SELECT count(*) FROM "jars" WHERE NOT EXISTS (SELECT 1 FROM "labels" AS "related 1" JOIN "stickers" AS "related 2" ON "related 2"."label_id" = "related 1"."id" WHERE "related 2"."jar_id" = "jars"."id" AND ("related 1"."name" = ?) IS NOT TRUE); x`},
		{"add", func(db *data.DB) { jarLabels.Add(ctx, db, one[0].ID, 4, 5, 6) }, `exec INSERT INTO "stickers" ("jar_id", "label_id", "under_id") VALUES (?, ?, ?), (?, ?, ?), (?, ?, ?), (?, ?, ?) ON CONFLICT ("jar_id", "label_id") DO NOTHING; 0700; 4; <nil>; 0700; 5; <nil>; 0700; 6; <nil>; 0700; 6; <nil>`},
		{"remove", func(db *data.DB) { jarLabels.Remove(ctx, db, one[0].ID, 4) }, `exec DELETE FROM "stickers" WHERE ("jar_id" = ? AND ("label_id" IN (?))); 0700; 4`},
	} {
		db, r := newRecorder("sqlite")
		c.run(db)
		check(t, c.name, r.take(), c.want)
	}
	// More than a hundred parameters are too many for the recorder.
	db, r := newRecorder("sqlite")
	shelves.On(db).Load(ctx, rows(130), shelfJars)
	if got := strings.Count(r.take(), "query"); got != 3 {
		t.Errorf("130 keys took %d statements", got)
	}
	others := make([]int64, 33) // of three columns each
	jarLabels.Add(ctx, db, one[0].ID, others...)
	if got := r.take(); strings.Count(got, "exec") != 2 || !strings.HasSuffix(got, "commit") {
		t.Errorf("33 links:\n%s", got)
	}
}

// A relation whose columns do not fit is found when the program starts.
func TestMistakesInRelationsPanic(t *testing.T) {
	t.Parallel()
	old := data.Col[data.ID[shelf]](jars, "old_id")
	unkept := data.NewTable[sticker]("unkept")
	priced := data.NewTable[struct {
		ID float64 `db:"id,primary"`
	}]("priced")
	for want, run := range map[string]func(){
		"jars.inside_id refers to jars, not to shelves":       func() { data.HasMany(shelves, jars, jarInside, jarsField) },
		"stickers.label_id holds int64, and jars.id data.ID[": func() { data.BelongsTo(stickers, jars, ofLabel, func(*sticker) **jar { return nil }) },
		"table stickers has no primary key":                   func() { data.HasMany(stickers, jars, jarShelf, func(*sticker) *[]jar { return nil }) },
		"nothing keeps jar_id and label_id together": func() {
			data.ManyToMany(jars, labels, unkept, data.Col[data.ID[jar]](unkept, "jar_id"), data.Col[int64](unkept, "label_id"), labelField)
		},
		"a link needs two columns that may not be NULL": func() {
			data.ManyToMany(jars, labels, stickers, data.Col[data.ID[jar]](stickers, "under_id"), ofLabel, labelField)
		},
		"priced.id is no key that rows can be found by":                   func() { data.BelongsTo(jars, priced, data.Col[float64](jars, "price"), nil) },
		"stickers.jar_id holds data.ID[github.com/manorgo/manor/data_tes": func() { data.ManyToMany(jars, labels, stickers, ofJar, ofJar, labelField) },
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
	data.BelongsTo(jars, shelves, old, shelfField) // one that may be NULL is right
}
