package pages_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"

	"github.com/manorgo/manor"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/pages"
	"github.com/manorgo/manor/secret"
)

func ExampleNew() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "pages")
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
	log := slog.New(slog.DiscardHandler)
	app, err := manor.New(manor.Config{DB: db, Keys: keys, Log: log})
	if err != nil {
		panic(err)
	}

	site, err := pages.New(app.Accounts(), "Shop", log, app.Limits())
	if err != nil {
		panic(err)
	}
	w := httptest.NewRecorder()
	site.ServeHTTP(w, httptest.NewRequest("GET", "/verify?token=from-the-mail", nil))
	fmt.Println(w.Code, regexp.MustCompile("<title>.*</title>").FindString(w.Body.String()))
	// Output: 200 <title>Confirm your e-mail address – Shop</title>
}
