-- up

CREATE TABLE "users" (
	"id" uuid NOT NULL,
	"created_at" timestamptz NOT NULL,
	"updated_at" timestamptz NOT NULL,
	"username" varchar(150) COLLATE "C" NOT NULL,
	"username_key" varchar(150) COLLATE "C" NOT NULL,
	"email" varchar(254) COLLATE "C" NOT NULL,
	"email_key" varchar(254) COLLATE "C" NOT NULL,
	"password_hash" varchar(255) COLLATE "C",
	"first_name" varchar(150) COLLATE "C" NOT NULL DEFAULT '',
	"last_name" varchar(150) COLLATE "C" NOT NULL DEFAULT '',
	"bio" varchar(10000) COLLATE "C" NOT NULL DEFAULT '',
	"is_active" boolean NOT NULL DEFAULT true,
	"is_staff" boolean NOT NULL DEFAULT false,
	"is_superuser" boolean NOT NULL DEFAULT false,
	"email_verified" boolean NOT NULL DEFAULT false,
	"date_joined" timestamptz NOT NULL,
	"last_login" timestamptz,
	"search_visibility" varchar(16) COLLATE "C" NOT NULL DEFAULT 'public',
	"email_privacy" varchar(16) COLLATE "C" NOT NULL DEFAULT 'private',
	"public_profile" boolean NOT NULL DEFAULT true,
	"epoch" bigint NOT NULL DEFAULT 0,
	CONSTRAINT "users_pkey" PRIMARY KEY ("id"),
	CONSTRAINT "uq_users_username_key" UNIQUE ("username_key"),
	CONSTRAINT "uq_users_email_key" UNIQUE ("email_key"),
	CONSTRAINT "ck_users_search_visibility" CHECK ("search_visibility" IN ('public', 'private')),
	CONSTRAINT "ck_users_email_privacy" CHECK ("email_privacy" IN ('public', 'private', 'never'))
);

CREATE INDEX "ix_users_created_at" ON "users" ("created_at");

-- Superusers are few and asked for often.
CREATE INDEX "ix_users_superusers" ON "users" ("id") WHERE "is_superuser";

-- down

DROP TABLE "users";
