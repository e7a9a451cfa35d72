package users

import (
	"context"
	"crypto/rand"
	"strings"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/patch"
	"github.com/manorgo/manor/secret"
)

// The methods in this file are steps of flows that cross domains, such as
// registering and signing in. The flow has asked who the caller is; these do
// not ask again.

// Add stores a new account with a password hash, nil for none, and says so to
// whoever listens. It is the one way that accounts come to be.
func (s *Service) Add(ctx context.Context, tx *data.Tx, in Create, hash *secret.PasswordHash) (User, error) {
	u := in.New()
	if err := complete(&u, hash, tx.DB()); err != nil {
		return u, err
	}
	if err := s.Table.On(tx).Add(ctx, &u); err != nil {
		return u, err
	}
	return u, s.events.Emit(ctx, tx, Created{ID: u.ID, Username: u.Username})
}

// AddNew is Add, but a taken address leaves everything as it is and gives false.
func (s *Service) AddNew(ctx context.Context, tx *data.Tx, in Create, hash *secret.PasswordHash) (User, bool, error) {
	u := in.New()
	if err := complete(&u, hash, tx.DB()); err != nil {
		return u, false, err
	}
	added, err := s.Table.On(tx).AddNew(ctx, &u, "email_key")
	if err != nil || !added {
		return u, false, err
	}
	return u, true, s.events.Emit(ctx, tx, Created{ID: u.ID, Username: u.Username})
}

// AddInvited is Add for somebody who has proved to read mail at the address. An
// account that was made for it and never proved becomes theirs, without what was
// said of it; any other account that has the address is fault.NotFound.
func (s *Service) AddInvited(ctx context.Context, tx *data.Tx, in Create, hash secret.PasswordHash) (User, error) {
	u, added, err := s.AddNew(ctx, tx, in, &hash)
	if err != nil || added {
		return u, err
	}
	changes := []data.Change[User]{
		password.Set(hash), emailVerified.Set(true), firstName.Set(in.FirstName), lastName.Set(in.LastName), epoch.Plus(1),
	}
	if in.Username != "" {
		changes = append(changes, username.Set(in.Username), usernameKey.Set(UsernameKey(in.Username)))
	}
	return s.changed(ctx, tx, data.All(emailKey.Eq(EmailKey(in.Email)), emailVerified.Eq(false), active.Eq(true)), changes...)
}

// complete fills in what no request brings.
func complete(u *User, hash *secret.PasswordHash, db *data.DB) error {
	if u.Username == "" {
		u.Username = "user-" + strings.ToLower(rand.Text()[:10])
	}
	u.UsernameKey, u.EmailKey = UsernameKey(u.Username), EmailKey(u.Email)
	u.Password, u.DateJoined = hash, db.Now()
	return u.Validate()
}

// HasSuperuser reports whether anybody can do everything.
func (s *Service) HasSuperuser(ctx context.Context, h data.Handle) (bool, error) {
	row, err := anySuperuser.One(ctx, h)
	return row.Found, err
}

var anySuperuser = data.NewSelect[struct {
	Found bool `db:"found"`
}](`SELECT EXISTS (SELECT 1 FROM users WHERE is_superuser AND is_active) AS found`, "")

// SetSuperuser makes somebody a superuser, or an ordinary user again.
func (s *Service) SetSuperuser(ctx context.Context, tx *data.Tx, key ID, on bool) (User, error) {
	if !on {
		if err := s.keepSuperuser(ctx, tx, key); err != nil {
			return User{}, err
		}
	}
	return s.Table.On(tx).Update(ctx, key, superuser.Set(on))
}

// SetStaff makes somebody a member of the staff, or an ordinary user again.
func (s *Service) SetStaff(ctx context.Context, tx *data.Tx, key ID, on bool) (User, error) {
	return s.Table.On(tx).Update(ctx, key, staff.Set(on))
}

// SetPassword stores a new password hash.
func (s *Service) SetPassword(ctx context.Context, tx *data.Tx, key ID, hash secret.PasswordHash) (User, error) {
	return s.Table.On(tx).Update(ctx, key, password.Set(hash))
}

