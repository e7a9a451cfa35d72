package accounts_test

import (
	"errors"
	"io/fs"
	"maps"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"unicode"

	"github.com/manorgo/manor"
	"github.com/manorgo/manor/accounts"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/manortest"
	"github.com/manorgo/manor/secret"
)

// Every letter is there in every built-in language, in text and in HTML that
// fetches nothing from anywhere.
func TestLettersAreComplete(t *testing.T) {
	t.Parallel()
	letters, err := accounts.ParseLetters(nil)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "languages", letters.Languages(), []string{"en", "zh"})
	have := map[string]bool{}
	for _, o := range letters.Origins() {
		have[o.Language+"/"+o.Letter] = true
	}
	fetches := regexp.MustCompile(`(?i)<(img|script|link|iframe|object|video|audio|form)\b|url\(|@import|src=`)
	for _, name := range letters.Names() {
		for _, lang := range letters.Languages() {
			if !have[lang+"/"+name] {
				t.Errorf("%s is not there in %s", name, lang)
				continue
			}
			m, err := letters.Sample(name, lang, "ada@example.com")
			if err != nil {
				t.Errorf("%s in %s: %v", name, lang, err)
				continue
			}
			if chinese := strings.ContainsFunc(m.Subject+m.Text, func(r rune) bool { return unicode.Is(unicode.Han, r) }); chinese != (lang == "zh") {
				t.Errorf("%s in %s is in another language: %s", name, lang, m.Subject)
			}
			if !strings.Contains(m.HTML, `<html lang="`+lang+`" dir="ltr">`) || fetches.MatchString(m.HTML) {
				t.Errorf("%s in %s:\n%s", name, lang, m.HTML)
			}
		}
	}
	files, err := fs.Glob(accounts.LetterFiles(), "*/*.txt")
	if err != nil || len(files) != len(have) {
		t.Errorf("%d files for %d letters, %v", len(files), len(have), err)
	}
}

// Letters are in the language that people chose, else in that of the request, also
// if a task sends them.
func TestLanguageOfLetters(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		in := func(lang, path string, b body) {
			t.Helper()
			app.Anonymous(t).Do("POST", path, b, "Accept-Language", lang).Want(202)
		}
		const english, chinese = "Choose a new password for localhost", "重设您在 localhost 的密码"
		forgot := func(to, lang, want string) {
			t.Helper()
			in(lang, "/auth/password/forgot", body{"email": to})
			m := app.LastMail(t, to)
			same(t, "asked in "+lang, m.Subject, want)
			if !strings.Contains(m.HTML, "<html lang=") || !strings.Contains(m.HTML, "/reset?token=") {
				t.Errorf("the HTML has no link:\n%s", m.HTML)
			}
		}
		ann, bob := app.User(t, "ann"), app.User(t, "bob")
		to := ann.User.Email
		forgot(bob.User.Email, "", english)
		forgot(bob.User.Email, "zh-CN,zh;q=0.9,en;q=0.8", chinese)
		forgot(bob.User.Email, "fr, ;;q=x", english)
		same(t, "locale", ann.Get("/users/me").Want(200).Value("locale"), nil)
		same(t, "locale as it is stored", ann.Patch("/users/me", body{"locale": "zh_hans_cn"}).Want(200).Text("locale"), "zh-Hans-CN")
		forgot(to, "en", chinese)
		for _, bad := range []any{"nonsense here", "x", "und", "zh\r\nX", strings.Repeat("zh-", 20), 7} {
			if r := ann.Patch("/users/me", body{"locale": bad}); r.Status != 422 {
				t.Errorf("locale %v: %d", bad, r.Status)
			}
		}
		other := app.User(t, "other").Get("/users/" + ann.User.ID.String()).Want(200)
		if strings.Contains(string(other.Body), "zh-Hans") {
			t.Errorf("others see the locale: %s", other.Body)
		}
		same(t, "whole row", app.Admin(t).Get("/users/"+ann.User.ID.String()).Want(200).Text("locale"), "zh-Hans-CN")
		same(t, "forgotten", ann.Patch("/users/me", body{"locale": nil}).Want(200).Value("locale"), nil)

		fresh := registering("new@example.com")
		fresh["locale"] = "zh"
		in("en", "/auth/register", fresh)
		same(t, "registered", app.LastMail(t, "new@example.com").Subject, "请确认您在 localhost 的电子邮箱")
		in("en", "/auth/verify/resend", body{"email": "new@example.com"})
		same(t, "again", app.LastMail(t, "new@example.com").Subject, "请确认您在 localhost 的电子邮箱")
		in("zh", "/auth/register", registering(to))
		same(t, "known", app.LastMail(t, to).Subject, "您在 localhost 已有账号")
		wrong := maps.Clone(fresh)
		wrong["locale"] = "no language"
		app.Anonymous(t).Post("/auth/register", wrong).Want(422)
	})
}

