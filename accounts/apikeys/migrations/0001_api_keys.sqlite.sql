-- up
CREATE TABLE "api_keys" (
	"id" BLOB NOT NULL,
	"created_at" INTEGER NOT NULL,
	"updated_at" INTEGER NOT NULL,
	"key_id" TEXT NOT NULL,
	"user_id" BLOB NOT NULL,
	"name" TEXT NOT NULL,
	"description" TEXT NOT NULL DEFAULT '',
	"prefix_env" TEXT NOT NULL,
	"key_hint" TEXT NOT NULL,
	"digest" BLOB NOT NULL,
	"digest_kind" TEXT NOT NULL DEFAULT '',
	"digest_secret" BLOB,
	"scopes" TEXT NOT NULL,
	"signing" TEXT NOT NULL DEFAULT '',
	"signing_secret" BLOB,
	"public_key" BLOB NOT NULL,
	"allowed_ips" TEXT NOT NULL,
	"rate_per_minute" INTEGER,
	"expires_at" INTEGER,
	"idle_days" INTEGER,
	"idle_expires_at" INTEGER,
	"last_used_at" INTEGER,
	"revoked_at" INTEGER,
	"noticed_at" INTEGER,
	"created_via" TEXT NOT NULL,
	"client_metadata" TEXT NOT NULL DEFAULT '{}',
	"replaces" TEXT,
	"replaced_by" TEXT,
	CONSTRAINT "api_keys_pkey" PRIMARY KEY ("id"),
	CONSTRAINT "ck_api_keys_key_id" CHECK (length("key_id") <= 128),
	CONSTRAINT "ck_api_keys_name" CHECK (length("name") <= 120),
	CONSTRAINT "ck_api_keys_description" CHECK (length("description") <= 1000),
	CONSTRAINT "ck_api_keys_prefix_env" CHECK (length("prefix_env") <= 64),
	CONSTRAINT "ck_api_keys_key_hint" CHECK (length("key_hint") <= 64),
	CONSTRAINT "ck_api_keys_digest_kind" CHECK ((length("digest_kind") <= 16) AND ("digest_kind" IN ('', 'sha256', 'hmac-sha256'))),
	CONSTRAINT "ck_api_keys_signing" CHECK ((length("signing") <= 16) AND ("signing" IN ('', 'hmac-sha256', 'ed25519'))),
	CONSTRAINT "ck_api_keys_rate_per_minute" CHECK (rate_per_minute > 0),
	CONSTRAINT "ck_api_keys_idle_days" CHECK (idle_days > 0),
	CONSTRAINT "ck_api_keys_created_via" CHECK (length("created_via") <= 16),
	CONSTRAINT "ck_api_keys_replaces" CHECK (length("replaces") <= 128),
	CONSTRAINT "ck_api_keys_replaced_by" CHECK (length("replaced_by") <= 128),
	CONSTRAINT "fk_api_keys_user_id" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON DELETE CASCADE
) STRICT;

CREATE UNIQUE INDEX "uq_api_keys_key_id" ON "api_keys" ("key_id");

CREATE INDEX "ix_api_keys_created_at" ON "api_keys" ("created_at");

CREATE INDEX "ix_api_keys_user_id" ON "api_keys" ("user_id");

CREATE INDEX "ix_api_keys_expires_at" ON "api_keys" ("expires_at");

-- down
DROP TABLE "api_keys";
