-- up

CREATE TABLE "documents" (
	"id" BLOB NOT NULL,
	"created_at" INTEGER NOT NULL,
	"updated_at" INTEGER NOT NULL,
	"owner_id" BLOB NOT NULL,
	"name" TEXT NOT NULL,
	"file" TEXT,
	CONSTRAINT "documents_pkey" PRIMARY KEY ("id"),
	CONSTRAINT "ck_documents_name" CHECK (length("name") <= 255),
	CONSTRAINT "fk_documents_owner_id" FOREIGN KEY ("owner_id") REFERENCES "users" ("id") ON DELETE CASCADE
) STRICT;

CREATE INDEX "ix_documents_created_at" ON "documents" ("created_at");

CREATE INDEX "ix_documents_owner_id" ON "documents" ("owner_id");

-- down

DROP TABLE "documents";
