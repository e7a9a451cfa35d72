-- up

CREATE TABLE "sessions" (
	"id" BLOB NOT NULL,
	"created_at" INTEGER NOT NULL,
	"updated_at" INTEGER NOT NULL,
	"user_id" BLOB NOT NULL,
	"kind" TEXT NOT NULL,
	"digest" BLOB NOT NULL,
	"access_expires_at" INTEGER,
	"remember" INTEGER NOT NULL DEFAULT 0,
	"authenticated_at" INTEGER NOT NULL,
	"last_seen_at" INTEGER NOT NULL,
	"idle_expires_at" INTEGER NOT NULL,
	"expires_at" INTEGER NOT NULL,
	"user_agent" TEXT NOT NULL DEFAULT '',
	"ip_prefix" TEXT NOT NULL DEFAULT '',
	"epoch" INTEGER NOT NULL,
	"revoked_at" INTEGER,
	CONSTRAINT "sessions_pkey" PRIMARY KEY ("id"),
	CONSTRAINT "ck_sessions_kind" CHECK ((length("kind") <= 16) AND ("kind" IN ('cookie', 'token'))),
	CONSTRAINT "ck_sessions_remember" CHECK ("remember" IN (0, 1)),
	CONSTRAINT "ck_sessions_user_agent" CHECK (length("user_agent") <= 255),
	CONSTRAINT "ck_sessions_ip_prefix" CHECK (length("ip_prefix") <= 64),
	CONSTRAINT "fk_sessions_user_id" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON DELETE CASCADE
) STRICT;

CREATE UNIQUE INDEX "uq_sessions_digest" ON "sessions" ("digest");

CREATE INDEX "ix_sessions_created_at" ON "sessions" ("created_at");

CREATE INDEX "ix_sessions_user_id" ON "sessions" ("user_id");

CREATE INDEX "ix_sessions_expires_at" ON "sessions" ("expires_at");

CREATE TABLE "refresh_tokens" (
	"id" BLOB NOT NULL,
	"session_id" BLOB NOT NULL,
	"digest" BLOB NOT NULL,
	"expires_at" INTEGER NOT NULL,
	"used_at" INTEGER,
	CONSTRAINT "refresh_tokens_pkey" PRIMARY KEY ("id"),
	CONSTRAINT "fk_refresh_tokens_session_id" FOREIGN KEY ("session_id") REFERENCES "sessions" ("id") ON DELETE CASCADE
) STRICT;

CREATE UNIQUE INDEX "uq_refresh_tokens_digest" ON "refresh_tokens" ("digest");

CREATE INDEX "ix_refresh_tokens_session_id" ON "refresh_tokens" ("session_id");

CREATE INDEX "ix_refresh_tokens_expires_at" ON "refresh_tokens" ("expires_at");

-- down

DROP TABLE "refresh_tokens";

DROP TABLE "sessions";
