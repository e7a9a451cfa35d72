-- up

CREATE TABLE "documents" (
	"id" uuid NOT NULL,
	"created_at" timestamptz NOT NULL,
	"updated_at" timestamptz NOT NULL,
	"owner_id" uuid NOT NULL,
	"name" varchar(255) COLLATE "C" NOT NULL,
	"file" jsonb,
	CONSTRAINT "documents_pkey" PRIMARY KEY ("id"),
	CONSTRAINT "fk_documents_owner_id" FOREIGN KEY ("owner_id") REFERENCES "users" ("id") ON DELETE CASCADE
);

CREATE INDEX "ix_documents_created_at" ON "documents" ("created_at");

CREATE INDEX "ix_documents_owner_id" ON "documents" ("owner_id");

-- down

DROP TABLE "documents";
