package manor_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"

	"github.com/manorgo/manor"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/secret"
)

func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "manor")
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

	app, err := manor.New(manor.Config{DB: db, Keys: keys, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		panic(err)
	}
	if err := app.Start(ctx); err != nil {
		panic(err)
	}
	defer app.Close(ctx)

	mux := http.NewServeMux()
	mux.Handle("/api/", app.API())
	server := httptest.NewServer(mux)
	defer server.Close()

	res, err := http.Post(server.URL+"/api/v1/auth/register", "application/json",
		strings.NewReader(`{"email": "ada@example.com", "password": "tidal lantern 4827 orchard"}`))
	if err != nil {
		panic(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	fmt.Println(res.StatusCode, strings.TrimSpace(string(body)))
	// Output: 202 {"status":"verification_sent"}
}
