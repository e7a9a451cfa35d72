package main

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	pgdialect "gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/logger"

	"github.com/manorgo/manor/bench/forms"
)

// A gormProduct is a product as gorm stores it.
type gormProduct struct {
	ID          forms.ID `gorm:"primaryKey"`
	OwnerID     forms.ID
	Name        string
	Description *string
	Price       forms.Price
	IsActive    bool
	CreatedAt   forms.Moment `gorm:"autoCreateTime:false"`
	UpdatedAt   forms.Moment `gorm:"autoUpdateTime:false"`
}

// TableName is called by gorm.
func (gormProduct) TableName() string { return "products" }

// gormStore is gorm, set up as its page on performance says.
type gormStore struct {
	reads, writes *gorm.DB
	form          forms.Form
	closing       func() error
}

func openGORMSQLite(path string) (*gormStore, error) {
	f, err := openFiles(path)
	if err != nil {
		return nil, err
	}
	reads, err := openGORM(gormSQLite{f.reads}, true)
	if err != nil {
		return nil, err
	}
	writes, err := openGORM(gormSQLite{f.writes}, true)
	return &gormStore{reads, writes, forms.SQLite, f.close}, err
}

// On PostgreSQL pgx prepares statements already; gorm doing so as well makes it
// slower.
func openGORMPostgres(db *sql.DB) (*gormStore, error) {
	g, err := openGORM(pgdialect.New(pgdialect.Config{Conn: db}), false)
	return &gormStore{g, g, forms.Postgres, db.Close}, err
}

func openGORM(d gorm.Dialector, prepare bool) (*gorm.DB, error) {
	return gorm.Open(d, &gorm.Config{
		SkipDefaultTransaction: true, PrepareStmt: prepare, DisableAutomaticPing: true,
		Logger: logger.Discard,
	})
}

func (s *gormStore) get(ctx context.Context, id uuid.UUID) (p gormProduct, err error) {
	err = s.reads.WithContext(ctx).Take(&p, "id = ?", forms.ID{UUID: id, Form: s.form}).Error
	return p, err
}

func (s *gormStore) update(ctx context.Context, id uuid.UUID, name string, price decimal.Decimal) (p gormProduct, err error) {
	done := s.writes.WithContext(ctx).Model(&p).Clauses(clause.Returning{}).
		Where("id = ?", forms.ID{UUID: id, Form: s.form}).
		Updates(gormProduct{Name: name, Price: forms.Price{Decimal: price, Form: s.form}, UpdatedAt: moment(s.form)})
	if done.Error == nil && done.RowsAffected != 1 {
		return p, errors.New("gorm updated no row")
	}
	return p, done.Error
}

// moment is the present.
func moment(f forms.Form) forms.Moment {
	return forms.Moment{Time: time.Now().UTC().Truncate(time.Microsecond), Form: f}
}

// identity is a new one.
func identity(f forms.Form) (forms.ID, error) {
	id, err := uuid.NewV7()
	return forms.ID{UUID: id, Form: f}, err
}

func (s *gormStore) stamp(p *gormProduct) (err error) {
	p.ID, err = identity(s.form)
	p.CreatedAt = moment(s.form)
	p.UpdatedAt = p.CreatedAt
	return err
}

func (s *gormStore) insert(ctx context.Context, p *gormProduct) error {
	if err := s.stamp(p); err != nil {
		return err
	}
	return s.writes.WithContext(ctx).Create(p).Error
}

func (s *gormStore) bulk(ctx context.Context, ps []gormProduct) error {
	for i := range ps {
		if err := s.stamp(&ps[i]); err != nil {
			return err
		}
	}
	if len(ps) <= gormBatch {
		return s.writes.WithContext(ctx).Create(&ps).Error
	}
	return s.writes.WithContext(ctx).Transaction(func(tx *gorm.DB) error { return tx.CreateInBatches(&ps, gormBatch).Error })
}

func (s *gormStore) matching(ctx context.Context, below decimal.Decimal) *gorm.DB {
	return s.reads.WithContext(ctx).Where("is_active AND price < ?", forms.Price{Decimal: below, Form: s.form})
}

func (s *gormStore) page(ctx context.Context, below decimal.Decimal) (ps []gormProduct, err error) {
	err = s.matching(ctx, below).Order("created_at DESC, id DESC").Limit(pageSize).Find(&ps).Error
	return ps, err
}

func (s *gormStore) list(ctx context.Context, below decimal.Decimal) ([]gormProduct, int, error) {
	ps, err := s.page(ctx, below)
	if err != nil {
		return nil, 0, err
	}
	var total int64
	err = s.matching(ctx, below).Model(&gormProduct{}).Count(&total).Error
	return ps, int(total), err
}

func (s *gormStore) close() error { return s.closing() }

func (s *gormStore) from(p product) gormProduct {
	return gormProduct{
		forms.ID{UUID: p.id, Form: s.form}, forms.ID{UUID: p.owner, Form: s.form}, p.name, p.description,
		forms.Price{Decimal: p.price, Form: s.form}, p.active,
		forms.Moment{Time: p.createdAt, Form: s.form}, forms.Moment{Time: p.updatedAt, Form: s.form},
	}
}

func (s *gormStore) plain(p *gormProduct) product {
	return product{
		p.ID.UUID, p.OwnerID.UUID, p.Name, p.Description, p.Price.Decimal, p.IsActive, p.CreatedAt.Time, p.UpdatedAt.Time,
	}
}
