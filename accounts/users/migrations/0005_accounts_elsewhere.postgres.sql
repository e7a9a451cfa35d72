-- after 0004_search

-- up
CREATE TABLE "user_accounts" (
	"id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"account_id" varchar(255) COLLATE "C" NOT NULL,
	"version" varchar(255) COLLATE "C" NOT NULL,
	"basis" varchar(64) COLLATE "C" NOT NULL,
	CONSTRAINT "user_accounts_pkey" PRIMARY KEY ("id"),
	CONSTRAINT "uq_user_accounts_user_id" UNIQUE ("user_id"),
	CONSTRAINT "uq_user_accounts_account_id" UNIQUE ("account_id")
);

-- down
DROP TABLE "user_accounts";
