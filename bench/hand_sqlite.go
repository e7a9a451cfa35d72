package main

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/examples/shop/products"
	"github.com/manorgo/manor/secret"
)

type handSQLite struct {
	files
	byDigest, byID, some, total *sql.Stmt
}

func openHandSQLite(path string) (*handSQLite, error) {
	f, err := openFiles(path)
	s := &handSQLite{files: f}
	for _, p := range []struct {
		stmt *(*sql.Stmt)
		text string
	}{
		{&s.byDigest, strings.Replace(holderText, "GROUPED", groupedSQLite, 1)},
		{&s.byID, userText}, {&s.some, shownText}, {&s.total, totalText},
	} {
		if err == nil {
			*p.stmt, err = f.reads.Prepare(p.text)
		}
	}
	return s, err
}

func (s *handSQLite) close() { s.files.close() }

func (s *handSQLite) holder(ctx context.Context, digest []byte, now time.Time) (h holder, err error) {
	var since, seen, ends int64
	at := now.UnixMicro()
	err = s.byDigest.QueryRowContext(ctx, digest, "token", at, at, at).
		Scan((*uuid.UUID)(&h.session), (*uuid.UUID)(&h.user), &h.remember, &since, &seen, &ends, &h.epoch, &h.rights, &h.superuser, &h.granted)
	if errors.Is(err, sql.ErrNoRows) {
		return h, errNotSignedIn
	}
	h.since, h.seen, h.ends = time.UnixMicro(since).UTC(), time.UnixMicro(seen).UTC(), time.UnixMicro(ends).UTC()
	return h, err
}

func (s *handSQLite) user(ctx context.Context, id users.ID) (u users.User, err error) {
	var created, updated, joined int64
	var login, deleted sql.NullInt64
	var hash sql.NullString
	err = s.byID.QueryRowContext(ctx, id[:]).Scan((*uuid.UUID)(&u.ID), &created, &updated, &deleted, &u.Username, &u.UsernameKey, &u.Email, &u.EmailKey,
		&hash, &u.FirstName, &u.LastName, &u.Bio, &u.Active, &u.Staff, &u.Superuser, &u.EmailVerified,
		&joined, &login, &u.SearchVisibility, &u.EmailPrivacy, &u.PublicProfile, &u.Locale, &u.Epoch)
	if errors.Is(err, sql.ErrNoRows) {
		return u, errNoRow
	}
	u.CreatedAt, u.UpdatedAt, u.DateJoined = time.UnixMicro(created).UTC(), time.UnixMicro(updated).UTC(), time.UnixMicro(joined).UTC()
	if login.Valid {
		at := time.UnixMicro(login.Int64).UTC()
		u.LastLogin = &at
	}
	if deleted.Valid {
		at := time.UnixMicro(deleted.Int64).UTC()
		u.DeletedAt = &at
	}
	if hash.Valid {
		h := secret.PasswordHash(hash.String)
		u.Password = &h
	}
	return u, err
}

func (s *handSQLite) products(ctx context.Context, limit int) (out shown, err error) {
	rows, err := s.some.QueryContext(ctx, true, limit)
	if err != nil {
		return out, err
	}
	defer rows.Close()
	out.Items = make([]products.ListItem, 0, limit)
	var p products.Product
	var price, created, updated int64
	for rows.Next() {
		if err := rows.Scan((*uuid.UUID)(&p.ID), &created, &updated, (*uuid.UUID)(&p.OwnerID), &p.Name, &p.Description, &price, &p.Active); err != nil {
			return out, err
		}
		p.CreatedAt, p.UpdatedAt = time.UnixMicro(created).UTC(), time.UnixMicro(updated).UTC()
		out.Items = append(out.Items, products.ListItem{ID: p.ID, Name: p.Name, Price: decimal.New(price, -2), Active: p.Active})
	}
	if err := rows.Err(); err != nil {
		return out, err
	}
	return out, s.total.QueryRowContext(ctx, true).Scan(&out.Total)
}
