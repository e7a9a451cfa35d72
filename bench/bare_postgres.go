package main

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/shopspring/decimal"
)

// barePostgres is what one would write by hand: pgx with its own pool and its
// cache of prepared statements.
type barePostgres struct{ pool *pgxpool.Pool }

func openBarePostgres(ctx context.Context, url string) (*barePostgres, error) {
	pool, err := pgxpool.New(ctx, url)
	return &barePostgres{pool}, err
}

const (
	pgByID   = "SELECT " + columns + " FROM products WHERE id = $1"
	pgSome   = "SELECT " + columns + " FROM products WHERE is_active AND price < $1 ORDER BY created_at DESC, id DESC LIMIT $2"
	pgCount  = "SELECT count(*) FROM products WHERE is_active AND price < $1"
	pgChange = "UPDATE products SET name = $1::text, price = $2, updated_at = CASE WHEN name IS DISTINCT FROM $1::text OR price IS DISTINCT FROM $2" +
		" THEN greatest($3::timestamptz, updated_at + interval '1 microsecond') ELSE updated_at END WHERE id = $4 RETURNING " + columns
	pgAdd = "INSERT INTO products (" + columns + ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
)

func (s *barePostgres) get(ctx context.Context, id uuid.UUID) (product, error) {
	return scanPostgres(s.pool.QueryRow(ctx, pgByID, [16]byte(id)))
}

func (s *barePostgres) update(ctx context.Context, id uuid.UUID, name string, price decimal.Decimal) (product, error) {
	return scanPostgres(s.pool.QueryRow(ctx, pgChange, name, numeric(price), time.Now(), [16]byte(id)))
}

func scanPostgres(from pgx.Row) (p product, err error) {
	err = readPostgres(from, &p, new(pgtype.Numeric))
	return p, err
}

// readPostgres reads a row by way of a number that may serve many.
func readPostgres(from pgx.Row, p *product, price *pgtype.Numeric) error {
	err := from.Scan((*[16]byte)(&p.id), (*[16]byte)(&p.owner), &p.name, &p.description, price, &p.active, &p.createdAt, &p.updatedAt)
	if err != nil {
		return err
	}
	p.price = decimal.NewFromBigInt(price.Int, price.Exp)
	p.createdAt, p.updatedAt = p.createdAt.UTC(), p.updatedAt.UTC()
	return nil
}

func numeric(d decimal.Decimal) pgtype.Numeric {
	return pgtype.Numeric{Int: d.Coefficient(), Exp: d.Exponent(), Valid: true}
}

func (s *barePostgres) insert(ctx context.Context, p *product) error {
	if err := p.stamp(); err != nil {
		return err
	}
	_, err := s.pool.Exec(ctx, pgAdd, p.argsPostgres()...)
	return err
}

func (p *product) argsPostgres() []any {
	return []any{[16]byte(p.id), [16]byte(p.owner), p.name, p.description, numeric(p.price), p.active, p.createdAt, p.updatedAt}
}

func (s *barePostgres) page(ctx context.Context, below decimal.Decimal) ([]product, error) {
	rows, err := s.pool.Query(ctx, pgSome, numeric(below), pageSize)
	if err != nil {
		return nil, err
	}
	return collectPostgres(rows)
}

func collectPostgres(rows pgx.Rows) ([]product, error) {
	defer rows.Close()
	out := make([]product, 0, pageSize)
	var price pgtype.Numeric
	for rows.Next() {
		out = append(out, product{})
		if err := readPostgres(rows, &out[len(out)-1], &price); err != nil {
			return nil, err
		}
	}
	return out, rows.Err()
}

// list sends both statements in one round trip.
func (s *barePostgres) list(ctx context.Context, below decimal.Decimal) (out []product, total int, err error) {
	var b pgx.Batch
	limit := numeric(below)
	b.Queue(pgSome, limit, pageSize).Query(func(rows pgx.Rows) (err error) {
		out, err = collectPostgres(rows)
		return err
	})
	b.Queue(pgCount, limit).QueryRow(func(row pgx.Row) error { return row.Scan(&total) })
	err = s.pool.SendBatch(ctx, &b).Close()
	return out, total, err
}

func (s *barePostgres) bulk(ctx context.Context, ps []product) error {
	names := []string{"id", "owner_id", "name", "description", "price", "is_active", "created_at", "updated_at"}
	_, err := s.pool.CopyFrom(ctx, pgx.Identifier{"products"}, names, pgx.CopyFromSlice(len(ps), func(i int) ([]any, error) {
		if err := ps[i].stamp(); err != nil {
			return nil, err
		}
		return ps[i].argsPostgres(), nil
	}))
	return err
}

func (s *barePostgres) close() error {
	s.pool.Close()
	return nil
}

func (s *barePostgres) from(p product) product   { return p }
func (s *barePostgres) plain(p *product) product { return *p }
