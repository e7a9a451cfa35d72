package accounts_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/manorgo/manor"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/accounts/users/storetest"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/manortest"
	"github.com/manorgo/manor/patch"
	"github.com/manorgo/manor/secret"
)

// Elsewheres are stores of accounts beside the databases of apps.
type elsewheres struct{ stores sync.Map }

// of returns the store beside a database.
func (e *elsewheres) of(db *data.DB) *storetest.Memory {
	s, _ := e.stores.LoadOrStore(db, storetest.NewMemory())
	return s.(*storetest.Memory)
}

// option has apps keep accounts there.
func (e *elsewheres) option() manortest.Option {
	return manortest.Config(func(c *manor.Config) { c.Accounts.Store = e.of(c.DB) })
}

// everywhere runs a test on every database, once with accounts in the app's own
// table and once with them elsewhere, where afterwards they are what the table says.
func everywhere(t *testing.T, run func(t *testing.T, app *manortest.App), opts ...manortest.Option) {
	t.Helper()
	t.Parallel()
	manortest.Each(t, run, opts...)
	t.Run("elsewhere", func(t *testing.T) {
		t.Parallel()
		var e elsewheres
		manortest.Each(t, func(t *testing.T, app *manortest.App) {
			run(t, app)
			agree(t, app, e.of(app.DB))
		}, append(opts, e.option())...)
	})
}

// agree holds every account to its row and every row to its account. A change that
// reached one of them alone is one that went past the other.
func agree(t *testing.T, app *manortest.App, store users.Store) {
	t.Helper()
	accounts, total, err := store.List(t.Context(), 0, 1000)
	if err != nil || total == 0 {
		t.Fatalf("%d accounts are elsewhere, %v", total, err)
	}
	byEmail := map[string]users.Account{}
	for _, a := range accounts {
		byEmail[users.EmailKey(a.Email)] = a
	}
	page, err := app.Users().Table.On(app.DB).WithDeleted().List(t.Context(), data.Query[users.User]{Limit: -1})
	if err != nil {
		t.Fatal(err)
	}
	type said struct {
		Email, Username, First, Last, Password string
		Active, Verified                       bool
	}
	for _, u := range page.Items {
		a, ok := byEmail[u.EmailKey]
		if !ok {
			t.Errorf("%s is not elsewhere", u.Email)
			continue
		}
		delete(byEmail, u.EmailKey)
		row := said{u.Email, u.Username, u.FirstName, u.LastName, "", u.Active, u.EmailVerified}
		if u.Password != nil {
			row.Password = string(*u.Password)
		}
		same(t, u.Username+" elsewhere", said{a.Email, a.Username, a.FirstName, a.LastName, string(a.Password), a.Active, a.Verified}, row)
	}
	for _, a := range byEmail {
		t.Errorf("%s has no row", a.Email)
	}
}

// A meddler is a store that somebody else uses, too.
type meddler struct {
	*storetest.Memory
	down   error
	before func() // what somebody does just before a change
}

func (m *meddler) Get(ctx context.Context, id string) (users.Account, error) {
	if m.down != nil {
		return users.Account{}, m.down
	}
	return m.Memory.Get(ctx, id)
}

func (m *meddler) GetByEmail(ctx context.Context, address string) (users.Account, error) {
	if m.down != nil {
		return users.Account{}, m.down
	}
	return m.Memory.GetByEmail(ctx, address)
}

func (m *meddler) Create(ctx context.Context, a users.Account) (users.Account, error) {
	m.meddle()
	if m.down != nil {
		return users.Account{}, m.down
	}
	return m.Memory.Create(ctx, a)
}

func (m *meddler) Update(ctx context.Context, id, version string, c users.AccountChanges) (users.Account, error) {
	m.meddle()
	if m.down != nil {
		return users.Account{}, m.down
	}
	return m.Memory.Update(ctx, id, version, c)
}

