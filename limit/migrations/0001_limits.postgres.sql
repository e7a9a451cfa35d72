-- up
CREATE TABLE "limits" (
	"id" uuid NOT NULL,
	"about" uuid NOT NULL,
	"name" varchar(100) COLLATE "C" NOT NULL,
	"at" bigint NOT NULL,
	"until" bigint NOT NULL,
	"step" bigint NOT NULL,
	"room" bigint NOT NULL,
	"cost" bigint NOT NULL,
	"hits" bigint NOT NULL,
	"free" bigint NOT NULL,
	"stop" bigint NOT NULL,
	"admitted" bigint NOT NULL,
	"dead_at" bigint NOT NULL,
	CONSTRAINT "limits_pkey" PRIMARY KEY ("id")
);

CREATE INDEX "ix_limits_about" ON "limits" ("about");

-- down
DROP TABLE "limits";
