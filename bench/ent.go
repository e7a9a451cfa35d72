package main

import (
	"context"
	"database/sql"
	"slices"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/bench/ent"
	entproduct "github.com/manorgo/manor/bench/ent/product"
	"github.com/manorgo/manor/bench/forms"
)

// entStore is ent, over the code that it generates.
type entStore struct {
	reads, writes *ent.Client
	form          forms.Form
	closing       func() error
}

func openEntSQLite(path string) (*entStore, error) {
	f, err := openFiles(path)
	if err != nil {
		return nil, err
	}
	return &entStore{entClient(dialect.SQLite, f.reads), entClient(dialect.SQLite, f.writes), forms.SQLite, f.close}, nil
}

func openEntPostgres(db *sql.DB) *entStore {
	c := entClient(dialect.Postgres, db)
	return &entStore{c, c, forms.Postgres, db.Close}
}

func entClient(name string, db *sql.DB) *ent.Client {
	return ent.NewClient(ent.Driver(entsql.OpenDB(name, db)))
}

func (s *entStore) get(ctx context.Context, id uuid.UUID) (*ent.Product, error) {
	return s.reads.Product.Get(ctx, forms.ID{UUID: id, Form: s.form})
}

// update is ent's: a transaction of an UPDATE and a SELECT.
func (s *entStore) update(ctx context.Context, id uuid.UUID, name string, price decimal.Decimal) (*ent.Product, error) {
	return s.writes.Product.UpdateOneID(forms.ID{UUID: id, Form: s.form}).
		SetName(name).SetPrice(forms.Price{Decimal: price, Form: s.form}).SetUpdatedAt(moment(s.form)).Save(ctx)
}

func (s *entStore) create(c *ent.ProductClient, p *ent.Product) (*ent.ProductCreate, error) {
	id, err := identity(s.form)
	now := moment(s.form)
	return c.Create().SetID(id).SetOwnerID(p.OwnerID).SetName(p.Name).SetNillableDescription(p.Description).
		SetPrice(p.Price).SetIsActive(p.IsActive).SetCreatedAt(now).SetUpdatedAt(now), err
}

func (s *entStore) insert(ctx context.Context, p **ent.Product) error {
	c, err := s.create(s.writes.Product, *p)
	if err != nil {
		return err
	}
	*p, err = c.Save(ctx)
	return err
}

func (s *entStore) bulk(ctx context.Context, ps []*ent.Product) error {
	return s.together(ctx, func(tx *ent.Tx) error {
		for some := range slices.Chunk(ps, entBatch) {
			all := make([]*ent.ProductCreate, len(some))
			for i, p := range some {
				var err error
				if all[i], err = s.create(tx.Product, p); err != nil {
					return err
				}
			}
			made, err := tx.Product.CreateBulk(all...).Save(ctx)
			if err != nil {
				return err
			}
			copy(some, made)
		}
		return nil
	})
}

func (s *entStore) matching(below decimal.Decimal) *ent.ProductQuery {
	return s.reads.Product.Query().Where(entproduct.IsActive(true), entproduct.PriceLT(forms.Price{Decimal: below, Form: s.form}))
}

func (s *entStore) page(ctx context.Context, below decimal.Decimal) ([]*ent.Product, error) {
	return s.matching(below).
		Order(entproduct.ByCreatedAt(entsql.OrderDesc()), entproduct.ByID(entsql.OrderDesc())).Limit(pageSize).All(ctx)
}

func (s *entStore) list(ctx context.Context, below decimal.Decimal) ([]*ent.Product, int, error) {
	ps, err := s.page(ctx, below)
	if err != nil {
		return nil, 0, err
	}
	total, err := s.matching(below).Count(ctx)
	return ps, total, err
}

func (s *entStore) close() error { return s.closing() }

func (s *entStore) from(p product) *ent.Product {
	return &ent.Product{
		ID: forms.ID{UUID: p.id, Form: s.form}, OwnerID: forms.ID{UUID: p.owner, Form: s.form}, Name: p.name, Description: p.description,
		Price: forms.Price{Decimal: p.price, Form: s.form}, IsActive: p.active,
		CreatedAt: forms.Moment{Time: p.createdAt, Form: s.form}, UpdatedAt: forms.Moment{Time: p.updatedAt, Form: s.form},
	}
}

func (s *entStore) plain(at **ent.Product) product {
	p := *at
	if p == nil {
		return product{}
	}
	return product{
		p.ID.UUID, p.OwnerID.UUID, p.Name, p.Description, p.Price.Decimal, p.IsActive, p.CreatedAt.Time, p.UpdatedAt.Time,
	}
}
