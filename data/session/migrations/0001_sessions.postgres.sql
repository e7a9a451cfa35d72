-- up

CREATE TABLE "http_sessions" (
	"id" uuid NOT NULL,
	"session_id" varchar(255) COLLATE "C" NOT NULL,
	"data" bytea NOT NULL,
	"owner" varchar(255) COLLATE "C" NOT NULL DEFAULT '',
	"expires_at" timestamptz NOT NULL,
	"created_at" timestamptz NOT NULL,
	"updated_at" timestamptz NOT NULL,
	CONSTRAINT "http_sessions_pkey" PRIMARY KEY ("id"),
	CONSTRAINT "uq_http_sessions_session_id" UNIQUE ("session_id")
);

CREATE INDEX "ix_http_sessions_owner" ON "http_sessions" ("owner");

CREATE INDEX "ix_http_sessions_expires_at" ON "http_sessions" ("expires_at");

-- down

DROP TABLE "http_sessions";
