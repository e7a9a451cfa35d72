package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/manorgo/manor"
	"github.com/manorgo/manor/accounts/sessions"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/postgres"
	"github.com/manorgo/manor/data/sqlite"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/examples/shop/products"
	"github.com/manorgo/manor/limit"
	"github.com/manorgo/manor/secret"
)

// A site is what the servers serve: a shop with people and as many products.
type site struct {
	at     string // a file, or a PostgreSQL URL
	key    string // file of the master key
	tokens []string

	servers []string // that take part
	profile string   // where they write profiles, or ""
	python  string   // for the program in peers
	peer    string   // URL of its database
}

// connections is how many clients call at the same time, each as somebody else.
const connections = 32

func openDB(ctx context.Context, at string) (*data.DB, error) {
	if strings.HasPrefix(at, "postgres") {
		return postgres.Open(ctx, at, postgres.Options{})
	}
	return sqlite.Open(ctx, at, sqlite.Options{})
}

func newApp(db *data.DB, keys *secret.Keyring, log *slog.Logger) (*manor.App, error) {
	return manor.New(manor.Config{
		DB: db, Keys: keys, Domains: []domain.Func{products.Domain}, Log: log,
		Limits: limit.Config{Off: true}, // all requests come from one address
	})
}

// build makes the site, with n people, in an empty database.
func build(ctx context.Context, name, at, dir string, n int) (s site, err error) {
	s = site{at: at, key: filepath.Join(dir, name+".key")}
	keys, err := secret.CreateKeyFile(s.key)
	if err != nil {
		return s, err
	}
	db, err := openDB(ctx, at)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	app, err := newApp(db, keys, slog.New(slog.DiscardHandler))
	if err != nil {
		return s, err
	}
	if _, err := app.Upgrade(ctx); err != nil {
		return s, err
	}
	if err := populate(ctx, db, n); err != nil {
		return s, err
	}
	service := sessions.NewService(domain.Env{DB: db, Keys: keys}, sessions.Config{})
	for i := range connections {
		err := db.Tx(ctx, func(tx *data.Tx) error {
			u := person(i)
			issued, err := service.Open(ctx, tx, sessions.Opening{User: &u, Kind: sessions.Token})
			s.tokens = append(s.tokens, issued.Access.Reveal())
			return err
		})
		if err != nil {
			return s, err
		}
	}
	return s, analyze(ctx, at)
}

// analyze has the planner look at the tables, and makes them as they are after
// a quiet night.
func analyze(ctx context.Context, at string) error {
	if strings.HasPrefix(at, "postgres") {
		pool, err := pgxpool.New(ctx, at)
		if err != nil {
			return err
		}
		defer pool.Close()
		_, err = pool.Exec(ctx, "VACUUM ANALYZE")
		return err
	}
	f, err := openFiles(at)
	if err != nil {
		return err
	}
	_, err = f.writes.ExecContext(ctx, analyzeSQLite+"; PRAGMA wal_checkpoint(TRUNCATE)")
	return errors.Join(err, f.close())
}

func person(i int) users.User {
	name := fmt.Sprintf("person%06d", i)
	address := name + "@example.com"
	at := epoch.Add(time.Duration(i) * time.Second)
	return users.User{
		Audited:  data.Audited[users.User]{ID: users.ID(seededID(-1 - i)), CreatedAt: at, UpdatedAt: at},
		Username: name, UsernameKey: users.UsernameKey(name), Email: address, EmailKey: users.EmailKey(address),
		FirstName: "Ann", LastName: "Example", Bio: "Sells what the attic holds.",
		Active: true, EmailVerified: true, DateJoined: at, PublicProfile: true,
		SearchVisibility: users.SearchPublic, EmailPrivacy: users.EmailPrivate,
	}
}

func populate(ctx context.Context, db *data.DB, n int) error {
	people, goods := data.NewTable[users.User]("users"), data.NewTable[products.Product]("products")
	for at := 0; at < n; at += 10_000 {
		step := min(10_000, n-at)
		us, ps := make([]users.User, step), make([]products.Product, step)
		for i := range step {
			us[i] = person(at + i)
			p := seeded(at + i)
			ps[i] = products.Product{
				Audited: data.Audited[products.Product]{ID: products.ID(p.id), CreatedAt: p.createdAt, UpdatedAt: p.updatedAt},
				OwnerID: us[rand.IntN(i+1)].ID, Name: p.name, Description: p.description, Price: p.price, Active: p.active,
			}
		}
		if err := people.On(db).AddAll(ctx, us); err != nil {
			return err
		}
		if err := goods.On(db).AddAll(ctx, ps); err != nil {
			return err
		}
	}
	return nil
}
