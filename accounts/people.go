package accounts

import (
	"context"
	"errors"
	"time"

	"github.com/manorgo/manor/accounts/sessions"
	"github.com/manorgo/manor/accounts/tokens"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// people are the accounts as flows see them. If they are kept elsewhere, whoever a
// flow is about is brought up to date before it looks; what it changes goes there
// by itself, see users.Mirror. Without another store each method is that of the
// service.
type people struct {
	*users.Service
	mirror *users.Mirror // nil if accounts are kept in the app's own table
}

// look brings whoever has an address or a username up to date. That there is
// nobody is no error.
func (p people) look(ctx context.Context, h data.Handle, identifier string) error {
	if p.mirror == nil || identifier == "" {
		return nil
	}
	if err := p.mirror.Look(ctx, h, identifier); fault.KindOf(err) != fault.NotFound {
		return err
	}
	return nil
}

// refresh brings an account up to date. One that there is not is fault.NotFound.
func (p people) refresh(ctx context.Context, h data.Handle, key users.ID) error {
	if p.mirror == nil {
		return nil
	}
	return p.mirror.Refresh(ctx, h, key)
}

// Current returns an account as it is now, or fault.NotFound.
func (p people) Current(ctx context.Context, key users.ID) (users.User, error) {
	if err := p.refresh(ctx, p.DB, key); err != nil {
		return users.User{}, err
	}
	return p.Table.On(p.DB).Get(ctx, key)
}

// ByIdentifier is that of the service.
func (p people) ByIdentifier(ctx context.Context, h data.Handle, identifier string) (users.User, error) {
	if p.mirror != nil {
		if err := p.mirror.Look(ctx, h, identifier); err != nil {
			return users.User{}, err
		}
	}
	return p.Service.ByIdentifier(ctx, h, identifier)
}

// LockByEmail is that of the service.
func (p people) LockByEmail(ctx context.Context, tx *data.Tx, address string) (users.User, error) {
	if p.mirror != nil {
		if err := p.mirror.Look(ctx, tx, address); err != nil {
			return users.User{}, err
		}
	}
	return p.Service.LockByEmail(ctx, tx, address)
}

// EmailTaken is that of the service.
func (p people) EmailTaken(ctx context.Context, h data.Handle, address string, except users.ID) (bool, error) {
	if err := p.look(ctx, h, address); err != nil {
		return false, err
	}
	return p.Service.EmailTaken(ctx, h, address, except)
}

// EmailHolder is that of the service.
func (p people) EmailHolder(ctx context.Context, h data.Handle, address string, except users.ID) (users.User, error) {
	if err := p.look(ctx, h, address); err != nil {
		return users.User{}, err
	}
	return p.Service.EmailHolder(ctx, h, address, except)
}

// UsernameTaken is that of the service.
func (p people) UsernameTaken(ctx context.Context, h data.Handle, name string) (bool, error) {
	if err := p.look(ctx, h, name); err != nil {
		return false, err
	}
	return p.Service.UsernameTaken(ctx, h, name)
}

// AddInvited is that of the service.
func (p people) AddInvited(ctx context.Context, tx *data.Tx, in users.Create, hash secret.PasswordHash) (users.User, error) {
	if err := p.look(ctx, tx, in.Email); err != nil {
		return users.User{}, err
	}
	return p.Service.AddInvited(ctx, tx, in, hash)
}

// Verify is that of the service.
func (p people) Verify(ctx context.Context, tx *data.Tx, key users.ID, address, wanted string) (users.User, error) {
	if err := errors.Join(p.refresh(ctx, tx, key), p.look(ctx, tx, wanted)); err != nil {
		return users.User{}, err
	}
	return p.Service.Verify(ctx, tx, key, address, wanted)
}

// Reset is that of the service.
func (p people) Reset(ctx context.Context, tx *data.Tx, key users.ID, address string, hash secret.PasswordHash) (users.User, error) {
	if err := p.refresh(ctx, tx, key); err != nil {
		return users.User{}, err
	}
	return p.Service.Reset(ctx, tx, key, address, hash)
}

// ChangePassword is that of the service.
func (p people) ChangePassword(ctx context.Context, tx *data.Tx, u *users.User, hash secret.PasswordHash) (users.User, error) {
	if err := p.refresh(ctx, tx, u.ID); err != nil {
		return users.User{}, err
	}
	return p.Service.ChangePassword(ctx, tx, u, hash)
}

// LockWithPassword is that of the service.
func (p people) LockWithPassword(ctx context.Context, tx *data.Tx, u *users.User) (users.User, error) {
	if err := p.refresh(ctx, tx, u.ID); err != nil {
		return users.User{}, err
	}
	return p.Service.LockWithPassword(ctx, tx, u)
}

// ChangeEmail is that of the service.
func (p people) ChangeEmail(ctx context.Context, tx *data.Tx, key users.ID, from, to string) (users.User, error) {
	if err := errors.Join(p.refresh(ctx, tx, key), p.look(ctx, tx, to)); err != nil {
		return users.User{}, err
	}
	return p.Service.ChangeEmail(ctx, tx, key, from, to)
}

// DropUnproved is that of the service.
func (p people) DropUnproved(ctx context.Context, tx *data.Tx, address string, since time.Time, except users.ID) error {
	if err := p.look(ctx, tx, address); err != nil {
		return err
	}
	return p.Service.DropUnproved(ctx, tx, address, since, except)
}

// RestoreEmail is that of the service.
func (p people) RestoreEmail(ctx context.Context, tx *data.Tx, key users.ID, address string) (users.User, error) {
	if err := p.refresh(ctx, tx, key); err != nil {
		return users.User{}, err
	}
	return p.Service.RestoreEmail(ctx, tx, key, address)
}

// Leave is that of the service.
func (p people) Leave(ctx context.Context, tx *data.Tx, u *users.User) error {
	if err := p.refresh(ctx, tx, u.ID); err != nil {
		return err
	}
	return p.Service.Leave(ctx, tx, u)
}

// Return is that of the service.
func (p people) Return(ctx context.Context, tx *data.Tx, key users.ID) (users.User, error) {
	if err := p.refresh(ctx, tx, key); err != nil {
		return users.User{}, err
	}
	return p.Service.Return(ctx, tx, key)
}

// Erase is that of the service. An account that came back elsewhere is not deleted
// any more.
func (p people) Erase(ctx context.Context, tx *data.Tx, key users.ID, first func(u *users.User) error) error {
	if err := p.refresh(ctx, tx, key); err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	return p.Service.Erase(ctx, tx, key, first)
}

// takenMeanwhile reports whether an account could not be made because another
// program made one with the address just now.
func (p people) takenMeanwhile(err error) bool {
	e, ok := errors.AsType[*fault.Error](err)
	return ok && p.mirror != nil && e.Kind == fault.Conflict && len(e.Details) == 1 && e.Details[0].Location == "body.email"
}

// changedMeanwhile reports whether a step that proves a password failed because the
// account is not what it was when it was looked at: it is worth another look.
func changedMeanwhile(err error) bool {
	return errors.Is(err, errNewHash) || errors.Is(err, users.ErrAccountChanged)
}

// changedElsewhere ends the open links of an account that others changed: those that
// its new password or address would have ended here.
func (s *Service) changedElsewhere(ctx context.Context, tx *data.Tx, u *users.User, what users.Elsewhere) error {
	var of []tokens.Purpose
	if what.Password || what.Off {
		of = append(of, tokens.Reset, tokens.Email)
	}
	if what.Email || what.Off {
		of = append(of, tokens.Reset, tokens.Verify)
	}
	return s.tokens.Revoke(ctx, tx, u.ID, of...)
}

// Refresh renews a token session, see sessions.Service.Refresh, unless the account
// was switched off where accounts are kept.
func (s *Service) Refresh(ctx context.Context, token string) (sessions.Issued, error) {
	if s.users.mirror != nil {
		who, err := s.sessions.Refreshing(ctx, token)
		if err != nil {
			return sessions.Issued{}, err
		}
		if err := s.users.refresh(ctx, s.db, who); err != nil && fault.KindOf(err) != fault.NotFound {
			return sessions.Issued{}, err
		}
	}
	return s.sessions.Refresh(ctx, token)
}

// SyncStore asks for all accounts to be compared with where they are kept.
type SyncStore struct{}

// Kind names the task.
func (SyncStore) Kind() string { return "accounts.sync" }

const syncTimeout = time.Hour

func (s *Service) syncStore(ctx context.Context, _ SyncStore) error { return s.Sync(ctx) }

// Sync compares all accounts of Config.Store with what the app knows of them: what
// was switched off, changed or removed there ends what is signed in as it, and who is
// new there is known here. It is done every Config.StoreEvery. Without a Store it
// does nothing.
func (s *Service) Sync(ctx context.Context) error {
	if s.users.mirror == nil {
		return nil
	}
	return s.users.mirror.Sync(ctx)
}

// Witness returns what is to be told of every change in the app's database: first,
// and then where accounts are kept, if that is elsewhere.
func (s *Service) Witness(first data.Witness) data.Witness {
	if s.users.mirror == nil {
		return first
	}
	return witnesses{first, s.users.mirror}
}

// witnesses are told one after the other.
type witnesses []data.Witness

// Watches reports whether one of them wants to hear of a change.
func (w witnesses) Watches(table string, columns []string) bool {
	for _, one := range w {
		if one.Watches(table, columns) {
			return true
		}
	}
	return false
}

// Testify tells each what it wants to hear, and all facts.
func (w witnesses) Testify(ctx context.Context, tx *data.Tx, deeds []data.Deed) error {
	for _, one := range w {
		var theirs []data.Deed
		for _, d := range deeds {
			if d.Fact != nil || one.Watches(d.Table, columnsOf(d)) {
				theirs = append(theirs, d)
			}
		}
		if err := one.Testify(ctx, tx, theirs); err != nil {
			return err
		}
	}
	return nil
}

// columnsOf returns what a witness is asked about a deed by.
func columnsOf(d data.Deed) []string {
	if d.Verb != driver.Update {
		return nil
	}
	return d.Columns
}
