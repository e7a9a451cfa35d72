UPDATE "bookmarks" SET "visits" = "visits" + ? WHERE ("id" = ? AND "deleted_at" IS NULL) RETURNING "id", "created_at", "updated_at", "version", "deleted_at", "url", "title", "tags", "visits";
INSERT INTO "visits" ("bookmark_id", "at") VALUES (?, ?) RETURNING "id";
