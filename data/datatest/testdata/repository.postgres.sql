INSERT INTO "tags" ("id", "created_at", "updated_at", "name") VALUES ($1, $2, $3, $4) ON CONFLICT ("name") DO UPDATE SET "name" = excluded."name" RETURNING "id", "created_at", "updated_at", "name", (xmax = 0);
INSERT INTO "tags" ("id", "created_at", "updated_at", "name") VALUES ($1, $2, $3, $4);
SELECT "id", "created_at", "updated_at", "name" FROM "tags" WHERE "id" = $1;
SELECT "id", "created_at", "updated_at", "name" FROM "tags" WHERE starts_with("name", $1) ORDER BY "name" DESC, "id" DESC LIMIT $2;
SELECT count(*) FROM "tags" WHERE starts_with("name", $1);
SELECT 1 FROM "tags" WHERE "name" = $1 LIMIT 1;
UPDATE "tags" SET "name" = $1, "updated_at" = CASE WHEN "name" IS DISTINCT FROM coalesce($1, (NULL::"tags")."name") THEN greatest($2::timestamptz, "updated_at" + interval '1 microsecond') ELSE "updated_at" END WHERE "id" = $3 RETURNING "id", "created_at", "updated_at", "name";
DELETE FROM "tags" WHERE ("id" IN ($1));
DELETE FROM "tags" WHERE NOT (("name" IN ($1, $2)));
