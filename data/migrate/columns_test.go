package migrate_test

import (
	"database/sql/driver"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/manortest"
	"github.com/manorgo/manor/secret"

	datadriver "github.com/manorgo/manor/data/driver"
)

type cents struct{ n int64 }

func (c *cents) Scan(src any) error {
	c.n, _ = src.(int64)
	return nil
}

func (c cents) Value() (driver.Value, error) { return c.n, nil }

// A crate has the columns that are not what their Go types look like.
type crate struct {
	data.Identified[crate]
	Key    secret.Text          `db:"api_key,size=50"`
	PIN    *secret.Text         `db:"pin"`
	Hash   *secret.PasswordHash `db:"hash,size=255"`
	Code   *data.OneTimeCode    `db:"code"`
	Tags   []string             `db:"tags,size=20,default='[]'"`
	Notes  *[]string            `db:"notes"`
	Price  cents                `db:"price,type=int,default=5,check=price >= 0"`
	Offer  *cents               `db:"offer,type=decimal,numeric=10.2"`
	Words  cents                `db:"words,type=text,size=9,null,index"`
	Doc    cents                `db:"doc,type=json"`
	At     cents                `db:"at,type=time"`
	On     cents                `db:"is_on,type=bool"`
	Blob   cents                `db:"blob,type=bytes"`
	Ratio  cents                `db:"ratio,type=float"`
	Host   netip.Addr           `db:"host,size=45,unique"`
	State  string               `db:"state,size=10,enum=draft|live"`
	Chosen *string              `db:"chosen,enum=a|b"`
}

var crates = data.NewTable[crate]("crates")

func TestDDLOfSpecialColumns(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"postgres": `CREATE TABLE "crates" (
	"id" uuid NOT NULL,
	"api_key" bytea NOT NULL,
	"pin" bytea,
	"hash" varchar(255) COLLATE "C",
	"code" jsonb,
	"tags" jsonb NOT NULL DEFAULT '[]',
	"notes" jsonb,
	"price" bigint NOT NULL DEFAULT 5,
	"offer" numeric(10,2),
	"words" varchar(9) COLLATE "C",
	"doc" jsonb NOT NULL,
	"at" timestamptz NOT NULL,
	"is_on" boolean NOT NULL,
	"blob" bytea NOT NULL,
	"ratio" double precision NOT NULL,
	"host" varchar(45) COLLATE "C" NOT NULL,
	"state" varchar(10) COLLATE "C" NOT NULL,
	"chosen" text COLLATE "C",
	CONSTRAINT "crates_pkey" PRIMARY KEY ("id"),
	CONSTRAINT "uq_crates_host" UNIQUE ("host"),
	CONSTRAINT "ck_crates_price" CHECK (price >= 0),
	CONSTRAINT "ck_crates_state" CHECK ("state" IN ('draft', 'live')),
	CONSTRAINT "ck_crates_chosen" CHECK ("chosen" IN ('a', 'b'))
)`,
		"sqlite": `CREATE TABLE "crates" (
	"id" BLOB NOT NULL,
	"api_key" BLOB NOT NULL,
	"pin" BLOB,
	"hash" TEXT,
	"code" TEXT,
	"tags" TEXT NOT NULL DEFAULT '[]',
	"notes" TEXT,
	"price" INTEGER NOT NULL DEFAULT 5,
	"offer" INTEGER,
	"words" TEXT,
	"doc" TEXT NOT NULL,
	"at" INTEGER NOT NULL,
	"is_on" INTEGER NOT NULL,
	"blob" BLOB NOT NULL,
	"ratio" REAL NOT NULL,
	"host" TEXT NOT NULL,
	"state" TEXT NOT NULL,
	"chosen" TEXT,
	CONSTRAINT "crates_pkey" PRIMARY KEY ("id"),
	CONSTRAINT "ck_crates_hash" CHECK (length("hash") <= 255),
	CONSTRAINT "ck_crates_price" CHECK (price >= 0),
	CONSTRAINT "ck_crates_offer" CHECK ("offer" BETWEEN -9999999999 AND 9999999999),
	CONSTRAINT "ck_crates_words" CHECK (length("words") <= 9),
	CONSTRAINT "ck_crates_is_on" CHECK ("is_on" IN (0, 1)),
	CONSTRAINT "ck_crates_host" CHECK (length("host") <= 45),
	CONSTRAINT "ck_crates_state" CHECK ((length("state") <= 10) AND ("state" IN ('draft', 'live'))),
	CONSTRAINT "ck_crates_chosen" CHECK ("chosen" IN ('a', 'b'))
) STRICT`,
	}
	for dialect, want := range want {
		if diff := cmp.Diff(want, migrate.DDL(dialect, crates.Schema())[0]); diff != "" {
			t.Errorf("%s:\n%s", dialect, diff)
		}
	}
}

// A box is stored in tables that its schema made, which have every check.
type box struct {
	data.Audited[box]
	Key   secret.Text          `json:"key" db:"api_key,size=50"`
	Hash  *secret.PasswordHash `json:"-" db:"hash,size=255"`
	Code  *data.OneTimeCode    `json:"code" db:"code"`
	Tags  []string             `json:"tags" db:"tags,size=20"`
	Price cents                `json:"price" db:"price,type=int,check=price >= 0"`
	Host  netip.Addr           `json:"host" db:"host,size=45,unique"`
	State string               `json:"state" db:"state,size=10,enum=draft|live"`
}

var boxes = data.NewTable[box]("boxes")

func TestSpecialColumnsInRealTables(t *testing.T) {
	t.Parallel()
	schemas := []data.Schema{crates.Schema(), boxes.Schema()}
	manortest.Databases(t, func(t *testing.T, open func() *data.DB) {
		db := open()
		ctx := t.Context()
		up, _ := migrate.Draft(db.Dialect(), schemas)
		if _, err := migrator(t, db, source("shop", "-- up\n"+up)).Upgrade(ctx); err != nil {
			t.Fatal(err)
		}
		if got, err := migrate.Drift(ctx, db, schemas); len(got) > 0 || err != nil {
			t.Errorf("drift %q, %v", got, err)
		}
		keys, err := secret.NewKeyring([]byte("32 bytes, to be random elsewhere"))
		if err != nil {
			t.Fatal(err)
		}
		db.SetKeys(keys)
		v := box{Key: secret.NewText("k"), Tags: []string{"a"}, Price: cents{3}, Host: netip.MustParseAddr("::1"), State: "live"}
		if err := boxes.On(db).Add(ctx, &v); err != nil {
			t.Fatal(err)
		}
		code := data.CodeCol(boxes, "code", data.CodeRules{})
		plain, err := code.Issue(ctx, db, v.ID, 1<<40)
		if err != nil {
			t.Fatal(err)
		}
		got, err := code.Redeem(ctx, db, v.ID, plain)
		if err != nil || got.Key.Reveal() != "k" || got.Price.n != 3 || got.Host != v.Host || len(got.Tags) != 1 {
			t.Errorf("got %v, %v", got, err)
		}

		// What the program would refuse, the database refuses as well.
		for _, change := range []string{"state = 'dead'", "state = 'Live'", "state = ''", "price = -1"} {
			_, err := db.Driver().Exec(ctx, datadriver.Call{Statement: &datadriver.Statement{SQL: "UPDATE boxes SET " + change}})
			if err == nil || !strings.Contains(fmt.Sprint(err), strings.Fields(change)[0]) {
				t.Errorf("%s: %v", change, err)
			}
		}
	})
}
