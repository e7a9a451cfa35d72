package migrate

import (
	"fmt"
	"strings"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
)

// SearchIndex returns the sections of a revision that makes the index which the
// table of s asks for by data.SearchIndex, of the rows that are there, and that
// removes it. It panics if s asks for none.
//
// On SQLite the index is a table of FTS5 with all pieces of four characters of
// the searched texts, in hexadecimal, and shorter ones at their ends. It numbers
// the rows by itself, as the numbers that SQLite gives them may change. Triggers
// keep it, and remove the words of changed and deleted rows from the file at
// once. A later revision that makes the table anew must make them again, as
// those that package revise plans do.
//
// On PostgreSQL it is a GIN index of the same pieces, which a function cuts: the
// index of an expression, so that PostgreSQL keeps it. Texts of more than 200,000
// bytes are left to the condition, since a tsvector holds no more.
func SearchIndex(dialect string, s data.Schema) (up, down string) {
	if s.Search == nil {
		panic(fmt.Sprintf("migrate: table %s has no index for searches", s.Table))
	}
	if dialect == postgres {
		return postgresSearch(*s.Search)
	}
	return sqliteSearch(*s.Search)
}

// postgresSearch has the planner keep so many words that it can tell a rare text
// from a frequent one, and the list of rows that are not yet in the index so
// short that reading it costs a search no time. Long texts are cut in time that
// grows with them only, short ones in less.
func postgresSearch(in driver.SearchIndex) (up, down string) {
	names := strings.NewReplacer("{table}", in.Table, "{index}", "ix_"+in.Name(), "{pieces}", in.Name()+"_pieces", "{text}", in.Text())
	return names.Replace(`CREATE FUNCTION "{pieces}" (t text) RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
	SELECT array_to_tsvector(CASE
		WHEN length(t) <= 200 THEN (SELECT array_agg(substr(t, n, 4)) FROM generate_series(1, length(t)) AS n)
		WHEN octet_length(t) <= 200000 THEN (SELECT array_agg(piece) FROM (
			SELECT c || lead(c, 1, '') OVER o || lead(c, 2, '') OVER o || lead(c, 3, '') OVER o AS piece
			FROM unnest(string_to_array(t, NULL)) WITH ORDINALITY AS u (c, n) WINDOW o AS (ORDER BY n)) AS pieces)
		ELSE ARRAY['too long'] END)
$$;

CREATE INDEX "{index}" ON "{table}" USING gin ("{pieces}"({text})) WITH (gin_pending_list_limit = 1024);

ALTER INDEX "{index}" ALTER COLUMN 1 SET STATISTICS 1000;

ANALYZE "{table}";`), names.Replace(`DROP INDEX "{index}";
DROP FUNCTION "{pieces}" (text);`)
}

func sqliteSearch(in driver.SearchIndex) (up, down string) {
	var columns, changed []string
	for _, c := range in.Columns {
		columns = append(columns, quote(c.Name))
		changed = append(changed, fmt.Sprintf("OLD.%[1]s IS NOT NEW.%[1]s", quote(c.Name)))
	}
	pieces := func(row string) string {
		return "(SELECT " + driver.Pieces + " FROM (SELECT " + in.Lower(row) + " AS t))"
	}
	names := strings.NewReplacer("{key}", quote(in.Key), "{table}", in.Table, "{columns}", strings.Join(columns, ", "),
		"{changed}", strings.Join(changed, " OR "), "{old pieces}", pieces("OLD"), "{new pieces}", pieces("NEW"), "{pieces}", pieces("r"))
	return names.Replace(`-- The rows by numbers that VACUUM does not change.
CREATE TABLE "{table}_search_key" ("n" INTEGER PRIMARY KEY, "id" ANY NOT NULL UNIQUE) STRICT;

CREATE VIRTUAL TABLE "{table}_search" USING fts5 ("pieces", content = '', columnsize = 0, detail = none, tokenize = ascii);

-- What is deleted is removed from the file, and not only marked.
INSERT INTO "{table}_search" ("{table}_search", "rank") VALUES ('secure-delete', 1);

-- The words of many rows that are added together are sorted in so much memory.
INSERT INTO "{table}_search" ("{table}_search", "rank") VALUES ('hashsize', 16777216);

CREATE VIRTUAL TABLE "{table}_search_word" USING fts5vocab ("{table}_search", instance);

-- While many rows are added there is a row 0: their words are added together
-- when all of them are there.
CREATE TRIGGER "{table}_search_insert" AFTER INSERT ON "{table}" BEGIN
	INSERT INTO "{table}_search_key" ("id") VALUES (NEW.{key});
	INSERT INTO "{table}_search" ("rowid", "pieces") SELECT last_insert_rowid(), {new pieces}
		WHERE NOT EXISTS (SELECT 1 FROM "{table}_search_key" WHERE "n" = 0);
END;

CREATE TRIGGER "{table}_search_update" AFTER UPDATE OF {columns} ON "{table}" WHEN {changed} BEGIN
	INSERT INTO "{table}_search" ("{table}_search", "rowid", "pieces") SELECT 'delete', k."n", {old pieces}
		FROM "{table}_search_key" AS k WHERE k."id" IN (OLD.{key}, NEW.{key});
	INSERT INTO "{table}_search" ("rowid", "pieces") SELECT k."n", {new pieces}
		FROM "{table}_search_key" AS k WHERE k."id" IN (OLD.{key}, NEW.{key});
END;

CREATE TRIGGER "{table}_search_move" AFTER UPDATE OF {key} ON "{table}" WHEN OLD.{key} IS NOT NEW.{key} BEGIN
	UPDATE "{table}_search_key" SET "id" = NEW.{key} WHERE "id" = OLD.{key};
END;

CREATE TRIGGER "{table}_search_delete" AFTER DELETE ON "{table}" BEGIN
	INSERT INTO "{table}_search" ("{table}_search", "rowid", "pieces") SELECT 'delete', k."n", {old pieces}
		FROM "{table}_search_key" AS k WHERE k."id" = OLD.{key};
	DELETE FROM "{table}_search_key" WHERE "id" = OLD.{key};
END;

INSERT INTO "{table}_search_key" ("id") SELECT {key} FROM "{table}" ORDER BY {key};

INSERT INTO "{table}_search" ("rowid", "pieces") SELECT k."n", {pieces}
	FROM "{table}_search_key" AS k JOIN "{table}" AS r ON r.{key} = k."id" ORDER BY k."n";`),
		names.Replace(`DROP TRIGGER "{table}_search_insert";
DROP TRIGGER "{table}_search_update";
DROP TRIGGER "{table}_search_move";
DROP TRIGGER "{table}_search_delete";
DROP TABLE "{table}_search_word";
DROP TABLE "{table}_search";
DROP TABLE "{table}_search_key";`)
}
