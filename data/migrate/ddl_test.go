package migrate_test

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/manortest"
)

type owner struct {
	data.Identified[owner]
	Name string `db:"name,size=5,unique"`
}

type product struct {
	data.Audited[product]
	OwnerID  data.ID[owner]    `db:"owner_id,references=owners,ondelete=cascade"`
	Heir     *data.ID[owner]   `db:"heir,references=owners,ondelete=null"`
	Parent   *data.ID[product] `db:"parent,references=products,ondelete=restrict"`
	Name     string            `db:"name,size=255"`
	Price    decimal.Decimal   `db:"price,numeric=10.2,default=1.5,check=price > 0"`
	Active   bool              `db:"active,default=true"`
	State    string            `db:"state,size=10,index,enum=draft|it's live,default='draft'"`
	Note     *string           `db:"note"`
	Sold     *time.Time        `db:"sold"`
	Ratio    float64           `db:"ratio,default=0.5"`
	Picture  []byte            `db:"picture"`
	Tags     map[string]int    `db:"tags,json,default='{}'"`
	Quantity int               `db:"quantity,default=-1,check=quantity < 1000"`
}

var (
	owners   = data.NewTable[owner]("owners")
	products = data.NewTable[product]("products", data.UniqueOn("owner_id", "name"))
	shop     = []data.Schema{products.Schema(), owners.Schema()} // Draft has to sort them
)

func TestDDL(t *testing.T) {
	t.Parallel()
	want := map[string][]string{
		"postgres": {
			`CREATE TABLE "products" (
	"id" uuid NOT NULL,
	"created_at" timestamptz NOT NULL,
	"updated_at" timestamptz NOT NULL,
	"owner_id" uuid NOT NULL,
	"heir" uuid,
	"parent" uuid,
	"name" varchar(255) COLLATE "C" NOT NULL,
	"price" numeric(10,2) NOT NULL DEFAULT 1.5,
	"active" boolean NOT NULL DEFAULT true,
	"state" varchar(10) COLLATE "C" NOT NULL DEFAULT 'draft',
	"note" text COLLATE "C",
	"sold" timestamptz,
	"ratio" double precision NOT NULL DEFAULT 0.5,
	"picture" bytea NOT NULL,
	"tags" jsonb NOT NULL DEFAULT '{}',
	"quantity" bigint NOT NULL DEFAULT -1,
	CONSTRAINT "products_pkey" PRIMARY KEY ("id"),
	CONSTRAINT "uq_products_owner_id_name" UNIQUE ("owner_id", "name"),
	CONSTRAINT "ck_products_price" CHECK (price > 0),
	CONSTRAINT "ck_products_state" CHECK ("state" IN ('draft', 'it''s live')),
	CONSTRAINT "ck_products_quantity" CHECK (quantity < 1000),
	CONSTRAINT "fk_products_owner_id" FOREIGN KEY ("owner_id") REFERENCES "owners" ("id") ON DELETE CASCADE,
	CONSTRAINT "fk_products_heir" FOREIGN KEY ("heir") REFERENCES "owners" ("id") ON DELETE SET NULL,
	CONSTRAINT "fk_products_parent" FOREIGN KEY ("parent") REFERENCES "products" ("id") ON DELETE RESTRICT
)`,
			`CREATE INDEX "ix_products_created_at" ON "products" ("created_at")`,
			`CREATE INDEX "ix_products_heir" ON "products" ("heir")`,
			`CREATE INDEX "ix_products_parent" ON "products" ("parent")`,
			`CREATE INDEX "ix_products_state" ON "products" ("state")`,
		},
		"sqlite": {
			`CREATE TABLE "products" (
	"id" BLOB NOT NULL,
	"created_at" INTEGER NOT NULL,
	"updated_at" INTEGER NOT NULL,
	"owner_id" BLOB NOT NULL,
	"heir" BLOB,
	"parent" BLOB,
	"name" TEXT NOT NULL,
	"price" INTEGER NOT NULL DEFAULT 150,
	"active" INTEGER NOT NULL DEFAULT 1,
	"state" TEXT NOT NULL DEFAULT 'draft',
	"note" TEXT,
	"sold" INTEGER,
	"ratio" REAL NOT NULL DEFAULT 0.5,
	"picture" BLOB NOT NULL,
	"tags" TEXT NOT NULL DEFAULT '{}',
	"quantity" INTEGER NOT NULL DEFAULT -1,
	CONSTRAINT "products_pkey" PRIMARY KEY ("id"),
	CONSTRAINT "ck_products_name" CHECK (length("name") <= 255),
	CONSTRAINT "ck_products_price" CHECK (("price" BETWEEN -9999999999 AND 9999999999) AND (price > 0)),
	CONSTRAINT "ck_products_active" CHECK ("active" IN (0, 1)),
	CONSTRAINT "ck_products_state" CHECK ((length("state") <= 10) AND ("state" IN ('draft', 'it''s live'))),
	CONSTRAINT "ck_products_quantity" CHECK (quantity < 1000),
	CONSTRAINT "fk_products_owner_id" FOREIGN KEY ("owner_id") REFERENCES "owners" ("id") ON DELETE CASCADE,
	CONSTRAINT "fk_products_heir" FOREIGN KEY ("heir") REFERENCES "owners" ("id") ON DELETE SET NULL,
	CONSTRAINT "fk_products_parent" FOREIGN KEY ("parent") REFERENCES "products" ("id") ON DELETE RESTRICT
) STRICT`,
			`CREATE UNIQUE INDEX "uq_products_owner_id_name" ON "products" ("owner_id", "name")`,
			`CREATE INDEX "ix_products_created_at" ON "products" ("created_at")`,
			`CREATE INDEX "ix_products_heir" ON "products" ("heir")`,
			`CREATE INDEX "ix_products_parent" ON "products" ("parent")`,
			`CREATE INDEX "ix_products_state" ON "products" ("state")`,
		},
	}
	for dialect, want := range want {
		if diff := cmp.Diff(want, migrate.DDL(dialect, products.Schema())); diff != "" {
			t.Errorf("%s:\n%s", dialect, diff)
		}
	}
}

