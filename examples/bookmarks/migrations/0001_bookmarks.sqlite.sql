-- up
CREATE TABLE "bookmarks" (
	"id" BLOB NOT NULL,
	"created_at" INTEGER NOT NULL,
	"updated_at" INTEGER NOT NULL,
	"version" INTEGER NOT NULL DEFAULT 1,
	"deleted_at" INTEGER,
	"url" TEXT NOT NULL,
	"title" TEXT NOT NULL,
	"tags" TEXT NOT NULL,
	"visits" INTEGER NOT NULL DEFAULT 0,
	CONSTRAINT "bookmarks_pkey" PRIMARY KEY ("id"),
	CONSTRAINT "ck_bookmarks_url" CHECK (length("url") <= 2000),
	CONSTRAINT "ck_bookmarks_title" CHECK (length("title") <= 200)
) STRICT;

CREATE UNIQUE INDEX "uq_bookmarks_url" ON "bookmarks" ("url") WHERE "deleted_at" IS NULL;

CREATE INDEX "ix_bookmarks_created_at" ON "bookmarks" ("created_at");

CREATE TABLE "visits" (
	"id" INTEGER NOT NULL,
	"bookmark_id" BLOB NOT NULL,
	"at" INTEGER NOT NULL,
	CONSTRAINT "visits_pkey" PRIMARY KEY ("id"),
	CONSTRAINT "fk_visits_bookmark_id" FOREIGN KEY ("bookmark_id") REFERENCES "bookmarks" ("id") ON DELETE CASCADE
) STRICT;

CREATE INDEX "ix_visits_bookmark_id" ON "visits" ("bookmark_id");

-- down
DROP TABLE "visits";

DROP TABLE "bookmarks";
