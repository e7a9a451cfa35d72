-- after 0001_api_keys

-- up
CREATE TABLE "api_key_nonces" (
	"key_id" uuid NOT NULL,
	"nonce" bytea NOT NULL,
	"until" timestamptz NOT NULL,
	CONSTRAINT "api_key_nonces_pkey" PRIMARY KEY ("key_id", "nonce")
);

CREATE INDEX "ix_api_key_nonces_until" ON "api_key_nonces" ("until");

-- down
DROP TABLE "api_key_nonces";
