package data_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"log"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/manorgo/manor/data"
	datadriver "github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// A Cents is a type of the program's own, which says how it is stored.
type Cents int64

// Scan reads the stored number.
func (c *Cents) Scan(src any) error {
	n, ok := src.(int64)
	if !ok {
		return fmt.Errorf("cents are not a %T", src)
	}
	*c = Cents(n)
	return nil
}

// Value returns the stored number.
func (c Cents) Value() (driver.Value, error) { return int64(c), nil }

// A Device has a column of each special type.
type Device struct {
	data.Audited[Device]
	APIKey   secret.Text          `json:"api_key" db:"api_key,size=200"`
	PIN      *secret.Text         `json:"pin" db:"pin"`
	Password *secret.PasswordHash `json:"-" db:"password_hash,size=255"`
	Login    *data.OneTimeCode    `json:"-" db:"login_code"`
	Tags     []string             `json:"tags" db:"tags,size=40"`
	Price    Cents                `json:"price" db:"price,type=int,sort,filter"`
	Address  netip.Addr           `json:"address" db:"address,size=45,filter"`
}

var (
	devices = data.NewTable[Device]("devices")

	deviceKey      = data.Col[secret.Text](devices, "api_key")
	devicePassword = data.Col[secret.PasswordHash](devices, "password_hash")
	deviceLogin    = data.CodeCol(devices, "login_code", data.CodeRules{Length: 8})
	deviceTags     = data.ListCol[string](devices, "tags")
	devicePrice    = data.Col[Cents](devices, "price")
	deviceAddress  = data.Col[netip.Addr](devices, "address")
)

// workshop opens a new database with keys and one device in it.
func workshop() (db *data.DB, d Device, done func()) {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	db, err = sqlite.Open(ctx, filepath.Join(dir, "workshop.db"), sqlite.Options{})
	if err != nil {
		log.Fatal(err)
	}
	for _, statement := range migrate.DDL(db.Dialect(), devices.Schema()) {
		if _, err := db.Driver().Exec(ctx, datadriver.Call{Statement: &datadriver.Statement{SQL: statement}}); err != nil {
			log.Fatal(err)
		}
	}
	db.SetKeys(exampleKeys("32 bytes, to be random elsewhere"))
	d = Device{APIKey: secret.NewText("k-1"), Tags: []string{"new", "red"}, Price: 250, Address: netip.MustParseAddr("10.0.0.1")}
	if err := devices.On(db).Add(ctx, &d); err != nil {
		log.Fatal(err)
	}
	return db, d, func() {
		db.Close()
		os.RemoveAll(dir)
	}
}

func exampleKeys(masters ...string) *secret.Keyring {
	var all [][]byte
	for _, m := range masters {
		all = append(all, []byte(m))
	}
	keys, err := secret.NewKeyring(all...)
	if err != nil {
		log.Fatal(err)
	}
	return keys
}

// A column of secret.Text is stored encrypted.
func ExampleDB_SetKeys() {
	db, d, done := workshop()
	defer done()
	ctx := context.Background()

	got, err := devices.On(db).Update(ctx, d.ID, deviceKey.Set(secret.NewText("k-2")))
	fmt.Println(got.APIKey, got.APIKey.Reveal(), err)

	db.SetKeys(exampleKeys("another key, of 32 bytes as well"))
	_, err = devices.On(db).Get(ctx, d.ID)
	fmt.Println(errors.Is(err, fault.Internal))
	// Output:
	// [redacted] k-2 <nil>
	// true
}

// After the master key was changed, values move to the new one.
func ExampleRepository_Reseal() {
	db, _, done := workshop()
	defer done()
	ctx := context.Background()

	db.SetKeys(exampleKeys("a new key, which has 32 bytes...", "32 bytes, to be random elsewhere"))
	resealed, err := devices.On(db).Reseal(ctx)
	fmt.Println(resealed.Values, err)

	counts, err := devices.On(db).Seals(ctx)
	for _, c := range counts {
		fmt.Println(c.Column, c.Rows, c.Current, err)
	}
	// Output:
	// 1 <nil>
	// api_key 1 true <nil>
}

// A code in a message, which can be used once.
func ExampleCodeColumn() {
	db, d, done := workshop()
	defer done()
	ctx := context.Background()

	code, err := deviceLogin.Issue(ctx, db, d.ID, 10*time.Minute)
	fmt.Println(len(code.Reveal()), err)

	_, err = deviceLogin.Redeem(ctx, db, d.ID, secret.NewText("wrong"))
	fmt.Println(err)
	_, err = deviceLogin.Redeem(ctx, db, d.ID, code)
	fmt.Println(err)
	_, err = deviceLogin.Redeem(ctx, db, d.ID, code)
	fmt.Println(err)
	// Output:
	// 8 <nil>
	// the code is wrong
	// <nil>
	// the code is not valid any more: ask for another
}

// A list of texts is filtered by its members.
func ExampleList() {
	db, _, done := workshop()
	defer done()
	ctx := context.Background()

	n, err := devices.On(db).Count(ctx, deviceTags.HasAny("red", "blue"))
	fmt.Println(n, err)
	n, err = devices.On(db).Count(ctx, deviceTags.HasAll("red", "blue"))
	fmt.Println(n, err)
	// Output:
	// 1 <nil>
	// 0 <nil>
}

// Types of one's own are compared by what is stored.
func ExampleCol_ownType() {
	db, _, done := workshop()
	defer done()
	ctx := context.Background()

	found, err := devices.On(db).GetBy(ctx, devicePrice.Gt(100), deviceAddress.Eq(netip.MustParseAddr("10.0.0.1")))
	fmt.Println(found.Price, found.Address, err)
	// Output: 250 10.0.0.1 <nil>
}

// A password is stored as its hash, which says itself how it was made.
func ExampleCol_passwordHash() {
	db, d, done := workshop()
	defer done()
	ctx := context.Background()
	var hasher secret.Hasher

	hash, err := hasher.Hash(ctx, secret.NewText("correct horse battery"))
	if err != nil {
		log.Fatal(err)
	}
	d, err = devices.On(db).Update(ctx, d.ID, devicePassword.Set(hash))
	fmt.Println(*d.Password, err)
	ok, rehash, err := hasher.Verify(ctx, *d.Password, secret.NewText("correct horse battery"))
	fmt.Println(ok, rehash, err)
	// Output:
	// [redacted] <nil>
	// true false <nil>
}
