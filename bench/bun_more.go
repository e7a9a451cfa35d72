package main

import (
	"context"
	"database/sql"
	"slices"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"github.com/uptrace/bun"

	"github.com/manorgo/manor/bench/forms"
)

// A bunAuthor, his bunBooks and a bunTag are rows as bun stores them.
type (
	bunAuthor struct {
		bun.BaseModel `bun:"table:authors"`

		ID    forms.ID   `bun:"id,pk"`
		Name  string     `bun:"name"`
		Books []*bunBook `bun:"rel:has-many,join:id=author_id"`
	}
	bunBook struct {
		bun.BaseModel `bun:"table:books"`

		ID       forms.ID `bun:"id,pk"`
		AuthorID forms.ID `bun:"author_id"`
		Title    string   `bun:"title"`
		Note     *string  `bun:"note"`
		Pages    int      `bun:"pages"`
	}
	bunTag struct {
		bun.BaseModel `bun:"table:tags"`

		ID        forms.ID     `bun:"id,pk"`
		Name      string       `bun:"name"`
		Note      *string      `bun:"note"`
		Uses      int          `bun:"uses"`
		CreatedAt forms.Moment `bun:"created_at"`
		UpdatedAt forms.Moment `bun:"updated_at"`
	}
)

// bunBatch is how many rows one statement stores: SQLite takes a text of a
// million bytes.
const bunBatch = 1000

func (s *bunStore) remove(ctx context.Context, id uuid.UUID) error {
	res, err := s.writes.NewDelete().Model((*bunProduct)(nil)).Where("id = ?", forms.ID{UUID: id, Form: s.form}).Exec(ctx)
	if err != nil {
		return err
	}
	return removed(res.RowsAffected())
}

func (s *bunStore) exists(ctx context.Context, below decimal.Decimal) (bool, error) {
	return s.reads.NewSelect().Model((*bunProduct)(nil)).
		Where("is_active").Where("price < ?", forms.Price{Decimal: below, Form: s.form}).Exists(ctx)
}

func (s *bunStore) seek(_ context.Context, depth int, at product) (func(context.Context) ([]bunProduct, error), error) {
	return func(ctx context.Context) (ps []bunProduct, err error) {
		q := s.reads.NewSelect().Model(&ps)
		if depth > 0 {
			q = q.Where("(created_at, id) < (?, ?)", forms.Moment{Time: at.createdAt, Form: s.form}, forms.ID{UUID: at.id, Form: s.form})
		}
		err = q.OrderExpr("created_at DESC, id DESC").Limit(pageSize).Scan(ctx)
		return ps, err
	}, nil
}

func (s *bunStore) stream(ctx context.Context, limit int, each func(*bunProduct)) error {
	rows, err := s.reads.NewSelect().Model((*bunProduct)(nil)).OrderExpr("created_at, id").Limit(int64(limit)).Rows(ctx)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var p bunProduct
		if err := s.reads.ScanRow(ctx, rows, &p); err != nil {
			return err
		}
		each(&p)
	}
	return rows.Err()
}

func (s *bunStore) authors(ctx context.Context, offset int) (func() []author, error) {
	var as []bunAuthor
	err := s.reads.NewSelect().Model(&as).Relation("Books").OrderExpr("name, id").Limit(authorsShown).Offset(int64(offset)).Scan(ctx)
	return func() (out []author) {
		for _, a := range as {
			x := author{id: a.ID.UUID, name: a.Name}
			for _, b := range a.Books {
				x.books = append(x.books, book{b.ID.UUID, b.AuthorID.UUID, b.Title, b.Note, b.Pages})
			}
			out = append(out, x)
		}
		return out
	}, err
}

func (s *bunStore) tags(ts []tag) tagWork {
	vs := make([]bunTag, len(ts))
	for i, t := range ts {
		vs[i] = bunTag{Name: t.name, Note: t.note, Uses: t.uses}
	}
	store := func(ctx context.Context, change func(*bun.InsertQuery) *bun.InsertQuery) (err error) {
		for i := range vs {
			if vs[i].ID, err = identity(s.form); err != nil {
				return err
			}
			vs[i].CreatedAt = moment(s.form)
			vs[i].UpdatedAt = vs[i].CreatedAt
		}
		return s.writes.RunInTx(ctx, &sql.TxOptions{}, func(ctx context.Context, tx bun.Tx) error {
			for some := range slices.Chunk(vs, bunBatch) {
				if _, err := change(tx.NewInsert().Model(&some)).Exec(ctx); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return tagWork{
		add: func(ctx context.Context) error {
			return store(ctx, func(q *bun.InsertQuery) *bun.InsertQuery { return q })
		},
		upsert: func(ctx context.Context) error {
			return store(ctx, func(q *bun.InsertQuery) *bun.InsertQuery {
				return q.On("CONFLICT (name) DO UPDATE").Set("note = EXCLUDED.note, uses = EXCLUDED.uses, updated_at = EXCLUDED.updated_at")
			})
		},
	}
}
