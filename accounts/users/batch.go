package users

import (
	"context"
	"encoding/json"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/secret"
)

// Imported says that many accounts were brought from elsewhere at once. It takes
// the place of a Created for each.
type Imported struct {
	From  string `json:"from"`
	Count int    `json:"count"`
}

// Kind names the event.
func (Imported) Kind() string { return "users.imported" }

// A Known is what there is of somebody who is being imported.
type Known struct {
	ID        ID                   `db:"id"`
	EmailKey  string               `db:"email_key"`
	Superuser bool                 `db:"is_superuser"`
	Password  *secret.PasswordHash `db:"password_hash"`
}

var (
	knownByEmail = data.NewSelect[Known](
		`SELECT id, email_key, is_superuser, password_hash FROM users WHERE email_key IN (SELECT value FROM json_each(?))`,
		`SELECT id, email_key, is_superuser, password_hash FROM users WHERE email_key IN (SELECT jsonb_array_elements_text(?::text::jsonb))`)
	takenNames = data.NewSelect[struct {
		Key string `db:"username_key"`
	}](
		`SELECT username_key FROM users WHERE username_key IN (SELECT value FROM json_each(?))`,
		`SELECT username_key FROM users WHERE username_key IN (SELECT jsonb_array_elements_text(?::text::jsonb))`)
)

// KnownByEmail returns those people who have one of the addresses, given as
// EmailKey makes them, by it.
func (s *Service) KnownByEmail(ctx context.Context, h data.Handle, keys []string) (map[string]Known, error) {
	rows, err := knownByEmail.All(ctx, h, asParameter(keys))
	out := make(map[string]Known, len(rows))
	for _, k := range rows {
		out[k.EmailKey] = k
	}
	return out, err
}

// UsernamesTaken returns those of some usernames, given as UsernameKey makes
// them, that somebody has.
func (s *Service) UsernamesTaken(ctx context.Context, h data.Handle, keys []string) (map[string]bool, error) {
	rows, err := takenNames.All(ctx, h, asParameter(keys))
	out := make(map[string]bool, len(rows))
	for _, r := range rows {
		out[r.Key] = true
	}
	return out, err
}

// asParameter writes keys as the one parameter that they are.
func asParameter(keys []string) string {
	b, _ := json.Marshal(keys) // strings always can be
	return string(b)
}

// AddAll stores many new accounts, all or none, and says so once to whoever
// listens. They bring everything but their keys. Neither mail nor tokens go out.
// A taken address or username is fault.Conflict, one that may not be
// fault.Invalid.
func (s *Service) AddAll(ctx context.Context, tx *data.Tx, us []User, from string) error {
	if len(us) == 0 {
		return nil
	}
	for i := range us {
		u := &us[i]
		u.UsernameKey, u.EmailKey = UsernameKey(u.Username), EmailKey(u.Email)
		if u.DateJoined.IsZero() {
			u.DateJoined = tx.DB().Now()
		}
		if err := u.Validate(); err != nil {
			return err
		}
	}
	if err := s.Table.On(tx).AddAll(ctx, us); err != nil {
		return err
	}
	return s.events.Emit(ctx, tx, Imported{From: from, Count: len(us)})
}

// Renew changes somebody who is there to what u says: names and bio that are not
// empty, an address that is verified, and, unless they are a superuser, whether
// the account is active. The password is taken over as long as theirs is one of
// another program, too; once they have signed in here it is not. Whatever takes a
// right away ends what is signed in. It reports whether anything changed.
func (s *Service) Renew(ctx context.Context, tx *data.Tx, k Known, u *User) (bool, error) {
	var changes []data.Change[User]
	if u.FirstName != "" {
		changes = append(changes, firstName.Set(u.FirstName))
	}
	if u.LastName != "" {
		changes = append(changes, lastName.Set(u.LastName))
	}
	if u.Bio != "" {
		changes = append(changes, bio.Set(u.Bio))
	}
	if u.EmailVerified {
		changes = append(changes, emailVerified.Set(true))
	}
	ends := false
	if !k.Superuser {
		changes = append(changes, active.Set(u.Active))
		ends = !u.Active
	}
	foreign := k.Password == nil || !s.hasher.Made(*k.Password)
	if u.Password != nil && foreign && (k.Password == nil || *k.Password != *u.Password) {
		changes = append(changes, password.Set(*u.Password))
		ends = ends || k.Password != nil
	}
	if len(changes) == 0 {
		return false, nil
	}
	now, changed, err := s.Table.On(tx).GetAndUpdate(ctx, id.Eq(k.ID), changes...)
	if err != nil || !changed {
		return false, err
	}
	if ends {
		if _, err := s.EndSessions(ctx, tx, now.ID); err != nil {
			return false, err
		}
	}
	return true, s.events.Emit(ctx, tx, Changed{ID: now.ID})
}
