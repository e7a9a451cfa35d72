-- up

CREATE TABLE "sessions" (
	"id" uuid NOT NULL,
	"created_at" timestamptz NOT NULL,
	"updated_at" timestamptz NOT NULL,
	"user_id" uuid NOT NULL,
	"kind" varchar(16) COLLATE "C" NOT NULL,
	"digest" bytea NOT NULL,
	"access_expires_at" timestamptz,
	"remember" boolean NOT NULL DEFAULT false,
	"authenticated_at" timestamptz NOT NULL,
	"last_seen_at" timestamptz NOT NULL,
	"idle_expires_at" timestamptz NOT NULL,
	"expires_at" timestamptz NOT NULL,
	"user_agent" varchar(255) COLLATE "C" NOT NULL DEFAULT '',
	"ip_prefix" varchar(64) COLLATE "C" NOT NULL DEFAULT '',
	"epoch" bigint NOT NULL,
	"revoked_at" timestamptz,
	CONSTRAINT "sessions_pkey" PRIMARY KEY ("id"),
	CONSTRAINT "uq_sessions_digest" UNIQUE ("digest"),
	CONSTRAINT "ck_sessions_kind" CHECK ("kind" IN ('cookie', 'token')),
	CONSTRAINT "fk_sessions_user_id" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON DELETE CASCADE
);

CREATE INDEX "ix_sessions_created_at" ON "sessions" ("created_at");

CREATE INDEX "ix_sessions_user_id" ON "sessions" ("user_id");

CREATE INDEX "ix_sessions_expires_at" ON "sessions" ("expires_at");

CREATE TABLE "refresh_tokens" (
	"id" uuid NOT NULL,
	"session_id" uuid NOT NULL,
	"digest" bytea NOT NULL,
	"expires_at" timestamptz NOT NULL,
	"used_at" timestamptz,
	CONSTRAINT "refresh_tokens_pkey" PRIMARY KEY ("id"),
	CONSTRAINT "uq_refresh_tokens_digest" UNIQUE ("digest"),
	CONSTRAINT "fk_refresh_tokens_session_id" FOREIGN KEY ("session_id") REFERENCES "sessions" ("id") ON DELETE CASCADE
);

CREATE INDEX "ix_refresh_tokens_session_id" ON "refresh_tokens" ("session_id");

CREATE INDEX "ix_refresh_tokens_expires_at" ON "refresh_tokens" ("expires_at");

-- down

DROP TABLE "refresh_tokens";

DROP TABLE "sessions";