type money struct{ sql.NullString }

type (
	badEnum struct {
		A string `db:"a,default=draft"`
	}
	badBool struct {
		A bool `db:"a,default=maybe"`
	}
	badInt struct {
		A int `db:"a,default=1.5"`
	}
	badFloat struct {
		A float64 `db:"a,default=NaN"`
	}
	badTime struct {
		A time.Time `db:"a,default=now()"`
	}
	badPlaces struct {
		A decimal.Decimal `db:"a,numeric=5.1,default=1.25"`
	}
	badDigits struct {
		A decimal.Decimal `db:"a,numeric=19.2"`
	}
	badCheck struct {
		A decimal.Decimal `db:"a,numeric=5.1,check=a > 1"`
	}
	otherCheck struct {
		A decimal.Decimal `db:"a,numeric=5.1,check=b > 0"`
	}
	badDelete struct {
		A data.ID[owner] `db:"a,references=owners,ondelete=explode"`
	}
	badNull struct {
		A data.ID[owner] `db:"a,references=owners,ondelete=null"`
	}
	badKind struct {
		A money `db:"a"`
	}
	badName struct {
		A int `db:"a b"`
	}
	longName struct {
		A int `db:"a"`
	}
)

func TestDDLRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		schema   data.Schema
		dialects string
		want     string
	}{
		{data.NewTable[badEnum]("t").Schema(), "sqlite postgres", "not a text in single quotes"},
		{data.NewTable[badBool]("t").Schema(), "sqlite postgres", "not true or false"},
		{data.NewTable[badInt]("t").Schema(), "sqlite postgres", "not a whole number"},
		{data.NewTable[badFloat]("t").Schema(), "sqlite postgres", "not a number"},
		{data.NewTable[badTime]("t").Schema(), "sqlite postgres", "not possible"},
		{data.NewTable[badPlaces]("t").Schema(), "sqlite", "at most 1 places"},
		{data.NewTable[badDigits]("t").Schema(), "sqlite", "at most 18 digits"},
		{data.NewTable[badCheck]("t").Schema(), "sqlite", "not a comparison with 0"},
		{data.NewTable[otherCheck]("t").Schema(), "sqlite", "not a comparison with 0"},
		{data.NewTable[badDelete]("t").Schema(), "sqlite postgres", `ondelete is "explode"`},
		{data.NewTable[badNull]("t").Schema(), "sqlite postgres", "may not be NULL"},
		{data.NewTable[badKind]("t").Schema(), "sqlite postgres", "by hand"},
		{data.NewTable[badName]("t").Schema(), "sqlite postgres", `"a b"`},
		{data.NewTable[longName](strings.Repeat("t", 60)).Schema(), "sqlite postgres", "more than 63"},
		{owners.Schema(), "mysql", `dialect "mysql"`},
	} {
		for dialect := range strings.FieldsSeq(c.dialects) {
			func() {
				defer func() {
					if got := fmt.Sprint(recover()); !strings.Contains(got, c.want) {
						t.Errorf("%s: got %s, want %s", dialect, got, c.want)
					}
				}()
				migrate.DDL(dialect, c.schema)
			}()
		}
	}
}

