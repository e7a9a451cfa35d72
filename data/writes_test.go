package data

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/manorgo/manor/data/driver"
)

func TestWritesOf(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]driver.Write{
		`SELECT "id" FROM "users" WHERE "name" = 'DELETE FROM users'`:                     nil,
		`SELECT 1 FROM "users" FOR UPDATE`:                                                nil,
		`INSERT INTO "users" ("name", "id") VALUES (?, ?)`:                                {{Table: "users", Verb: driver.Insert, Key: 1}},
		`INSERT INTO users (id, name) VALUES ($2, $1) ON CONFLICT (id) DO UPDATE SET a=1`: {{Table: "users", Verb: driver.Insert, Key: 1}},
		`INSERT INTO "user_roles" ("user_id") SELECT unnest($1::uuid[])`:                  {{Table: "user_roles", Verb: driver.Insert, Key: -1}},
		`UPDATE "users" SET "a" = ?, "updated_at" = CASE WHEN "a" IS DISTINCT FROM ?1 THEN max(?, "updated_at" + 1) ELSE "updated_at" END WHERE ("id" = ? AND "b" = ?) RETURNING "id"`: {
			{Table: "users", Verb: driver.Update, Columns: []string{"a", "updated_at"}, Key: 2}},
		`UPDATE "users" SET "a" = $1 WHERE ("id" = $2 OR "b" = $3)`:                                   {{Table: "users", Verb: driver.Update, Columns: []string{"a"}, Key: -1}},
		`DELETE FROM "users" WHERE "id" = $1`:                                                         {{Table: "users", Verb: driver.Delete, Key: 0}},
		`DELETE FROM "users" WHERE "a" IN (SELECT "x" FROM "y" WHERE "id" = $1)`:                      {{Table: "users", Verb: driver.Delete, Key: -1}},
		`WITH gone AS (DELETE FROM a RETURNING b) UPDATE "c" SET d = replace(e, ?, ?) FROM gone`:      {{Table: "a", Verb: driver.Delete, Key: -1}, {Table: "c", Verb: driver.Update, Columns: []string{"d"}, Key: -1}},
		`WITH x AS (SELECT 1) SELECT * FROM x FOR NO KEY UPDATE`:                                      nil,
		`CREATE TABLE "a" ("b" int REFERENCES c ON DELETE CASCADE)`:                                   nil,
		`INSERT INTO "t" ("a") VALUES ('it''s an UPDATE "x" SET') RETURNING "a"`:                      {{Table: "t", Verb: driver.Insert, Key: -1}},
		`UPDATE "t" SET "id" = $1 WHERE "other"."id" = $2 AND EXISTS (SELECT 1 FROM u WHERE id = $3)`: {{Table: "t", Verb: driver.Update, Columns: []string{"id"}, Key: -1}},
	} {
		if diff := cmp.Diff(want, writesOf(text)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}