// Verify notes that the person reads mail at the address whose key this is, and
// gives them the username they asked for, if it is not "" and free. An account
// that has another address by now, or is switched off, is fault.NotFound.
func (s *Service) Verify(ctx context.Context, tx *data.Tx, key ID, address, wanted string) (User, error) {
	changes := []data.Change[User]{emailVerified.Set(true)}
	if wanted != "" && CheckUsername(wanted) == nil {
		taken, err := s.UsernameTaken(ctx, tx, wanted)
		if err != nil {
			return User{}, err
		}
		if !taken {
			changes = append(changes, username.Set(wanted), usernameKey.Set(UsernameKey(wanted)))
		}
	}
	u, err := s.Table.On(tx).UpdateOne(ctx, data.All(id.Eq(key), emailKey.Eq(address), active.Eq(true)), changes...)
	if err != nil {
		return u, err
	}
	return u, s.events.Emit(ctx, tx, Changed{ID: u.ID})
}

// Reset gives a person who reads mail at the address whose key this is a new
// password, and ends what is signed in as them. An account that has another
// address by now, or is switched off, is fault.NotFound.
func (s *Service) Reset(ctx context.Context, tx *data.Tx, key ID, address string, hash secret.PasswordHash) (User, error) {
	u, err := s.Table.On(tx).UpdateOne(ctx, data.All(id.Eq(key), emailKey.Eq(address), active.Eq(true)),
		password.Set(hash), emailVerified.Set(true), epoch.Plus(1))
	if err != nil {
		return u, err
	}
	return u, s.events.Emit(ctx, tx, Changed{ID: u.ID})
}

// UsernameTaken reports whether somebody has the username, also if their account
// waits to be erased.
func (s *Service) UsernameTaken(ctx context.Context, h data.Handle, name string) (bool, error) {
	return s.Table.On(h).WithDeleted().Exists(ctx, usernameKey.Eq(UsernameKey(name)))
}

// LockByEmail returns the account with an e-mail address, held until the
// transaction ends, or fault.NotFound.
func (s *Service) LockByEmail(ctx context.Context, tx *data.Tx, address string) (User, error) {
	return s.Table.On(tx).Lock(ctx, emailKey.Eq(EmailKey(address)))
}

// Contest forgets what somebody who did not prove their address said of
// themselves: password, name and language.
func (s *Service) Contest(ctx context.Context, tx *data.Tx, key ID) (User, error) {
	return s.Table.On(tx).Update(ctx, key, password.SetNull(), firstName.Set(""), lastName.Set(""), locale.SetNull())
}

// SawLogin notes when the person last signed in.
func (s *Service) SawLogin(ctx context.Context, tx *data.Tx, key ID) (User, error) {
	return s.Table.On(tx).Update(ctx, key, lastLogin.Set(tx.DB().Now()))
}

// EndSessions ends everything that is signed in as the user, on every instance,
// from the next request on.
func (s *Service) EndSessions(ctx context.Context, tx *data.Tx, key ID) (User, error) {
	return s.Table.On(tx).Update(ctx, key, epoch.Plus(1))
}

// EndSessionsOf is EndSessions for callers with users:write: superusers are
// fault.NotFound to all but superusers.
func (s *Service) EndSessionsOf(ctx context.Context, tx *data.Tx, key ID) (User, error) {
	where, err := editable(ctx)
	if err != nil {
		return User{}, err
	}
	return s.Table.On(tx).UpdateOne(ctx, data.All(id.Eq(key), where), epoch.Plus(1))
}

// GetEditable returns an account that the caller may change, or fault.NotFound.
func (s *Service) GetEditable(ctx context.Context, key ID) (User, error) {
	where, err := editable(ctx)
	if err != nil {
		return User{}, err
	}
	return s.Table.On(s.DB).GetBy(ctx, id.Eq(key), where)
}

// ByIdentifier returns the user with an e-mail address or a username, whoever
// asks, or fault.NotFound. It is for flows that then ask for a proof.
func (s *Service) ByIdentifier(ctx context.Context, h data.Handle, identifier string) (User, error) {
	if strings.Contains(identifier, "@") {
		return s.Table.On(h).GetBy(ctx, emailKey.Eq(EmailKey(identifier)))
	}
	return s.Table.On(h).GetBy(ctx, usernameKey.Eq(UsernameKey(strings.TrimSpace(identifier))))
}

// SetActive switches an account on or off.
func (s *Service) SetActive(ctx context.Context, key ID, on bool) (User, error) {
	return s.Update(ctx, key, Update{Active: patch.Of(on)})
}
