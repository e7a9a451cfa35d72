-- up
ALTER TABLE "users" ADD COLUMN "token_count" INTEGER NOT NULL DEFAULT 0;

ALTER TABLE "users" ADD COLUMN "plan" TEXT NOT NULL DEFAULT 'free' CONSTRAINT "ck_users_plan" CHECK ((length("plan") <= 20) AND ("plan" IN ('free', 'paid')));

ALTER TABLE "users" ADD COLUMN "theme" TEXT CONSTRAINT "ck_users_theme" CHECK (length("theme") <= 20);

ALTER TABLE "roles" ADD COLUMN "label" TEXT NOT NULL DEFAULT '' CONSTRAINT "ck_roles_label" CHECK (length("label") <= 40);

ALTER TABLE "roles" ADD COLUMN "color" TEXT NOT NULL DEFAULT '#000000' CONSTRAINT "ck_roles_color" CHECK (length("color") <= 7);

-- down
ALTER TABLE "users" DROP COLUMN "token_count";

ALTER TABLE "users" DROP COLUMN "plan";

ALTER TABLE "users" DROP COLUMN "theme";

ALTER TABLE "roles" DROP COLUMN "label";

ALTER TABLE "roles" DROP COLUMN "color";
