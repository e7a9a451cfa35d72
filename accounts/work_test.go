package accounts_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/manorgo/manor"
	"github.com/manorgo/manor/accounts"
	"github.com/manorgo/manor/accounts/sessions"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/manortest"
	"github.com/manorgo/manor/secret"
)

// Whoever signs in or registers costs one hash of a password, be there an account
// or not, and whatever it is like: what argon2id does is mostly to fill memory, so
// the memory that is taken says how often. Not parallel, since it counts what the
// whole process takes. BenchmarkTelling measures the time.
func TestSameWork(t *testing.T) {
	const kib = 8 << 10
	hasher := &secret.Hasher{Params: secret.Params{Memory: kib, Time: 1}}
	free := benchApp(t, hasher, func(c *manor.Config) { c.Limits.Off = true })
	locked := benchApp(t, hasher)
	for _, app := range []*manor.App{free, locked} {
		tellingPeople(t, app)
	}
	leave(t, free, "without")

	signIn := func(app *manor.App, who, password string) func() error {
		return func() error {
			_, _, err := app.Accounts().SignIn(t.Context(), accounts.SigningIn{Identifier: who, Password: secret.NewText(password), Kind: sessions.Cookie})
			return err
		}
	}
	register := func(app *manor.App, email, password string) func() error {
		return func() error {
			_, err := app.Accounts().Register(t.Context(), accounts.Registering{Email: email, Password: secret.NewText(password)})
			return err
		}
	}
	const right, wrong = manortest.Password, "another lantern 1193"
	for range 12 { // locks them
		for _, who := range []string{"ann", "nobody", "off"} {
			_ = signIn(locked, who, wrong)()
		}
	}
	for range 3 { // uses up the mails of an address
		if err := register(locked, "flooded@example.com", right)(); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		what string
		do   func() error
		good bool
	}{
		{"the right password", signIn(free, "ann", right), true},
		{"a wrong one", signIn(free, "ann", wrong), false},
		{"nobody", signIn(free, "nobody", wrong), false},
		{"nobody's address", signIn(free, "nobody@example.com", wrong), false},
		{"who is not verified", signIn(free, "unproved@example.com", wrong), false},
		{"who is not verified, rightly", signIn(free, "unproved@example.com", right), false},
		{"who is switched off", signIn(free, "off", wrong), false},
		{"who is switched off, rightly", signIn(free, "off", right), false},
		{"who is deleted", signIn(free, "without", wrong), false},
		{"who has no password", signIn(locked, "without", wrong), false},
		{"who is locked", signIn(locked, "ann", wrong), false},
		{"who is locked, rightly", signIn(locked, "ann", right), false},
		{"nobody who is locked", signIn(locked, "nobody", wrong), false},
		{"who is locked and off", signIn(locked, "off", right), false},

		{"registering", register(free, "new@example.com", right), true},
		{"registering again", register(free, "New@example.com", right), true},
		{"registering again, otherwise", register(free, "new@example.com", wrong), true},
		{"registering what is contested", register(free, "new@example.com", right), true},
		{"registering a proved address", register(free, "ann@example.com", right), true},
		{"registering who is switched off", register(free, "off@example.com", right), true},
		{"registering who is deleted", register(free, "without@example.com", right), true},
		{"registering once too often", register(locked, "flooded@example.com", right), true},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := c.do()
		runtime.ReadMemStats(&after)
		if (err == nil) != c.good {
			t.Errorf("%s: %v", c.what, err)
		}
		if took := float64(after.TotalAlloc-before.TotalAlloc) / (kib << 10); took < 1 || took > 1.5 {
			t.Errorf("%s costs as much as %.2f hashes, want one", c.what, took)
		}
	}
}

// leave has an operator delete somebody.
func leave(t *testing.T, app *manor.App, name string) {
	t.Helper()
	ctx := auth.NewContext(t.Context(), &auth.Principal{Subject: "test", Permissions: auth.Permissions{"*"}})
	db, err := app.Database("main")
	if err != nil {
		t.Fatal(err)
	}
	u, err := app.Users().ByIdentifier(ctx, data.Handle(db), name)
	if err == nil {
		err = app.Users().Delete(ctx, u.ID)
	}
	if err != nil {
		t.Fatal(fmt.Errorf("delete %s: %w", name, err))
	}
}
