-- up
CREATE TABLE "api_keys" (
	"id" uuid NOT NULL,
	"created_at" timestamptz NOT NULL,
	"updated_at" timestamptz NOT NULL,
	"key_id" varchar(128) COLLATE "C" NOT NULL,
	"user_id" uuid NOT NULL,
	"name" varchar(120) COLLATE "C" NOT NULL,
	"description" varchar(1000) COLLATE "C" NOT NULL DEFAULT '',
	"prefix_env" varchar(64) COLLATE "C" NOT NULL,
	"key_hint" varchar(64) COLLATE "C" NOT NULL,
	"digest" bytea NOT NULL,
	"digest_kind" varchar(16) COLLATE "C" NOT NULL DEFAULT '',
	"digest_secret" bytea,
	"scopes" jsonb NOT NULL,
	"signing" varchar(16) COLLATE "C" NOT NULL DEFAULT '',
	"signing_secret" bytea,
	"public_key" bytea NOT NULL,
	"allowed_ips" jsonb NOT NULL,
	"rate_per_minute" bigint,
	"expires_at" timestamptz,
	"idle_days" bigint,
	"idle_expires_at" timestamptz,
	"last_used_at" timestamptz,
	"revoked_at" timestamptz,
	"noticed_at" timestamptz,
	"created_via" varchar(16) COLLATE "C" NOT NULL,
	"client_metadata" jsonb NOT NULL DEFAULT '{}',
	"replaces" varchar(128) COLLATE "C",
	"replaced_by" varchar(128) COLLATE "C",
	CONSTRAINT "api_keys_pkey" PRIMARY KEY ("id"),
	CONSTRAINT "uq_api_keys_key_id" UNIQUE ("key_id"),
	CONSTRAINT "ck_api_keys_digest_kind" CHECK ("digest_kind" IN ('', 'sha256', 'hmac-sha256')),
	CONSTRAINT "ck_api_keys_signing" CHECK ("signing" IN ('', 'hmac-sha256', 'ed25519')),
	CONSTRAINT "ck_api_keys_rate_per_minute" CHECK (rate_per_minute > 0),
	CONSTRAINT "ck_api_keys_idle_days" CHECK (idle_days > 0),
	CONSTRAINT "fk_api_keys_user_id" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON DELETE CASCADE
);

CREATE INDEX "ix_api_keys_created_at" ON "api_keys" ("created_at");

CREATE INDEX "ix_api_keys_user_id" ON "api_keys" ("user_id");

CREATE INDEX "ix_api_keys_expires_at" ON "api_keys" ("expires_at");

-- down
DROP TABLE "api_keys";
