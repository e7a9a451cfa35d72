package main

import (
	"context"
	"errors"
	"slices"

	entsql "entgo.io/ent/dialect/sql"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/bench/ent"
	entauthor "github.com/manorgo/manor/bench/ent/author"
	entproduct "github.com/manorgo/manor/bench/ent/product"
	enttag "github.com/manorgo/manor/bench/ent/tag"
	"github.com/manorgo/manor/bench/forms"
)

// entBatch is how many rows one statement stores, so that the parameters fit.
const entBatch = 1000

func (s *entStore) remove(ctx context.Context, id uuid.UUID) error {
	return s.writes.Product.DeleteOneID(forms.ID{UUID: id, Form: s.form}).Exec(ctx)
}

// exists reads one name: ent's Exist cannot read an ID that is a struct.
func (s *entStore) exists(ctx context.Context, below decimal.Decimal) (bool, error) {
	names, err := s.matching(below).Limit(1).Select(entproduct.FieldName).Strings(ctx)
	return len(names) == 1, err
}

func (s *entStore) seek(_ context.Context, depth int, at product) (func(context.Context) ([]*ent.Product, error), error) {
	return func(ctx context.Context) ([]*ent.Product, error) {
		q := s.reads.Product.Query()
		if depth > 0 {
			q = q.Where(func(sel *entsql.Selector) {
				sel.Where(entsql.CompositeLT([]string{sel.C(entproduct.FieldCreatedAt), sel.C(entproduct.FieldID)},
					forms.Moment{Time: at.createdAt, Form: s.form}, forms.ID{UUID: at.id, Form: s.form}))
			})
		}
		return q.Order(entproduct.ByCreatedAt(entsql.OrderDesc()), entproduct.ByID(entsql.OrderDesc())).Limit(pageSize).All(ctx)
	}, nil
}

func (s *entStore) authors(ctx context.Context, offset int) (func() []author, error) {
	as, err := s.reads.Author.Query().WithBooks().Order(entauthor.ByName(), entauthor.ByID()).Limit(authorsShown).Offset(offset).All(ctx)
	return func() (out []author) {
		for _, a := range as {
			x := author{id: a.ID.UUID, name: a.Name}
			for _, b := range a.Edges.Books {
				x.books = append(x.books, book{b.ID.UUID, b.AuthorID.UUID, b.Title, b.Note, b.Pages})
			}
			out = append(out, x)
		}
		return out
	}, err
}

func (s *entStore) tags(ts []tag) tagWork {
	store := func(ctx context.Context, upsert bool) error {
		return s.together(ctx, func(tx *ent.Tx) error {
			for some := range slices.Chunk(ts, entBatch) {
				all := make([]*ent.TagCreate, len(some))
				for i, t := range some {
					id, err := identity(s.form)
					if err != nil {
						return err
					}
					now := moment(s.form)
					all[i] = tx.Tag.Create().SetID(id).SetName(t.name).SetNillableNote(t.note).SetUses(t.uses).SetCreatedAt(now).SetUpdatedAt(now)
				}
				bulk := tx.Tag.CreateBulk(all...)
				if !upsert {
					if _, err := bulk.Save(ctx); err != nil {
						return err
					}
					continue
				}
				err := bulk.OnConflictColumns(enttag.FieldName).Update(func(u *ent.TagUpsert) {
					u.UpdateNote().UpdateUses().UpdateUpdatedAt()
				}).Exec(ctx)
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	return tagWork{
		add:    func(ctx context.Context) error { return store(ctx, false) },
		upsert: func(ctx context.Context) error { return store(ctx, true) },
	}
}

// together runs fn in a transaction.
func (s *entStore) together(ctx context.Context, fn func(*ent.Tx) error) error {
	tx, err := s.writes.Tx(ctx)
	if err != nil {
		return err
	}
	if err := fn(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}
