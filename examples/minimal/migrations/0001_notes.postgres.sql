-- up
CREATE TABLE "notes" (
	"id" uuid NOT NULL,
	"created_at" timestamptz NOT NULL,
	"updated_at" timestamptz NOT NULL,
	"text" varchar(200) COLLATE "C" NOT NULL,
	"stars" bigint NOT NULL,
	CONSTRAINT "notes_pkey" PRIMARY KEY ("id")
);

CREATE INDEX "ix_notes_created_at" ON "notes" ("created_at");

-- down
DROP TABLE "notes";
