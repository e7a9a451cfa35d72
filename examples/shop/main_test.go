package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/manorgo/manor"
	"github.com/manorgo/manor/accounts"
	"github.com/manorgo/manor/accounts/sessions"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/examples/shop/products"
	"github.com/manorgo/manor/secret"
)

func TestRoutes(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db, err := sqlite.Open(ctx, filepath.Join(t.TempDir(), "shop.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	keys, err := openKeys(filepath.Join(t.TempDir(), "shop.key"))
	if err != nil {
		t.Fatal(err)
	}
	app, err := manor.New(manor.Config{DB: db, Keys: keys, Domains: []domain.Func{products.Domain}})
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Start(ctx); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { app.Close(context.Background()) })
	handler, err := routes(app)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)

	password := secret.NewText("tidal lantern 4827 orchard")
	in := users.Create{Email: "ann@example.com", FirstName: "Ann <3", Password: password}
	if _, err := app.Accounts().CreateUser(ctx, in, false); err != nil {
		t.Fatal(err)
	}
	_, issued, err := app.Accounts().SignIn(ctx, accounts.SigningIn{Identifier: in.Email, Password: password, Kind: sessions.Cookie})
	if err != nil {
		t.Fatal(err)
	}
	ann, wrong := issued.SetCookie(false), issued.SetCookie(false)
	wrong.Value += "x"

	for _, x := range []struct {
		path   string
		cookie *http.Cookie
		status int
		holds  string
	}{
		{"/", nil, 200, "You are not signed in."},
		{"/", ann, 200, "Welcome back, Ann &lt;3."},
		{"/", wrong, 200, "You are not signed in."}, // for whoever was signed out meanwhile
		{"/api/v1/products", wrong, 401, "UNAUTHENTICATED"},
		{"/api/v1/products", nil, 200, `"items":[]`},
		{"/api/v1/users/me", ann, 200, "ann@example.com"},
		{"/verify?token=x", nil, 200, "<html"},
		{"/readyz", nil, 200, "ok"},
		{"/nothing", nil, 404, ""},
	} {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+x.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if x.cookie != nil {
			req.AddCookie(x.cookie)
		}
		res, err := server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != x.status || !strings.Contains(string(body), x.holds) {
			t.Errorf("GET %s: %d (%v), want %d and %q:\n%s", x.path, res.StatusCode, err, x.status, x.holds, body)
		}
	}
}

// The whole program starts in an empty folder, starts again with what it has
// left there, and ends when it is told to.
func TestRun(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("SHOP_ADDR", "127.0.0.1:0")
	t.Setenv("MANOR_DATABASE_URL", "")
	for range 2 {
		ctx, cancel := context.WithCancel(t.Context())
		out, in := io.Pipe()
		done := make(chan error, 1)
		go func() {
			err := run(ctx, in)
			in.CloseWithError(io.EOF)
			done <- err
		}()
		lines := bufio.NewScanner(out)
		if !lines.Scan() {
			t.Fatalf("it said nothing: %v", <-done)
		}
		go io.Copy(io.Discard, out)
		_, address, ok := strings.Cut(lines.Text(), "the shop is open at ")
		if !ok {
			t.Fatalf("it said %q", lines.Text())
		}
		res, err := http.Get(address + "readyz")
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Errorf("GET /readyz: %d", res.StatusCode)
		}
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	}
}
