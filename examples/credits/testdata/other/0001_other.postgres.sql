-- up
ALTER TABLE "users" ADD COLUMN "token_count" varchar(9) COLLATE "C" NOT NULL DEFAULT 'none';

-- down
ALTER TABLE "users" DROP COLUMN "token_count";
