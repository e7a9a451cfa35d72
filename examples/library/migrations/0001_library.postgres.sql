-- up

CREATE TABLE "authors" (
	"id" uuid NOT NULL,
	"name" varchar(100) COLLATE "C" NOT NULL,
	"dob" varchar(10) COLLATE "C",
	CONSTRAINT "authors_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "books" (
	"id" uuid NOT NULL,
	"created_at" timestamptz NOT NULL,
	"updated_at" timestamptz NOT NULL,
	"title" varchar(255) COLLATE "C" NOT NULL,
	"author_id" uuid NOT NULL,
	CONSTRAINT "books_pkey" PRIMARY KEY ("id"),
	CONSTRAINT "fk_books_author_id" FOREIGN KEY ("author_id") REFERENCES "authors" ("id") ON DELETE CASCADE
);

CREATE INDEX "ix_books_created_at" ON "books" ("created_at");

CREATE INDEX "ix_books_author_id" ON "books" ("author_id");

-- down

DROP TABLE "books";

DROP TABLE "authors";