// TestTablesHoldWhatStructsSay stores and refuses values in drafted tables.
func TestTablesHoldWhatStructsSay(t *testing.T) {
	t.Parallel()
	manortest.Databases(t, func(t *testing.T, open func() *data.DB) {
		db := open()
		ctx := t.Context()
		up, down := migrate.Draft(db.Dialect(), shop)
		m := migrator(t, db, source("shop", "-- up\n"+up+"-- down\n"+down))
		if _, err := m.Upgrade(ctx); err != nil {
			t.Fatal(err)
		}
		o := owner{Name: "Zoë ✓"} // five code points in nine bytes
		if err := owners.On(db).Add(ctx, &o); err != nil {
			t.Fatal(err)
		}
		note, sold := "n", time.Date(2020, 2, 29, 1, 2, 3, 4000, time.UTC)
		p := product{
			OwnerID: o.ID, Heir: &o.ID, Name: "Lamp", Price: decimal.RequireFromString("99999999.99"), Active: true, State: "it's live",
			Note: &note, Sold: &sold, Ratio: 2, Picture: []byte{0, 255}, Tags: map[string]int{"a": 1}, Quantity: 999,
		}
		if err := products.On(db).Add(ctx, &p); err != nil {
			t.Fatal(err)
		}
		got, err := products.On(db).Get(ctx, p.ID)
		if diff := cmp.Diff(p, got); diff != "" || err != nil {
			t.Errorf("%v\n%s", err, diff)
		}

		twin := p
		twin.ID = data.ID[product]{}
		if err := products.On(db).Add(ctx, &twin); !errors.Is(err, fault.Conflict) || !data.Taken(err, "owner_id", "name") {
			t.Errorf("the same name twice: %v", err)
		}
		for _, set := range []string{"price = 0", "price = 10000000000", "state = 'lost'", "quantity = 1000", "name = NULL"} {
			if err := tryRun(ctx, db, "UPDATE products SET "+set); err == nil {
				t.Errorf("%s was taken", set)
			}
		}
		if err := tryRun(ctx, db, "UPDATE owners SET name = 'abcdef'"); err == nil {
			t.Error("a long name was taken")
		}
		if err := owners.On(db).Delete(ctx, o.ID); err != nil {
			t.Errorf("deleting the owner: %v", err)
		}
		if _, err := products.On(db).Get(ctx, p.ID); !errors.Is(err, fault.NotFound) {
			t.Errorf("the owner's product: %v", err)
		}
		if _, err := m.Downgrade(ctx, 1); err != nil {
			t.Fatal(err)
		}
		if got := tables(t, db); got != "manor_revisions" {
			t.Errorf("left are %s", got)
		}
	})
}

type (
	hen struct {
		data.Identified[hen]
		Egg *data.ID[egg] `db:"egg,references=eggs,ondelete=null"`
	}
	egg struct {
		data.Identified[egg]
		Hen data.ID[hen] `db:"hen,references=hens,ondelete=cascade"`
	}
)

func TestDraftOfACircle(t *testing.T) {
	t.Parallel()
	manortest.Databases(t, func(t *testing.T, open func() *data.DB) {
		db := open()
		schemas := []data.Schema{data.NewTable[hen]("hens").Schema(), data.NewTable[egg]("eggs").Schema()}
		up, down := migrate.Draft(db.Dialect(), schemas)
		m := migrator(t, db, source("farm", "-- up\n"+up+"-- down\n"+down))
		if _, err := m.Upgrade(t.Context()); err != nil {
			t.Fatal(err)
		}
		if report, err := m.Check(t.Context(), schemas); err != nil || !report.OK() {
			t.Errorf("%+v, %v", report, err)
		}
		if _, err := m.Downgrade(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		if got := tables(t, db); got != "manor_revisions" {
			t.Errorf("left are %s", got)
		}
	})
}
