package users

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// A Mirror joins the users table to a [Store] that is the truth about accounts: a
// row stands for an account and says what it says, so that sessions, roles and all
// that refers to users are as they are without.
//
// It brings rows up to date when flows ask for somebody, see Look and Refresh. As
// the witness of the database it sends what a transaction changed to the store, as
// the last thing before the commit, whoever changed it: a method that is added
// later cannot pass it by. What fails there is not committed; a commit that fails
// after it is made good by the next look.
type Mirror struct {
	store  guarded
	people *Service

	// Changed is told, in the transaction, what became of an account elsewhere that
	// ends open links. nil means that nobody is told.
	Changed func(ctx context.Context, tx *data.Tx, u *User, what Elsewhere) error
}

// Elsewhere says what was changed about an account by others than this app.
type Elsewhere struct{ Password, Email, Off bool }

// NewMirror returns what joins the table of a service to a store.
func NewMirror(s *Service, store Store) *Mirror { return &Mirror{store: guarded{store}, people: s} }

// A link says which account a row stands for.
type link struct {
	data.Identified[link]
	UserID  ID     `db:"user_id,unique"` // no reference: it outlives the row until the account is removed, too
	Account string `db:"account_id,size=255,unique"`
	Version string `db:"version,size=255"` // of the account, when it was seen last
	Basis   string `db:"basis,size=64"`    // what decisions were based on then, see basis
}

var (
	links       = data.NewTable[link]("user_accounts")
	linkID      = data.Col[data.ID[link]](links, "id")
	linkUser    = data.Col[ID](links, "user_id")
	linkAccount = data.TextCol(links, "account_id")
	linkVersion = data.TextCol(links, "version")
	linkBasis   = data.TextCol(links, "basis")
)

// basis returns a digest of that about an account which decides who may do what:
// flows that looked before it changed must look again.
func basis(a Account) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %t %t", EmailKey(a.Email), string(a.Password), a.Active, a.Verified))
	return hex.EncodeToString(sum[:])
}

// mirroring says that what a transaction does comes from the store, until it does
// not any more.
type mirroring bool

// inTx calls do in the transaction that h is, or in one of its own.
func inTx(ctx context.Context, h data.Handle, db *data.DB, do func(tx *data.Tx) error) error {
	if tx, ok := h.(*data.Tx); ok {
		return do(tx)
	}
	return db.Tx(ctx, do)
}

// mirror calls do, whose changes are the store's own.
func (m *Mirror) mirror(ctx context.Context, h data.Handle, do func(tx *data.Tx) error) error {
	return inTx(ctx, h, m.people.DB, func(tx *data.Tx) error {
		tx.Note(mirroring(true))
		err := do(tx)
		tx.Note(mirroring(false))
		return err
	})
}

// Look brings the row of whoever has an e-mail address or a username in the store
// up to date, and makes it if there is none. Nobody there is fault.NotFound, whatever
// the table says; a row that says so is brought up to date, too. Look before a
// transaction or with it, but in one before it changes the account: what it has not
// sent yet would be undone.
func (m *Mirror) Look(ctx context.Context, h data.Handle, identifier string) error {
	field, where := ByEmail, emailKey.Eq(EmailKey(identifier))
	if !strings.Contains(identifier, "@") {
		identifier = strings.TrimSpace(identifier)
		field, where = ByUsername, usernameKey.Eq(UsernameKey(identifier))
	}
	a, err := m.store.find(ctx, field, identifier)
	if err == nil {
		return m.take(ctx, h, a)
	}
	if fault.KindOf(err) != fault.NotFound {
		return err
	}
	u, found, ferr := table.On(h).Find(ctx, where)
	if ferr == nil && found {
		ferr = m.Refresh(ctx, h, u.ID)
	}
	if ferr != nil && fault.KindOf(ferr) != fault.NotFound {
		return ferr
	}
	return err
}

// Refresh brings a row up to date. One that stands for no account is
// fault.NotFound; one whose account is gone becomes a deleted one, and so is that.
func (m *Mirror) Refresh(ctx context.Context, h data.Handle, key ID) error {
	l, err := links.On(h).GetBy(ctx, linkUser.Eq(key))
	if err != nil {
		return err
	}
	a, err := m.store.Get(ctx, l.Account)
	if fault.KindOf(err) != fault.NotFound {
		if err == nil {
			err = m.take(ctx, h, a)
		}
		return err
	}
	if lerr := m.mirror(ctx, h, func(tx *data.Tx) error { return m.write(ctx, tx, Account{ID: l.Account}, 0) }); lerr != nil {
		return lerr
	}
	return err
}

