package transfer

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"strings"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
)

// DropAll drops all tables of db with what belongs to them: the program's, the
// history of revisions, the queue's, and those of anybody else; and views. On
// PostgreSQL it empties the schema that comes first in the search path, also of
// types and functions, but not of what extensions have put there. It happens in
// one transaction. It returns the names of the tables.
func DropAll(ctx context.Context, db *data.DB) ([]string, error) {
	names, err := Tables(ctx, db, true)
	if err != nil {
		return nil, err
	}
	if native, ok := db.Driver().Native().(*sql.DB); ok {
		err = dropSQLite(ctx, native)
	} else {
		err = dropPostgres(ctx, db.Driver())
	}
	return names, failed(ctx, err, "the tables cannot be dropped")
}

// dropSQLite drops tables without looking at references, on a connection of its
// own.
func dropSQLite(ctx context.Context, db *sql.DB) (err error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	always := context.WithoutCancel(ctx)
	// Inside a transaction this would do nothing.
	if _, err := conn.ExecContext(ctx, "PRAGMA foreign_keys = off"); err != nil {
		return err
	}
	defer func() {
		conn.ExecContext(always, "ROLLBACK") // harmless after a commit
		var on bool
		_, perr := conn.ExecContext(always, "PRAGMA foreign_keys = on")
		if perr == nil {
			perr = conn.QueryRowContext(always, "PRAGMA foreign_keys").Scan(&on)
		}
		if perr != nil || !on { // whoever gets this connection next counts on them
			conn.Raw(func(any) error { return sqldriver.ErrBadConn })
		}
	}()
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	rows, err := conn.QueryContext(ctx, `SELECT type, name FROM sqlite_schema WHERE type IN ('view', 'table')
		AND substr(name, 1, 7) <> 'sqlite_' ORDER BY type DESC, rootpage = 0 DESC`) // views, then virtual tables, which drop others
	if err != nil {
		return err
	}
	var drops []string
	for rows.Next() {
		var kind, name string
		if err := rows.Scan(&kind, &name); err != nil {
			return errors.Join(err, rows.Close())
		}
		drops = append(drops, "DROP "+strings.ToUpper(kind)+" IF EXISTS "+quote(name))
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, drop := range drops {
		if _, err := conn.ExecContext(ctx, drop); err != nil {
			return err
		}
	}
	_, err = conn.ExecContext(ctx, "COMMIT")
	return err
}

// What is dropped on PostgreSQL, by catalogue: the statement, and where it comes
// from. What an extension made belongs to it.
const dropsPostgres = `SELECT drop FROM (
SELECT 1 AS turn, c.oid, 'pg_class'::regclass AS in_class, format('DROP %s IF EXISTS %s CASCADE',
	CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, c.oid::regclass) AS drop
FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
UNION ALL
SELECT 2, p.oid, 'pg_proc'::regclass, format('DROP ROUTINE IF EXISTS %s CASCADE', p.oid::regprocedure)
FROM pg_proc p WHERE p.pronamespace = current_schema()::regnamespace
UNION ALL
SELECT 3, t.oid, 'pg_type'::regclass, format('DROP TYPE IF EXISTS %s CASCADE', t.oid::regtype)
FROM pg_type t WHERE t.typnamespace = current_schema()::regnamespace AND t.typtype IN ('e', 'd', 'r')
) AS all_there_is
WHERE NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = in_class AND d.objid = all_there_is.oid AND d.deptype = 'e')
ORDER BY turn`

func dropPostgres(ctx context.Context, d driver.Driver) (err error) {
	tx, err := begin(ctx, d)
	if err != nil {
		return err
	}
	defer func() { err = also(err, tx.Rollback(ctx)) }()
	var drops []string
	if err := each(ctx, tx, dropsPostgres, "t", nil, func(v []any) error {
		drops = append(drops, v[0].(string))
		return nil
	}); err != nil {
		return err
	}
	for _, drop := range drops {
		if err := exec(ctx, tx, drop); err != nil {
			return err
		}
	}
	return tx.Commit(ctx)
}
