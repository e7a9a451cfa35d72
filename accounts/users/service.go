package users

import (
	"context"

	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/event"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/patch"
	"github.com/manorgo/manor/secret"
)

// Permissions that concern users.
const (
	Read  = "users:read"  // see whole rows, also of people who hide
	Write = "users:write" // create, change and remove accounts
)

// A Service holds the rules for users: everybody sees public people, people
// see and edit themselves, and the permissions Read and Write do the rest.
type Service struct {
	data.Service[User, Create, Update]
	hasher  *secret.Hasher
	events  *event.Bus
	columns *columns // that the app has added; nil if there are none
}

// NewService returns the service over the database of env, whose rows have the
// columns of the app's own.
func NewService(env domain.Env) *Service {
	s := &Service{hasher: env.Hasher, events: env.Events}
	s.DB, s.Table = env.DB, domain.Extended(env, table)
	s.columns = columnsOf(s.Table)
	s.Visible = visible
	s.Editable = editable
	return s
}

// visible are the rows that the caller may read at all.
func visible(ctx context.Context) (data.Filter[User], error) {
	p := auth.From(ctx)
	if p.Can(Read) {
		return data.Everything[User](), nil
	}
	public := data.All(publicProfile.Eq(true), active.Eq(true), emailVerified.Eq(true))
	if !p.SignedIn() {
		return public, nil
	}
	return data.Any(public, id.Eq(IDOf(p.Subject))), nil
}

// listed are the rows that lists and searches show to the caller.
func listed(ctx context.Context) data.Filter[User] {
	if auth.From(ctx).Can(Read) {
		return data.Everything[User]()
	}
	return data.All(publicProfile.Eq(true), active.Eq(true), emailVerified.Eq(true), visibility.Eq(SearchPublic))
}

// editable are the rows that the caller may change. Superusers are changed by
// superusers alone, or users:write would be a way to become one.
func editable(ctx context.Context) (data.Filter[User], error) {
	p := auth.From(ctx)
	switch {
	case p.Can("*"):
		return data.Everything[User](), nil
	case p.Can(Write):
		return superuser.Eq(false), nil
	}
	return data.Nothing[User](), nil
}

// List returns the people that lists show to the caller.
func (s *Service) List(ctx context.Context, q data.Query[User]) (data.Page[User], error) {
	q.Where = data.All(q.Where, listed(ctx))
	return s.Table.On(s.DB).List(ctx, q)
}

// Create makes an account. A taken address or username is fault.Conflict. Only
// who holds what the staff may do can make somebody staff: fault.Forbidden.
func (s *Service) Create(ctx context.Context, in Create) (u User, err error) {
	if in.Username != "" {
		if err := CheckUsername(in.Username); err != nil {
			return u, err
		}
	}
	hash, err := s.hash(ctx, in)
	if err != nil {
		return u, err
	}
	err = s.DB.Tx(ctx, func(tx *data.Tx) error {
		u, err = s.Add(ctx, tx, in, hash)
		if err != nil || !in.Staff {
			return err
		}
		return outranked(ctx, tx, u.ID)
	})
	return u, err
}

// hash returns the hash of the password that in brings, or nil.
func (s *Service) hash(ctx context.Context, in Create) (*secret.PasswordHash, error) {
	if in.Password.IsZero() {
		return nil, nil
	}
	if err := s.hasher.CheckPassword(in.Password, 0, PasswordContext(in.Email, in.Username, in.FirstName, in.LastName)...); err != nil {
		return nil, err
	}
	hash, err := s.hasher.Hash(ctx, in.Password)
	return &hash, err
}

// PasswordContext returns the words that a password of this person must not be
// made of: parts of the address, and whatever else they or the app are called.
func PasswordContext(address string, names ...string) []string {
	return append([]string{NormalEmail(address), "manor"}, names...)
}

