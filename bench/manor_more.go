package main

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/data"
)

func (s manorStore) remove(ctx context.Context, id uuid.UUID) error {
	return rows.On(s.db).Delete(ctx, data.ID[row](id))
}

func (s manorStore) exists(ctx context.Context, below decimal.Decimal) (bool, error) {
	return rows.On(s.db).Exists(ctx, active.Eq(true), price.Lt(below))
}

// seek gets the cursor as a client does: from the page before.
func (s manorStore) seek(ctx context.Context, depth int, _ product) (func(context.Context) ([]row, error), error) {
	q := data.Query[row]{Order: data.By(made.Desc()), Limit: pageSize, Keyset: true}
	if depth > 0 {
		before := q
		before.Offset, before.Limit = depth-1, 1
		p, err := rows.On(s.db).List(ctx, before)
		if err != nil {
			return nil, err
		}
		if q.After = p.Next; q.After == "" {
			return nil, errors.New("there is nothing so deep")
		}
	}
	return func(ctx context.Context) ([]row, error) {
		p, err := rows.On(s.db).List(ctx, q)
		return p.Items, err
	}, nil
}

func (s manorStore) stream(ctx context.Context, limit int, each func(*row)) error {
	for v, err := range rows.On(s.db).Each(ctx, data.Query[row]{Order: data.By(made.Asc()), Limit: limit}) {
		if err != nil {
			return err
		}
		each(&v)
	}
	return nil
}

func (s manorStore) authors(ctx context.Context, offset int) (func() []author, error) {
	p, err := authorRows.On(s.db).List(ctx, data.Query[authorRow]{
		Order: data.By(authorName.Asc()), Limit: authorsShown, Offset: offset, Load: []data.Load[authorRow]{authorBooks},
	})
	return func() (out []author) {
		for _, a := range p.Items {
			x := author{id: uuid.UUID(a.ID), name: a.Name}
			for _, b := range a.Books {
				x.books = append(x.books, book{uuid.UUID(b.ID), uuid.UUID(b.Author), b.Title, b.Note, b.Pages})
			}
			out = append(out, x)
		}
		return out
	}, err
}

func (s manorStore) tags(ts []tag) tagWork {
	vs := make([]tagRow, len(ts))
	for i, t := range ts {
		vs[i] = tagRow{Name: t.name, Note: t.note, Uses: t.uses}
	}
	return tagWork{
		add: func(ctx context.Context) error { return tagRows.On(s.db).AddAll(ctx, vs) },
		upsert: func(ctx context.Context) error {
			_, err := tagRows.On(s.db).UpsertAll(ctx, vs, "name")
			return err
		},
	}
}