// take brings the row of an account up to date.
func (m *Mirror) take(ctx context.Context, h data.Handle, a Account) error {
	l, found, err := links.On(h).Find(ctx, linkAccount.Eq(a.ID))
	if err != nil {
		return err
	}
	if found {
		u, found, err := table.On(h).WithDeleted().Find(ctx, id.Eq(l.UserID))
		if err != nil || found && says(&u, &l, a) {
			return err
		}
	}
	write := func(tx *data.Tx) error { return m.write(ctx, tx, a, 0) }
	err = m.mirror(ctx, h, write)
	if fault.KindOf(err) != fault.Conflict {
		return err
	}
	if _, inside := h.(*data.Tx); inside { // another was first, which can be seen after the transaction
		return accountChanged(err)
	}
	return m.mirror(ctx, h, write)
}

// says reports whether a row is as the account says.
func says(u *User, l *link, a Account) bool {
	if l.Version != a.Version || l.Basis != basis(a) || u.Deleted() && a.Active {
		return false
	}
	hash := secret.PasswordHash("")
	if u.Password != nil {
		hash = *u.Password
	}
	return u.Email == NormalEmail(a.Email) && (named(a) == "" || u.Username == a.Username) && hash == a.Password &&
		u.FirstName == short(a.FirstName) && u.LastName == short(a.LastName) && u.Active == a.Active && u.EmailVerified == a.Verified
}

// named returns the username of an account, "" if it has none that a row can have.
func named(a Account) string {
	if checkUsername(a.Username) != nil {
		return ""
	}
	return a.Username
}

// short returns as much of a name as a row holds.
func short(name string) string {
	runes := []rune(name)
	return string(runes[:min(len(runes), 150)])
}

// maxEvictions is how many accounts in a row may have to make room for each other.
const maxEvictions = 16

