package postgres_test

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/data/postgres"
	"github.com/manorgo/manor/internal/pgtest"
)

// The benchmarks do the same work twice: through package data, and by hand
// with pgx, which keeps statements prepared by itself.

type product struct {
	data.Audited[product]
	Owner  data.ID[product] `db:"owner_id"`
	Name   string           `db:"name,size=255"`
	Note   *string          `db:"note"`
	Rank   int              `db:"rank"`
	Price  decimal.Decimal  `db:"price,numeric=10.2"`
	Active bool             `db:"active"`
}

var (
	products = data.NewTable[product]("products")
	owner    = data.Col[data.ID[product]](products, "owner_id")
	name     = data.TextCol(products, "name")
	rank     = data.Col[int](products, "rank")
	active   = data.Col[bool](products, "active")
)

const (
	columns = `"id", "created_at", "updated_at", "owner_id", "name", "note", "rank", "price", "active"`
	schema  = `CREATE TABLE products (id uuid PRIMARY KEY, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL, owner_id uuid NOT NULL,
name text COLLATE "C" NOT NULL, note text COLLATE "C", rank bigint NOT NULL, price numeric(10, 2) NOT NULL, active boolean NOT NULL)`
	owners = 500 // of the 100 000 products
)

type bench struct {
	ctx  context.Context
	db   *data.DB
	pool *pgxpool.Pool
	rows []product
}

func newBench(b *testing.B, n int) *bench {
	b.Helper()
	// A request's context can be canceled.
	ctx, cancel := context.WithCancel(context.Background())
	b.Cleanup(cancel)
	url := pgtest.Database(b)
	db, err := postgres.Open(ctx, url, postgres.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(pool.Close)
	x := &bench{ctx: ctx, db: db, pool: pool}
	x.exec(b, schema)
	x.rows = x.fresh(n)
	if err := products.On(db).AddAll(ctx, x.rows); err != nil {
		b.Fatal(err)
	}
	x.exec(b, "CREATE INDEX products_owner ON products (owner_id, name)")
	x.exec(b, "VACUUM ANALYZE products")
	return x
}

func (x *bench) exec(b *testing.B, text string) {
	if _, err := x.db.Driver().Exec(x.ctx, driver.Call{Statement: &driver.Statement{SQL: text}}); err != nil {
		b.Fatal(err)
	}
}

// fresh returns n new products.
func (x *bench) fresh(n int) []product {
	rows := make([]product, n)
	note := "a note of some length, as people write them"
	for i := range rows {
		rows[i] = product{Name: fmt.Sprintf("product %07d", i*7919%1000003), Rank: i % 100, Price: decimal.New(int64(i%100000), -2), Active: i%3 > 0}
		rows[i].Owner[0], rows[i].Owner[1] = byte(i%owners), byte(i%owners>>8)
		if i%2 == 0 {
			rows[i].Note = &note
		}
	}
	return rows
}

// both does the same work by hand and through package data, in turns, so that
// both meet the same disturbances. It reports medians and their ratio.
func both(b *testing.B, bare, ours func(i int) error) {
	b.Helper()
	var byHand, byData []time.Duration
	i := 0
	run := func(f func(int) error) time.Duration {
		start := time.Now()
		if err := f(i); err != nil {
			b.Fatal(err)
		}
		i++
		return time.Since(start)
	}
	for b.Loop() {
		byHand, byData = append(byHand, run(bare)), append(byData, run(ours))
	}
	slices.Sort(byHand)
	slices.Sort(byData)
	hand, data := byHand[len(byHand)/2], byData[len(byData)/2]
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(hand.Nanoseconds())/1000, "bare-us")
	b.ReportMetric(float64(data.Nanoseconds())/1000, "data-us")
	b.ReportMetric(float64(data)/float64(hand), "ratio")
	b.ReportMetric(testing.AllocsPerRun(100, func() { run(bare) }), "bare-allocs")
	b.ReportMetric(testing.AllocsPerRun(100, func() { run(ours) }), "data-allocs")
}

func scanProduct(rows pgx.Row, p *product) error {
	var price pgtype.Numeric
	err := rows.Scan((*[16]byte)(&p.ID), &p.CreatedAt, &p.UpdatedAt, (*[16]byte)(&p.Owner), &p.Name, &p.Note, &p.Rank, &price, &p.Active)
	if err == nil {
		p.Price = decimal.NewFromBigInt(price.Int, price.Exp)
	}
	return err
}

