-- after 0002_deleted

-- up
ALTER TABLE "users" ADD COLUMN "locale" TEXT CONSTRAINT "ck_users_locale" CHECK (length("locale") <= 35);

-- down
ALTER TABLE "users" DROP COLUMN "locale";
