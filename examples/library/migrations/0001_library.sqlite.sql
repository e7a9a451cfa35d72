-- up

CREATE TABLE "authors" (
	"id" BLOB NOT NULL,
	"name" TEXT NOT NULL,
	"dob" TEXT,
	CONSTRAINT "authors_pkey" PRIMARY KEY ("id"),
	CONSTRAINT "ck_authors_name" CHECK (length("name") <= 100),
	CONSTRAINT "ck_authors_dob" CHECK (length("dob") <= 10)
) STRICT;

CREATE TABLE "books" (
	"id" BLOB NOT NULL,
	"created_at" INTEGER NOT NULL,
	"updated_at" INTEGER NOT NULL,
	"title" TEXT NOT NULL,
	"author_id" BLOB NOT NULL,
	CONSTRAINT "books_pkey" PRIMARY KEY ("id"),
	CONSTRAINT "ck_books_title" CHECK (length("title") <= 255),
	CONSTRAINT "fk_books_author_id" FOREIGN KEY ("author_id") REFERENCES "authors" ("id") ON DELETE CASCADE
) STRICT;

CREATE INDEX "ix_books_created_at" ON "books" ("created_at");

CREATE INDEX "ix_books_author_id" ON "books" ("author_id");

-- down

DROP TABLE "books";

DROP TABLE "authors";
