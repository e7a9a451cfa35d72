package main

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/migrate"
)

// A product is a row as everybody agrees on it. Each contestant reads and
// writes a type of its own, with the same fields.
type product struct {
	id, owner            uuid.UUID
	name                 string
	description          *string
	price                decimal.Decimal
	active               bool
	createdAt, updatedAt time.Time
}

// columns are those of products, in the order that hand-written statements
// name them.
const columns = "id, owner_id, name, description, price, is_active, created_at, updated_at"

// pageSize is how many rows the list shows.
const pageSize = 50

// dearest is the price below which the list looks: about half of the rows.
var dearest = decimal.New(50000, -2)

// epoch is when the first row was made.
var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// seeded returns row i of the table. It is the same in every run.
func seeded(i int) product {
	r := rand.New(rand.NewPCG(1, uint64(i)))
	p := fresh(r, i)
	p.id, p.owner = seededID(i), seededID(-1-r.IntN(1000))
	p.createdAt = epoch.Add(time.Duration(i) * time.Second)
	p.updatedAt = p.createdAt
	return p
}

// seededID is the identity of row i, or of owner -i.
func seededID(i int) (id uuid.UUID) {
	binary.BigEndian.PutUint64(id[:], uint64(i)*0x9e3779b97f4a7c15) // spread like random ones
	binary.BigEndian.PutUint64(id[8:], uint64(i))
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return id
}

// fresh returns a row to be stored, without what storing fills in.
func fresh(r *rand.Rand, i int) product {
	p := product{
		owner:  newcomer,
		name:   fmt.Sprintf("Product %d, %s", i, words[r.IntN(len(words))]),
		price:  decimal.New(1+r.Int64N(100_000), -2),
		active: r.IntN(10) > 0,
	}
	if r.IntN(4) > 0 {
		text := fmt.Sprintf("A %s one of its kind, number %d of the %s.", words[r.IntN(len(words))], i, words[r.IntN(len(words))])
		p.description = &text
	}
	return p
}

var words = []string{"brass", "walnut", "linen", "porcelain", "cast-iron", "glass", "velvet", "oak"}

// newcomer owns all rows that the benchmark adds and later removes.
var newcomer = uuid.MustParse("ffffffff-0000-4000-8000-000000000000")

// statements create the tables, as Manor would for the same structs.
func statements(dialect string) []string {
	return slices.Concat(migrate.DDL(dialect, rows.Schema()), migrate.DDL(dialect, authorRows.Schema()),
		migrate.DDL(dialect, bookRows.Schema()), migrate.DDL(dialect, tagRows.Schema()))
}

// A row is a product as Manor's data layer stores it.
type row struct {
	data.Audited[row]
	Owner       data.ID[owner]  `db:"owner_id,index"`
	Name        string          `db:"name,size=255"`
	Description *string         `db:"description"`
	Price       decimal.Decimal `db:"price,numeric=10.2,check=price > 0"`
	Active      bool            `db:"is_active,default=true"`
}

type owner struct{}

var (
	rows   = data.NewTable[row]("products")
	name   = data.TextCol(rows, "name")
	price  = data.Col[decimal.Decimal](rows, "price")
	active = data.Col[bool](rows, "is_active")
	made   = data.Col[time.Time](rows, "created_at")
)