func bindProduct(p *product) []any {
	price := pgtype.Numeric{Int: p.Price.Coefficient(), Exp: p.Price.Exponent(), Valid: true}
	return []any{[16]byte(p.ID), p.CreatedAt, p.UpdatedAt, [16]byte(p.Owner), p.Name, p.Note, p.Rank, price, p.Active}
}

func BenchmarkGet(b *testing.B) {
	x := newBench(b, 100_000)
	both(b, func(i int) error {
		var p product
		id := x.rows[i*7919%len(x.rows)].ID
		return scanProduct(x.pool.QueryRow(x.ctx, "SELECT "+columns+` FROM "products" WHERE "id" = $1`, [16]byte(id)), &p)
	}, func(i int) error {
		_, err := products.On(x.db).Get(x.ctx, x.rows[i*7919%len(x.rows)].ID)
		return err
	})
}

func BenchmarkUpdate(b *testing.B) {
	x := newBench(b, 10_000)
	both(b, func(i int) error {
		var p product
		id := x.rows[i*7919%len(x.rows)].ID
		return scanProduct(x.pool.QueryRow(x.ctx, `UPDATE "products" SET "rank" = $1, "updated_at" = greatest($2::timestamptz, "updated_at" + interval '1 microsecond') WHERE "id" = $3 RETURNING `+columns,
			i, time.Now(), [16]byte(id)), &p)
	}, func(i int) error {
		_, err := products.On(x.db).Update(x.ctx, x.rows[i*7919%len(x.rows)].ID, rank.Set(i))
		return err
	})
}

func BenchmarkAdd(b *testing.B) {
	x := newBench(b, 10_000)
	fresh := x.fresh(1000)
	both(b, func(i int) error {
		p := fresh[i%1000]
		p.ID = newID()
		p.CreatedAt, p.UpdatedAt = time.Now(), time.Now()
		_, err := x.pool.Exec(x.ctx, `INSERT INTO "products" (`+columns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)", bindProduct(&p)...)
		return err
	}, func(i int) error {
		p := fresh[i%1000]
		return products.On(x.db).Add(x.ctx, &p)
	})
}

func BenchmarkList(b *testing.B) {
	x := newBench(b, 100_000)
	const where = ` FROM "products" WHERE ("owner_id" = $1 AND "active" = $2)`
	both(b, func(i int) (err error) {
		owner := [16]byte(x.rows[i*7919%len(x.rows)].Owner)
		var batch pgx.Batch
		batch.Queue("SELECT "+columns+where+` ORDER BY "name", "id" LIMIT $3`, owner, true, 50)
		batch.Queue("SELECT count(*)"+where, owner, true)
		results := x.pool.SendBatch(x.ctx, &batch)
		defer func() {
			if cerr := results.Close(); err == nil {
				err = cerr
			}
		}()
		rows, err := results.Query()
		if err != nil {
			return err
		}
		page := make([]product, 0, 50)
		for rows.Next() {
			var p product
			if err := scanProduct(rows, &p); err != nil {
				return err
			}
			page = append(page, p)
		}
		if err := rows.Err(); err != nil || len(page) != 50 {
			return fmt.Errorf("listed %d, %v", len(page), err)
		}
		var total int
		return results.QueryRow().Scan(&total)
	}, func(i int) error {
		page, err := products.On(x.db).List(x.ctx, data.Query[product]{
			Where: data.All(owner.Eq(x.rows[i*7919%len(x.rows)].Owner), active.Eq(true)),
			Order: data.By(name.Asc()), Limit: 50, Count: true,
		})
		if err == nil && (len(page.Items) != 50 || page.Total < 100) {
			err = fmt.Errorf("listed %d of %d", len(page.Items), page.Total)
		}
		return err
	})
}

func BenchmarkAddAll1000(b *testing.B) {
	x := newBench(b, 10_000)
	names := []string{"id", "created_at", "updated_at", "owner_id", "name", "note", "rank", "price", "active"}
	both(b, func(i int) error {
		rows := x.fresh(1000)
		_, err := x.pool.CopyFrom(x.ctx, pgx.Identifier{"products"}, names, pgx.CopyFromSlice(len(rows), func(k int) ([]any, error) {
			rows[k].ID = newID()
			rows[k].CreatedAt, rows[k].UpdatedAt = time.Now(), time.Now()
			return bindProduct(&rows[k]), nil
		}))
		return err
	}, func(i int) error {
		return products.On(x.db).AddAll(x.ctx, x.fresh(1000))
	})
}

// newID makes a version 7 UUID.
func newID() (id data.ID[product]) {
	rand.Read(id[:])
	binary.BigEndian.PutUint64(id[:], uint64(time.Now().UnixNano()/1000)<<12)
	return id
}
