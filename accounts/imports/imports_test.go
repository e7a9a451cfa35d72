package imports_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/manorgo/manor/accounts/imports"
	"github.com/manorgo/manor/accounts/roles"
	"github.com/manorgo/manor/accounts/users"
	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/transfer"
	"github.com/manorgo/manor/domain"
	"github.com/manorgo/manor/event"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/manortest"
	"github.com/manorgo/manor/secret"
)

// Hashes of staple.
const (
	pbkdf2 = "pbkdf2_sha256$1000$IaXh4MZfCsBJ$xq2yxVYAJmnqJY8XKUw8CMvhnsjNQ3cI7W5X5fCS5aM="
	staple = "correct horse battery staple"
	kratos = "$pbkdf2-sha256$i=1000,l=32$yMnKy8zNzs/Q0dLT1NXW1w$5fipzTivlGvteapzAjP4Cy4K6rUxwQIGtSxF9O8iv0Q"
	bcrypt = "$2a$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW" // of something else
)

func open(t *testing.T, name, content string) *transfer.Fixture {
	t.Helper()
	b := []byte(content)
	if strings.HasSuffix(name, ".gz") {
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		_, err := z.Write(b)
		if err := errors.Join(err, z.Close()); err != nil {
			t.Fatal(err)
		}
		b = packed.Bytes()
	}
	f, err := transfer.OpenFile(fstest.MapFS{name: {Data: b}}, name)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// run imports a file and returns what became of it, and who was refused.
func run(t *testing.T, app *manortest.App, name, content string, o imports.Options) (imports.Result, []string, error) {
	t.Helper()
	f := open(t, name, content)
	defer f.Close()
	var refused []string
	if o.Refused == nil {
		o.Refused = func(x imports.Refusal) error {
			refused = append(refused, fmt.Sprintf("%d %s: %s", x.Line, x.Email, x.Reason))
			return nil
		}
	}
	sum, err := imports.New(app.DB, app.Users(), app.Roles()).Run(t.Context(), f, o)
	return sum, refused, err
}

// people returns what is known of all accounts, a line for each, in the order of
// their addresses.
func people(t *testing.T, app *manortest.App) (out []string) {
	t.Helper()
	page, err := app.Users().Table.On(app.DB).List(t.Context(), data.Query[users.User]{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range page.Items {
		words := []string{u.Email, u.Username, u.FirstName + "," + u.LastName}
		for _, f := range []struct {
			is   bool
			word string
		}{
			{u.EmailVerified, "verified"}, {!u.Active, "inactive"}, {u.Staff, "staff"}, {u.Superuser, "superuser"}, {u.Password != nil, "password"},
			{u.EmailPrivacy != users.EmailPrivate, "mail:" + string(u.EmailPrivacy)}, {u.LastLogin != nil, "seen"}, {u.DateJoined.Year() == 2020, "2020"},
		} {
			if f.is {
				words = append(words, f.word)
			}
		}
		out = append(out, strings.Join(words, " "))
	}
	slices.Sort(out)
	return out
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// madeUp is a username that nobody chose.
var madeUp = regexp.MustCompile(" user-[a-z0-9]+ ")

// Each source in the form that its program exports.
func TestSources(t *testing.T) {
	firebase := secret.FirebaseScrypt{
		SignerKey:     secret.NewText("jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA=="),
		SaltSeparator: "Bw==", Rounds: 8, MemoryCost: 14,
	}
	all := []struct {
		file, content string
		o             imports.Options
		people        []string
		refused       []string
		skipped       int64
	}{
		{file: "django.json.gz", content: `[
			{"model": "auth.group", "pk": 1, "fields": {"name": "editors", "permissions": []}},
			{"model": "auth.user", "pk": 1, "fields": {"password": "` + pbkdf2 + `", "last_login": "2024-05-06T07:08:09.123Z", "is_superuser": true,
				"username": "ann", "first_name": "Ann", "last_name": "Lee", "email": "Ann@Example.com", "is_staff": true, "is_active": true,
				"date_joined": "2020-01-02T03:04:05Z", "groups": [1], "user_permissions": []}},
			{"model": "auth.user", "pk": 2, "fields": {"password": "!x8Hq", "last_login": null, "is_superuser": false,
				"username": "bob.b@example.com", "first_name": "", "last_name": "", "email": "bob@example.com", "is_staff": false, "is_active": false,
				"date_joined": "2020-01-02T03:04:05Z"}},
			{"model": "auth.user", "pk": 3, "fields": {"password": "md5$a$b", "username": "cat", "email": "cat@example.com", "is_active": true}},
			{"model": "auth.user", "pk": 4, "fields": {"password": "", "username": "dan", "email": "", "is_active": true}}]`,
			o: imports.Options{From: imports.Django, Verified: true},
			people: []string{"Ann@example.com ann Ann,Lee verified password seen 2020",
				"bob@example.com bob-b , verified inactive 2020"},
			refused: []string{"9 cat@example.com: password cannot be used: the stored password hash is in no form that is known", "10 : email is missing"}, skipped: 1},
		{file: "members.csv", content: "email,username,password,first_name,last_name,is_staff,is_superuser,is_active,date_joined,points\n" +
			"eve@example.com,eve," + pbkdf2 + ",Eve,Stone,t,f,True,2020-01-02 03:04:05.5+00,7\n",
			o:      imports.Options{From: imports.Django, Ranks: true},
			people: []string{"eve@example.com eve Eve,Stone staff password 2020"}},
		{file: "pocket.json", content: `[{"id":"a","email":"p1@example.com","emailVisibility":true,"verified":true,"username":"p1","name":"Pia de Vries","password":"` + bcrypt + `","created":"2020-01-02 03:04:05.678Z","tokenKey":"x"},
			{"id":"b","email":"p2@example.com","emailVisibility":0,"verified":0,"username":"","name":"","passwordHash":"` + bcrypt + `","created":""}]`,
			o: imports.Options{From: imports.PocketBase, Verified: true},
			people: []string{"p1@example.com p1 Pia de,Vries verified password mail:public 2020",
				"p2@example.com user , password mail:never"}},
		{file: "kratos.json", content: ` {"identities": [
			{"id":"1","schema_id":"default","state":"active","traits":{"email":"k1@example.com","username":"k1","name":{"first":"Kim","last":"Poe"}},
				"verifiable_addresses":[{"value":"k1@example.com","verified":true,"via":"email"}],"created_at":"2020-01-02T03:04:05Z",
				"credentials":{"password":{"type":"password","identifiers":["k1@example.com"],"config":{"hashed_password":"` + kratos + `"}}}},
			{"id":"2","state":"inactive","traits":{"name":"Lou"},"credentials":{"password":{"identifiers":["lou","k2@example.com"]}}}
			], "next_page_token": ""}`,
			o: imports.Options{From: imports.Kratos},
			people: []string{"k1@example.com k1 Kim,Poe verified password 2020",
				"k2@example.com user Lou, inactive"}},
		{file: "supabase.csv", content: "id,email,encrypted_password,email_confirmed_at,last_sign_in_at,raw_user_meta_data,created_at,banned_until,deleted_at\n" +
			`1,s1@example.com,` + bcrypt + `,2020-01-02 03:04:05+00,2021-01-02 03:04:05.123456+00,"{""full_name"": ""Sue Ray"", ""user_name"": ""sue""}",2020-01-02 03:04:05+00,,` + "\n" +
			"2,s2@example.com,,,,{},2020-01-02 03:04:05+00,2999-01-01 00:00:00+00,\n" +
			"3,s3@example.com,,,,{},2020-01-02 03:04:05+00,,2021-01-02 03:04:05+00\n",
			o: imports.Options{From: imports.Supabase, Verified: true},
			people: []string{"s1@example.com sue Sue,Ray verified password seen 2020",
				"s2@example.com user , inactive 2020"},
			refused: []string{"4 s3@example.com: deleted_at says that the account is deleted"}},
		{file: "firebase.json", content: `{"users": [{"localId":"x","email":"f1@example.com","emailVerified":true,"displayName":"Fay Wu","salt":"42xEC-ixf3L2lw==",
			"passwordHash":"lSrfV15cpx95_sZS2W9c9Kp6i_LVgQNDNC_qzrCnh1SAyZvqmZqAjTdn3aoItz-VHjoZilo78198JAdRuid5lQ==","createdAt":"1577934245000","lastSignedInAt":"1609556645000"}]}`,
			o:      imports.Options{From: imports.Firebase, Firebase: firebase},
			people: []string{"f1@example.com user Fay,Wu verified password seen 2020"}},
		{file: "own.ndjson", content: `{"email":"o1@example.com","username":"o1","password_hash":"` + kratos + `","email_verified":true,"is_staff":true,"roles":["editors"],"email_privacy":"never","date_joined":"2020-01-02"}
			{"email":"o2@example.com","password":"plain"}
			{"email":"o3@example.com","roles":"editors nonsense"}
			{"email":"o4@example.com","is_active":"perhaps","date_joined":"soon"}
			{"email":"o5@ex ample.com","first_name":"a\u0000b"}
			{"email":"o6@example.com","roles":["superuser"]}`,
			o:      imports.Options{From: imports.JSON, Roles: true},
			people: []string{"o1@example.com o1 , verified password mail:never 2020"},
			refused: []string{"2 o2@example.com: password is not a column of people", "3 o3@example.com: roles names a role that does not exist",
				"4 o4@example.com: is_active is neither true nor false; date_joined is not a time that can be kept",
				"5 o5@ex ample.com: email is not an e-mail address; first_name holds characters that are not text",
				"6 o6@example.com: roles names a rank, which nobody gets who is not asked for it"}},
	}
	manortest.Each(t, func(t *testing.T, app *manortest.App) {
		boss := auth.NewContext(t.Context(), &auth.Principal{Subject: "test", Permissions: auth.Permissions{"*"}})
		editors, err := app.Roles().Create(boss, roles.Create{Name: "editors"})
		if err != nil {
			t.Fatal(err)
		}
		var before []string
		for _, c := range all {
			before = people(t, app)
			sum, refused, err := run(t, app, c.file, c.content, c.o)
			if err != nil {
				t.Fatalf("%s: %v", c.file, err)
			}
			var fresh []string
			for _, line := range people(t, app) {
				if !slices.Contains(before, line) {
					fresh = append(fresh, madeUp.ReplaceAllString(line, " user "))
				}
			}
			same(t, c.file, fresh, c.people)
			same(t, c.file+": refused", refused, c.refused)
			same(t, c.file+": created, skipped", []int64{sum.Created, sum.Skipped, sum.Refused}, []int64{int64(len(c.people)), c.skipped, int64(len(c.refused))})
		}
		held, err := app.Users().Table.On(app.DB).Count(t.Context(), users.WithRole(editors.Name))
		if err != nil || held != 1 {
			t.Errorf("%d have the role, %v", held, err)
		}
		// They sign in with the password they had, and from then on it is hashed by us.
		stored := func(name string) string {
			u, err := app.Users().ByIdentifier(t.Context(), app.DB, name)
			if err != nil || u.Password == nil {
				t.Fatalf("%s: %v", name, err)
			}
			return string(*u.Password)
		}
		for name, password := range map[string]string{"ann": staple, "k1": staple, "o1@example.com": staple, "F1@example.com": "user1password"} {
			login := map[string]string{"identifier": name, "password": password}
			nobody := app.Anonymous(t)
			nobody.Post("/auth/token", map[string]string{"identifier": name, "password": password + "?"}).Want(401)
			if strings.HasPrefix(stored(name), "$argon2id$") {
				t.Errorf("%s has a new hash after a wrong password", name)
			}
			nobody.Post("/auth/token", login).Want(200)
			if !strings.HasPrefix(stored(name), "$argon2id$") {
				t.Errorf("%s still has the old hash", name)
			}
			nobody.Post("/auth/token", login).Want(200)
		}
	})
}

// To import again, a newer file or the same, adds who is new.
func TestAgain(t *testing.T) {
	var mu sync.Mutex
	told := map[string][]users.Imported{}
	listen := manortest.Domains(func(domain.Env) domain.Domain {
		return domain.Domain{Name: "listener", Handlers: []event.Handler{event.Inside(func(_ context.Context, tx *data.Tx, e users.Imported) error {
			mu.Lock()
			defer mu.Unlock()
			told[tx.DB().Dialect()] = append(told[tx.DB().Dialect()], e)
			return nil
		})}}
	})
	manortest.Each(t, func(t *testing.T, app *manortest.App) {
		const first = `{"email":"ann@example.com","username":"ann","password_hash":"` + kratos + `","email_verified":true}
			{"email":"bob@example.com","username":"Ann"}
			{"email":"cat@example.com","username":"admin"}
			{"email":"ANN@example.com","username":"ann2","first_name":"Anna"}`
		o := imports.Options{From: imports.JSON, Batch: 2}
		sum, refused, err := run(t, app, "people.ndjson", first, imports.Options{From: imports.JSON, Batch: 2, DryRun: true})
		same(t, "a dry run", sum, imports.Result{Rows: 4, Created: 3, Present: 1})
		if err != nil || refused != nil || len(people(t, app)) != 0 {
			t.Fatalf("a dry run: %q, %v, %q", refused, err, people(t, app))
		}
		sum, refused, err = run(t, app, "people.ndjson", first, o)
		same(t, "first", sum, imports.Result{Rows: 4, Created: 3, Present: 1})
		if err != nil || refused != nil {
			t.Fatalf("%q, %v", refused, err)
		}
		names := map[string]string{}
		for _, line := range people(t, app) {
			words := strings.Fields(line)
			names[words[0]] = words[1]
		}
		if names["ann@example.com"] != "ann" || !strings.HasPrefix(names["bob@example.com"], "Ann-") || !strings.HasPrefix(names["cat@example.com"], "admin-") {
			t.Errorf("%q", names)
		}
		sum, _, err = run(t, app, "people.ndjson", first, o)
		same(t, "again", []any{sum, err}, []any{imports.Result{Rows: 4, Present: 4}, error(nil)})

		sum, refused, err = run(t, app, "newer.ndjson", `{"email":"dan@example.com","username":"ann"}
			{"email":"eve@example.com","username":"e"}
			{"email":"fay@example.com","username":"fay"}`, imports.Options{From: imports.JSON, Strict: true})
		same(t, "strict", []any{sum, refused, err}, []any{imports.Result{Rows: 3, Created: 1, Refused: 2}, []string{
			"2 eve@example.com: username must have 2 to 150 characters", "1 dan@example.com: username is already taken"}, error(nil)})

		// What is told of people who are there.
		update := `{"email":"ann@example.com","username":"other","first_name":"Anna","is_active":true,"password_hash":"` + pbkdf2 + `"}
			{"email":"bob@example.com","is_active":false,"email_verified":true}
			{"email":"fay@example.com"}`
		o.Update = true
		sum, _, err = run(t, app, "update.ndjson", update, o)
		same(t, "update", []any{sum, err}, []any{imports.Result{Rows: 3, Updated: 2, Present: 1}, error(nil)})
		ann, err := app.Users().ByIdentifier(t.Context(), app.DB, "ann")
		if err != nil || ann.FirstName != "Anna" || string(*ann.Password) != pbkdf2 || ann.Epoch != 1 || !ann.EmailVerified {
			t.Errorf("%+v, %v", ann, err)
		}
		// Once somebody has signed in here, their password is theirs.
		app.Anonymous(t).Post("/auth/token", map[string]string{"identifier": "ann", "password": staple}).Want(200)
		sum, _, err = run(t, app, "update.ndjson", update, o)
		same(t, "update again", []any{sum, err}, []any{imports.Result{Rows: 3, Present: 3}, error(nil)})
		app.Anonymous(t).Post("/auth/token", map[string]string{"identifier": "ann", "password": staple}).Want(200)

		mu.Lock()
		defer mu.Unlock()
		same(t, "events, those of the dry run included", told[app.DB.Dialect()], []users.Imported{{From: "json", Count: 2}, {From: "json", Count: 1}, {From: "json", Count: 2}, {From: "json", Count: 1}, {From: "json", Count: 1}})
		mails, err := app.Mail().List(t.Context(), 10)
		if err != nil || len(mails) != 0 {
			t.Errorf("%d mails, %v", len(mails), err)
		}
	}, listen)
}

// An interrupted import goes on, unless the file changed.
func TestInterrupted(t *testing.T) {
	manortest.Each(t, func(t *testing.T, app *manortest.App) {
		row := func(name string) string {
			return `{"email":"` + name + `@example.com","username":"` + name + `"}` + "\n"
		}
		file := row("ann") + row("bob") + row("cat") + `{"email":"nonsense"}` + "\n" + row("dan") + row("eve")
		stop := errors.New("stop")
		o := imports.Options{From: imports.JSON, Batch: 2}
		o.Refused = func(imports.Refusal) error { return stop }
		sum, _, err := run(t, app, "people.ndjson", file, o)
		if !errors.Is(err, stop) || sum.Created != 2 || len(people(t, app)) != 2 {
			t.Fatalf("%+v, %v", sum, err)
		}
		o.Refused = nil
		if _, _, err := run(t, app, "people.ndjson", row("zoe")+file, o); fault.KindOf(err) != fault.Conflict {
			t.Errorf("another file: %v", err)
		}
		if _, _, err := run(t, app, "people.ndjson", row("ann"), o); fault.KindOf(err) != fault.Conflict {
			t.Errorf("a shorter file: %v", err)
		}
		sum, refused, err := run(t, app, "people.ndjson", file, o)
		same(t, "on", []any{sum, len(refused), err}, []any{imports.Result{Rows: 6, Found: 2, Created: 3, Refused: 1}, 1, error(nil)})
		sum, _, err = run(t, app, "people.ndjson", file, o) // what is done is forgotten
		same(t, "again", []any{sum, err}, []any{imports.Result{Rows: 6, Present: 5, Refused: 1}, error(nil)})
		for name, bad := range map[string]imports.Options{"nowhere": {}, "elsewhere": {From: "ldap"}, "no key": {From: imports.Firebase}} {
			if _, _, err := run(t, app, "people.ndjson", file, bad); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, _, err := run(t, app, "people.json", `[{"email":"x@example.com"}`, o); fault.KindOf(err) != fault.Malformed {
			t.Errorf("a file that was cut: %v", err)
		}
	}, manortest.Idle())
}

// Two imports of the same people at once store each of them once.
func TestTogether(t *testing.T) {
	manortest.Each(t, func(t *testing.T, app *manortest.App) {
		const size = 40
		var file strings.Builder
		for i := range size {
			fmt.Fprintf(&file, "{\"email\":\"p%d@example.com\",\"username\":\"p%d\"}\n", i, i)
		}
		sums, errs := make([]imports.Result, 2), make([]error, 2)
		var both sync.WaitGroup
		for i := range sums {
			both.Go(func() {
				sums[i], _, errs[i] = run(t, app, fmt.Sprintf("people%d.ndjson", i), file.String(), imports.Options{From: imports.JSON, Batch: 5})
			})
		}
		both.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		same(t, "in all", []int64{sums[0].Created + sums[1].Created, sums[0].Present + sums[1].Present, int64(len(people(t, app)))}, []int64{size, size, size})
	}, manortest.Idle())
}
