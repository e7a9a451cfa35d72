-- up
CREATE TABLE "notes" (
	"id" BLOB NOT NULL,
	"created_at" INTEGER NOT NULL,
	"updated_at" INTEGER NOT NULL,
	"text" TEXT NOT NULL,
	"stars" INTEGER NOT NULL,
	CONSTRAINT "notes_pkey" PRIMARY KEY ("id"),
	CONSTRAINT "ck_notes_text" CHECK (length("text") <= 200)
) STRICT;

CREATE INDEX "ix_notes_created_at" ON "notes" ("created_at");

-- down
DROP TABLE "notes";
