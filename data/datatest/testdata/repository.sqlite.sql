INSERT INTO "tags" ("id", "created_at", "updated_at", "name") VALUES (?, ?, ?, ?) ON CONFLICT ("name") DO UPDATE SET "name" = excluded."name" RETURNING "id", "created_at", "updated_at", "name";
INSERT INTO "tags" ("id", "created_at", "updated_at", "name") VALUES (?, ?, ?, ?);
SELECT "id", "created_at", "updated_at", "name" FROM "tags" WHERE "id" = ?;
SELECT "id", "created_at", "updated_at", "name" FROM "tags" WHERE instr("name", ?) = 1 ORDER BY "name" DESC, "id" DESC LIMIT ?;
SELECT count(*) FROM "tags" WHERE instr("name", ?) = 1;
SELECT 1 FROM "tags" WHERE "name" = ? LIMIT 1;
UPDATE "tags" SET "name" = ?, "updated_at" = CASE WHEN "name" IS DISTINCT FROM ?1 THEN max(?, "updated_at" + 1) ELSE "updated_at" END WHERE "id" = ? RETURNING "id", "created_at", "updated_at", "name";
DELETE FROM "tags" WHERE ("id" IN (?));
DELETE FROM "tags" WHERE NOT (("name" IN (?, ?)));
