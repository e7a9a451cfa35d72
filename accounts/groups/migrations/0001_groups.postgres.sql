-- up

CREATE TABLE "groups" (
	"id" uuid NOT NULL,
	"created_at" timestamptz NOT NULL,
	"updated_at" timestamptz NOT NULL,
	"name" varchar(255) COLLATE "C" NOT NULL,
	"name_key" varchar(255) COLLATE "C" NOT NULL,
	"location" varchar(255) COLLATE "C" NOT NULL DEFAULT '',
	"url" varchar(500) COLLATE "C" NOT NULL DEFAULT '',
	"url_type" varchar(32) COLLATE "C" NOT NULL DEFAULT 'other',
	"start_date" varchar(10) COLLATE "C",
	"approved" boolean NOT NULL DEFAULT false,
	"trusted" boolean NOT NULL DEFAULT false,
	"submitter_id" uuid,
	CONSTRAINT "groups_pkey" PRIMARY KEY ("id"),
	CONSTRAINT "uq_groups_name_key" UNIQUE ("name_key"),
	CONSTRAINT "ck_groups_url_type" CHECK ("url_type" IN ('meetup', 'distribution_list', 'other')),
	CONSTRAINT "fk_groups_submitter_id" FOREIGN KEY ("submitter_id") REFERENCES "users" ("id") ON DELETE SET NULL
);

CREATE INDEX "ix_groups_created_at" ON "groups" ("created_at");

CREATE INDEX "ix_groups_submitter_id" ON "groups" ("submitter_id");

-- down

DROP TABLE "groups";
