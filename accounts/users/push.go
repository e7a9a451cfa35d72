package users

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/patch"
	"github.com/manorgo/manor/secret"
)

// ErrAccountChanged is part of the error of a change that was based on what an
// account is not any more: fault.Unavailable, for nothing happened and it can be
// tried again.
var ErrAccountChanged = errors.New("users: the account was changed meanwhile")

func accountChanged(err error) error {
	return &fault.Error{
		Kind: fault.Unavailable, Msg: "the account was changed meanwhile, try again", Retry: time.Second,
		Err: errors.Join(ErrAccountChanged, err),
	}
}

// plain returns what a store says without a code, which would be none that the
// routes speak of.
func plain(err error) error {
	e, ok := errors.AsType[*fault.Error](err)
	if !ok || e.Code == "" {
		return err
	}
	return &fault.Error{Kind: e.Kind, Msg: e.Msg, Details: e.Details, Err: err}
}

// kept are the columns that a Store keeps, and how it is told of them.
var kept = map[string]func(u *User, c *AccountChanges){
	email.Name():    func(u *User, c *AccountChanges) { c.Email = patch.Of(u.Email) },
	username.Name(): func(u *User, c *AccountChanges) { c.Username = patch.Of(u.Username) },
	password.Name(): func(u *User, c *AccountChanges) {
		hash := secret.PasswordHash("")
		if u.Password != nil {
			hash = *u.Password
		}
		c.Password = patch.Of(hash)
	},
	firstName.Name():     func(u *User, c *AccountChanges) { c.FirstName = patch.Of(u.FirstName) },
	lastName.Name():      func(u *User, c *AccountChanges) { c.LastName = patch.Of(u.LastName) },
	active.Name():        func(u *User, c *AccountChanges) { c.Active = patch.Of(u.Active) },
	emailVerified.Name(): func(u *User, c *AccountChanges) { c.Verified = patch.Of(u.EmailVerified) },
}

// Watches reports whether a change is one of accounts: see [data.Witness].
func (m *Mirror) Watches(name string, columns []string) bool {
	return name == table.Name() &&
		(columns == nil || slices.ContainsFunc(columns, func(c string) bool { return kept[c] != nil }))
}

// Testify sends what a transaction did to accounts to the store: see
// [data.Witness].
func (m *Mirror) Testify(ctx context.Context, tx *data.Tx, deeds []data.Deed) error {
	w, err := gatherWork(deeds)
	if err != nil {
		return err
	}
	if w.removed {
		if err := m.removeOrphans(ctx, tx); err != nil {
			return err
		}
	}
	for _, added := range []bool{false, true} { // names that are given up are free for whoever is added
		for _, key := range w.order {
			if w.added[key] != added {
				continue
			}
			u, found, err := table.On(tx).WithDeleted().Find(ctx, id.Eq(key))
			if err == nil && found {
				err = m.send(ctx, tx, &u, w.columns[key], added)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// work is what there is to send.
type work struct {
	order   []ID
	columns map[ID][]string
	added   map[ID]bool
	removed bool
}

func gatherWork(deeds []data.Deed) (work, error) {
	w, theirs := work{columns: map[ID][]string{}, added: map[ID]bool{}}, false
	for _, d := range deeds {
		if on, ok := d.Fact.(mirroring); ok {
			theirs = bool(on)
		}
		if d.Fact != nil || theirs || d.Table != table.Name() {
			continue
		}
		if d.Verb == driver.Delete {
			w.removed = true
			continue
		}
		key, err := data.ParseID[User](d.ID)
		if err != nil {
			return w, fault.Errorf(fault.Conflict, "accounts are kept elsewhere, and cannot be changed many at once: do it there")
		}
		if _, seen := w.columns[key]; !seen {
			w.order = append(w.order, key)
		}
		w.columns[key] = append(w.columns[key], d.Columns...)
		w.added[key] = w.added[key] || d.Verb == driver.Insert
	}
	return w, nil
}

// send tells the store about one row.
func (m *Mirror) send(ctx context.Context, tx *data.Tx, u *User, columns []string, added bool) error {
	l, linked, err := links.On(tx).Find(ctx, linkUser.Eq(u.ID))
	if err != nil {
		return err
	}
	if !linked && !added {
		return fault.Errorf(fault.Conflict, "the account is not where accounts are kept: make it there first")
	}
	var a Account
	if linked {
		var c AccountChanges
		for _, name := range columns {
			if set := kept[name]; set != nil {
				set(u, &c)
			}
		}
		a, err = m.update(ctx, &l, c)
	} else {
		l.UserID = u.ID
		a, err = m.store.Create(ctx, account(u))
	}
	if err != nil {
		return plain(err)
	}
	return m.note(ctx, tx, l, linked, a)
}

// update changes an account if what the row said about it when the transaction
// began is true: names of others' choice do not matter.
func (m *Mirror) update(ctx context.Context, l *link, c AccountChanges) (Account, error) {
	a, err := m.store.Update(ctx, l.Account, l.Version, c)
	if fault.KindOf(err) == fault.Stale {
		now, gerr := m.store.Get(ctx, l.Account)
		if gerr == nil && basis(now) == l.Basis {
			a, err = m.store.Update(ctx, l.Account, now.Version, c)
		}
	}
	switch fault.KindOf(err) {
	case fault.Stale, fault.NotFound:
		return a, accountChanged(err)
	}
	return a, err
}

// orphans are the links whose rows are gone.
var orphans = data.NewSelect[struct {
	ID      data.ID[link] `db:"id"`
	Account string        `db:"account_id"`
}](`SELECT id, account_id FROM user_accounts l WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.id = l.user_id)`, "")

// removeOrphans removes the accounts whose rows are gone.
func (m *Mirror) removeOrphans(ctx context.Context, tx *data.Tx) error {
	rows, err := orphans.All(ctx, tx)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if err := m.store.Delete(ctx, row.Account); err != nil {
			return err
		}
		if err := links.On(tx).Delete(ctx, row.ID); err != nil {
			return err
		}
	}
	return nil
}
