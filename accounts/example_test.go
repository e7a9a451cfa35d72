package accounts_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/manorgo/manor"
	"github.com/manorgo/manor/accounts"
	"github.com/manorgo/manor/accounts/sessions"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// A program makes accounts and signs people in without HTTP.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "accounts")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	db, err := sqlite.Open(ctx, filepath.Join(dir, "app.db"), sqlite.Options{})
	if err != nil {
		panic(err)
	}
	defer db.Close()
	keys, err := secret.CreateKeyFile(filepath.Join(dir, "app.key"))
	if err != nil {
		panic(err)
	}
	app, err := manor.New(manor.Config{
		DB: db, Keys: keys, Log: slog.New(slog.DiscardHandler),
		Hasher: &secret.Hasher{Params: secret.Params{Memory: 8, Time: 1, Parallelism: 1}}, // for examples only
	})
	if err != nil {
		panic(err)
	}
	if _, err := app.Upgrade(ctx); err != nil {
		panic(err)
	}

	flows := app.Accounts()
	ada := users.Create{Email: "ada@example.com", Username: "ada", Password: secret.NewText("tidal lantern 4827 orchard")}
	if _, err := flows.CreateUser(ctx, ada, false); err != nil {
		panic(err)
	}
	for _, password := range []string{"guess", "tidal lantern 4827 orchard"} {
		u, issued, err := flows.SignIn(ctx, accounts.SigningIn{
			Identifier: "ada", Password: secret.NewText(password), Kind: sessions.Token,
		})
		if err != nil {
			fmt.Println(fault.KindOf(err), err)
			continue
		}
		fmt.Println(u.Email, issued.Session.Kind, issued.Access)
	}
	// Output:
	// unauthenticated the identifier and the password do not belong together
	// ada@example.com token [redacted]
}
