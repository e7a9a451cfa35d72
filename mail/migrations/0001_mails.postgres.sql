-- up
CREATE TABLE "mails" (
	"id" uuid NOT NULL,
	"recipient" varchar(254) COLLATE "C" NOT NULL,
	"subject" varchar(255) COLLATE "C" NOT NULL,
	"created_at" timestamptz NOT NULL,
	"state" text COLLATE "C" NOT NULL,
	"kind" varchar(64) COLLATE "C" NOT NULL,
	"text" text COLLATE "C" NOT NULL,
	"html" text COLLATE "C" NOT NULL,
	"sent_at" timestamptz,
	"error" text COLLATE "C" NOT NULL,
	"updated_at" timestamptz NOT NULL,
	CONSTRAINT "mails_pkey" PRIMARY KEY ("id"),
	CONSTRAINT "ck_mails_state" CHECK ("state" IN ('queued', 'sent', 'kept', 'failed'))
);

CREATE INDEX "ix_mails_created_at" ON "mails" ("created_at");

-- down
DROP TABLE "mails";
