-- after 0001_tokens

-- up
CREATE TABLE "manor_new_tokens" (
	"id" BLOB NOT NULL,
	"created_at" INTEGER NOT NULL,
	"updated_at" INTEGER NOT NULL,
	"user_id" BLOB CONSTRAINT "fk_tokens_user_id" REFERENCES "users" ("id") ON DELETE CASCADE,
	"purpose" TEXT NOT NULL CONSTRAINT "ck_tokens_purpose" CHECK ((length("purpose") <= 16) AND ("purpose" IN ('verify', 'reset', 'invite', 'email', 'undo', 'return', 'bootstrap'))),
	"digest" BLOB NOT NULL,
	"address" TEXT NOT NULL DEFAULT '' CONSTRAINT "ck_tokens_address" CHECK (length("address") <= 254),
	"payload" TEXT NOT NULL,
	"expires_at" INTEGER NOT NULL,
	"used_at" INTEGER,
	CONSTRAINT "tokens_pkey" PRIMARY KEY ("id")
) STRICT;

INSERT INTO "manor_new_tokens" ("id", "created_at", "updated_at", "user_id", "purpose", "digest", "address", "payload", "expires_at", "used_at")
SELECT "id", "created_at", "updated_at", "user_id", "purpose", "digest", "address", "payload", "expires_at", "used_at" FROM "tokens";

DROP TABLE "tokens";

ALTER TABLE "manor_new_tokens" RENAME TO "tokens";

CREATE UNIQUE INDEX "uq_tokens_digest" ON "tokens" ("digest");

CREATE INDEX "ix_tokens_created_at" ON "tokens" ("created_at");

CREATE INDEX "ix_tokens_user_id" ON "tokens" ("user_id");

CREATE INDEX "ix_tokens_expires_at" ON "tokens" ("expires_at");

-- down
DELETE FROM "tokens" WHERE "purpose" IN ('undo', 'return'); -- the check below would refuse them

CREATE TABLE "manor_new_tokens" (
	"id" BLOB NOT NULL,
	"created_at" INTEGER NOT NULL,
	"updated_at" INTEGER NOT NULL,
	"user_id" BLOB CONSTRAINT "fk_tokens_user_id" REFERENCES "users" ("id") ON DELETE CASCADE,
	"purpose" TEXT NOT NULL CONSTRAINT "ck_tokens_purpose" CHECK ((length("purpose") <= 16) AND ("purpose" IN ('verify', 'reset', 'invite', 'email', 'bootstrap'))),
	"digest" BLOB NOT NULL,
	"address" TEXT NOT NULL DEFAULT '' CONSTRAINT "ck_tokens_address" CHECK (length("address") <= 254),
	"payload" TEXT NOT NULL,
	"expires_at" INTEGER NOT NULL,
	"used_at" INTEGER,
	CONSTRAINT "tokens_pkey" PRIMARY KEY ("id")
) STRICT;

INSERT INTO "manor_new_tokens" ("id", "created_at", "updated_at", "user_id", "purpose", "digest", "address", "payload", "expires_at", "used_at")
SELECT "id", "created_at", "updated_at", "user_id", "purpose", "digest", "address", "payload", "expires_at", "used_at" FROM "tokens";

DROP TABLE "tokens";

ALTER TABLE "manor_new_tokens" RENAME TO "tokens";

CREATE UNIQUE INDEX "uq_tokens_digest" ON "tokens" ("digest");

CREATE INDEX "ix_tokens_created_at" ON "tokens" ("created_at");

CREATE INDEX "ix_tokens_user_id" ON "tokens" ("user_id");

CREATE INDEX "ix_tokens_expires_at" ON "tokens" ("expires_at");
