-- after 0001_mails

-- up
ALTER TABLE "mails" ADD COLUMN "attempts" INTEGER NOT NULL DEFAULT 0;

ALTER TABLE "mails" ADD COLUMN "held_until" INTEGER;

CREATE INDEX "ix_mails_state" ON "mails" ("state");

-- down
DROP INDEX "ix_mails_state";

ALTER TABLE "mails" DROP COLUMN "attempts";

ALTER TABLE "mails" DROP COLUMN "held_until";