// write makes the row of an account, or changes it to what the account says.
func (m *Mirror) write(ctx context.Context, tx *data.Tx, a Account, depth int) error {
	own, linked, err := links.On(tx).Find(ctx, linkAccount.Eq(a.ID))
	if err != nil {
		return err
	}
	own.Account = a.ID
	if linked {
		var done bool
		if own, a, done, err = m.settle(ctx, tx, own); err != nil || done {
			return err
		}
	} else {
		own.UserID = data.NewID[User](tx.DB())
	}
	if err := CheckEmail(NormalEmail(a.Email)); err != nil || a.ID == "" || depth > maxEvictions {
		return fault.Wrap(fault.NotFound, fmt.Errorf("account %q: %w at depth %d", a.ID, err, depth), "the account cannot be used here")
	}
	evicted, adopted, err := m.evict(ctx, tx, a, own.UserID, linked)
	if err != nil {
		return err
	}
	if !adopted.IsZero() {
		own.UserID = adopted
	}
	if err := m.writeRow(ctx, tx, a, own.UserID, linked || !adopted.IsZero()); err != nil {
		return err
	}
	if err := m.note(ctx, tx, own, linked, a); err != nil {
		return err
	}
	for _, account := range evicted {
		if err := m.write(ctx, tx, Account{ID: account}, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// settle holds the row of an account, so that no other transaction is about to
// send something about it, and returns what the account says then. It is done if
// that is what the row says, or if the account is gone.
func (m *Mirror) settle(ctx context.Context, tx *data.Tx, l link) (now link, a Account, done bool, err error) {
	u, err := table.On(tx).WithDeleted().Lock(ctx, id.Eq(l.UserID))
	there := err == nil
	if !there && fault.KindOf(err) != fault.NotFound {
		return l, a, false, err
	}
	if now, err = links.On(tx).Get(ctx, l.ID); err != nil {
		return l, a, false, err
	}
	a, err = m.store.Get(ctx, l.Account)
	if fault.KindOf(err) == fault.NotFound {
		return now, a, true, m.lose(ctx, tx, l.UserID)
	}
	return now, a, err == nil && there && says(&u, &now, a), err
}

// note writes down which version of an account its row says.
func (m *Mirror) note(ctx context.Context, tx *data.Tx, l link, linked bool, a Account) error {
	if linked {
		_, err := links.On(tx).Update(ctx, l.ID, linkVersion.Set(a.Version), linkBasis.Set(basis(a)))
		return err
	}
	return links.On(tx).Add(ctx, &link{UserID: l.UserID, Account: a.ID, Version: a.Version, Basis: basis(a)})
}

// evict takes the names of an account from rows of others that have them, which
// must have other names by now, and returns those accounts. A row of nobody's that has
// the address is taken over by an account that has proved it.
func (m *Mirror) evict(ctx context.Context, tx *data.Tx, a Account, own ID, linked bool) (evicted []string, adopted ID, err error) {
	where := emailKey.Eq(EmailKey(a.Email))
	if named(a) != "" {
		where = data.Any(where, usernameKey.Eq(UsernameKey(a.Username)))
	}
	page, err := table.On(tx).WithDeleted().List(ctx, data.Query[User]{Where: data.All(where, id.Ne(own)), Limit: -1})
	if err != nil {
		return nil, adopted, err
	}
	for _, u := range page.Items {
		l, found, err := links.On(tx).Find(ctx, linkUser.Eq(u.ID))
		switch {
		case err != nil:
			return nil, adopted, err
		case found:
			evicted = append(evicted, l.Account)
			name := "moved-" + u.ID.String()
			address := name + "@manor.invalid"
			if _, err := table.On(tx).WithDeleted().UpdateOne(ctx, id.Eq(u.ID),
				email.Set(address), emailKey.Set(address), username.Set(name), usernameKey.Set(name)); err != nil {
				return nil, adopted, err
			}
		case !linked && a.Verified && u.EmailKey == EmailKey(a.Email) && adopted.IsZero():
			adopted = u.ID
		default:
			return nil, adopted, fault.Errorf(fault.NotFound, "the names of an account are those of somebody else here")
		}
	}
	return evicted, adopted, nil
}

// lose marks the row of an account that is gone as deleted. It is erased later, as
// any other, unless the account comes back.
func (m *Mirror) lose(ctx context.Context, tx *data.Tx, key ID) error {
	_, err := table.On(tx).UpdateOne(ctx, id.Eq(key), gone(tx.DB().Now())...)
	if fault.KindOf(err) == fault.NotFound { // it is already
		return nil
	}
	if err != nil {
		return err
	}
	return m.people.events.Emit(ctx, tx, Deleted{ID: key})
}

// writeRow makes or changes the row of an account.
func (m *Mirror) writeRow(ctx context.Context, tx *data.Tx, a Account, key ID, there bool) error {
	if !there {
		return m.addRow(ctx, tx, a, key)
	}
	before, err := table.On(tx).WithDeleted().Lock(ctx, id.Eq(key))
	if fault.KindOf(err) == fault.NotFound { // erased, while the account stayed
		return m.addRow(ctx, tx, a, key)
	}
	if err != nil {
		return err
	}
	back := before.Deleted() && a.Active
	what := Elsewhere{Email: before.EmailKey != EmailKey(a.Email), Off: before.Active && !a.Active}
	changes := []data.Change[User]{
		email.Set(NormalEmail(a.Email)), emailKey.Set(EmailKey(a.Email)), emailVerified.Set(a.Verified), active.Set(a.Active),
		firstName.Set(short(a.FirstName)), lastName.Set(short(a.LastName)),
	}
	if name := named(a); name != "" {
		changes = append(changes, username.Set(name), usernameKey.Set(UsernameKey(name)))
	}
	was := secret.PasswordHash("")
	if before.Password != nil {
		was = *before.Password
	}
	if what.Password = was != a.Password; what.Password && a.Password == "" {
		changes = append(changes, password.SetNull())
	} else if what.Password {
		changes = append(changes, password.Set(a.Password))
	}
	if what != (Elsewhere{}) || before.EmailVerified != a.Verified || before.Active != a.Active {
		changes = append(changes, epoch.Plus(1))
	}
	if back {
		changes = append(changes, deletedAt.SetNull())
	}
	u, err := table.On(tx).WithDeleted().UpdateOne(ctx, id.Eq(key), changes...)
	if err != nil {
		return err
	}
	return m.tell(ctx, tx, &u, what, back)
}

// tell says what became of a row.
func (m *Mirror) tell(ctx context.Context, tx *data.Tx, u *User, what Elsewhere, back bool) error {
	events := m.people.events
	switch {
	case back:
		if err := events.Emit(ctx, tx, Restored{ID: u.ID}); err != nil {
			return err
		}
	case what.Off:
		if err := events.Emit(ctx, tx, Deactivated{ID: u.ID}); err != nil {
			return err
		}
	}
	if err := events.Emit(ctx, tx, Changed{ID: u.ID}); err != nil || m.Changed == nil || what == (Elsewhere{}) {
		return err
	}
	return m.Changed(ctx, tx, u, what)
}

// addRow makes the row of an account.
func (m *Mirror) addRow(ctx context.Context, tx *data.Tx, a Account, key ID) error {
	u := Create{
		Email: a.Email, Username: named(a), FirstName: short(a.FirstName), LastName: short(a.LastName),
		Active: &a.Active, EmailVerified: a.Verified,
	}.New()
	var hash *secret.PasswordHash
	if a.Password != "" {
		hash = &a.Password
	}
	if err := complete(&u, hash, tx.DB()); err != nil {
		return err
	}
	u.ID = key
	if now := tx.DB().Now(); !a.CreatedAt.IsZero() && a.CreatedAt.Before(now) {
		u.CreatedAt, u.DateJoined = a.CreatedAt.Truncate(time.Microsecond), a.CreatedAt.Truncate(time.Microsecond)
	}
	if err := table.On(tx).Add(ctx, &u); err != nil {
		return err
	}
	return m.people.events.Emit(ctx, tx, Created{ID: u.ID, Username: u.Username})
}
