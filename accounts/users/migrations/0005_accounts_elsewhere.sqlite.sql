-- after 0004_search

-- up
CREATE TABLE "user_accounts" (
	"id" BLOB NOT NULL,
	"user_id" BLOB NOT NULL,
	"account_id" TEXT NOT NULL,
	"version" TEXT NOT NULL,
	"basis" TEXT NOT NULL,
	CONSTRAINT "user_accounts_pkey" PRIMARY KEY ("id"),
	CONSTRAINT "ck_user_accounts_account_id" CHECK (length("account_id") <= 255),
	CONSTRAINT "ck_user_accounts_version" CHECK (length("version") <= 255),
	CONSTRAINT "ck_user_accounts_basis" CHECK (length("basis") <= 64)
) STRICT;

CREATE UNIQUE INDEX "uq_user_accounts_user_id" ON "user_accounts" ("user_id");

CREATE UNIQUE INDEX "uq_user_accounts_account_id" ON "user_accounts" ("account_id");

-- down
DROP TABLE "user_accounts";