func (m *meddler) meddle() {
	if do := m.before; do != nil {
		m.before = nil
		do()
	}
}

// change is what somebody else does to an account.
func (m *meddler) change(t *testing.T, address string, c users.AccountChanges) users.Account {
	t.Helper()
	a, err := m.Memory.GetByEmail(t.Context(), address)
	if err == nil {
		a, err = m.Memory.Update(t.Context(), a.ID, a.Version, c)
	}
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// elsewhere runs a test on every database with accounts in a store that others use.
func elsewhere(t *testing.T, run func(t *testing.T, app *manortest.App, store *meddler)) {
	t.Helper()
	t.Parallel()
	var all sync.Map
	of := func(db *data.DB) *meddler {
		m, _ := all.LoadOrStore(db, &meddler{Memory: storetest.NewMemory()})
		return m.(*meddler)
	}
	manortest.Each(t, func(t *testing.T, app *manortest.App) { run(t, app, of(app.DB)) },
		manortest.Idle(), manortest.Config(func(c *manor.Config) { c.Accounts.Store = of(c.DB) }))
}

// hashed returns a password as another program stores it.
func hashed(t *testing.T, password string) secret.PasswordHash {
	t.Helper()
	other := secret.Hasher{Params: secret.Params{Memory: 16, Time: 1, Parallelism: 1}}
	hash, err := other.Hash(t.Context(), secret.NewText(password))
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

// legacy makes an account that Manor has not heard of.
func (m *meddler) legacy(t *testing.T, name string, at ...string) users.Account {
	t.Helper()
	a, err := m.Memory.Create(t.Context(), users.Account{
		Email: append(at, name+"@example.com")[0], Username: name, Password: hashed(t, manortest.Password), FirstName: "Old", Active: true, Verified: true,
		CreatedAt: time.Date(2009, 1, 1, 0, 0, 0, 0, time.UTC),
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

const another = "Copper meadow 9135 lantern"

// What others do to accounts counts here.
func TestChangedElsewhere(t *testing.T) {
	elsewhere(t, func(t *testing.T, app *manortest.App, store *meddler) {
		old := store.legacy(t, "ann")
		in := func(identifier, password string, want int) *manortest.Client {
			t.Helper()
			c := app.Anonymous(t)
			c.Post("/auth/login", signingIn(identifier, password)).Want(want)
			return c
		}
		sync := func() {
			t.Helper()
			if err := app.Accounts().Sync(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		in("ann", "Wrong horse 1234 battery", 401)
		ann := in("ANN@example.com", manortest.Password, 200)
		me := ann.Get("/users/me").Want(200)
		same(t, "who signed in", []string{me.Text("username"), me.Text("first_name")}, []string{"ann", "Old"})
		now, err := store.Memory.Get(t.Context(), old.ID)
		if err != nil || now.Password == old.Password || now.Version == old.Version {
			t.Errorf("the password was not hashed anew there: %v", err)
		}
		ann.Patch("/users/me", body{"first_name": "Ann"}).Want(200)
		if now, _ = store.Memory.Get(t.Context(), old.ID); now.FirstName != "Ann" {
			t.Errorf("the name is %q there", now.FirstName)
		}
		sync()
		ann.Get("/users/me").Want(200)

		store.change(t, "ann@example.com", users.AccountChanges{FirstName: patch.Of("Anna")})
		sync()
		same(t, "another name", ann.Get("/users/me").Want(200).Text("first_name"), "Anna")
		store.change(t, "ann@example.com", users.AccountChanges{Password: patch.Of(hashed(t, another))})
		in("ann", manortest.Password, 401) // looked, too
		ann.Get("/users/me").Want(401)
		ann = in("ann", another, 200)
		access := ann.Post("/auth/token", signingIn("ann", another)).Want(200)
		store.change(t, "ann@example.com", users.AccountChanges{Active: patch.Of(false)})
		ann.Post("/auth/step-up", body{"password": another}).Want(401)
		ann.Get("/users/me").Want(401)
		app.Anonymous(t).Post("/auth/token/refresh", body{"refresh_token": access.Text("refresh_token")}).Want(401)
		in("ann", another, 401)
		store.change(t, "ann@example.com", users.AccountChanges{Active: patch.Of(true)})
		in("ann", another, 200)

		// Two change addresses with each other, and a third is new.
		store.legacy(t, "bob")
		bob := in("bob", manortest.Password, 200)
		store.change(t, "bob@example.com", users.AccountChanges{Email: patch.Of("tmp@example.com")})
		store.change(t, "ann@example.com", users.AccountChanges{Email: patch.Of("bob@example.com")})
		store.change(t, "tmp@example.com", users.AccountChanges{Email: patch.Of("ann@example.com")})
		store.legacy(t, "carol")
		sync()
		bob.Get("/users/me").Want(401)
		same(t, "who has bob's address", in("bob@example.com", another, 200).Get("/users/me").Text("username"), "ann")
		same(t, "who has ann's address", in("ann@example.com", manortest.Password, 200).Get("/users/me").Text("username"), "bob")
		if _, err := app.Users().ByIdentifier(t.Context(), app.DB, "carol"); err != nil {
			t.Errorf("who is new there is not known here: %v", err)
		}

		// One goes, another comes with the same names.
		bob = in("bob", manortest.Password, 200)
		before, err := app.Users().ByIdentifier(t.Context(), app.DB, "bob")
		if err != nil {
			t.Fatal(err)
		}
		gone, err := store.Memory.GetByEmail(t.Context(), before.Email)
		if err != nil || store.Memory.Delete(t.Context(), gone.ID) != nil {
			t.Fatal(err)
		}
		sync()
		bob.Get("/users/me").Want(401)
		in("bob", manortest.Password, 401)
		store.legacy(t, "bob", gone.Email)
		in("bob", manortest.Password, 200)
		after, err := app.Users().ByIdentifier(t.Context(), app.DB, "bob")
		if err != nil || after.ID == before.ID {
			t.Errorf("another account is the same person here, %v", err)
		}
		sync()
	})
}

// All accounts are compared from time to time, if they are elsewhere.
func TestSyncIsPlanned(t *testing.T) {
	elsewhere(t, func(t *testing.T, app *manortest.App, _ *meddler) {
		every := map[string]time.Duration{}
		for _, s := range app.Accounts().Domain().Schedules {
			every[s.Args.Kind()] = s.Every
		}
		same(t, "schedules", every, map[string]time.Duration{"accounts.purge": time.Hour, "accounts.sync": 15 * time.Minute})
	})
}

// Whoever is seen the first time is one person, however many requests see them at
// once, by whatever name.
func TestFirstSeenTogether(t *testing.T) {
	elsewhere(t, func(t *testing.T, app *manortest.App, store *meddler) {
		names := []string{"ann", "ANN@example.com"}
		store.legacy(t, "ann")
		same(t, "answers", together(8, func(i int) *manortest.Response {
			return app.Anonymous(t).Post("/auth/login", signingIn(names[i%2], manortest.Password))
		}), map[int]int{200: 8})
		agree(t, app, store)
		store.change(t, "ann@example.com", users.AccountChanges{FirstName: patch.Of("Ann"), Email: patch.Of("other@example.com")})
		same(t, "after a change", together(8, func(i int) *manortest.Response {
			if i == 0 {
				if err := app.Accounts().Sync(t.Context()); err != nil {
					t.Error(err)
				}
			}
			return app.Anonymous(t).Post("/auth/login", signingIn("ann", manortest.Password))
		}), map[int]int{200: 8})
		agree(t, app, store)
	})
}

// An outage there is an outage here: nothing happens, and links stay good.
func TestStoreOutage(t *testing.T) {
	elsewhere(t, func(t *testing.T, app *manortest.App, store *meddler) {
		ann := app.User(t, "ann")
		_, refresh := tokens(t, app, "ann")
		app.Admin(t).Post("/users/"+ann.User.ID.String()+"/password-reset", nil).Want(202)
		reset := body{"token": app.MailedToken(t, "ann@example.com"), "password": another}
		before, err := store.Memory.GetByEmail(t.Context(), "ann@example.com")
		if err != nil {
			t.Fatal(err)
		}
		store.down = errors.New("no route to host")
		nobody := app.Anonymous(t)
		for path, in := range map[string]body{
			"/auth/login": signingIn("ann@example.com", manortest.Password), "/auth/register": registering("new@example.com"),
			"/auth/password/reset": reset, "/auth/token/refresh": {"refresh_token": refresh},
		} {
			if r := nobody.Post(path, in).Want(503); r.Header.Get("Retry-After") == "" || strings.Contains(string(r.Body), "route") {
				t.Errorf("%s: %v %s", path, r.Header, r.Body)
			}
		}
		ann.Patch("/users/me", body{"first_name": "Ann"}).Want(503)
		same(t, "the name", ann.Get("/users/me").Want(200).Text("first_name"), before.FirstName)
		store.down = nil
		if now, _ := store.Memory.Get(t.Context(), before.ID); now != before {
			t.Errorf("the account was changed: %+v, before %+v", now, before)
		}
		nobody.Post("/auth/token/refresh", body{"refresh_token": refresh}).Want(200)
		nobody.Post("/auth/password/reset", reset).Want(204)
		nobody.Post("/auth/login", signingIn("ann", another)).Want(200)
		agree(t, app, store)
	})
}

// A commit that fails after the store was told can be asked for again.
func TestCommitFailsAfterTheStore(t *testing.T) {
	elsewhere(t, func(t *testing.T, app *manortest.App, store *meddler) {
		ann := app.User(t, "ann")
		app.Admin(t).Post("/users/"+ann.User.ID.String()+"/password-reset", nil).Want(202)
		reset := body{"token": app.MailedToken(t, "ann@example.com"), "password": another}
		nobody := app.Anonymous(t)
		app.FailCommits(true)
		nobody.Post("/auth/password/reset", reset).Want(503)
		nobody.Post("/auth/register", registering("new@example.com")).Want(503)
		app.FailCommits(false)
		if _, err := store.Memory.GetByEmail(t.Context(), "new@example.com"); err != nil {
			t.Fatalf("the store was not told before the commit: %v", err)
		}
		nobody.Post("/auth/login", signingIn("ann", another)).Want(200)
		ann.Get("/users/me").Want(401)

		nobody.Post("/auth/register", registering("new@example.com")).Want(202)
		nobody.Post("/auth/verify", body{"token": app.MailedToken(t, "new@example.com")}).Want(200)
		nobody.Post("/auth/login", signingIn("new@example.com", manortest.Password)).Want(200)
		agree(t, app, store)
	})
}

// What somebody else changes while a flow is under way is neither lost nor
// overlooked.
func TestChangedElsewhereMeanwhile(t *testing.T) {
	elsewhere(t, func(t *testing.T, app *manortest.App, store *meddler) {
		ann, admin := app.User(t, "ann"), app.Admin(t)
		link := func() body {
			admin.Post("/users/"+ann.User.ID.String()+"/password-reset", nil).Want(202)
			return body{"token": app.MailedToken(t, "ann@example.com"), "password": another}
		}
		nobody, reset := app.Anonymous(t), link()
		store.before = func() { store.change(t, "ann@example.com", users.AccountChanges{LastName: patch.Of("Lee")}) }
		nobody.Post("/auth/password/reset", reset).Want(204)
		same(t, "another name", store.change(t, "ann@example.com", users.AccountChanges{}).LastName, "Lee")

		reset = link()
		store.before = func() { store.change(t, "ann@example.com", users.AccountChanges{Active: patch.Of(false)}) }
		nobody.Post("/auth/password/reset", reset).Want(503)
		nobody.Post("/auth/password/reset", reset).Want(400)
		nobody.Post("/auth/login", signingIn("ann", another)).Want(401)

		// An address is taken by another program just before.
		app.User(t, "bob").Post("/auth/email/change", body{"current_password": manortest.Password, "email": "taken@example.com"}).Want(202)
		confirm := body{"token": app.MailedToken(t, "taken@example.com")}
		store.before = func() { store.legacy(t, "taken") }
		admin.Patch("/users/"+ann.User.ID.String(), body{"email": "taken@example.com"}).Want(409)
		same(t, "a taken address", nobody.Post("/auth/email/confirm", confirm).Want(400).Text("code"), "TOKEN_INVALID")
		store.before = func() { store.legacy(t, "new") }
		nobody.Post("/auth/register", registering("new@example.com")).Want(202)
		same(t, "who has an account now", app.LastMail(t, "new@example.com").Subject, "You already have an account at localhost")
		nobody.Post("/auth/login", signingIn("new", manortest.Password)).Want(200)
	})
}

// No change of an account goes past the store, whoever makes it, and what cannot
// reach it does not happen.
func TestNothingGoesPastTheStore(t *testing.T) {
	elsewhere(t, func(t *testing.T, app *manortest.App, store *meddler) {
		ctx := t.Context()
		ann := app.User(t, "ann")
		table := app.Users().Table
		first := data.TextCol(table, "first_name")
		if _, err := table.On(app.DB).Update(ctx, ann.User.ID, first.Set("By hand")); err != nil {
			t.Fatal(err)
		}
		same(t, "by hand", store.change(t, "ann@example.com", users.AccountChanges{}).FirstName, "By hand")
		app.User(t, "bob")
		_, err := table.On(app.DB).UpdateWhere(ctx, data.Everything[users.User](), first.Set("All"))
		same(t, "many at once", fault.KindOf(err), fault.Conflict)
		err = app.DB.Tx(ctx, func(tx *data.Tx) error {
			return app.Users().AddAll(ctx, tx, []users.User{
				users.Create{Username: "carl", Email: "carl@example.com"}.New(), users.Create{Username: "dora", Email: "dora@example.com"}.New(),
			}, "csv")
		})
		same(t, "an import", fault.KindOf(err), fault.Conflict)
		agree(t, app, store)
		ann.Patch("/users/me", body{"first_name": "Ann"}).Want(200)
		if seen := ann.Get("/users/me/audit").Want(200); !strings.Contains(string(seen.Body), `"via":"PATCH /api/v1/users/me"`) {
			t.Errorf("the audit says only %s", seen.Body)
		}

		// Somebody who is here but not there is nobody, until there is an account that
		// has proved the address.
		eve := app.User(t, "eve")
		a := store.change(t, "eve@example.com", users.AccountChanges{})
		for _, sql := range []string{`DELETE FROM user_accounts`} {
			if _, err := app.DB.Driver().Exec(ctx, driver.Call{Statement: &driver.Statement{SQL: sql}}); err != nil {
				t.Fatal(err)
			}
		}
		if err := store.Memory.Delete(ctx, a.ID); err != nil {
			t.Fatal(err)
		}
		nobody := app.Anonymous(t)
		nobody.Post("/auth/login", signingIn("eve", manortest.Password)).Want(401)
		eve.Patch("/users/me", body{"first_name": "Eve"}).Want(409)
		store.legacy(t, "eve")
		store.change(t, "eve@example.com", users.AccountChanges{Verified: patch.Of(false), Password: patch.Of(hashed(t, another))})
		nobody.Post("/auth/login", signingIn("eve", another)).Want(401)
		store.change(t, "eve@example.com", users.AccountChanges{Verified: patch.Of(true)})
		same(t, "the same person", nobody.Post("/auth/login", signingIn("eve", another)).Want(200).Text("user.id"), eve.User.ID.String())
	})
}
