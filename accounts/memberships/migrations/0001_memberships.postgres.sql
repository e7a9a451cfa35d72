-- up

CREATE TABLE "memberships" (
	"id" uuid NOT NULL,
	"created_at" timestamptz NOT NULL,
	"updated_at" timestamptz NOT NULL,
	"user_id" uuid NOT NULL,
	"membership_type" varchar(16) COLLATE "C" NOT NULL DEFAULT 'basic',
	"legal_name" varchar(255) COLLATE "C" NOT NULL DEFAULT '',
	"preferred_name" varchar(255) COLLATE "C" NOT NULL DEFAULT '',
	"email_address" varchar(254) COLLATE "C" NOT NULL DEFAULT '',
	"city" varchar(100) COLLATE "C" NOT NULL DEFAULT '',
	"region" varchar(100) COLLATE "C" NOT NULL DEFAULT '',
	"country" varchar(100) COLLATE "C" NOT NULL DEFAULT '',
	"postal_code" varchar(20) COLLATE "C" NOT NULL DEFAULT '',
	"psf_code_of_conduct" boolean NOT NULL DEFAULT false,
	"psf_announcements" boolean NOT NULL DEFAULT false,
	"votes" boolean NOT NULL DEFAULT false,
	"last_vote_affirmation" varchar(10) COLLATE "C",
	CONSTRAINT "memberships_pkey" PRIMARY KEY ("id"),
	CONSTRAINT "uq_memberships_user_id" UNIQUE ("user_id"),
	CONSTRAINT "ck_memberships_membership_type" CHECK ("membership_type" IN ('basic', 'supporting', 'sponsor', 'managing', 'contributing', 'fellow')),
	CONSTRAINT "fk_memberships_user_id" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON DELETE CASCADE
);

CREATE INDEX "ix_memberships_created_at" ON "memberships" ("created_at");

-- down

DROP TABLE "memberships";
