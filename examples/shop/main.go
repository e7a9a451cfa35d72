// Shop is an example of Manor inside a program's own server: the shop's pages
// are its own, accounts and products are Manor's.
//
//	go run ./examples/shop
//
// It listens on 127.0.0.1:8080 and keeps its data in shop.db and shop.key in
// the current folder. SHOP_ADDR and MANOR_DATABASE_URL, postgres://…, change
// that.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/manorgo/manor"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/postgres"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/examples/shop/products"
	"github.com/manorgo/manor/secret"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "shop:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends. It writes where it listens, and the mails that it
// cannot send, to out.
func run(ctx context.Context, out io.Writer) (err error) {
	addr := cmp.Or(os.Getenv("SHOP_ADDR"), "127.0.0.1:8080")
	db, err := openDatabase(ctx, os.Getenv("MANOR_DATABASE_URL"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	keys, err := openKeys("shop.key")
	if err != nil {
		return err
	}
	app, err := manor.New(manor.Config{
		DB: db, Keys: keys, Domains: []domain.Func{products.Domain}, Title: "Shop",
		PublicURL: &url.URL{Scheme: "http", Host: addr},
		Mail:      manor.MailConfig{Print: out},
	})
	if err != nil {
		return err
	}
	if err := app.Start(ctx); err != nil { // revisions, tasks
		return err
	}
	defer func() { err = errors.Join(err, app.Close(context.WithoutCancel(ctx))) }()
	handler, err := routes(app)
	if err != nil {
		return err
	}
	return serve(ctx, addr, handler, out)
}

// routes puts Manor and the shop's own pages side by side.
func routes(app *manor.App) (http.Handler, error) {
	rest, err := app.Handler() // where mailed links lead, /docs, /readyz
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/", rest)
	mux.Handle("/api/", app.API())
	mux.Handle("GET /{$}", app.Authenticate(home(app.Users())))
	return mux, nil
}

var page = template.Must(template.New("home").Parse(`<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>Shop</title>
<h1>Shop</h1>
<p>{{if .}}Welcome back, {{.}}.{{else}}You are not signed in.{{end}}
<p><a href="/api/v1/products">What we sell</a>
`))

// home greets whoever calls.
func home(people *users.Service) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var name string
		if p := auth.From(r.Context()); p.SignedIn() {
			u, err := people.Get(r.Context(), users.IDOf(p.Subject))
			if err != nil {
				http.Error(w, "the page cannot be shown now", http.StatusInternalServerError)
				return
			}
			name = cmp.Or(u.FullName(), u.Username)
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if err := page.Execute(w, name); err != nil {
			slog.WarnContext(r.Context(), "the page was not sent", "error", err)
		}
	})
}

// openDatabase opens a PostgreSQL database by its URL, or else the file shop.db.
func openDatabase(ctx context.Context, address string) (*data.DB, error) {
	if strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://") {
		return postgres.Open(ctx, address, postgres.Options{})
	}
	return sqlite.Open(ctx, "shop.db", sqlite.Options{})
}

// openKeys reads the master key, and makes one when the shop first starts.
func openKeys(path string) (*secret.Keyring, error) {
	keys, err := secret.OpenKeyFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return secret.CreateKeyFile(path)
	}
	return keys, err
}

// How long the parts of a request may take, and the end of the program.
const (
	headerTime = 5 * time.Second
	readTime   = 15 * time.Second
	writeTime  = 30 * time.Second
	idleTime   = 2 * time.Minute
	drainTime  = 10 * time.Second
)

// serve answers requests until ctx ends, and then finishes those it has.
func serve(ctx context.Context, addr string, h http.Handler, out io.Writer) error {
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: headerTime, ReadTimeout: readTime, WriteTimeout: writeTime, IdleTimeout: idleTime,
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "the shop is open at http://%s/\n", listener.Addr())
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	return server.Shutdown(ctx)
}
