package domain_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/manorgo/manor"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/secret"
	"github.com/manorgo/manor/web"
)

// Tides is a business area with one route and one permission.
func Tides(domain.Env) domain.Domain {
	return domain.Domain{
		Name:        "tides",
		Permissions: []string{"tides:read"},
		Mount: func(r *web.Router) {
			web.Handle(r, "GET /tides/next", next, web.Require("tides:read"))
		},
	}
}

type tide struct {
	Body struct {
		Metres float64 `json:"metres"`
	}
}

func next(context.Context, *web.None) (*tide, error) {
	out := new(tide)
	out.Body.Metres = 4.2
	return out, nil
}

// A domain is a function from what an app lends to what it gets in return.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "domain")
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
		DB: db, Keys: keys, Domains: []domain.Func{Tides}, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		panic(err)
	}
	routes := app.Router().Routes()
	last := routes[len(routes)-1]
	fmt.Println(last.Method, last.Path, "needs", last.Access)
	// Output: GET /api/v1/tides/next needs tides:read
}
