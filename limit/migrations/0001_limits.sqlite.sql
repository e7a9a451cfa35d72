-- up
CREATE TABLE "limits" (
	"id" BLOB NOT NULL,
	"about" BLOB NOT NULL,
	"name" TEXT NOT NULL,
	"at" INTEGER NOT NULL,
	"until" INTEGER NOT NULL,
	"step" INTEGER NOT NULL,
	"room" INTEGER NOT NULL,
	"cost" INTEGER NOT NULL,
	"hits" INTEGER NOT NULL,
	"free" INTEGER NOT NULL,
	"stop" INTEGER NOT NULL,
	"admitted" INTEGER NOT NULL,
	"dead_at" INTEGER NOT NULL,
	CONSTRAINT "limits_pkey" PRIMARY KEY ("id"),
	CONSTRAINT "ck_limits_name" CHECK (length("name") <= 100)
) STRICT;

CREATE INDEX "ix_limits_about" ON "limits" ("about");

-- down
DROP TABLE "limits";
