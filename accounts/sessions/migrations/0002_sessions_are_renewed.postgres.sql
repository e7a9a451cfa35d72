-- after 0001_sessions

-- up
ALTER TABLE "sessions" ADD COLUMN "rights" bigint NOT NULL DEFAULT 0;

ALTER TABLE "sessions" ADD COLUMN "previous" bytea;

ALTER TABLE "sessions" ADD COLUMN "renewed_at" timestamptz;

ALTER TABLE "sessions" ADD COLUMN "device" bytea;

CREATE INDEX "ix_sessions_previous" ON "sessions" ("previous");

-- down
DROP INDEX "ix_sessions_previous";

ALTER TABLE "sessions" DROP COLUMN "rights";

ALTER TABLE "sessions" DROP COLUMN "previous";

ALTER TABLE "sessions" DROP COLUMN "renewed_at";

ALTER TABLE "sessions" DROP COLUMN "device";
