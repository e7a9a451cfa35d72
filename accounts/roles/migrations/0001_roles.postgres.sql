-- up

CREATE TABLE "roles" (
	"id" uuid NOT NULL,
	"created_at" timestamptz NOT NULL,
	"updated_at" timestamptz NOT NULL,
	"name" varchar(255) COLLATE "C" NOT NULL,
	"description" varchar(1000) COLLATE "C" NOT NULL DEFAULT '',
	"permissions" jsonb NOT NULL DEFAULT '[]',
	"is_system" boolean NOT NULL DEFAULT false,
	CONSTRAINT "roles_pkey" PRIMARY KEY ("id"),
	CONSTRAINT "uq_roles_name" UNIQUE ("name")
);

CREATE INDEX "ix_roles_created_at" ON "roles" ("created_at");

CREATE TABLE "user_roles" (
	"id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"role_id" uuid NOT NULL,
	"created_at" timestamptz NOT NULL,
	CONSTRAINT "user_roles_pkey" PRIMARY KEY ("id"),
	CONSTRAINT "uq_user_roles_user_id_role_id" UNIQUE ("user_id", "role_id"),
	CONSTRAINT "fk_user_roles_user_id" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON DELETE CASCADE,
	CONSTRAINT "fk_user_roles_role_id" FOREIGN KEY ("role_id") REFERENCES "roles" ("id") ON DELETE CASCADE
);

CREATE INDEX "ix_user_roles_role_id" ON "user_roles" ("role_id");

-- Who holds these two is told by is_superuser and is_staff of users.
INSERT INTO "roles" ("id", "created_at", "updated_at", "name", "description", "permissions", "is_system") VALUES
	('00000000-0000-7000-8000-000000000001', now(), now(), 'superuser', 'May do everything.', '["*"]', true),
	('00000000-0000-7000-8000-000000000002', now(), now(), 'staff', 'Looks after people and groups.', '["groups:moderate","memberships:read","users:read"]', true);

-- down

DROP TABLE "user_roles";

DROP TABLE "roles";