// Whoever registers with somebody else's address writes nothing into their mail.
func TestNamesTellNothing(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		for i, test := range []struct{ name, greeting string }{
			{"Ada Lovelace", "Hello Ada Lovelace,"},
			{"爱达", "Hello 爱达,"},
			{"<b>Ada</b>", "Hello,"},
			{"Ada,\r\n\r\nBcc: everybody\r\n", "Hello,"},
			{"Ada,\n\nyou have won", "Hello Ada, you have won,"},
			{"win at https://evil.example", "Hello,"},
			{"win at evil.example", "Hello,"},
			{"write to evil@example", "Hello,"},
			{"www.evil", "Hello,"},
			{strings.Repeat("won ", 30), "Hello,"},
			{"Ada\u202e\u200b", "Hello Ada,"},
		} {
			to := strings.Repeat("a", i+1) + "@example.com"
			in := registering(to)
			in["first_name"] = test.name
			app.Anonymous(t).Post("/auth/register", in).Want(202)
			m := app.LastMail(t, to)
			if first, _, _ := strings.Cut(m.Text, "\n"); first != test.greeting {
				t.Errorf("%q is greeted by %q, want %q", test.name, first, test.greeting)
			}
			if strings.Contains(m.HTML, "<b>") || strings.Contains(m.HTML+m.Text, "evil") {
				t.Errorf("%q got into the mail:\n%s", test.name, m.HTML)
			}
		}
	}, manortest.Idle())
}

// Whatever a request says of its host, no link leads elsewhere.
func TestLinksWhateverHost(t *testing.T) {
	each(t, func(t *testing.T, app *manortest.App) {
		hosts := []string{"shop.example", "SHOP.example:443", "evil.example", "shop.example.evil.example", "shop.example:8080", "127.0.0.1", "[::1]", "evil.example:443", "shop.example.", "xn--shop-evil.example"}
		headers := []string{"X-Forwarded-Host", "X-Forwarded-Server", "X-Forwarded-Proto", "X-Original-Host", "X-Host", "Forwarded", "X-Original-URL", "X-Rewrite-URL", "Referer", "Origin"}
		values := []string{"evil.example", "host=evil.example;proto=http"}
		to, sent := "ann@example.com", 0
		app.User(t, "ann")
		client := app.Anonymous(t)
		for _, host := range hosts {
			for _, header := range headers {
				for _, value := range values {
					r := client.Do("POST", "/auth/password/forgot", body{"email": to}, "Host", host, header, value)
					ours := host == "shop.example" || host == "SHOP.example:443"
					if ours && r.Status == 202 {
						sent++
					}
					if !ours && r.Status != 421 {
						t.Errorf("Host %s, %s %s: %d", host, header, value, r.Status)
					}
					if strings.Contains(r.Header.Get("Location"), "evil") {
						t.Errorf("Host %s, %s %s leads to %s", host, header, value, r.Header.Get("Location"))
					}
				}
			}
		}
		app.WaitTasks(t)
		mails, err := app.Mail().List(t.Context(), 1000)
		if err != nil || sent == 0 || len(mails) == 0 {
			t.Fatalf("%d accepted, %d mails, %v", sent, len(mails), err)
		}
		for _, listed := range mails {
			m, err := app.Mail().Show(t.Context(), listed.ID)
			if err != nil || strings.Contains(m.Text+m.HTML, "evil") || !strings.Contains(m.Text, "\nhttps://shop.example/reset?token=") || strings.Count(m.HTML, "https://shop.example/reset?token=") != 2 {
				t.Errorf("%v\n%s\n%s", err, m.Text, m.HTML)
			}
		}
	}, manortest.Config(func(c *manor.Config) { c.PublicURL = &url.URL{Scheme: "https", Host: "shop.example"} }))
}

// Files replace letters and add languages; those that cannot be used keep the app
// from starting.
func TestLettersFromFiles(t *testing.T) {
	over := fstest.MapFS{
		"en/reset.txt": {Data: []byte("Subject: A new one for {{.App}}\n\nGo to {{.Link}} <now>")},
		"de/reset.txt": {Data: []byte("Subject: Ein neues Passwort\nAction: Passwort wählen\n\n{{.Link}}")},
	}
	each(t, func(t *testing.T, app *manortest.App) {
		to := app.User(t, "ann").User.Email
		for lang, want := range map[string]string{"en": "A new one for localhost", "de-AT": "Ein neues Passwort", "zh": "重设您在 localhost 的密码"} {
			app.Anonymous(t).Do("POST", "/auth/password/forgot", body{"email": to}, "Accept-Language", lang).Want(202)
			m := app.LastMail(t, to)
			same(t, lang, m.Subject, want)
			if lang == "en" && !strings.Contains(m.HTML, "Go to http") || strings.Contains(m.HTML, "<now>") {
				t.Errorf("the HTML is not that of the new text:\n%s", m.HTML)
			}
		}
		keys, err := secret.NewKeyring([]byte("0123456789abcdefghijklmnopqrstuv"))
		if err != nil {
			t.Fatal(err)
		}
		c := manor.Config{DB: app.DB, Keys: keys}
		c.Accounts.Templates = fstest.MapFS{"en/reset.txt": {Data: []byte("Subject: x\n\n{{.Link}}\n{{.Token}}")}}
		if _, err := manor.New(c); err == nil || !strings.Contains(err.Error(), "en/reset.txt:4:") {
			t.Errorf("an app with a letter that is wrong: %v", err)
		}
		c.Accounts.Templates, c.Mail.ReplyTo = nil, "nobody"
		if _, err := manor.New(c); !errors.Is(err, fault.Invalid) {
			t.Errorf("an app whose mails cannot be answered: %v", err)
		}
	}, manortest.Config(func(c *manor.Config) { c.Accounts.Templates = over }))
}
