-- after 0003_locale

-- up
DO $$
BEGIN
	CREATE EXTENSION IF NOT EXISTS pg_trgm;
EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN
	RAISE WARNING 'searches of users will read all rows: %', SQLERRM;
END $$;

DO $$
DECLARE
	home text := (SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_trgm');
BEGIN
	IF home IS NOT NULL THEN
		EXECUTE format($index$CREATE INDEX "ix_users_search" ON "users" USING gin (lower(("username" || chr(10) || "first_name" || chr(10) || "last_name") COLLATE "C") %I.gin_trgm_ops)$index$, home);
		ALTER INDEX "ix_users_search" ALTER COLUMN 1 SET STATISTICS 1000;
		ANALYZE "users";
	END IF;
END $$;

-- down
DROP INDEX IF EXISTS "ix_users_search";
