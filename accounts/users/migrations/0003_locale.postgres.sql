-- after 0002_deleted

-- up
ALTER TABLE "users" ADD COLUMN "locale" varchar(35) COLLATE "C";

-- down
ALTER TABLE "users" DROP COLUMN "locale";
