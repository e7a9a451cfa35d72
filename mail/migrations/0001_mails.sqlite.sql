-- up
CREATE TABLE "mails" (
	"id" BLOB NOT NULL,
	"recipient" TEXT NOT NULL,
	"subject" TEXT NOT NULL,
	"created_at" INTEGER NOT NULL,
	"state" TEXT NOT NULL,
	"kind" TEXT NOT NULL,
	"text" TEXT NOT NULL,
	"html" TEXT NOT NULL,
	"sent_at" INTEGER,
	"error" TEXT NOT NULL,
	"updated_at" INTEGER NOT NULL,
	CONSTRAINT "mails_pkey" PRIMARY KEY ("id"),
	CONSTRAINT "ck_mails_recipient" CHECK (length("recipient") <= 254),
	CONSTRAINT "ck_mails_subject" CHECK (length("subject") <= 255),
	CONSTRAINT "ck_mails_state" CHECK ("state" IN ('queued', 'sent', 'kept', 'failed')),
	CONSTRAINT "ck_mails_kind" CHECK (length("kind") <= 64)
) STRICT;

CREATE INDEX "ix_mails_created_at" ON "mails" ("created_at");

-- down
DROP TABLE "mails";
