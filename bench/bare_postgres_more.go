package main

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/shopspring/decimal"
)

const (
	pgDrop    = "DELETE FROM products WHERE id = $1"
	pgAny     = "SELECT EXISTS (SELECT 1 FROM products WHERE is_active AND price < $1)"
	pgAll     = "SELECT " + columns + " FROM products ORDER BY created_at, id LIMIT $1"
	pgNewest  = "SELECT " + columns + " FROM products ORDER BY created_at DESC, id DESC LIMIT 50" // pageSize, in the text: with LIMIT $1 each run would be planned anew
	pgOlder   = "SELECT " + columns + " FROM products WHERE (created_at, id) < ($1, $2) ORDER BY created_at DESC, id DESC LIMIT 50"
	pgAuthors = "SELECT id, name FROM authors ORDER BY name, id LIMIT $1 OFFSET $2"
	pgBooks   = "SELECT " + bookColumns + " FROM books WHERE author_id = ANY($1::uuid[]) ORDER BY author_id, id"
	pgUpsert  = "INSERT INTO tags (" + tagColumns + ") SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::timestamptz[], $6::timestamptz[])" +
		` ON CONFLICT (name) DO UPDATE SET note = excluded.note, uses = excluded.uses,
updated_at = CASE WHEN tags.note IS DISTINCT FROM excluded.note OR tags.uses IS DISTINCT FROM excluded.uses
THEN greatest(excluded.updated_at, tags.updated_at + interval '1 microsecond') ELSE tags.updated_at END RETURNING id, name, created_at, updated_at`
)

func (s *barePostgres) remove(ctx context.Context, id uuid.UUID) error {
	done, err := s.pool.Exec(ctx, pgDrop, [16]byte(id))
	return removed(done.RowsAffected(), err)
}

func (s *barePostgres) exists(ctx context.Context, below decimal.Decimal) (found bool, err error) {
	err = s.pool.QueryRow(ctx, pgAny, numeric(below)).Scan(&found)
	return found, err
}

func (s *barePostgres) seek(_ context.Context, depth int, at product) (func(context.Context) ([]product, error), error) {
	return func(ctx context.Context) ([]product, error) {
		var rows pgx.Rows
		var err error
		if depth == 0 {
			rows, err = s.pool.Query(ctx, pgNewest)
		} else {
			rows, err = s.pool.Query(ctx, pgOlder, at.createdAt, [16]byte(at.id))
		}
		if err != nil {
			return nil, err
		}
		return collectPostgres(rows)
	}, nil
}

func (s *barePostgres) stream(ctx context.Context, limit int, each func(*product)) error {
	rows, err := s.pool.Query(ctx, pgAll, limit)
	if err != nil {
		return err
	}
	defer rows.Close()
	var price pgtype.Numeric
	for rows.Next() {
		var p product
		if err := readPostgres(rows, &p, &price); err != nil {
			return err
		}
		each(&p)
	}
	return rows.Err()
}

func (s *barePostgres) authors(ctx context.Context, offset int) (func() []author, error) {
	page := make([]author, 0, authorsShown)
	keys := make([][16]byte, 0, authorsShown)
	at := make(map[uuid.UUID]int, authorsShown)
	rows, err := s.pool.Query(ctx, pgAuthors, authorsShown, offset)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		page = append(page, author{})
		a := &page[len(page)-1]
		if err := rows.Scan((*[16]byte)(&a.id), &a.name); err != nil {
			return nil, err
		}
		at[a.id] = len(page) - 1
		keys = append(keys, a.id)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if rows, err = s.pool.Query(ctx, pgBooks, keys); err != nil {
		return nil, err
	}
	defer rows.Close()
	var b book
	for rows.Next() {
		b = book{}
		if err := rows.Scan((*[16]byte)(&b.id), (*[16]byte)(&b.author), &b.title, &b.note, &b.pages); err != nil {
			return nil, err
		}
		a := &page[at[b.author]]
		a.books = append(a.books, b)
	}
	return func() []author { return page }, rows.Err()
}

func (s *barePostgres) tags(ts []tag) tagWork {
	return tagWork{
		add: func(ctx context.Context) error {
			names := []string{"id", "name", "note", "uses", "created_at", "updated_at"}
			_, err := s.pool.CopyFrom(ctx, pgx.Identifier{"tags"}, names, pgx.CopyFromSlice(len(ts), func(i int) ([]any, error) {
				t := &ts[i]
				err := t.stamp()
				return []any{[16]byte(t.id), t.name, t.note, t.uses, t.createdAt, t.updatedAt}, err
			}))
			return err
		},
		upsert: func(ctx context.Context) error { return s.upsertTags(ctx, ts) },
	}
}

// upsertTags sends each column as a list.
func (s *barePostgres) upsertTags(ctx context.Context, ts []tag) error {
	ids, names, notes := make([][16]byte, len(ts)), make([]string, len(ts)), make([]*string, len(ts))
	uses, created, updated := make([]int64, len(ts)), make([]time.Time, len(ts)), make([]time.Time, len(ts))
	for i := range ts {
		t := &ts[i]
		if err := t.stamp(); err != nil {
			return err
		}
		ids[i], names[i], notes[i], uses[i], created[i], updated[i] = t.id, t.name, t.note, int64(t.uses), t.createdAt, t.updatedAt
	}
	rows, err := s.pool.Query(ctx, pgUpsert, ids, names, notes, uses, created, updated)
	if err != nil {
		return err
	}
	defer rows.Close()
	at := tagsByName(ts)
	var back tag
	for rows.Next() {
		if err := rows.Scan((*[16]byte)(&back.id), &back.name, &back.createdAt, &back.updatedAt); err != nil {
			return err
		}
		t := at[back.name]
		t.id, t.createdAt, t.updatedAt = back.id, back.createdAt.UTC(), back.updatedAt.UTC()
	}
	return rows.Err()
}
