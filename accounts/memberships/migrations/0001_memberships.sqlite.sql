-- up

CREATE TABLE "memberships" (
	"id" BLOB NOT NULL,
	"created_at" INTEGER NOT NULL,
	"updated_at" INTEGER NOT NULL,
	"user_id" BLOB NOT NULL,
	"membership_type" TEXT NOT NULL DEFAULT 'basic',
	"legal_name" TEXT NOT NULL DEFAULT '',
	"preferred_name" TEXT NOT NULL DEFAULT '',
	"email_address" TEXT NOT NULL DEFAULT '',
	"city" TEXT NOT NULL DEFAULT '',
	"region" TEXT NOT NULL DEFAULT '',
	"country" TEXT NOT NULL DEFAULT '',
	"postal_code" TEXT NOT NULL DEFAULT '',
	"psf_code_of_conduct" INTEGER NOT NULL DEFAULT 0,
	"psf_announcements" INTEGER NOT NULL DEFAULT 0,
	"votes" INTEGER NOT NULL DEFAULT 0,
	"last_vote_affirmation" TEXT,
	CONSTRAINT "memberships_pkey" PRIMARY KEY ("id"),
	CONSTRAINT "ck_memberships_membership_type" CHECK ((length("membership_type") <= 16) AND ("membership_type" IN ('basic', 'supporting', 'sponsor', 'managing', 'contributing', 'fellow'))),
	CONSTRAINT "ck_memberships_legal_name" CHECK (length("legal_name") <= 255),
	CONSTRAINT "ck_memberships_preferred_name" CHECK (length("preferred_name") <= 255),
	CONSTRAINT "ck_memberships_email_address" CHECK (length("email_address") <= 254),
	CONSTRAINT "ck_memberships_city" CHECK (length("city") <= 100),
	CONSTRAINT "ck_memberships_region" CHECK (length("region") <= 100),
	CONSTRAINT "ck_memberships_country" CHECK (length("country") <= 100),
	CONSTRAINT "ck_memberships_postal_code" CHECK (length("postal_code") <= 20),
	CONSTRAINT "ck_memberships_psf_code_of_conduct" CHECK ("psf_code_of_conduct" IN (0, 1)),
	CONSTRAINT "ck_memberships_psf_announcements" CHECK ("psf_announcements" IN (0, 1)),
	CONSTRAINT "ck_memberships_votes" CHECK ("votes" IN (0, 1)),
	CONSTRAINT "ck_memberships_last_vote_affirmation" CHECK (length("last_vote_affirmation") <= 10),
	CONSTRAINT "fk_memberships_user_id" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON DELETE CASCADE
) STRICT;

CREATE UNIQUE INDEX "uq_memberships_user_id" ON "memberships" ("user_id");

CREATE INDEX "ix_memberships_created_at" ON "memberships" ("created_at");

-- down

DROP TABLE "memberships";
