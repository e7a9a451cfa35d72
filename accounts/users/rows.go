package users

import (
	"context"
	"strconv"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/patch"
	"github.com/manorgo/manor/secret"
)

// NewStore returns the accounts of the app's own table as a Store. It asks nobody
// for permission. Rules of the table hold: an address and a username are as
// CheckEmail and the table want them, or fault.Invalid; the last superuser stays,
// fault.Conflict; what takes a right away ends what is signed in; a deleted account
// is erased as soon as every domain has done so, and keeps its names until then.
func NewStore(s *Service) Store { return &rows{s} }

type rows struct{ s *Service }

// Get returns an account.
func (r *rows) Get(ctx context.Context, key string) (Account, error) {
	parsed, err := parseID(key)
	if err != nil {
		return Account{}, err
	}
	return r.find(ctx, id.Eq(parsed))
}

// GetByEmail returns an account.
func (r *rows) GetByEmail(ctx context.Context, address string) (Account, error) {
	return r.find(ctx, emailKey.Eq(EmailKey(address)))
}

// GetByField returns an account.
func (r *rows) GetByField(ctx context.Context, field Field, value string) (Account, error) {
	switch field {
	case ByEmail:
		return r.GetByEmail(ctx, value)
	case ByUsername:
		return r.find(ctx, usernameKey.Eq(UsernameKey(value)))
	}
	return Account{}, fault.Errorf(fault.Internal, "users: no account is found by the field %q", field)
}

func (r *rows) find(ctx context.Context, where data.Filter[User]) (Account, error) {
	u, err := table.On(r.s.DB).GetBy(ctx, where)
	return account(&u), err
}

// List returns accounts.
func (r *rows) List(ctx context.Context, offset, limit int) ([]Account, int, error) {
	page, err := table.On(r.s.DB).List(ctx, data.Query[User]{Order: data.By(id.Asc()), Offset: offset, Limit: limit, Count: true})
	out := make([]Account, len(page.Items))
	for i := range page.Items {
		out[i] = account(&page.Items[i])
	}
	return out, page.Total, err
}

// Create makes an account.
func (r *rows) Create(ctx context.Context, a Account) (Account, error) {
	var hash *secret.PasswordHash
	if a.Password != "" {
		hash = &a.Password
	}
	var u User
	err := r.s.DB.Tx(ctx, func(tx *data.Tx) (err error) {
		u, err = r.s.Add(ctx, tx, Create{
			Email: a.Email, Username: a.Username, FirstName: a.FirstName, LastName: a.LastName,
			Active: &a.Active, EmailVerified: a.Verified,
		}, hash)
		return err
	})
	return account(&u), namesTaken(err)
}

// Update changes an account.
func (r *rows) Update(ctx context.Context, key, version string, c AccountChanges) (Account, error) {
	parsed, err := parseID(key)
	if err != nil {
		return Account{}, err
	}
	n, err := strconv.ParseInt(version, 10, 64)
	if err != nil || n == 0 {
		n = -1 // no account is in it
	}
	var u User
	err = r.s.DB.Tx(ctx, func(tx *data.Tx) (err error) {
		u, err = r.update(ctx, tx, parsed, data.Version(n), c)
		return err
	})
	return account(&u), namesTaken(err)
}

func (r *rows) update(ctx context.Context, tx *data.Tx, key ID, version data.Version, c AccountChanges) (u User, err error) {
	off, unproved := !c.Active.Or(true), !c.Verified.Or(true)
	if off || unproved {
		if err := r.s.keepSuperuser(ctx, tx, key); err != nil {
			return u, err
		}
	}
	in := Update{
		Profile:  Profile{FirstName: c.FirstName, LastName: c.LastName},
		Username: c.Username, Email: c.Email, Active: c.Active, EmailVerified: c.Verified,
	}
	if in.Email.Sent() && !in.EmailVerified.Sent() { // what is not set stays
		now, err := table.On(tx).Lock(ctx, id.Eq(key))
		if err != nil {
			return u, err
		}
		in.EmailVerified = patch.Of(now.EmailVerified)
	}
	changes := in.Changes()
	if hash, ok := c.Password.Get(); ok && hash == "" {
		changes = append(changes, password.SetNull())
	} else if ok {
		changes = append(changes, password.Set(hash))
	}
	if off || unproved || c.Password.Sent() || c.Email.Sent() {
		changes = append(changes, epoch.Plus(1))
	}
	if u, err = r.s.changeIn(ctx, tx, key, data.Everything[User](), changes, version); err != nil || !off {
		return u, err
	}
	return u, r.s.events.Emit(ctx, tx, Deactivated{ID: u.ID})
}

// Delete has an account erased.
func (r *rows) Delete(ctx context.Context, key string) error {
	parsed, err := parseID(key)
	if err != nil {
		return nil
	}
	return r.s.DB.Tx(ctx, func(tx *data.Tx) error {
		if err := r.s.keepSuperuser(ctx, tx, parsed); err != nil {
			return err
		}
		_, err := table.On(tx).UpdateOne(ctx, id.Eq(parsed), gone(tx.DB().Now())...)
		if fault.KindOf(err) == fault.NotFound {
			return nil
		}
		if err != nil {
			return err
		}
		return r.s.events.Emit(ctx, tx, Deleted{ID: parsed, Erase: true})
	})
}

// account returns the part of a row that a Store keeps.
func account(u *User) Account {
	a := Account{
		ID: u.ID.String(), Email: u.Email, Username: u.Username, FirstName: u.FirstName, LastName: u.LastName,
		Active: u.Active, Verified: u.EmailVerified, CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt,
		Version: strconv.FormatInt(int64(u.Version()), 10),
	}
	if u.Password != nil {
		a.Password = *u.Password
	}
	return a
}

// parseID reads an ID. What is none is fault.NotFound.
func parseID(text string) (ID, error) {
	parsed, err := data.ParseID[User](text)
	if err != nil {
		return parsed, fault.Errorf(fault.NotFound, "users: no such account")
	}
	return parsed, nil
}

// namesTaken gives a conflict about a name its code.
func namesTaken(err error) error {
	switch {
	case data.Taken(err, emailKey.Name()):
		return EmailTaken()
	case data.Taken(err, usernameKey.Name()):
		return UsernameTaken()
	}
	return err
}
