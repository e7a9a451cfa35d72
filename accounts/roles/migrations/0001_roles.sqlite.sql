-- up

CREATE TABLE "roles" (
	"id" BLOB NOT NULL,
	"created_at" INTEGER NOT NULL,
	"updated_at" INTEGER NOT NULL,
	"name" TEXT NOT NULL,
	"description" TEXT NOT NULL DEFAULT '',
	"permissions" TEXT NOT NULL DEFAULT '[]',
	"is_system" INTEGER NOT NULL DEFAULT 0,
	CONSTRAINT "roles_pkey" PRIMARY KEY ("id"),
	CONSTRAINT "ck_roles_name" CHECK (length("name") <= 255),
	CONSTRAINT "ck_roles_description" CHECK (length("description") <= 1000),
	CONSTRAINT "ck_roles_is_system" CHECK ("is_system" IN (0, 1))
) STRICT;

CREATE UNIQUE INDEX "uq_roles_name" ON "roles" ("name");

CREATE INDEX "ix_roles_created_at" ON "roles" ("created_at");

CREATE TABLE "user_roles" (
	"id" BLOB NOT NULL,
	"user_id" BLOB NOT NULL,
	"role_id" BLOB NOT NULL,
	"created_at" INTEGER NOT NULL,
	CONSTRAINT "user_roles_pkey" PRIMARY KEY ("id"),
	CONSTRAINT "fk_user_roles_user_id" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON DELETE CASCADE,
	CONSTRAINT "fk_user_roles_role_id" FOREIGN KEY ("role_id") REFERENCES "roles" ("id") ON DELETE CASCADE
) STRICT;

CREATE UNIQUE INDEX "uq_user_roles_user_id_role_id" ON "user_roles" ("user_id", "role_id");

CREATE INDEX "ix_user_roles_role_id" ON "user_roles" ("role_id");

-- Who holds these two is told by is_superuser and is_staff of users.
INSERT INTO "roles" ("id", "created_at", "updated_at", "name", "description", "permissions", "is_system") VALUES
	(x'00000000000070008000000000000001', CAST(unixepoch('subsec') * 1000000 AS INTEGER), CAST(unixepoch('subsec') * 1000000 AS INTEGER), 'superuser', 'May do everything.', '["*"]', 1),
	(x'00000000000070008000000000000002', CAST(unixepoch('subsec') * 1000000 AS INTEGER), CAST(unixepoch('subsec') * 1000000 AS INTEGER), 'staff', 'Looks after people and groups.', '["groups:moderate","memberships:read","users:read"]', 1);

-- down

DROP TABLE "user_roles";

DROP TABLE "roles";
