package main

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
)

// upsertSQLite has the time of change move on only if something changes.
const upsertSQLite = ` ON CONFLICT (name) DO UPDATE SET note = excluded.note, uses = excluded.uses,
updated_at = CASE WHEN tags.note IS DISTINCT FROM excluded.note OR tags.uses IS DISTINCT FROM excluded.uses
THEN max(excluded.updated_at, tags.updated_at + 1) ELSE tags.updated_at END RETURNING id, name, created_at, updated_at`

func tagTuples(n int) string {
	return strings.Repeat("(?, ?, ?, ?, ?, ?), ", n-1) + "(?, ?, ?, ?, ?, ?)"
}

func (s *bareSQLite) remove(ctx context.Context, id uuid.UUID) error {
	res, err := s.drop.ExecContext(ctx, id[:])
	if err != nil {
		return err
	}
	return removed(res.RowsAffected())
}

// removed is an error unless one row was.
func removed(n int64, err error) error {
	if err == nil && n != 1 {
		return fmt.Errorf("%d rows were removed", n)
	}
	return err
}

func (s *bareSQLite) exists(ctx context.Context, below decimal.Decimal) (found bool, err error) {
	err = s.any.QueryRowContext(ctx, hundredths(below)).Scan(&found)
	return found, err
}

func (s *bareSQLite) seek(_ context.Context, depth int, at product) (func(context.Context) ([]product, error), error) {
	return func(ctx context.Context) ([]product, error) {
		if depth == 0 {
			return collectSQLite(s.newest.QueryContext(ctx, pageSize))
		}
		return collectSQLite(s.older.QueryContext(ctx, at.createdAt.UnixMicro(), at.id[:], pageSize))
	}, nil
}

func collectSQLite(rows *sql.Rows, err error) ([]product, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := make([]product, 0, pageSize)
	var s scanned
	for rows.Next() {
		out = append(out, product{})
		if err := s.read(rows, &out[len(out)-1]); err != nil {
			return nil, err
		}
	}
	return out, rows.Err()
}

func (s *bareSQLite) stream(ctx context.Context, limit int, each func(*product)) error {
	rows, err := s.all.QueryContext(ctx, limit)
	if err != nil {
		return err
	}
	defer rows.Close()
	var all scanned
	for rows.Next() {
		var p product
		if err := all.read(rows, &p); err != nil {
			return err
		}
		each(&p)
	}
	return rows.Err()
}

func (s *bareSQLite) authors(ctx context.Context, offset int) (func() []author, error) {
	page := make([]author, 0, authorsShown)
	keys := make([]any, 0, authorsShown)
	at := make(map[uuid.UUID]int, authorsShown)
	rows, err := s.authorsOf.QueryContext(ctx, authorsShown, offset)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		page = append(page, author{})
		a := &page[len(page)-1]
		if err := rows.Scan(&a.id, &a.name); err != nil {
			return nil, err
		}
		at[a.id] = len(page) - 1
		keys = append(keys, a.id[:])
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if rows, err = s.booksOf.QueryContext(ctx, keys...); err != nil {
		return nil, err
	}
	defer rows.Close()
	var b book
	for rows.Next() {
		b = book{}
		if err := rows.Scan(&b.id, &b.author, &b.title, &b.note, &b.pages); err != nil {
			return nil, err
		}
		a := &page[at[b.author]]
		a.books = append(a.books, b)
	}
	return func() []author { return page }, rows.Err()
}

func (s *bareSQLite) tags(ts []tag) tagWork {
	return tagWork{
		add: func(ctx context.Context) error {
			return s.storeTags(ctx, ts, s.addTags, "", func(stmt *sql.Stmt, args []any) error {
				_, err := stmt.ExecContext(ctx, args...)
				return err
			})
		},
		upsert: func(ctx context.Context) error {
			at := tagsByName(ts)
			return s.storeTags(ctx, ts, s.upsertTags, upsertSQLite, func(stmt *sql.Stmt, args []any) error {
				rows, err := stmt.QueryContext(ctx, args...)
				if err != nil {
					return err
				}
				defer rows.Close()
				var id uuid.UUID
				var name string
				var created, updated int64
				for rows.Next() {
					if err := rows.Scan(&id, &name, &created, &updated); err != nil {
						return err
					}
					t := at[name]
					t.id = id
					t.createdAt, t.updatedAt = time.UnixMicro(created).UTC(), time.UnixMicro(updated).UTC()
				}
				return rows.Err()
			})
		},
	}
}

// tagsByName finds the tag that a row which comes back belongs to.
func tagsByName(ts []tag) map[string]*tag {
	at := make(map[string]*tag, len(ts))
	for i := range ts {
		at[ts[i].name] = &ts[i]
	}
	return at
}

// storeTags sends many rows with each statement, all in one transaction.
func (s *bareSQLite) storeTags(ctx context.Context, ts []tag, many *sql.Stmt, suffix string, run func(*sql.Stmt, []any) error) error {
	tx, err := s.writes.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	args := make([]any, 0, bulkRows*6)
	for len(ts) > 0 {
		n, stmt := min(len(ts), bulkRows), tx.StmtContext(ctx, many)
		if n < bulkRows {
			if stmt, err = tx.PrepareContext(ctx, "INSERT INTO tags ("+tagColumns+") VALUES "+tagTuples(n)+suffix); err != nil {
				return err
			}
		}
		args = args[:0]
		for i := range ts[:n] {
			t := &ts[i]
			if err := t.stamp(); err != nil {
				return err
			}
			args = append(args, t.id[:], t.name, t.note, t.uses, t.createdAt.UnixMicro(), t.updatedAt.UnixMicro())
		}
		if err := run(stmt, args); err != nil {
			return err
		}
		ts = ts[n:]
	}
	return tx.Commit()
}

// stamp gives a new tag what storing fills in.
func (t *tag) stamp() (err error) {
	t.id, err = uuid.NewV7()
	t.createdAt = time.Now().UTC().Truncate(time.Microsecond)
	t.updatedAt = t.createdAt
	return err
}
