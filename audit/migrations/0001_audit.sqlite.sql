-- up
CREATE TABLE "audit" (
	"id" BLOB NOT NULL,
	"created_at" INTEGER NOT NULL,
	"actor_kind" TEXT NOT NULL,
	"actor" TEXT NOT NULL,
	"on_behalf_of" TEXT NOT NULL,
	"action" TEXT NOT NULL,
	"object_type" TEXT NOT NULL,
	"object_id" TEXT NOT NULL,
	"outcome" TEXT NOT NULL,
	"reason" TEXT NOT NULL,
	"count" INTEGER NOT NULL,
	"columns" TEXT NOT NULL,
	"request_id" TEXT NOT NULL,
	"ip_prefix" TEXT NOT NULL,
	"scheme" TEXT NOT NULL,
	"via" TEXT NOT NULL,
	"seal" BLOB NOT NULL,
	"seq" INTEGER,
	"link" BLOB,
	CONSTRAINT "audit_pkey" PRIMARY KEY ("id"),
	CONSTRAINT "ck_audit_actor_kind" CHECK ("actor_kind" IN ('user', 'anonymous', 'cli', 'task', 'system')),
	CONSTRAINT "ck_audit_actor" CHECK (length("actor") <= 64),
	CONSTRAINT "ck_audit_on_behalf_of" CHECK (length("on_behalf_of") <= 64),
	CONSTRAINT "ck_audit_action" CHECK (length("action") <= 100),
	CONSTRAINT "ck_audit_object_type" CHECK (length("object_type") <= 64),
	CONSTRAINT "ck_audit_object_id" CHECK (length("object_id") <= 64),
	CONSTRAINT "ck_audit_outcome" CHECK ("outcome" IN ('done', 'refused')),
	CONSTRAINT "ck_audit_reason" CHECK (length("reason") <= 64),
	CONSTRAINT "ck_audit_columns" CHECK (length("columns") <= 1000),
	CONSTRAINT "ck_audit_request_id" CHECK (length("request_id") <= 64),
	CONSTRAINT "ck_audit_ip_prefix" CHECK (length("ip_prefix") <= 64),
	CONSTRAINT "ck_audit_scheme" CHECK (length("scheme") <= 32),
	CONSTRAINT "ck_audit_via" CHECK (length("via") <= 128)
) STRICT;

CREATE UNIQUE INDEX "uq_audit_seq" ON "audit" ("seq");

CREATE INDEX "ix_audit_created_at" ON "audit" ("created_at");

CREATE INDEX "ix_audit_actor" ON "audit" ("actor");

CREATE INDEX "ix_audit_object_id" ON "audit" ("object_id");

CREATE TABLE "audit_heads" (
	"id" BLOB NOT NULL,
	"seq" INTEGER NOT NULL,
	"link" BLOB NOT NULL,
	"seal" BLOB NOT NULL,
	"signed" INTEGER NOT NULL,
	"signed_at" INTEGER,
	CONSTRAINT "audit_heads_pkey" PRIMARY KEY ("id")
) STRICT;

CREATE TABLE "audit_checkpoints" (
	"id" BLOB NOT NULL,
	"created_at" INTEGER NOT NULL,
	"kind" TEXT NOT NULL,
	"seq" INTEGER NOT NULL,
	"link" BLOB NOT NULL,
	"signature" BLOB NOT NULL,
	CONSTRAINT "audit_checkpoints_pkey" PRIMARY KEY ("id"),
	CONSTRAINT "ck_audit_checkpoints_kind" CHECK ("kind" IN ('reached', 'pruned'))
) STRICT;

CREATE INDEX "ix_audit_checkpoints_seq" ON "audit_checkpoints" ("seq");

-- down
DROP TABLE "audit_checkpoints";

DROP TABLE "audit_heads";

DROP TABLE "audit";
