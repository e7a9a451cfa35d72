package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/examples/shop/products"
	"github.com/manorgo/manor/secret"
)

type handPostgres struct{ pool *pgxpool.Pool }

func openHandPostgres(ctx context.Context, url string) (*handPostgres, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	config.MaxConns = int32(max(8, 4*runtime.NumCPU())) // as Manor has
	pool, err := pgxpool.NewWithConfig(ctx, config)
	return &handPostgres{pool}, err
}

// dollars writes parameters as PostgreSQL wants them.
func dollars(text string) string {
	for n := 1; strings.Contains(text, "?"); n++ {
		text = strings.Replace(text, "?", fmt.Sprintf("$%d", n), 1)
	}
	return text
}

var (
	pgHolder = dollars(strings.Replace(holderText, "GROUPED", groupedPostgres, 1))
	pgUser   = dollars(userText)
	pgShown  = dollars(shownText)
	pgTotal  = dollars(totalText)
)

func (s *handPostgres) close() { s.pool.Close() }

func (s *handPostgres) holder(ctx context.Context, digest []byte, now time.Time) (h holder, err error) {
	err = s.pool.QueryRow(ctx, pgHolder, digest, "token", now, now, now).
		Scan(&h.session, (*[16]byte)(&h.user), &h.remember, &h.since, &h.seen, &h.ends, &h.epoch, &h.rights, &h.superuser, &h.granted)
	if errors.Is(err, pgx.ErrNoRows) {
		return h, errNotSignedIn
	}
	return h, err
}

func (s *handPostgres) user(ctx context.Context, id users.ID) (u users.User, err error) {
	var hash, locale *string
	err = s.pool.QueryRow(ctx, pgUser, [16]byte(id)).Scan((*[16]byte)(&u.ID), &u.CreatedAt, &u.UpdatedAt, &u.DeletedAt,
		&u.Username, &u.UsernameKey, &u.Email, &u.EmailKey, &hash, &u.FirstName, &u.LastName, &u.Bio,
		&u.Active, &u.Staff, &u.Superuser, &u.EmailVerified, &u.DateJoined, &u.LastLogin,
		(*string)(&u.SearchVisibility), (*string)(&u.EmailPrivacy), &u.PublicProfile, &locale, &u.Epoch)
	if errors.Is(err, pgx.ErrNoRows) {
		return u, errNoRow
	}
	u.CreatedAt, u.UpdatedAt, u.DateJoined = u.CreatedAt.UTC(), u.UpdatedAt.UTC(), u.DateJoined.UTC()
	if u.LastLogin != nil {
		*u.LastLogin = u.LastLogin.UTC()
	}
	u.Password, u.Locale = (*secret.PasswordHash)(hash), (*users.Locale)(locale)
	return u, err
}

func (s *handPostgres) products(ctx context.Context, limit int) (out shown, err error) {
	var b pgx.Batch
	b.Queue(pgShown, true, limit).Query(func(rows pgx.Rows) error {
		out.Items = make([]products.ListItem, 0, limit)
		var p products.Product
		var price pgtype.Numeric
		for rows.Next() {
			err := rows.Scan((*[16]byte)(&p.ID), &p.CreatedAt, &p.UpdatedAt, (*[16]byte)(&p.OwnerID), &p.Name, &p.Description, &price, &p.Active)
			if err != nil {
				return err
			}
			out.Items = append(out.Items, products.ListItem{
				ID: p.ID, Name: p.Name, Price: decimal.NewFromBigInt(price.Int, price.Exp), Active: p.Active,
			})
		}
		return rows.Err()
	})
	b.Queue(pgTotal, true).QueryRow(func(row pgx.Row) error { return row.Scan(&out.Total) })
	return out, s.pool.SendBatch(ctx, &b).Close()
}
