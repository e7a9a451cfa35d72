package credits_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/manorgo/manor"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/migrate"
	"github.com/manorgo/manor/data/revise"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/examples/credits"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/manortest"
	"github.com/manorgo/manor/secret"
)

type body = map[string]any

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, not %v", what, got, want)
	}
}

// members returns the names of an answer's members among those asked for.
func members(r *manortest.Response, names ...string) string {
	var all map[string]any
	r.JSON(&all)
	var out []string
	for _, n := range names {
		if v, ok := all[n]; ok {
			out = append(out, fmt.Sprint(n, "=", v))
		}
	}
	return strings.Join(out, " ")
}

var mine = []string{"token_count", "plan", "theme"}

func TestColumnsOfUsers(t *testing.T) {
	t.Parallel()
	manortest.Each(t, func(t *testing.T, app *manortest.App) {
		ann, bob, nobody := app.User(t, "ann"), app.User(t, "bob"), app.Anonymous(t)
		staff := app.As(t, "staff-of-credits", "users:read", "users:write")
		path := "/users/" + ann.User.ID.String()

		// Whole accounts have all of them, others what is public.
		const fresh = "token_count=0 plan=free theme=<nil>"
		same(t, "me", members(ann.Get("/users/me").Want(200), mine...), fresh)
		same(t, "for readers", members(staff.Get(path).Want(200), mine...), fresh)
		same(t, "own", members(ann.Get(path).Want(200), mine...), fresh)
		same(t, "for others", members(bob.Get(path).Want(200), mine...), "plan=free")
		same(t, "for nobody", members(nobody.Get("/users/by-username/ann").Want(200), mine...), "plan=free")
		tag := nobody.Get(path).Want(200).ETag()

		// Who may write users sets them, people what is theirs to change.
		same(t, "changed", members(staff.Patch(path, body{"token_count": 7, "plan": "paid"}).Want(200), mine...), "token_count=7 plan=paid theme=<nil>")
		if got := nobody.Get(path).Want(200).ETag(); got == tag {
			t.Error("what everybody sees has changed, and the ETag has not")
		}
		same(t, "theme", members(ann.Patch("/users/me", body{"theme": "dark", "bio": "b"}).Want(200), mine...), "token_count=7 plan=paid theme=dark")
		same(t, "no theme", members(ann.Patch("/users/me", body{"theme": nil}).Want(200), mine...), "token_count=7 plan=paid theme=<nil>")
		ann.Patch("/users/me", body{"token_count": 1000}).Want(422)
		ann.Patch("/users/me", body{"plan": "free"}).Want(422)
		ann.Patch(path, body{"token_count": 1000}).Want(403)
		for _, bad := range []body{
			{"token_count": -1}, {"token_count": nil}, {"token_count": "7"}, {"token_count": 1.5}, {"plan": "gold"},
			{"theme": strings.Repeat("x", 21)}, {"token_counts": 1}, {"Token_Count": 1},
		} {
			staff.Patch(path, bad).Want(422)
			bad["email"] = "new@example.com"
			staff.Post("/users", bad).Want(422)
		}
		same(t, "after refusals", members(staff.Get(path), mine...), "token_count=7 plan=paid theme=<nil>")
		made := staff.Post("/users", body{"email": "cat@example.com", "username": "cat", "token_count": 3, "theme": "blue", "email_verified": true}).Want(201)
		same(t, "made", members(made, mine...), "token_count=3 plan=free theme=blue")
		same(t, "stored", members(staff.Get("/users/"+made.Text("id")), mine...), "token_count=3 plan=free theme=blue")

		// Lists.
		same(t, "filtered", staff.Get("/users?tokenCountIn=7&tokenCountIn=3").Want(200).Value("total"), 2.0)
		sorted := staff.Get("/users?orderBy=token_count&sortOrder=desc&pageSize=2").Want(200)
		same(t, "sorted", sorted.Text("items.0.username")+sorted.Text("items.1.username"), "anncat")
		same(t, "whole in lists", sorted.Value("items.0.token_count"), 7.0)
		first := staff.Get("/users?orderBy=token_count&pageSize=1&cursor=").Want(200)
		staff.Get("/users?orderBy=token_count&pageSize=1&cursor=" + first.Text("next_cursor")).Want(200)
		bob.Get("/users?tokenCount=7").Want(400)
		bob.Get("/users?tokenCountNotIn=7").Want(400)
		bob.Get("/users?orderBy=token_count").Want(400)
		public := bob.Get("/users?plan=paid").Want(200)
		same(t, "public in lists", public.Value("total"), 1.0)
		if strings.Contains(string(public.Body), "token_count") || !strings.Contains(string(public.Body), `"plan":"paid"`) {
			t.Errorf("a list for others is %s", public.Body)
		}
		staff.Get("/users?tokenCount=x").Want(400)

		// What signing in answers has a whole account in it.
		in := nobody.Post("/auth/login", body{"identifier": "ann@example.com", "password": manortest.Password}).Want(200)
		same(t, "signed in", in.Value("user.token_count"), 7.0)

		export := ann.Get("/users/me/export").Want(200)
		if !strings.Contains(string(export.Body), `"token_count":7`) {
			t.Errorf("the export is %s", export.Body)
		}
		spec, err := json.Marshal(app.Router().OpenAPI().Components.Schemas)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{`"token_count":{"description":"What is left to spend."`, `"minimum":0`, `"enum":["free","paid"]`, `"maxLength":20`} {
			if !strings.Contains(string(spec), want) {
				t.Errorf("OpenAPI has no %s", want)
			}
		}
	}, manortest.Domains(credits.Domain))
}

