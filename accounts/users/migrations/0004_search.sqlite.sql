-- after 0003_locale

-- up
-- The rows by numbers that VACUUM does not change.
CREATE TABLE "users_search_key" ("n" INTEGER PRIMARY KEY, "id" ANY NOT NULL UNIQUE) STRICT;

CREATE VIRTUAL TABLE "users_search" USING fts5 ("pieces", content = '', columnsize = 0, detail = none, tokenize = ascii);

-- What is deleted is removed from the file, and not only marked.
INSERT INTO "users_search" ("users_search", "rank") VALUES ('secure-delete', 1);

-- The words of many rows that are added together are sorted in so much memory.
INSERT INTO "users_search" ("users_search", "rank") VALUES ('hashsize', 16777216);

CREATE VIRTUAL TABLE "users_search_word" USING fts5vocab ("users_search", instance);

-- While many rows are added there is a row 0: their words are added together
-- when all of them are there.
CREATE TRIGGER "users_search_insert" AFTER INSERT ON "users" BEGIN
	INSERT INTO "users_search_key" ("id") VALUES (NEW."id");
	INSERT INTO "users_search" ("rowid", "pieces") SELECT last_insert_rowid(), (SELECT (SELECT group_concat(hex(substr(t, key + 1, 4)), ' ')
		FROM json_each('[' || substr(replace(hex(zeroblob(length(t))), '00', ',0'), 2) || ']')) FROM (SELECT lower(NEW."username" || char(10) || NEW."first_name" || char(10) || NEW."last_name") AS t))
		WHERE NOT EXISTS (SELECT 1 FROM "users_search_key" WHERE "n" = 0);
END;

CREATE TRIGGER "users_search_update" AFTER UPDATE OF "username", "first_name", "last_name" ON "users" WHEN OLD."username" IS NOT NEW."username" OR OLD."first_name" IS NOT NEW."first_name" OR OLD."last_name" IS NOT NEW."last_name" BEGIN
	INSERT INTO "users_search" ("users_search", "rowid", "pieces") SELECT 'delete', k."n", (SELECT (SELECT group_concat(hex(substr(t, key + 1, 4)), ' ')
		FROM json_each('[' || substr(replace(hex(zeroblob(length(t))), '00', ',0'), 2) || ']')) FROM (SELECT lower(OLD."username" || char(10) || OLD."first_name" || char(10) || OLD."last_name") AS t))
		FROM "users_search_key" AS k WHERE k."id" IN (OLD."id", NEW."id");
	INSERT INTO "users_search" ("rowid", "pieces") SELECT k."n", (SELECT (SELECT group_concat(hex(substr(t, key + 1, 4)), ' ')
		FROM json_each('[' || substr(replace(hex(zeroblob(length(t))), '00', ',0'), 2) || ']')) FROM (SELECT lower(NEW."username" || char(10) || NEW."first_name" || char(10) || NEW."last_name") AS t))
		FROM "users_search_key" AS k WHERE k."id" IN (OLD."id", NEW."id");
END;

CREATE TRIGGER "users_search_move" AFTER UPDATE OF "id" ON "users" WHEN OLD."id" IS NOT NEW."id" BEGIN
	UPDATE "users_search_key" SET "id" = NEW."id" WHERE "id" = OLD."id";
END;

CREATE TRIGGER "users_search_delete" AFTER DELETE ON "users" BEGIN
	INSERT INTO "users_search" ("users_search", "rowid", "pieces") SELECT 'delete', k."n", (SELECT (SELECT group_concat(hex(substr(t, key + 1, 4)), ' ')
		FROM json_each('[' || substr(replace(hex(zeroblob(length(t))), '00', ',0'), 2) || ']')) FROM (SELECT lower(OLD."username" || char(10) || OLD."first_name" || char(10) || OLD."last_name") AS t))
		FROM "users_search_key" AS k WHERE k."id" = OLD."id";
	DELETE FROM "users_search_key" WHERE "id" = OLD."id";
END;

INSERT INTO "users_search_key" ("id") SELECT "id" FROM "users" ORDER BY "id";

INSERT INTO "users_search" ("rowid", "pieces") SELECT k."n", (SELECT (SELECT group_concat(hex(substr(t, key + 1, 4)), ' ')
		FROM json_each('[' || substr(replace(hex(zeroblob(length(t))), '00', ',0'), 2) || ']')) FROM (SELECT lower(r."username" || char(10) || r."first_name" || char(10) || r."last_name") AS t))
	FROM "users_search_key" AS k JOIN "users" AS r ON r."id" = k."id" ORDER BY k."n";

-- down
DROP TRIGGER "users_search_insert";
DROP TRIGGER "users_search_update";
DROP TRIGGER "users_search_move";
DROP TRIGGER "users_search_delete";
DROP TABLE "users_search_word";
DROP TABLE "users_search";
DROP TABLE "users_search_key";
