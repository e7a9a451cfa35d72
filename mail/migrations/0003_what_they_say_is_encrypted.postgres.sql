-- after 0002_attempts_are_counted

-- up
ALTER TABLE "mails" ADD COLUMN "sealed" bytea;

-- down
ALTER TABLE "mails" DROP COLUMN "sealed";
