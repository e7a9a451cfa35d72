-- up

CREATE TABLE "http_sessions" (
	"id" BLOB NOT NULL,
	"session_id" TEXT NOT NULL,
	"data" BLOB NOT NULL,
	"owner" TEXT NOT NULL DEFAULT '',
	"expires_at" INTEGER NOT NULL,
	"created_at" INTEGER NOT NULL,
	"updated_at" INTEGER NOT NULL,
	CONSTRAINT "http_sessions_pkey" PRIMARY KEY ("id"),
	CONSTRAINT "ck_http_sessions_session_id" CHECK (length("session_id") <= 255),
	CONSTRAINT "ck_http_sessions_owner" CHECK (length("owner") <= 255)
) STRICT;

CREATE UNIQUE INDEX "uq_http_sessions_session_id" ON "http_sessions" ("session_id");

CREATE INDEX "ix_http_sessions_owner" ON "http_sessions" ("owner");

CREATE INDEX "ix_http_sessions_expires_at" ON "http_sessions" ("expires_at");

-- down

DROP TABLE "http_sessions";
