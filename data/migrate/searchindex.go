package migrate

import (
	"context"
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
// On PostgreSQL it is an index of the extension pg_trgm. Where that can neither
// be found nor created the revision warns and makes no index: searches work, but
// read all rows.
func SearchIndex(dialect string, s data.Schema) (up, down string) {
	if s.Search == nil {
		panic(fmt.Sprintf("migrate: table %s has no index for searches", s.Table))
	}
	if dialect == postgres {
		return postgresSearch(*s.Search)
	}
	return sqliteSearch(*s.Search)
}

// Unindexed returns the names of those tables of schemas that ask for an index
// for searches and have none, because PostgreSQL could not create its extension
// when the revision ran.
func Unindexed(ctx context.Context, db *data.DB, schemas []data.Schema) (tables []string, err error) {
	if db.Dialect() != postgres {
		return nil, nil
	}
	for _, s := range schemas {
		if s.Search == nil {
			continue
		}
		rows, err := indexes.All(ctx, db, indexOf(*s.Search))
		if err != nil {
			return nil, err
		}
		if len(rows) == 0 {
			tables = append(tables, s.Table)
		}
	}
	return tables, nil
}

// indexes has a row if there is an index with a name.
var indexes = data.NewSelect[struct {
	Name string `db:"name"`
}]("SELECT indexname::text AS name FROM pg_indexes WHERE schemaname = current_schema() AND indexname = ?", "")

func indexOf(in driver.SearchIndex) string { return "ix_" + in.Name() }

// postgresSearch has the planner keep so many values that it can tell a rare
// text from a frequent one.
func postgresSearch(in driver.SearchIndex) (up, down string) {
	names := strings.NewReplacer("{table}", in.Table, "{index}", indexOf(in), "{text}", in.Text())
	return names.Replace(`DO $$
BEGIN
	CREATE EXTENSION IF NOT EXISTS pg_trgm;
EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN
	RAISE WARNING 'searches of {table} will read all rows: %', SQLERRM;
END $$;

DO $$
DECLARE
	home text := (SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_trgm');
BEGIN
	IF home IS NOT NULL THEN
		EXECUTE format($index$CREATE INDEX "{index}" ON "{table}" USING gin ({text} %I.gin_trgm_ops)$index$, home);
		ALTER INDEX "{index}" ALTER COLUMN 1 SET STATISTICS 1000;
		ANALYZE "{table}";
	END IF;
END $$;`), names.Replace(`DROP INDEX IF EXISTS "{index}";`)
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
