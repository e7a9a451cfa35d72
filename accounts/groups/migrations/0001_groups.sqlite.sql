-- up

CREATE TABLE "groups" (
	"id" BLOB NOT NULL,
	"created_at" INTEGER NOT NULL,
	"updated_at" INTEGER NOT NULL,
	"name" TEXT NOT NULL,
	"name_key" TEXT NOT NULL,
	"location" TEXT NOT NULL DEFAULT '',
	"url" TEXT NOT NULL DEFAULT '',
	"url_type" TEXT NOT NULL DEFAULT 'other',
	"start_date" TEXT,
	"approved" INTEGER NOT NULL DEFAULT 0,
	"trusted" INTEGER NOT NULL DEFAULT 0,
	"submitter_id" BLOB,
	CONSTRAINT "groups_pkey" PRIMARY KEY ("id"),
	CONSTRAINT "ck_groups_name" CHECK (length("name") <= 255),
	CONSTRAINT "ck_groups_name_key" CHECK (length("name_key") <= 255),
	CONSTRAINT "ck_groups_location" CHECK (length("location") <= 255),
	CONSTRAINT "ck_groups_url" CHECK (length("url") <= 500),
	CONSTRAINT "ck_groups_url_type" CHECK ((length("url_type") <= 32) AND ("url_type" IN ('meetup', 'distribution_list', 'other'))),
	CONSTRAINT "ck_groups_start_date" CHECK (length("start_date") <= 10),
	CONSTRAINT "ck_groups_approved" CHECK ("approved" IN (0, 1)),
	CONSTRAINT "ck_groups_trusted" CHECK ("trusted" IN (0, 1)),
	CONSTRAINT "fk_groups_submitter_id" FOREIGN KEY ("submitter_id") REFERENCES "users" ("id") ON DELETE SET NULL
) STRICT;

CREATE UNIQUE INDEX "uq_groups_name_key" ON "groups" ("name_key");

CREATE INDEX "ix_groups_created_at" ON "groups" ("created_at");

CREATE INDEX "ix_groups_submitter_id" ON "groups" ("submitter_id");

-- down

DROP TABLE "groups";
