package accounts

import (
	"context"
	"net/url"

	"github.com/manorgo/manor/accounts/tokens"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// BootstrapLink returns a link by which its reader becomes the first
// administrator, once and within the hour, or "" if there is one already.
// Earlier links end.
func (s *Service) BootstrapLink(ctx context.Context) (string, error) {
	exists, err := s.users.HasSuperuser(ctx, s.db)
	if err != nil || exists {
		return "", err
	}
	var token secret.Token
	err = s.db.Tx(ctx, func(tx *data.Tx) error {
		token, err = s.tokens.Issue(ctx, tx, tokens.Order{Purpose: tokens.Bootstrap})
		return err
	})
	if err != nil {
		return "", err
	}
	return s.links.To("/setup", url.Values{"token": {token.Reveal()}}), nil
}

// superuserRole is held while somebody becomes the first to have it.
var superuserRole = data.NewSelect[struct {
	Name string `db:"name"`
}](`SELECT name FROM roles WHERE name = 'superuser'`, `SELECT name FROM roles WHERE name = 'superuser' FOR UPDATE`)

// Bootstrap uses such a link up and makes the first administrator. A link that
// is not valid, or comes too late, is fault.Malformed with TOKEN_INVALID.
func (s *Service) Bootstrap(ctx context.Context, token string, in users.Create) (u users.User, err error) {
	if _, err := s.tokens.Peek(ctx, s.db, tokens.Bootstrap, token); err != nil {
		return u, err // strangers are not worth a hash
	}
	hash, err := s.newHash(ctx, in)
	if err != nil {
		return u, err
	}
	err = s.db.Tx(ctx, func(tx *data.Tx) error {
		if _, err := s.tokens.Consume(ctx, tx, tokens.Bootstrap, token); err != nil {
			return err
		}
		if _, err := superuserRole.One(ctx, tx); err != nil { // one administrator at a time
			return err
		}
		exists, err := s.users.HasSuperuser(ctx, tx)
		if err != nil {
			return err
		}
		if exists {
			return tokens.Invalid()
		}
		u, err = s.addAdmin(ctx, tx, in, hash)
		return err
	})
	return u, err
}

// CreateUser makes an account for an operator, verified and, if admin says so,
// a superuser.
func (s *Service) CreateUser(ctx context.Context, in users.Create, admin bool) (u users.User, err error) {
	var hash *secret.PasswordHash
	if !in.Password.IsZero() || admin {
		if hash, err = s.newHash(ctx, in); err != nil {
			return u, err
		}
	}
	in.EmailVerified = true
	err = s.db.Tx(ctx, func(tx *data.Tx) error {
		if admin {
			u, err = s.addAdmin(ctx, tx, in, hash)
			return err
		}
		u, err = s.users.Add(ctx, tx, in, hash)
		return err
	})
	return u, err
}

func (s *Service) addAdmin(ctx context.Context, tx *data.Tx, in users.Create, hash *secret.PasswordHash) (users.User, error) {
	in.EmailVerified, in.Active = true, nil
	u, err := s.users.Add(ctx, tx, in, hash)
	if err != nil {
		return u, err
	}
	return s.users.SetSuperuser(ctx, tx, u.ID, true)
}

func (s *Service) newHash(ctx context.Context, in users.Create) (*secret.PasswordHash, error) {
	if in.Password.IsZero() {
		return nil, fault.Field("password", "is required")
	}
	if err := s.hasher.CheckPassword(in.Password, 0, users.PasswordContext(in.Email, in.Username, in.FirstName, in.LastName, s.config.Name)...); err != nil {
		return nil, err
	}
	hash, err := s.hasher.Hash(ctx, in.Password)
	return &hash, err
}
