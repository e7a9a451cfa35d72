-- after 0001_users

-- up
ALTER TABLE "users" ADD COLUMN "deleted_at" timestamptz;

-- Few wait to be erased at a time, and are asked for every hour.
CREATE INDEX "ix_users_deleted" ON "users" ("deleted_at") WHERE "deleted_at" IS NOT NULL;

-- down
DROP INDEX "ix_users_deleted";

ALTER TABLE "users" DROP COLUMN "deleted_at";
