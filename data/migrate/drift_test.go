package migrate_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/manortest"
)

func TestDriftNoticesEachDifference(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name         string
		dialect      string // "" means both
		old, new     string // what the live tables are made with instead
		extra        string // and what is run afterwards
		want, orElse string // the only difference, and on SQLite if that is another
	}{
		{name: "none"},
		{name: "table", extra: `DROP TABLE products`, want: "products: the table is missing"},
		{name: "another table", extra: `CREATE TABLE others (n bigint)`},

		{name: "column missing", old: `	"note" text COLLATE "C",` + "\n", dialect: "postgres", want: "products: column note is missing"},
		{name: "column missing", old: `	"note" TEXT,` + "\n", dialect: "sqlite", want: "products: column note is missing"},
		{name: "column too many", old: `	"owner_id" uuid`, new: `	"more" bigint,` + "\n" + `	"owner_id" uuid`, dialect: "postgres", want: "products: column more is not in the struct"},
		{name: "column too many", old: `	"owner_id" BLOB`, new: `	"more" INTEGER,` + "\n" + `	"owner_id" BLOB`, dialect: "sqlite", want: "products: column more is not in the struct"},

		{name: "type", old: `"quantity" bigint`, new: `"quantity" integer`, dialect: "postgres", want: "products: column quantity has type integer, not bigint"},
		{name: "type", old: `"ratio" REAL`, new: `"ratio" INTEGER`, dialect: "sqlite", want: "products: column ratio has type INTEGER, not REAL"},
		{name: "similar type", old: `"quantity" INTEGER`, new: `"quantity" INT`, dialect: "sqlite", want: "products: column quantity has type INT, not INTEGER"},
		{name: "not strict", old: ") STRICT", new: ")", dialect: "sqlite", want: "owners: the table is not STRICT"},
		{name: "size", old: `"name" varchar(255)`, new: `"name" varchar(200)`, dialect: "postgres",
			want: `products: column name has type character varying(200) COLLATE "C", not character varying(255) COLLATE "C"`},
		{name: "size", old: `length("name") <= 255`, new: `length("name") <= 200`, dialect: "sqlite",
			want: `products: check ck_products_name is (length("name") <= 200), not (length("name") <= 255)`},
		{name: "digits", old: "numeric(10,2)", new: "numeric(9,2)", dialect: "postgres", want: "products: column price has type numeric(9,2), not numeric(10,2)"},
		{name: "places", old: "numeric(10,2)", new: "numeric(10,3)", dialect: "postgres", want: "products: column price has type numeric(10,3), not numeric(10,2)"},
		{name: "collation", old: `"note" text COLLATE "C"`, new: `"note" text`, dialect: "postgres", want: `products: column note has type text, not text COLLATE "C"`},

		{name: "may be null", old: `"owner_id" uuid NOT NULL`, new: `"owner_id" uuid`, dialect: "postgres", want: "products: column owner_id must not but may be NULL"},
		{name: "may be null", old: `"owner_id" BLOB NOT NULL`, new: `"owner_id" BLOB`, dialect: "sqlite", want: "products: column owner_id must not but may be NULL"},
		{name: "must not be null", old: `"heir" uuid`, new: `"heir" uuid NOT NULL`, dialect: "postgres", want: "products: column heir may but must not be NULL"},
		{name: "must not be null", old: `"heir" BLOB`, new: `"heir" BLOB NOT NULL`, dialect: "sqlite", want: "products: column heir may but must not be NULL"},

		{name: "default", old: "DEFAULT true", new: "DEFAULT false", dialect: "postgres", want: "products: column active has the default false, not the default true"},
		{name: "default", old: "DEFAULT 1,", new: "DEFAULT 0,", dialect: "sqlite", want: "products: column active has the default 0, not the default 1"},
		{name: "no default", old: " DEFAULT 'draft'", want: "products: column state has no default, not the default 'draft'"},

		{name: "unique", old: `,` + "\n" + `	CONSTRAINT "uq_products_owner_id_name" UNIQUE ("owner_id", "name")`, dialect: "postgres",
			want: "products: unique uq_products_owner_id_name on (owner_id, name) is missing"},
		{name: "unique", extra: `DROP INDEX uq_products_owner_id_name`, dialect: "sqlite",
			want: "products: unique uq_products_owner_id_name on (owner_id, name) is missing"},
		{name: "unique in another order", old: `("owner_id", "name")`, new: `("name", "owner_id")`, dialect: "sqlite",
			want: "products: uq_products_owner_id_name is unique on (name, owner_id), not unique on (owner_id, name)"},
		{name: "unique too many", extra: `CREATE UNIQUE INDEX more ON products (name)`, want: "products: unique more on (name) is not in the struct"},
		{name: "partial unique is beyond a struct", extra: `CREATE UNIQUE INDEX more ON products (name) WHERE active = active`},
		{name: "expression is beyond a struct", extra: `CREATE UNIQUE INDEX more ON products (lower(name))`},
		{name: "index", extra: `DROP INDEX ix_products_state`, want: "products: index ix_products_state on (state) is missing"},
		{name: "index of another column", old: `"products" ("state")`, new: `"products" ("name")`, want: "products: ix_products_state is index on (name), not index on (state)"},
		{name: "partial index", old: `"products" ("state")`, new: `"products" ("state") WHERE quantity = 1`, dialect: "sqlite",
			want: "products: ix_products_state is index on (state) where quantity = 1, not index on (state)"},
		{name: "more indexes are welcome", extra: `CREATE INDEX more ON products (name, state)`},
		{name: "primary key", old: `PRIMARY KEY ("id"),` + "\n" + `	CONSTRAINT "uq_products`, dialect: "postgres",
			new:  `PRIMARY KEY ("id", "name"),` + "\n" + `	CONSTRAINT "more" UNIQUE ("id"),` + "\n" + `	CONSTRAINT "uq_products`,
			want: "products: the primary key is (id, name), not (id)\nproducts: unique more on (id) is not in the struct"},

		{name: "check", old: `,` + "\n" + `	CONSTRAINT "ck_products_quantity" CHECK (quantity < 1000)`,
			want: "products: check ck_products_quantity (quantity < 1000) is missing"},
		{name: "another check", old: "quantity < 1000", new: "quantity < 999",
			want: "products: check ck_products_quantity is (quantity < 999), not (quantity < 1000)"},
		{name: "enum", old: "'it''s live'", new: "'dead'", dialect: "sqlite",
			want: `products: check ck_products_state is ((length("state") <= 10) AND ("state" IN ('draft', 'dead'))), not ((length("state") <= 10) AND ("state" IN ('draft', 'it''s live')))`},
		{name: "check too many", old: `	CONSTRAINT "ck_products_quantity"`, new: "\t" + `CONSTRAINT "more" CHECK (quantity > -9),` + "\n" + `	CONSTRAINT "ck_products_quantity"`,
			want: "products: check more (quantity > '-9'::integer) is not in the struct", orElse: "products: check more (quantity > -9) is not in the struct"},

		{name: "foreign key", old: `,` + "\n" + `	CONSTRAINT "fk_products_heir" FOREIGN KEY ("heir") REFERENCES "owners" ("id") ON DELETE SET NULL`,
			want: "products: foreign key fk_products_heir from (heir) to owners (id) on delete set null is missing"},
		{name: "on delete", old: "SET NULL", new: "CASCADE",
			want: "products: foreign key fk_products_heir from (heir) to owners (id) on delete cascade should be foreign key fk_products_heir from (heir) to owners (id) on delete set null"},
		{name: "no on delete", old: " ON DELETE RESTRICT",
			want: "products: foreign key fk_products_parent from (parent) to products (id) on delete no action should be foreign key fk_products_parent from (parent) to products (id) on delete restrict"},
		{name: "reference to another table", old: `("heir") REFERENCES "owners"`, new: `("heir") REFERENCES "products"`,
			want: "products: foreign key fk_products_heir from (heir) to products (id) on delete set null should be foreign key fk_products_heir from (heir) to owners (id) on delete set null"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			manortest.Databases(t, func(t *testing.T, open func() *data.DB) {
				db := open()
				if c.dialect != "" && c.dialect != db.Dialect() {
					t.SkipNow()
				}
				up, _ := migrate.Draft(db.Dialect(), shop)
				if c.old != "" && !strings.Contains(up, c.old) {
					t.Fatalf("no %q in\n%s", c.old, up)
				}
				if c.old != "" {
					up = strings.Replace(up, c.old, c.new, 1)
				}
				if _, err := migrator(t, db, source("shop", "-- up\n"+up+c.extra)).Upgrade(t.Context()); err != nil {
					t.Fatal(err)
				}
				want := c.want
				if c.orElse != "" && db.Dialect() == "sqlite" {
					want = c.orElse
				}
				got, err := migrate.Drift(t.Context(), db, shop)
				if diff := cmp.Diff(want, strings.Join(got, "\n")); diff != "" || err != nil {
					t.Errorf("%v\n%s", err, diff)
				}
			})
		})
	}
}

var schemaCount = data.NewSelect[struct {
	N int64 `db:"n"`
}](`SELECT count(*) FROM pragma_database_list`, `SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'manor%'`)

func TestDriftOfSomeTablesLeavesNothing(t *testing.T) {
	t.Parallel()
	manortest.Databases(t, func(t *testing.T, open func() *data.DB) {
		db := open()
		up, _ := migrate.Draft(db.Dialect(), shop)
		if _, err := migrator(t, db, source("shop", "-- up\n"+up)).Upgrade(t.Context()); err != nil {
			t.Fatal(err)
		}
		before, err := schemaCount.One(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() { // products refer to owners, which are not named
				if got, err := migrate.Drift(t.Context(), db, []data.Schema{products.Schema()}); len(got) > 0 || err != nil {
					t.Errorf("got %q, %v", got, err)
				}
			})
		}
		wg.Wait()
		if after, err := schemaCount.One(t.Context(), db); err != nil || after != before {
			t.Errorf("%v schemas became %v, %v", before, after, err)
		}
		if got, err := migrate.Drift(t.Context(), db, nil); len(got) > 0 || err != nil {
			t.Errorf("without schemas: %q, %v", got, err)
		}
	})
}