func TestColumnsOfRoles(t *testing.T) {
	t.Parallel()
	manortest.Each(t, func(t *testing.T, app *manortest.App) {
		admin := app.Admin(t)
		made := admin.Post("/roles", body{"name": "gold", "label": "Gold", "color": "#ffd700"}).Want(201)
		same(t, "made", members(made, "label", "color"), "label=Gold color=#ffd700")
		if made.Text("created_at") == "" {
			t.Error("a role does not say when it was made")
		}
		same(t, "plain", members(admin.Post("/roles", body{"name": "plain"}).Want(201), "label", "color"), "label= color=#000000")
		same(t, "changed", members(admin.Patch("/roles/gold", body{"color": "#ffff00"}).Want(200), "label", "color"), "label=Gold color=#ffff00")
		same(t, "read", members(admin.Get("/roles/gold").Want(200), "label", "color"), "label=Gold color=#ffff00")
		admin.Patch("/roles/gold", body{"color": "yellow"}).Want(422)
		admin.Patch("/roles/gold", body{"colour": "#ffff00"}).Want(422)
		list := admin.Get("/roles?searchString=Gol&orderBy=label").Want(200)
		same(t, "found", list.Value("total"), 1.0)
		same(t, "in lists", list.Text("items.0.color"), "#ffff00")
		admin.Get("/roles?orderBy=created_at&createdAfter=2020-01-01T00:00:00Z").Want(200)
		holders := admin.Get("/roles/superuser/users?orderBy=token_count").Want(200)
		same(t, "holders", holders.Value("items.0.token_count"), 0.0)
	}, manortest.Domains(credits.Domain))
}

// Of tokens that many spend at once, each is spent once.
func TestSpending(t *testing.T) {
	t.Parallel()
	manortest.Each(t, func(t *testing.T, app *manortest.App) {
		ann, staff := app.User(t, "ann"), app.As(t, "giver", "users:read", "users:write")
		staff.Patch("/users/"+ann.User.ID.String(), body{"token_count": 10}).Want(200)
		var all sync.WaitGroup
		var mu sync.Mutex
		done := map[int]int{}
		for range 12 {
			all.Go(func() {
				r := ann.Post("/credits/spend", body{"tokens": 1})
				mu.Lock()
				defer mu.Unlock()
				done[r.Status]++
			})
		}
		all.Wait()
		if done[200] != 10 || done[409] != 2 {
			t.Errorf("answered %v", done)
		}
		u, err := app.Users().Table.On(app.DB).Get(t.Context(), ann.User.ID)
		if err != nil || credits.Users.Of(&u).TokenCount != 0 {
			t.Errorf("%d are left, %v", credits.Users.Of(&u).TokenCount, err)
		}
	}, manortest.Domains(credits.Domain))
}

