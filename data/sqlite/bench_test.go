package sqlite_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	_ "modernc.org/sqlite"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/data/sqlite"
)

// The benchmarks do the same work twice: through package data, and by hand
// with prepared statements of database/sql on the same library.

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
	schema  = `CREATE TABLE products (id BLOB PRIMARY KEY, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, owner_id BLOB NOT NULL,
name TEXT NOT NULL, note TEXT, rank INTEGER NOT NULL, price INTEGER NOT NULL, active INTEGER NOT NULL);
CREATE INDEX products_owner ON products (owner_id, name)`
	owners = 500 // of the 100 000 products
)

type bench struct {
	ctx            context.Context
	db             *data.DB
	writer, reader *sql.DB
	rows           []product
}

func newBench(b *testing.B, n int) *bench {
	b.Helper()
	// A request's context can be canceled.
	ctx, cancel := context.WithCancel(context.Background())
	b.Cleanup(cancel)
	// Each has its own file: a write empties the caches of other connections.
	dir := b.TempDir()
	db, err := sqlite.Open(ctx, filepath.Join(dir, "data.db"), sqlite.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	dsn := "file:" + filepath.Join(dir, "bare.db") + "?_busy_timeout=5000&_foreign_keys=on&_pragma=cache_size(-2000)"
	x := &bench{ctx: ctx, db: db, writer: openSQL(b, dsn+"&_journal_mode=WAL&_synchronous=FULL&_txlock=immediate"), reader: openSQL(b, dsn+"&_query_only=on")}
	x.writer.SetMaxOpenConns(1)
	x.reader.SetMaxOpenConns(4)
	x.reader.SetMaxIdleConns(4)
	if _, err := db.Driver().Exec(ctx, driver.Call{Statement: &driver.Statement{SQL: schema}}); err != nil {
		b.Fatal(err)
	}
	x.rows = x.fresh(n)
	if err := products.On(db).AddAll(ctx, x.rows); err != nil {
		b.Fatal(err)
	}
	if _, err := x.writer.Exec(schema + "; ATTACH '" + filepath.Join(dir, "data.db") + "' AS data; INSERT INTO products SELECT * FROM data.products; DETACH data"); err != nil {
		b.Fatal(err)
	}
	return x
}

func openSQL(b *testing.B, dsn string) *sql.DB {
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	return db
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

func (x *bench) prepare(b *testing.B, db *sql.DB, text string) *sql.Stmt {
	s, err := db.Prepare(text)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	return s
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

func scanProduct(rows interface{ Scan(...any) error }, p *product) error {
	var id, owner []byte
	var created, updated, price int64
	err := rows.Scan(&id, &created, &updated, &owner, &p.Name, &p.Note, &p.Rank, &price, &p.Active)
	copy(p.ID[:], id)
	copy(p.Owner[:], owner)
	p.CreatedAt, p.UpdatedAt = time.UnixMicro(created).UTC(), time.UnixMicro(updated).UTC()
	p.Price = decimal.New(price, -2)
	return err
}

func bindProduct(args []any, p *product) []any {
	return append(args, p.ID[:], p.CreatedAt.UnixMicro(), p.UpdatedAt.UnixMicro(), p.Owner[:], p.Name, p.Note, p.Rank, p.Price.Shift(2).IntPart(), p.Active)
}

func BenchmarkGet(b *testing.B) {
	x := newBench(b, 100_000)
	get := x.prepare(b, x.reader, "SELECT "+columns+` FROM "products" WHERE "id" = ?`)
	both(b, func(i int) error {
		var p product
		id := x.rows[i*7919%len(x.rows)].ID
		return scanProduct(get.QueryRowContext(x.ctx, id[:]), &p)
	}, func(i int) error {
		_, err := products.On(x.db).Get(x.ctx, x.rows[i*7919%len(x.rows)].ID)
		return err
	})
}

func BenchmarkUpdate(b *testing.B) {
	x := newBench(b, 10_000)
	update := x.prepare(b, x.writer, `UPDATE "products" SET "rank" = ?, "updated_at" = max(?, "updated_at" + 1) WHERE "id" = ? RETURNING `+columns)
	both(b, func(i int) error {
		var p product
		id := x.rows[i*7919%len(x.rows)].ID
		return scanProduct(update.QueryRowContext(x.ctx, i, time.Now().UnixMicro(), id[:]), &p)
	}, func(i int) error {
		_, err := products.On(x.db).Update(x.ctx, x.rows[i*7919%len(x.rows)].ID, rank.Set(i))
		return err
	})
}

// The same in a transaction of 100 updates, so that the disk does not hide the difference.
func BenchmarkUpdateInTx(b *testing.B) {
	x := newBench(b, 10_000)
	update := x.prepare(b, x.writer, `UPDATE "products" SET "rank" = ?, "updated_at" = max(?, "updated_at" + 1) WHERE "id" = ? RETURNING `+columns)
	both(b, func(i int) error {
		tx, err := x.writer.BeginTx(x.ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		s := tx.StmtContext(x.ctx, update)
		for k := range 100 {
			var p product
			id := x.rows[(i*100+k)*7919%len(x.rows)].ID
			if err := scanProduct(s.QueryRowContext(x.ctx, i, time.Now().UnixMicro(), id[:]), &p); err != nil {
				return err
			}
		}
		return tx.Commit()
	}, func(i int) error {
		return x.db.Tx(x.ctx, func(tx *data.Tx) error {
			for k := range 100 {
				if _, err := products.On(tx).Update(x.ctx, x.rows[(i*100+k)*7919%len(x.rows)].ID, rank.Set(i)); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func BenchmarkAdd(b *testing.B) {
	x := newBench(b, 10_000)
	add := x.prepare(b, x.writer, `INSERT INTO "products" (`+columns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
	fresh := x.fresh(1000)
	both(b, func(i int) error {
		p := fresh[i%1000]
		p.ID = newID()
		p.CreatedAt, p.UpdatedAt = time.Now(), time.Now()
		_, err := add.ExecContext(x.ctx, bindProduct(nil, &p)...)
		return err
	}, func(i int) error {
		p := fresh[i%1000]
		return products.On(x.db).Add(x.ctx, &p)
	})
}

func BenchmarkList(b *testing.B) {
	x := newBench(b, 100_000)
	where := ` FROM "products" WHERE ("owner_id" = ? AND "active" = ?)`
	list := x.prepare(b, x.reader, "SELECT "+columns+where+` ORDER BY "name", "id" LIMIT ?`)
	count := x.prepare(b, x.reader, "SELECT count(*)"+where)
	both(b, func(i int) error {
		owner := x.rows[i*7919%len(x.rows)].Owner
		rows, err := list.QueryContext(x.ctx, owner[:], true, 50)
		if err != nil {
			return err
		}
		defer rows.Close()
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
		return count.QueryRowContext(x.ctx, owner[:], true).Scan(&total)
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
	const chunk = 50
	tuple := "(?, ?, ?, ?, ?, ?, ?, ?, ?)"
	add := x.prepare(b, x.writer, `INSERT INTO "products" (`+columns+") VALUES "+strings.Repeat(tuple+", ", chunk-1)+tuple)
	both(b, func(i int) error {
		rows := x.fresh(1000)
		tx, err := x.writer.BeginTx(x.ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		s := tx.StmtContext(x.ctx, add)
		args := make([]any, 0, chunk*9)
		for k := range rows {
			rows[k].ID = newID()
			rows[k].CreatedAt, rows[k].UpdatedAt = time.Now(), time.Now()
			if args = bindProduct(args, &rows[k]); len(args) < cap(args) {
				continue
			}
			if _, err := s.ExecContext(x.ctx, args...); err != nil {
				return err
			}
			args = args[:0]
		}
		return tx.Commit()
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

// BenchmarkWriters is as many transactions at a time, of one row each.
func BenchmarkWriters(b *testing.B) {
	for _, n := range []int{1, 8, 50} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			x := newBench(b, 10_000)
			var next atomic.Int64
			var wg sync.WaitGroup
			var slowest atomic.Int64
			b.ResetTimer()
			for range n {
				wg.Go(func() {
					for next.Add(1) <= int64(b.N) {
						start := time.Now()
						p := product{Name: "one of many"}
						if err := x.db.Tx(x.ctx, func(tx *data.Tx) error { return products.On(tx).Add(x.ctx, &p) }); err != nil {
							b.Error(err)
							return
						}
						took := int64(time.Since(start))
						for old := slowest.Load(); took > old && !slowest.CompareAndSwap(old, took); old = slowest.Load() {
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
			b.ReportMetric(float64(slowest.Load())/1e6, "slowest-ms")
		})
	}
}
