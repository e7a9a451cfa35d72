-- after 0001_tokens

-- up
ALTER TABLE "tokens" DROP CONSTRAINT "ck_tokens_purpose";

ALTER TABLE "tokens" ADD CONSTRAINT "ck_tokens_purpose" CHECK ("purpose" IN ('verify', 'reset', 'invite', 'email', 'undo', 'return', 'bootstrap'));

-- down
DELETE FROM "tokens" WHERE "purpose" IN ('undo', 'return'); -- the check below would refuse them

ALTER TABLE "tokens" DROP CONSTRAINT "ck_tokens_purpose";

ALTER TABLE "tokens" ADD CONSTRAINT "ck_tokens_purpose" CHECK ("purpose" IN ('verify', 'reset', 'invite', 'email', 'bootstrap'));
