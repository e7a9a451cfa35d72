package identities

import (
	"context"
	"errors"

	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/event"
	"github.com/manorgo/manor/fault"
)

// A Service is a Store in the app's own table, for users of its own. The database
// must have keys, see data.DB.SetKeys.
type Service struct {
	db     *data.DB
	events *event.Bus
}

var _ Store = (*Service)(nil)

// NewService returns the service over db.
func NewService(db *data.DB, events *event.Bus) *Service { return &Service{db, events} }

// ByAccount returns the user to whom an account belongs.
func (s *Service) ByAccount(ctx context.Context, at, account string) (string, error) {
	row, err := table.On(s.db).GetBy(ctx, provider.Eq(at), accountID.Eq(account))
	if err != nil {
		return "", err
	}
	return row.UserID.String(), nil
}

// Upsert links an account, or notes what is new about it.
func (s *Service) Upsert(ctx context.Context, userID string, a Account) (out Account, err error) {
	if err := a.Check(); err != nil {
		return out, err
	}
	user := users.IDOf(auth.Subject(userID))
	upsert := func() error {
		return s.db.Tx(ctx, func(tx *data.Tx) error {
			out, err = s.upsert(ctx, tx, user, a)
			return err
		})
	}
	err = upsert()
	if data.Taken(err, provider.Name(), accountID.Name()) { // another was first, which is seen now
		err = upsert()
	}
	if e, ok := errors.AsType[*fault.Error](err); ok && e.Code == "REFERENCE" {
		err = fault.Errorf(fault.NotFound, "identities: no such user")
	}
	return out, err
}

func (s *Service) upsert(ctx context.Context, tx *data.Tx, user users.ID, a Account) (Account, error) {
	row, err := table.On(tx).Lock(ctx, provider.Eq(a.Provider), accountID.Eq(a.AccountID))
	switch {
	case fault.KindOf(err) == fault.NotFound:
		row = identity(user, a)
		if err := table.On(tx).Add(ctx, &row); err != nil {
			return Account{}, err
		}
		return account(&row), s.events.Emit(ctx, tx, Linked{ID: row.ID, UserID: user, Provider: row.Provider})
	case err != nil:
		return Account{}, err
	case row.UserID != user:
		return Account{}, Taken()
	}
	row, err = table.On(tx).Update(ctx, row.ID, changes(a)...)
	return account(&row), err
}

// List returns the accounts of a user.
func (s *Service) List(ctx context.Context, userID string) ([]Account, error) {
	page, err := table.On(s.db).List(ctx, data.Query[Identity]{
		Where: owner.Eq(users.IDOf(auth.Subject(userID))), Order: data.By(id.Asc()), Limit: -1,
	})
	out := make([]Account, len(page.Items))
	for i := range page.Items {
		out[i] = account(&page.Items[i])
	}
	return out, err
}

// Delete unlinks an account, whatever else there is to sign in with.
func (s *Service) Delete(ctx context.Context, userID, key string) error {
	parsed, err := data.ParseID[Identity](key)
	if err != nil {
		return fault.Errorf(fault.NotFound, "identities: no such identity")
	}
	return s.db.Tx(ctx, func(tx *data.Tx) error {
		return s.unlink(ctx, tx, users.IDOf(auth.Subject(userID)), parsed)
	})
}

func (s *Service) unlink(ctx context.Context, tx *data.Tx, user users.ID, key ID) error {
	row, err := table.On(tx).DeleteOne(ctx, data.All(id.Eq(key), owner.Eq(user)))
	if err != nil {
		return err
	}
	return s.events.Emit(ctx, tx, Unlinked{ID: row.ID, UserID: user, Provider: row.Provider})
}

// methods says how somebody can sign in, and holds them until the transaction
// ends, so that two identities cannot go at once, each as the last but one.
var methods = data.NewSelect[struct {
	Password   bool `db:"password"`
	Identities int  `db:"identities"`
}](methodsSQL, methodsSQL+` FOR UPDATE OF u`)

const methodsSQL = `SELECT u.password_hash IS NOT NULL AS password,
	(SELECT count(*) FROM identities i WHERE i.user_id = u.id) AS identities FROM users u WHERE u.id = ?`

// Unlink is Delete for somebody who must be able to sign in afterwards: the last
// way to do so stays, fault.Conflict with the code LAST_METHOD.
func (s *Service) Unlink(ctx context.Context, user users.ID, key ID) error {
	return s.db.Tx(ctx, func(tx *data.Tx) error {
		if _, err := methods.One(ctx, tx, user); err != nil { // waits, and may have counted too early
			return err
		}
		if err := s.unlink(ctx, tx, user, key); err != nil {
			return err
		}
		left, err := methods.One(ctx, tx, user)
		if err == nil && !left.Password && left.Identities == 0 {
			err = fault.Coded(fault.Conflict, codeLast, "there is no other way to sign in: set a password first")
		}
		return err
	})
}

const codeLast = "LAST_METHOD"
