package accounts_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/manorgo/manor/accounts"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/event"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/manortest"
	"github.com/manorgo/manor/task"
)

// staffOnly lets nobody register or sign in whose address is elsewhere.
func staffOnly(_ context.Context, a accounts.Attempt) error {
	switch a.Step {
	case accounts.StepRegister, accounts.StepSignIn, accounts.StepConfirmEmail:
		if !strings.HasSuffix(a.Email, "@example.org") {
			return fault.Errorf(fault.Forbidden, "use your address at example.org")
		}
	}
	return nil
}

// A program that has a say in who registers and signs in gives the function to
// manor.New, in Config.Accounts.
func ExampleHooks() {
	c := accounts.Config{Hooks: accounts.Hooks{Before: staffOnly}}
	for _, email := range []string{"ada@example.org", "mallory@example.net"} {
		fmt.Println(c.Hooks.Before(context.Background(), accounts.Attempt{Step: accounts.StepRegister, Email: email}))
	}
	// Output:
	// <nil>
	// use your address at example.org
}

// Each step can be refused before it is taken, nothing has changed then, and
// links stay good. What an error that is no fault says is not told.
func TestHooksRefuse(t *testing.T) {
	var mu sync.Mutex
	refused := map[string]accounts.Step{} // the step that is refused, by address
	before := func(_ context.Context, a accounts.Attempt) error {
		mu.Lock()
		defer mu.Unlock()
		if refused[a.Email] == a.Step {
			return errors.New("the secret reason")
		}
		return nil
	}
	each(t, func(t *testing.T, app *manortest.App) {
		admin, nobody := app.Admin(t), app.Anonymous(t)
		driver := string(app.DB.Dialect()) // so that the two databases do not meet
		refuse := func(step accounts.Step, email string, send func() *manortest.Response) {
			t.Helper()
			mu.Lock()
			refused[email] = step
			mu.Unlock()
			r := send()
			same(t, string(step), []any{r.Status, r.Value("detail")}, []any{403, "this is not possible now"})
			mu.Lock()
			delete(refused, email)
			mu.Unlock()
			if r := send(); r.Status/100 != 2 {
				t.Errorf("%s, not refused any more: %d %s", step, r.Status, r.Body)
			}
		}
		post := func(c *manortest.Client, path string, b body) func() *manortest.Response {
			return func() *manortest.Response { return c.Post(path, b) }
		}
		name := driver + "ann"
		email, to := name+"@example.com", name+"-new@example.com"
		ann := app.Anonymous(t)
		refuse(accounts.StepRegister, email, post(nobody, "/auth/register", registering(email)))
		refuse(accounts.StepVerify, email, post(nobody, "/auth/verify", body{"token": app.MailedToken(t, email)}))
		refuse(accounts.StepSignIn, email, post(ann, "/auth/login", signingIn(email, manortest.Password)))
		refuse(accounts.StepChangePassword, email, post(ann, "/auth/password/change", changing(manortest.Password, manortest.Password)))
		refuse(accounts.StepChangeEmail, email, post(ann, "/auth/email/change", moving(to)))
		refuse(accounts.StepConfirmEmail, to, post(nobody, "/auth/email/confirm", body{"token": app.MailedToken(t, to)}))
		nobody.Post("/auth/password/forgot", body{"email": to}).Want(202)
		refuse(accounts.StepResetPassword, to, post(nobody, "/auth/password/reset", body{"token": app.MailedToken(t, to), "password": manortest.Password}))
		guest := driver + "guest@example.com"
		refuse(accounts.StepInvite, guest, post(admin, "/users/invitations", body{"email": guest}))
		refuse(accounts.StepAccept, guest, post(nobody, "/auth/invitations/accept", body{"token": app.MailedToken(t, guest), "password": chosen}))
		ann.Post("/auth/login", signingIn(to, manortest.Password)).Want(200)
		refuse(accounts.StepLeave, to, func() *manortest.Response { return ann.Do("DELETE", "/users/me", leaving(manortest.Password)) })
	}, configured(accounts.Config{Hooks: accounts.Hooks{Before: before}}))
}

