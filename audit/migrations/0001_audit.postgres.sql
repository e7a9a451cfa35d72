-- up
CREATE TABLE "audit" (
	"id" uuid NOT NULL,
	"created_at" timestamptz NOT NULL,
	"actor_kind" text COLLATE "C" NOT NULL,
	"actor" varchar(64) COLLATE "C" NOT NULL,
	"on_behalf_of" varchar(64) COLLATE "C" NOT NULL,
	"action" varchar(100) COLLATE "C" NOT NULL,
	"object_type" varchar(64) COLLATE "C" NOT NULL,
	"object_id" varchar(64) COLLATE "C" NOT NULL,
	"outcome" text COLLATE "C" NOT NULL,
	"reason" varchar(64) COLLATE "C" NOT NULL,
	"count" bigint NOT NULL,
	"columns" varchar(1000) COLLATE "C" NOT NULL,
	"request_id" varchar(64) COLLATE "C" NOT NULL,
	"ip_prefix" varchar(64) COLLATE "C" NOT NULL,
	"scheme" varchar(32) COLLATE "C" NOT NULL,
	"via" varchar(128) COLLATE "C" NOT NULL,
	"seal" bytea NOT NULL,
	"seq" bigint,
	"link" bytea,
	CONSTRAINT "audit_pkey" PRIMARY KEY ("id"),
	CONSTRAINT "uq_audit_seq" UNIQUE ("seq"),
	CONSTRAINT "ck_audit_actor_kind" CHECK ("actor_kind" IN ('user', 'anonymous', 'cli', 'task', 'system')),
	CONSTRAINT "ck_audit_outcome" CHECK ("outcome" IN ('done', 'refused'))
);

CREATE INDEX "ix_audit_created_at" ON "audit" ("created_at");

CREATE INDEX "ix_audit_actor" ON "audit" ("actor");

CREATE INDEX "ix_audit_object_id" ON "audit" ("object_id");

CREATE TABLE "audit_heads" (
	"id" uuid NOT NULL,
	"seq" bigint NOT NULL,
	"link" bytea NOT NULL,
	"seal" bytea NOT NULL,
	"signed" bigint NOT NULL,
	"signed_at" timestamptz,
	CONSTRAINT "audit_heads_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "audit_checkpoints" (
	"id" uuid NOT NULL,
	"created_at" timestamptz NOT NULL,
	"kind" text COLLATE "C" NOT NULL,
	"seq" bigint NOT NULL,
	"link" bytea NOT NULL,
	"signature" bytea NOT NULL,
	CONSTRAINT "audit_checkpoints_pkey" PRIMARY KEY ("id"),
	CONSTRAINT "ck_audit_checkpoints_kind" CHECK ("kind" IN ('reached', 'pruned'))
);

CREATE INDEX "ix_audit_checkpoints_seq" ON "audit_checkpoints" ("seq");

-- down
DROP TABLE "audit_checkpoints";

DROP TABLE "audit_heads";

DROP TABLE "audit";
