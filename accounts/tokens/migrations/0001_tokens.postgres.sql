-- up

CREATE TABLE "tokens" (
	"id" uuid NOT NULL,
	"created_at" timestamptz NOT NULL,
	"updated_at" timestamptz NOT NULL,
	"user_id" uuid,
	"purpose" varchar(16) COLLATE "C" NOT NULL,
	"digest" bytea NOT NULL,
	"address" varchar(254) COLLATE "C" NOT NULL DEFAULT '',
	"payload" jsonb NOT NULL,
	"expires_at" timestamptz NOT NULL,
	"used_at" timestamptz,
	CONSTRAINT "tokens_pkey" PRIMARY KEY ("id"),
	CONSTRAINT "uq_tokens_digest" UNIQUE ("digest"),
	CONSTRAINT "ck_tokens_purpose" CHECK ("purpose" IN ('verify', 'reset', 'invite', 'email', 'bootstrap')),
	CONSTRAINT "fk_tokens_user_id" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON DELETE CASCADE
);

CREATE INDEX "ix_tokens_created_at" ON "tokens" ("created_at");

CREATE INDEX "ix_tokens_user_id" ON "tokens" ("user_id");

CREATE INDEX "ix_tokens_expires_at" ON "tokens" ("expires_at");

-- down

DROP TABLE "tokens";
