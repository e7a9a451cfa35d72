-- up
CREATE TABLE "identities" (
	"id" uuid NOT NULL,
	"created_at" timestamptz NOT NULL,
	"updated_at" timestamptz NOT NULL,
	"user_id" uuid NOT NULL,
	"provider" varchar(64) COLLATE "C" NOT NULL,
	"account_id" varchar(255) COLLATE "C" NOT NULL,
	"email" varchar(254) COLLATE "C" NOT NULL DEFAULT '',
	"access_token" bytea,
	"refresh_token" bytea,
	"token_expires_at" timestamptz,
	CONSTRAINT "identities_pkey" PRIMARY KEY ("id"),
	CONSTRAINT "uq_identities_provider_account_id" UNIQUE ("provider", "account_id"),
	CONSTRAINT "fk_identities_user_id" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON DELETE CASCADE
);

CREATE INDEX "ix_identities_created_at" ON "identities" ("created_at");

CREATE INDEX "ix_identities_user_id" ON "identities" ("user_id");

-- down
DROP TABLE "identities";
