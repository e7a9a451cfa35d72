-- after 0001_api_keys

-- up
CREATE TABLE "api_key_nonces" (
	"key_id" BLOB NOT NULL,
	"nonce" BLOB NOT NULL,
	"until" INTEGER NOT NULL,
	CONSTRAINT "api_key_nonces_pkey" PRIMARY KEY ("key_id", "nonce")
) STRICT;

CREATE INDEX "ix_api_key_nonces_until" ON "api_key_nonces" ("until");

-- down
DROP TABLE "api_key_nonces";