// Rows outlive that the columns come, go and come again.
func TestRevisionUpAndDown(t *testing.T) {
	t.Parallel()
	manortest.Each(t, func(t *testing.T, app *manortest.App) {
		ctx := t.Context()
		rows := credits.Users.Table().On(app.DB)
		ann := app.User(t, "ann").User
		drift := func() []string {
			out, err := migrate.Drift(ctx, app.DB, app.Schemas())
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		if _, err := rows.Update(ctx, ann.ID, data.Col[int](credits.Users.Table(), "token_count").Plus(5)); err != nil {
			t.Fatal(err)
		}
		if d := drift(); len(d) > 0 {
			t.Errorf("the tables differ: %v", d)
		}
		if err := app.CheckExtends(ctx); err != nil {
			t.Error(err)
		}
		if _, err := app.Migrator().Downgrade(ctx, 1); err != nil {
			t.Fatal(err)
		}
		if d := fmt.Sprint(drift()); !strings.Contains(d, "token_count") || !strings.Contains(d, "color") {
			t.Errorf("without the columns it says %s", d)
		}
		err := app.CheckExtends(ctx)
		if fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "users has no column token_count") || !strings.Contains(err.Error(), "make-migrations --domain credits") {
			t.Errorf("without the columns: %v", err)
		}
		if _, err := app.Upgrade(ctx); err != nil {
			t.Fatal(err)
		}
		u, err := rows.Get(ctx, ann.ID)
		if err != nil || credits.Users.Of(&u).Plan != "free" || credits.Users.Of(&u).TokenCount != 0 || u.Username != "ann" {
			t.Errorf("after it %+v of %+v, %v", credits.Users.Of(&u), u, err)
		}
	}, manortest.Domains(credits.Domain), manortest.Idle())
}

func TestRecorded(t *testing.T) {
	t.Parallel()
	if err := revise.Recorded(os.DirFS("migrations"), nil, credits.Users, credits.Roles); err != nil {
		t.Error(err)
	}
}

type Other struct {
	TokenCount string `json:"token_count" db:"token_count,size=9,default='none'"`
}

// Two apps in one process have each their own columns, and those that have none
// know of none.
func TestAppsApart(t *testing.T) {
	t.Parallel()
	text := users.Extend[Other]()
	other := func(domain.Env) domain.Domain {
		return domain.Domain{Name: "other", Extends: []data.Extender{text}, Migrations: os.DirFS("testdata/other")}
	}
	for want, opts := range map[string][]manortest.Option{
		`"token_count":0`:      {manortest.Domains(credits.Domain)},
		`"token_count":"none"`: {manortest.Domains(other)},
		`"locale":null`:        nil,
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			manortest.Each(t, func(t *testing.T, app *manortest.App) {
				got := string(app.User(t, "ann").Get("/users/me").Want(200).Body)
				if !strings.Contains(got, want) || opts == nil && strings.Contains(got, "token_count") {
					t.Errorf("the account is %s", got)
				}
			}, append(opts, manortest.Idle())...)
		})
	}
}

func TestExtendsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	keys, err := secret.NewKeyring([]byte("32 bytes, to be random elsewhere"))
	if err != nil {
		t.Fatal(err)
	}
	type row struct {
		data.Audited[row]
		Extra data.Extra
	}
	strange := data.Extend[Other](data.NewTable[row]("rows"))
	adds := func(x data.Extender, files bool) domain.Func {
		return func(domain.Env) domain.Domain {
			d := domain.Domain{Name: "d", Extends: []data.Extender{x}}
			if files {
				d.Migrations = os.DirFS("testdata/other")
			}
			return d
		}
	}
	for want, domains := range map[string][]domain.Func{
		"adds columns to rows, which is no table of a built-in domain": {adds(strange, true)},
		"both add columns to users":                                    {credits.Domain, adds(users.Extend[Other](), true)},
		"has no Migrations to make them":                               {adds(users.Extend[Other](), false)},
	} {
		manortest.Databases(t, func(t *testing.T, open func() *data.DB) {
			_, err := manor.New(manor.Config{DB: open(), Keys: keys, Domains: domains, Log: slog.New(slog.DiscardHandler)})
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("it said %v, not %s", err, want)
			}
		})
	}
	for want, extend := range map[string]func(){
		"and it is not public": func() {
			users.Extend[struct {
				A string `db:"a,search,default=''"`
			}]()
		},
		`access is public, self or both, not "own"`: func() {
			users.Extend[struct {
				A string `db:"a,default=''" access:"own"`
			}]()
		},
		`column "a" has a name that the table has already`: func() {
			users.Extend[struct {
				A string `json:"email" db:"a,default=''"`
			}]()
		},
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, want) {
					t.Errorf("it said %s, not %s", got, want)
				}
			}()
			extend()
		}()
	}
}

func ExampleDomain() {
	var u users.User
	credits.Users.Put(&u, credits.Credit{TokenCount: 3, Plan: "paid"})
	plan := credits.Users.Of(&u).Plan
	text, _ := json.Marshal(credits.Users.Table().Members()[0].Name)
	fmt.Println(plan, string(text))
	// Output: paid "token_count"
}