// Hooks are not asked about, and listeners not told of, whoever has not proved who
// they are or may not sign in.
func TestFailedSignInsAreNotTold(t *testing.T) {
	var mu sync.Mutex
	heard := map[users.ID]int{}
	note := func(who users.ID) {
		mu.Lock()
		defer mu.Unlock()
		heard[who]++
	}
	before := func(_ context.Context, a accounts.Attempt) error {
		if a.Step == accounts.StepSignIn {
			note(a.User)
		}
		return nil
	}
	each(t, func(t *testing.T, app *manortest.App) {
		ann, off := app.User(t, "ann").User.ID, app.User(t, "off").User.ID // who sign in once
		app.Admin(t).Post("/users/"+off.String()+"/deactivate", nil).Want(200)
		register(t, app, "unproved@example.com")
		unproved, err := app.Users().ByIdentifier(t.Context(), app.DB, "unproved@example.com")
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/auth/login", "/auth/token"} {
			for who, password := range map[string]string{"ann": wrong, "nobody": manortest.Password, "off": manortest.Password, "unproved@example.com": manortest.Password} {
				app.Anonymous(t).Post(path, signingIn(who, password)).Want(401)
			}
		}
		mu.Lock()
		defer mu.Unlock()
		same(t, "asked and told", []int{heard[ann], heard[off], heard[unproved.ID], heard[users.ID{}]}, []int{2, 2, 0, 0})
	}, manortest.Idle(), configured(accounts.Config{Hooks: accounts.Hooks{Before: before}}), manortest.Domains(func(domain.Env) domain.Domain {
		return domain.Domain{Name: "listener", Handlers: []event.Handler{
			event.Inside(func(_ context.Context, _ *data.Tx, e accounts.SignedIn) error { note(e.UserID); return nil }),
		}}
	}))
}

// Programs hear of whoever registers with the address of an account, of which the
// visitor hears nothing.
func TestRegisteredAgainIsTold(t *testing.T) {
	var mu sync.Mutex
	heard := map[users.ID]string{}
	note := func(who users.ID, what string) error {
		mu.Lock()
		defer mu.Unlock()
		heard[who] += what
		return nil
	}
	everywhere(t, func(t *testing.T, app *manortest.App) {
		ann, off, nobody := app.User(t, "ann").User.ID, app.User(t, "off").User.ID, app.Anonymous(t)
		app.Admin(t).Post("/users/"+off.String()+"/deactivate", nil).Want(200)
		for _, email := range []string{"new@example.com", "ANN@example.com", "off@example.com", "New@example.com"} {
			nobody.Post("/auth/register", registering(email)).Want(202)
		}
		fresh, err := app.Users().ByIdentifier(t.Context(), app.DB, "new@example.com")
		if err != nil {
			t.Fatal(err)
		}
		mu.Lock()
		defer mu.Unlock()
		same(t, "told", []string{heard[fresh.ID], heard[ann], heard[off]}, []string{"made again", " again", " again"})
	}, manortest.Idle(), manortest.Domains(func(domain.Env) domain.Domain {
		return domain.Domain{Name: "listener", Handlers: []event.Handler{
			event.Inside(func(_ context.Context, _ *data.Tx, e accounts.Registered) error { return note(e.UserID, "made") }),
			event.Inside(func(_ context.Context, _ *data.Tx, e accounts.RegisteredAgain) error { return note(e.UserID, " again") }),
		}}
	}))
}

// What follows a sign-up cannot lose it.
func TestFailingListenersLoseNothing(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		token := register(t, app, "ann@example.com")
		app.Anonymous(t).Post("/auth/verify", body{"token": token}).Want(200)
		app.Anonymous(t).Post("/auth/login", signingIn("ann@example.com", manortest.Password)).Want(200)
	}, manortest.Domains(func(domain.Env) domain.Domain {
		fail := task.Permanent(errors.New("no such server"))
		return domain.Domain{Name: "crm", Handlers: []event.Handler{
			event.On("crm.welcome", func(context.Context, accounts.Registered) error { return fail }),
			event.On("crm.note", func(context.Context, accounts.Verified) error { return fail }),
		}}
	}))
}

// People who register one address or one username together get one account each
// at most, and no error that is not theirs.
func TestRegisterCrossed(t *testing.T) {
	everywhere(t, func(t *testing.T, app *manortest.App) {
		admin, nobody := app.Admin(t), app.Anonymous(t)
		got := together(10, func(i int) *manortest.Response {
			in := registering(fmt.Sprintf("same%d@example.com", i%2))
			in["username"] = []string{"wanted", "WANTED"}[i/2%2]
			return nobody.Post("/auth/register", in)
		})
		same(t, "answers", got, map[int]int{202: 10})
		same(t, "accounts", admin.Get("/users?emailVerified=false").Want(200).Value("total"), 2.0)
		// One has the other's username, one the other's address.
		app.User(t, "ann")
		app.User(t, "bob")
		in := registering("bob@example.com")
		in["username"] = "ANN"
		if s := nobody.Post("/auth/register", in).Status; !slices.Contains([]int{202, 409}, s) {
			t.Errorf("the username of one and the address of another: %d", s)
		}
	}, manortest.Idle())
}
