-- up
CREATE TABLE "identities" (
	"id" BLOB NOT NULL,
	"created_at" INTEGER NOT NULL,
	"updated_at" INTEGER NOT NULL,
	"user_id" BLOB NOT NULL,
	"provider" TEXT NOT NULL,
	"account_id" TEXT NOT NULL,
	"email" TEXT NOT NULL DEFAULT '',
	"access_token" BLOB,
	"refresh_token" BLOB,
	"token_expires_at" INTEGER,
	CONSTRAINT "identities_pkey" PRIMARY KEY ("id"),
	CONSTRAINT "ck_identities_provider" CHECK (length("provider") <= 64),
	CONSTRAINT "ck_identities_account_id" CHECK (length("account_id") <= 255),
	CONSTRAINT "ck_identities_email" CHECK (length("email") <= 254),
	CONSTRAINT "fk_identities_user_id" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON DELETE CASCADE
) STRICT;

CREATE UNIQUE INDEX "uq_identities_provider_account_id" ON "identities" ("provider", "account_id");

CREATE INDEX "ix_identities_created_at" ON "identities" ("created_at");

CREATE INDEX "ix_identities_user_id" ON "identities" ("user_id");

-- down
DROP TABLE "identities";
