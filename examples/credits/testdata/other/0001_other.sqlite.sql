-- up
ALTER TABLE "users" ADD COLUMN "token_count" TEXT NOT NULL DEFAULT 'none' CONSTRAINT "ck_users_token_count" CHECK (length("token_count") <= 9);

-- down
ALTER TABLE "users" DROP COLUMN "token_count";
