UPDATE "bookmarks" SET "visits" = "visits" + $1 WHERE ("id" = $2 AND "deleted_at" IS NULL) RETURNING "id", "created_at", "updated_at", "version", "deleted_at", "url", "title", "tags", "visits";
INSERT INTO "visits" ("bookmark_id", "at") VALUES ($1, $2) RETURNING "id";