// Update changes an account. Switching it off, another address, and one that is
// not verified end what is signed in, and the last superuser who can sign in
// stays: fault.Conflict with the code LAST_SUPERUSER. Only who holds all that
// somebody may do can make them staff or change their address: fault.Forbidden.
// With an API key nobody changes an address: fault.Forbidden with
// SESSION_REQUIRED.
func (s *Service) Update(ctx context.Context, row data.Key[User], in Update, version ...data.Version) (u User, err error) {
	key, err := s.Table.IDOf(row)
	if err != nil {
		return u, err
	}
	if name, ok := in.Username.Get(); ok {
		if err := CheckUsername(name); err != nil {
			return u, err
		}
	}
	if in.Email.Sent() && auth.From(ctx).Key != "" { // where links for a new password are mailed
		if err := auth.CheckPerson(ctx); err != nil {
			return u, err
		}
	}
	where, err := editable(ctx)
	if err != nil {
		return u, err
	}
	err = s.DB.Tx(ctx, func(tx *data.Tx) error {
		if in.Email, err = s.anotherEmail(ctx, tx, key, where, in.Email); err != nil {
			return err
		}
		off := in.Active.Sent() && !in.Active.Or(false)
		unverified := in.EmailVerified.Sent() && !in.EmailVerified.Or(false) || in.Email.Sent() && !in.EmailVerified.Or(false)
		if (off || unverified) && auth.From(ctx).Can("*") { // to others superusers are out of reach
			if err := s.keepSuperuser(ctx, tx, key); err != nil {
				return err
			}
		}
		changes := in.Changes()
		if off || unverified || in.Email.Sent() { // whoever had the old address must not stay signed in
			changes = append(changes, epoch.Plus(1))
		}
		u, err = s.changeIn(ctx, tx, key, where, changes, version...)
		if err == nil && (in.Staff.Or(false) || in.Email.Sent()) {
			err = outranked(ctx, tx, key)
		}
		if err != nil || !off {
			return err
		}
		return s.events.Emit(ctx, tx, Deactivated{ID: u.ID})
	})
	return u, err
}

// anotherEmail returns nothing if the address is the one that the account has:
// programs send a row back as they got it.
func (s *Service) anotherEmail(ctx context.Context, tx *data.Tx, key ID, where data.Filter[User], address patch.Field[string]) (patch.Field[string], error) {
	to, sent := address.Get()
	if !sent {
		return address, nil
	}
	was, err := s.Table.On(tx).GetBy(ctx, id.Eq(key), where)
	if err == nil && was.Email == NormalEmail(to) {
		address = patch.Field[string]{}
	}
	return address, err
}

// changeIn changes one row that where allows.
func (s *Service) changeIn(ctx context.Context, tx *data.Tx, key ID, where data.Filter[User], changes []data.Change[User], version ...data.Version) (User, error) {
	u, err := s.changeOnly(ctx, tx, key, where, changes, version...)
	if err != nil {
		return u, err
	}
	return u, s.events.Emit(ctx, tx, Changed{ID: u.ID})
}

// changeOnly is changeIn that does not say so.
func (s *Service) changeOnly(ctx context.Context, tx *data.Tx, key ID, where data.Filter[User], changes []data.Change[User], version ...data.Version) (User, error) {
	inner := data.Service[User, Create, change]{DB: s.DB, Table: s.Table}
	inner.Editable = func(context.Context) (data.Filter[User], error) { return where, nil }
	return inner.UpdateIn(ctx, tx, key, change{changes}, version...)
}

type change struct{ list []data.Change[User] }

func (c change) Changes() []data.Change[User] { return c.list }

// UpdateProfile changes what the caller may change about themselves.
func (s *Service) UpdateProfile(ctx context.Context, in Profile, version ...data.Version) (u User, err error) {
	self := IDOf(auth.From(ctx).Subject)
	err = s.DB.Tx(ctx, func(tx *data.Tx) error {
		u, err = s.changeIn(ctx, tx, self, id.Eq(self), in.Changes(), version...)
		return err
	})
	return u, err
}

// superusers are the people who can do everything, locked until the
// transaction ends, so that two of them cannot remove each other at once.
var superusers = data.NewSelect[struct {
	ID ID `db:"id"`
}](
	`SELECT id FROM users WHERE is_superuser AND is_active AND email_verified ORDER BY id`,
	`SELECT id FROM users WHERE is_superuser AND is_active AND email_verified ORDER BY id FOR UPDATE`,
)

// keepSuperuser refuses, as fault.Conflict, to lose the last superuser.
func (s *Service) keepSuperuser(ctx context.Context, tx *data.Tx, key ID) error {
	rows, err := superusers.All(ctx, tx)
	if err != nil {
		return err
	}
	if len(rows) == 1 && rows[0].ID == key {
		return fault.Coded(fault.Conflict, "LAST_SUPERUSER", "the last superuser cannot go")
	}
	return nil
}
