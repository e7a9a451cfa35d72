package main

import (
	"context"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/data"
)

// manorStore is Manor's data layer.
type manorStore struct{ db *data.DB }

func (s manorStore) get(ctx context.Context, id uuid.UUID) (row, error) {
	return rows.On(s.db).Get(ctx, data.ID[row](id))
}

func (s manorStore) update(ctx context.Context, id uuid.UUID, newName string, newPrice decimal.Decimal) (row, error) {
	return rows.On(s.db).Update(ctx, data.ID[row](id), name.Set(newName), price.Set(newPrice))
}

func (s manorStore) insert(ctx context.Context, v *row) error { return rows.On(s.db).Add(ctx, v) }

func (s manorStore) bulk(ctx context.Context, vs []row) error { return rows.On(s.db).AddAll(ctx, vs) }

func query(below decimal.Decimal, count bool) data.Query[row] {
	return data.Query[row]{
		Where: data.All(active.Eq(true), price.Lt(below)),
		Order: data.By(made.Desc()), // and then by id
		Limit: pageSize, Count: count,
	}
}

func (s manorStore) page(ctx context.Context, below decimal.Decimal) ([]row, error) {
	p, err := rows.On(s.db).List(ctx, query(below, false))
	return p.Items, err
}

func (s manorStore) list(ctx context.Context, below decimal.Decimal) ([]row, int, error) {
	p, err := rows.On(s.db).List(ctx, query(below, true))
	return p.Items, p.Total, err
}

func (s manorStore) close() error { return s.db.Close() }

func (s manorStore) from(p product) row {
	return row{
		Audited: data.Audited[row]{ID: data.ID[row](p.id), CreatedAt: p.createdAt, UpdatedAt: p.updatedAt},
		Owner:   data.ID[owner](p.owner), Name: p.name, Description: p.description, Price: p.price, Active: p.active,
	}
}

func (s manorStore) plain(v *row) product {
	return product{
		uuid.UUID(v.ID), uuid.UUID(v.Owner), v.Name, v.Description, v.Price, v.Active, v.CreatedAt, v.UpdatedAt,
	}
}
