package main

import (
	"context"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/manorgo/manor/bench/forms"
)

// A gormAuthor, his gormBooks and a gormTag are rows as gorm stores them.
type (
	gormAuthor struct {
		ID    forms.ID `gorm:"primaryKey"`
		Name  string
		Books []gormBook `gorm:"foreignKey:AuthorID"`
	}
	gormBook struct {
		ID       forms.ID `gorm:"primaryKey"`
		AuthorID forms.ID
		Title    string
		Note     *string
		Pages    int
	}
	gormTag struct {
		ID        forms.ID `gorm:"primaryKey"`
		Name      string
		Note      *string
		Uses      int
		CreatedAt forms.Moment `gorm:"autoCreateTime:false"`
		UpdatedAt forms.Moment `gorm:"autoUpdateTime:false"`
	}
)

// The names of their tables, called by gorm.
func (gormAuthor) TableName() string { return "authors" }
func (gormBook) TableName() string   { return "books" }
func (gormTag) TableName() string    { return "tags" }

// gormBatch is how many rows one statement stores, so that the parameters fit.
const gormBatch = 1000

func (s *gormStore) remove(ctx context.Context, id uuid.UUID) error {
	done := s.writes.WithContext(ctx).Where("id = ?", forms.ID{UUID: id, Form: s.form}).Delete(&gormProduct{})
	return removed(done.RowsAffected, done.Error)
}

// exists is the usual way: gorm has no method for it.
func (s *gormStore) exists(ctx context.Context, below decimal.Decimal) (bool, error) {
	var found []int
	err := s.matching(ctx, below).Model(&gormProduct{}).Select("1").Limit(1).Find(&found).Error
	return len(found) == 1, err
}

func (s *gormStore) seek(_ context.Context, depth int, at product) (func(context.Context) ([]gormProduct, error), error) {
	return func(ctx context.Context) (ps []gormProduct, err error) {
		q := s.reads.WithContext(ctx)
		if depth > 0 {
			q = q.Where("(created_at, id) < (?, ?)", forms.Moment{Time: at.createdAt, Form: s.form}, forms.ID{UUID: at.id, Form: s.form})
		}
		err = q.Order("created_at DESC, id DESC").Limit(pageSize).Find(&ps).Error
		return ps, err
	}, nil
}

func (s *gormStore) stream(ctx context.Context, limit int, each func(*gormProduct)) error {
	g := s.reads.WithContext(ctx)
	rows, err := g.Model(&gormProduct{}).Order("created_at, id").Limit(limit).Rows()
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var p gormProduct
		if err := g.ScanRows(rows, &p); err != nil {
			return err
		}
		each(&p)
	}
	return rows.Err()
}

func (s *gormStore) authors(ctx context.Context, offset int) (func() []author, error) {
	var as []gormAuthor
	err := s.reads.WithContext(ctx).Preload("Books").Order("name, id").Limit(authorsShown).Offset(offset).Find(&as).Error
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

func (s *gormStore) tags(ts []tag) tagWork {
	vs := make([]gormTag, len(ts))
	for i, t := range ts {
		vs[i] = gormTag{Name: t.name, Note: t.note, Uses: t.uses}
	}
	store := func(ctx context.Context, clauses ...clause.Expression) (err error) {
		for i := range vs {
			if vs[i].ID, err = identity(s.form); err != nil {
				return err
			}
			vs[i].CreatedAt = moment(s.form)
			vs[i].UpdatedAt = vs[i].CreatedAt
		}
		return s.writes.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
			return tx.Clauses(clauses...).CreateInBatches(&vs, gormBatch).Error
		})
	}
	return tagWork{
		add: func(ctx context.Context) error { return store(ctx) },
		upsert: func(ctx context.Context) error {
			return store(ctx, clause.OnConflict{
				Columns: []clause.Column{{Name: "name"}}, DoUpdates: clause.AssignmentColumns([]string{"note", "uses", "updated_at"}),
			})
		},
	}
}
