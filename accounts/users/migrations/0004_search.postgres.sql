-- after 0003_locale

-- up
CREATE FUNCTION "users_search_pieces" (t text) RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
	SELECT array_to_tsvector(CASE
		WHEN length(t) <= 200 THEN (SELECT array_agg(substr(t, n, 4)) FROM generate_series(1, length(t)) AS n)
		WHEN octet_length(t) <= 200000 THEN (SELECT array_agg(piece) FROM (
			SELECT c || lead(c, 1, '') OVER o || lead(c, 2, '') OVER o || lead(c, 3, '') OVER o AS piece
			FROM unnest(string_to_array(t, NULL)) WITH ORDINALITY AS u (c, n) WINDOW o AS (ORDER BY n)) AS pieces)
		ELSE ARRAY['too long'] END)
$$;

CREATE INDEX "ix_users_search" ON "users" USING gin ("users_search_pieces"(lower(("username" || chr(10) || "first_name" || chr(10) || "last_name") COLLATE "C"))) WITH (gin_pending_list_limit = 1024);

ALTER INDEX "ix_users_search" ALTER COLUMN 1 SET STATISTICS 1000;

ANALYZE "users";

-- down
DROP INDEX "ix_users_search";
DROP FUNCTION "users_search_pieces" (text);
