-- up

CREATE TABLE "users" (
	"id" BLOB NOT NULL,
	"created_at" INTEGER NOT NULL,
	"updated_at" INTEGER NOT NULL,
	"username" TEXT NOT NULL,
	"username_key" TEXT NOT NULL,
	"email" TEXT NOT NULL,
	"email_key" TEXT NOT NULL,
	"password_hash" TEXT,
	"first_name" TEXT NOT NULL DEFAULT '',
	"last_name" TEXT NOT NULL DEFAULT '',
	"bio" TEXT NOT NULL DEFAULT '',
	"is_active" INTEGER NOT NULL DEFAULT 1,
	"is_staff" INTEGER NOT NULL DEFAULT 0,
	"is_superuser" INTEGER NOT NULL DEFAULT 0,
	"email_verified" INTEGER NOT NULL DEFAULT 0,
	"date_joined" INTEGER NOT NULL,
	"last_login" INTEGER,
	"search_visibility" TEXT NOT NULL DEFAULT 'public',
	"email_privacy" TEXT NOT NULL DEFAULT 'private',
	"public_profile" INTEGER NOT NULL DEFAULT 1,
	"epoch" INTEGER NOT NULL DEFAULT 0,
	CONSTRAINT "users_pkey" PRIMARY KEY ("id"),
	CONSTRAINT "ck_users_username" CHECK (length("username") <= 150),
	CONSTRAINT "ck_users_username_key" CHECK (length("username_key") <= 150),
	CONSTRAINT "ck_users_email" CHECK (length("email") <= 254),
	CONSTRAINT "ck_users_email_key" CHECK (length("email_key") <= 254),
	CONSTRAINT "ck_users_password_hash" CHECK (length("password_hash") <= 255),
	CONSTRAINT "ck_users_first_name" CHECK (length("first_name") <= 150),
	CONSTRAINT "ck_users_last_name" CHECK (length("last_name") <= 150),
	CONSTRAINT "ck_users_bio" CHECK (length("bio") <= 10000),
	CONSTRAINT "ck_users_is_active" CHECK ("is_active" IN (0, 1)),
	CONSTRAINT "ck_users_is_staff" CHECK ("is_staff" IN (0, 1)),
	CONSTRAINT "ck_users_is_superuser" CHECK ("is_superuser" IN (0, 1)),
	CONSTRAINT "ck_users_email_verified" CHECK ("email_verified" IN (0, 1)),
	CONSTRAINT "ck_users_search_visibility" CHECK ((length("search_visibility") <= 16) AND ("search_visibility" IN ('public', 'private'))),
	CONSTRAINT "ck_users_email_privacy" CHECK ((length("email_privacy") <= 16) AND ("email_privacy" IN ('public', 'private', 'never'))),
	CONSTRAINT "ck_users_public_profile" CHECK ("public_profile" IN (0, 1))
) STRICT;

CREATE UNIQUE INDEX "uq_users_username_key" ON "users" ("username_key");

CREATE UNIQUE INDEX "uq_users_email_key" ON "users" ("email_key");

CREATE INDEX "ix_users_created_at" ON "users" ("created_at");

-- Superusers are few and asked for often.
CREATE INDEX "ix_users_superusers" ON "users" ("id") WHERE "is_superuser";

-- down

DROP TABLE "users";
