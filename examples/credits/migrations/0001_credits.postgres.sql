-- up
ALTER TABLE "users" ADD COLUMN "token_count" bigint NOT NULL DEFAULT 0;

ALTER TABLE "users" ADD COLUMN "plan" varchar(20) COLLATE "C" NOT NULL DEFAULT 'free';

ALTER TABLE "users" ADD COLUMN "theme" varchar(20) COLLATE "C";

ALTER TABLE "roles" ADD COLUMN "label" varchar(40) COLLATE "C" NOT NULL DEFAULT '';

ALTER TABLE "roles" ADD COLUMN "color" varchar(7) COLLATE "C" NOT NULL DEFAULT '#000000';

ALTER TABLE "users" ADD CONSTRAINT "ck_users_plan" CHECK ("plan" IN ('free', 'paid'));

-- down
ALTER TABLE "users" DROP CONSTRAINT "ck_users_plan";

ALTER TABLE "users" DROP COLUMN "token_count";

ALTER TABLE "users" DROP COLUMN "plan";

ALTER TABLE "users" DROP COLUMN "theme";

ALTER TABLE "roles" DROP COLUMN "label";

ALTER TABLE "roles" DROP COLUMN "color";
