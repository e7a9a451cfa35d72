-- up

CREATE TABLE "tokens" (
	"id" BLOB NOT NULL,
	"created_at" INTEGER NOT NULL,
	"updated_at" INTEGER NOT NULL,
	"user_id" BLOB,
	"purpose" TEXT NOT NULL,
	"digest" BLOB NOT NULL,
	"address" TEXT NOT NULL DEFAULT '',
	"payload" TEXT NOT NULL,
	"expires_at" INTEGER NOT NULL,
	"used_at" INTEGER,
	CONSTRAINT "tokens_pkey" PRIMARY KEY ("id"),
	CONSTRAINT "ck_tokens_purpose" CHECK ((length("purpose") <= 16) AND ("purpose" IN ('verify', 'reset', 'invite', 'email', 'bootstrap'))),
	CONSTRAINT "ck_tokens_address" CHECK (length("address") <= 254),
	CONSTRAINT "fk_tokens_user_id" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON DELETE CASCADE
) STRICT;

CREATE UNIQUE INDEX "uq_tokens_digest" ON "tokens" ("digest");

CREATE INDEX "ix_tokens_created_at" ON "tokens" ("created_at");

CREATE INDEX "ix_tokens_user_id" ON "tokens" ("user_id");

CREATE INDEX "ix_tokens_expires_at" ON "tokens" ("expires_at");

-- down

DROP TABLE "tokens";
