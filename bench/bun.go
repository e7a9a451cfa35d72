package main

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"

	"github.com/manorgo/manor/bench/forms"
)

// A bunProduct is a product as bun stores it.
type bunProduct struct {
	bun.BaseModel `bun:"table:products"`

	ID          forms.ID     `bun:"id,pk"`
	OwnerID     forms.ID     `bun:"owner_id"`
	Name        string       `bun:"name"`
	Description *string      `bun:"description"`
	Price       forms.Price  `bun:"price"`
	IsActive    bool         `bun:"is_active"`
	CreatedAt   forms.Moment `bun:"created_at"`
	UpdatedAt   forms.Moment `bun:"updated_at"`
}

// bunStore is bun. It writes values into the text of its statements, so none
// of them is prepared.
type bunStore struct {
	reads, writes *bun.DB
	form          forms.Form
	closing       func() error
}

func openBunSQLite(path string) (*bunStore, error) {
	f, err := openFiles(path)
	if err != nil {
		return nil, err
	}
	return &bunStore{bun.NewDB(f.reads, sqlitedialect.New()), bun.NewDB(f.writes, sqlitedialect.New()), forms.SQLite, f.close}, nil
}

func openBunPostgres(db *sql.DB) *bunStore {
	b := bun.NewDB(db, pgdialect.New())
	return &bunStore{b, b, forms.Postgres, db.Close}
}

func (s *bunStore) get(ctx context.Context, id uuid.UUID) (p bunProduct, err error) {
	err = s.reads.NewSelect().Model(&p).Where("id = ?", forms.ID{UUID: id, Form: s.form}).Scan(ctx)
	return p, err
}

func (s *bunStore) update(ctx context.Context, id uuid.UUID, name string, price decimal.Decimal) (bunProduct, error) {
	p := bunProduct{
		ID: forms.ID{UUID: id, Form: s.form}, Name: name, Price: forms.Price{Decimal: price, Form: s.form}, UpdatedAt: moment(s.form),
	}
	res, err := s.writes.NewUpdate().Model(&p).Column("name", "price", "updated_at").WherePK().Returning("*").Exec(ctx)
	if err != nil {
		return p, err
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return p, errors.Join(errors.New("bun updated no row"), err)
	}
	return p, nil
}

func (s *bunStore) stamp(p *bunProduct) (err error) {
	p.ID, err = identity(s.form)
	p.CreatedAt = moment(s.form)
	p.UpdatedAt = p.CreatedAt
	return err
}

func (s *bunStore) insert(ctx context.Context, p *bunProduct) error {
	if err := s.stamp(p); err != nil {
		return err
	}
	_, err := s.writes.NewInsert().Model(p).Exec(ctx)
	return err
}

func (s *bunStore) bulk(ctx context.Context, ps []bunProduct) error {
	for i := range ps {
		if err := s.stamp(&ps[i]); err != nil {
			return err
		}
	}
	return s.writes.RunInTx(ctx, &sql.TxOptions{}, func(ctx context.Context, tx bun.Tx) error {
		for some := range slices.Chunk(ps, bunBatch) {
			if _, err := tx.NewInsert().Model(&some).Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *bunStore) some(ps *[]bunProduct, below decimal.Decimal) *bun.SelectQuery {
	return s.reads.NewSelect().Model(ps).
		Where("is_active").Where("price < ?", forms.Price{Decimal: below, Form: s.form}).
		OrderExpr("created_at DESC, id DESC").Limit(pageSize)
}

func (s *bunStore) page(ctx context.Context, below decimal.Decimal) (ps []bunProduct, err error) {
	err = s.some(&ps, below).Scan(ctx)
	return ps, err
}

// list runs both statements at the same time, which is bun's way.
func (s *bunStore) list(ctx context.Context, below decimal.Decimal) (ps []bunProduct, total int, err error) {
	n, err := s.some(&ps, below).ScanAndCount(ctx)
	return ps, int(n), err
}

func (s *bunStore) close() error { return s.closing() }

func (s *bunStore) from(p product) bunProduct {
	return bunProduct{
		ID: forms.ID{UUID: p.id, Form: s.form}, OwnerID: forms.ID{UUID: p.owner, Form: s.form}, Name: p.name, Description: p.description,
		Price: forms.Price{Decimal: p.price, Form: s.form}, IsActive: p.active,
		CreatedAt: forms.Moment{Time: p.createdAt, Form: s.form}, UpdatedAt: forms.Moment{Time: p.updatedAt, Form: s.form},
	}
}

func (s *bunStore) plain(p *bunProduct) product {
	return product{
		p.ID.UUID, p.OwnerID.UUID, p.Name, p.Description, p.Price.Decimal, p.IsActive, p.CreatedAt.Time, p.UpdatedAt.Time,
	}
}
