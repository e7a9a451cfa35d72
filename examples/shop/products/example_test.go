package products_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/shopspring/decimal"

	"github.com/manorgo/manor"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/examples/shop/products"
	"github.com/manorgo/manor/patch"
	"github.com/manorgo/manor/secret"
)

// A service is used from Go as its routes use it: the caller is in the context.
func ExampleService() {
	folder, err := os.MkdirTemp("", "shop")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	ctx := context.Background()
	db, err := sqlite.Open(ctx, filepath.Join(folder, "shop.db"), sqlite.Options{})
	if err != nil {
		panic(err)
	}
	defer db.Close()
	keys, err := secret.CreateKeyFile(filepath.Join(folder, "shop.key"))
	if err != nil {
		panic(err)
	}

	var shop *products.Service
	app, err := manor.New(manor.Config{
		DB: db, Keys: keys, Log: slog.New(slog.DiscardHandler),
		Domains: []domain.Func{func(env domain.Env) domain.Domain {
			shop = products.NewService(env)
			return products.Domain(env)
		}},
	})
	if err != nil {
		panic(err)
	}
	if err := app.Start(ctx); err != nil {
		panic(err)
	}
	defer app.Close(ctx)

	ann, err := app.Accounts().CreateUser(ctx, users.Create{Email: "ann@example.com"}, false)
	if err != nil {
		panic(err)
	}
	ctx = auth.NewContext(ctx, &auth.Principal{Subject: ann.Subject()})

	lamp, err := shop.Create(ctx, products.Create{Name: "Desk lamp", Price: decimal.RequireFromString("24.90")})
	fmt.Println(lamp, lamp.Price.StringFixed(2), err)
	lamp, err = shop.Update(ctx, lamp.ID, products.Update{Price: patch.Of(decimal.NewFromInt(20))}, lamp.Version())
	fmt.Println(lamp, lamp.Price.StringFixed(2), err)
	_, err = shop.Update(auth.NewContext(ctx, &auth.Principal{}), lamp.ID, products.Update{Price: patch.Of(decimal.NewFromInt(1))})
	fmt.Println(err)
	// Output:
	// Desk lamp 24.90 <nil>
	// Desk lamp 20.00 <nil>
	// products: not found
}
