package mail_test

import (
	"errors"
	"io/fs"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/mail"
)

// A welcome is what the letters of these tests speak of.
type welcome struct{ App, Name, Link string }

var welcomes = []mail.Letter{
	{Name: "welcome", Sample: welcome{"Shop", "Ana", "https://example.org/w?token=sample"}, Must: []string{"https://example.org/w?token=sample"}},
	{Name: "bye", Sample: welcome{"Shop", "Ana", ""}},
}

const (
	welcomeText = "Subject: Welcome to {{.App}}\nAction: Look around\n\nHello{{with .Name}} {{.}}{{end}},\ncome <in>:\n\n{{.Link}}\n\nDetails:\n- one\n  two\n"
	byeText     = "Subject: Goodbye\n\nBye.\n"
)

func files(pairs ...string) fs.FS {
	out := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return out
}

func builtin() fs.FS {
	return files("en/welcome.txt", welcomeText, "en/bye.txt", byeText, "README.md", "not read")
}

func parseLetters(t *testing.T, over ...fs.FS) *mail.Letters {
	t.Helper()
	l, err := mail.ParseLetters(welcomes, append([]fs.FS{builtin()}, over...)...)
	check(t, err)
	return l
}

func TestLetterMadeOfText(t *testing.T) {
	t.Parallel()
	m, err := parseLetters(t).Write("welcome", "en", "ana@example.org", welcome{
		App: "A <b>\r\nBcc: x@y.z\u2028shop", Name: `<script>"Ana"`, Link: "https://example.org/w?token=abc&x=1",
	})
	check(t, err)
	want := mail.Message{
		To: "ana@example.org", Kind: "welcome", Subject: "Welcome to A <b> Bcc: x@y.z shop",
		Text: "Hello <script>\"Ana\",\ncome <in>:\n\nhttps://example.org/w?token=abc&x=1\n\nDetails:\n- one\n  two",
		HTML: `<!doctype html>
<html lang="en" dir="ltr">
<head><meta charset="utf-8"><title>Welcome to A &lt;b&gt; Bcc: x@y.z shop</title></head>
<body>


<p style="margin:0 0 1em">Hello &lt;script&gt;&#34;Ana&#34;,
come &lt;in&gt;:
</p>
<p><a href="https://example.org/w?token=abc&amp;x=1">Look around</a><br>https://example.org/w?token=abc&amp;x=1</p>

<p style="margin:0 0 1em">Details:
<br>- one
<br>  two
</p>
</body>
</html>`,
	}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	m, err = parseLetters(t).Write("welcome", "en", "a@b.c", welcome{App: strings.Repeat("ä", 300), Link: "javascript:alert(1)"})
	check(t, err)
	if n := len([]rune(m.Subject)); n != 255 || !strings.HasSuffix(m.Subject, "ä…") {
		t.Errorf("a subject of %d characters", n)
	}
	if strings.Contains(m.HTML, `href="javascript:`) {
		t.Errorf("a link that is a script:\n%s", m.HTML)
	}
	if _, err := parseLetters(t).Write("nothing", "en", "a@b.c", nil); !errors.Is(err, fault.NotFound) {
		t.Errorf("an unknown letter: %v", err)
	}
}

// A text that replaces another replaces the HTML beside that, too: readers would
// see the old words else.
func TestLettersReplaced(t *testing.T) {
	t.Parallel()
	first := files("en/welcome.txt", welcomeText, "en/welcome.html", "<p>old {{.Link}}</p>", "en/bye.txt", byeText,
		"layout.html", `{{define "button"}}[{{.Action}}]({{.Link}}){{end}}<html>{{.Language}} {{.Direction}} {{template "content" .Letter}}`)
	html := func(lang string, over ...fs.FS) string {
		t.Helper()
		l, err := mail.ParseLetters(welcomes, append([]fs.FS{first}, over...)...)
		check(t, err)
		m, err := l.Sample("welcome", lang, "a@b.c")
		check(t, err)
		return m.HTML
	}
	const link = "https://example.org/w?token=sample"
	for name, test := range map[string]struct{ got, want string }{
		"both":       {html("en"), "<html>en ltr <p>old " + link + "</p>"},
		"a new text": {html("en", files("en/welcome.txt", "Subject: New\n\n{{.Link}}")), "<html>en ltr \n\n[" + link + "](" + link + ")"},
		"new HTML":   {html("en", files("en/welcome.html", "new {{.Link}}")), "<html>en ltr new " + link},
		"a whole page": {html("en", files("en/welcome.html", `<HTML>{{template "button" (button .Link "x")}}`)),
			`<HTML><p><a href="` + link + `">x</a><br>` + link + `</p>`},
		"a layout":              {html("en", files("layout.html", `{{template "content" .Letter}}|{{.Letter.App}}`)), "<p>old " + link + "</p>|Shop"},
		"a layout of one":       {html("en", files("en/layout.html", `{{template "content" .Letter}}!`)), "<p>old " + link + "</p>!"},
		"a language":            {html("ar", files("ar/welcome.txt", "Subject: x\r\n\r\n<{{.Link}}>")), "<html>ar rtl \n\n<p style=\"margin:0 0 1em\">&lt;" + link + "&gt;\n</p>"},
		"a language without it": {html("ar", files("ar/bye.txt", byeText)), "<html>en ltr <p>old " + link + "</p>"},
	} {
		if strings.TrimSpace(strings.ReplaceAll(test.got, "\n</p>", "</p>")) != strings.ReplaceAll(test.want, "\n</p>", "</p>") {
			t.Errorf("%s:\n%q, want\n%q", name, test.got, test.want)
		}
	}
	origins := parseLetters(t, files("de/bye.txt", byeText, "de/bye.html", "Bye")).Origins()
	want := []mail.Origin{
		{Letter: "bye", Language: "en", Text: "en/bye.txt"},
		{Letter: "bye", Language: "de", Text: "de/bye.txt", HTML: "de/bye.html", Replaced: true},
		{Letter: "welcome", Language: "en", Text: "en/welcome.txt"},
	}
	if diff := cmp.Diff(want, origins); diff != "" {
		t.Errorf("origins, -want +got\n%s", diff)
	}
}

func TestLettersRefused(t *testing.T) {
	t.Parallel()
	const head = "Subject: x\n\n{{.Link}}\n"
	for name, test := range map[string]struct {
		over fs.FS
		want []string
	}{
		"no template":       {files("en/welcome.txt", head+"\n{{.Name"), []string{"en/welcome.txt:5: unclosed action"}},
		"no field":          {files("en/welcome.txt", head+"{{.Nmae}}"), []string{"en/welcome.txt:4:2", "<.Nmae>", "there are .App, .Name, .Link"}},
		"in a branch":       {files("en/welcome.txt", head+"{{if not .Name}}{{.Nmae}}{{end}}"), []string{"en/welcome.txt:4:", "<.Nmae>"}},
		"in the subject":    {files("en/welcome.txt", "Action: x\nSubject: {{.X}}\n\n{{.Link}}"), []string{"en/welcome.txt:2:", "<.X>"}},
		"in HTML":           {files("en/welcome.html", "{{.Link}}\n<a href='{{.X}}'>"), []string{"en/welcome.html:2:", "<.X>"}},
		"HTML left open":    {files("en/welcome.html", "{{.Link}}\n<a href='{{if .Name}}'{{end}}>"), []string{"en/welcome.html:2"}},
		"in the layout":     {files("layout.html", "\n\n{{.X}}"), []string{"layout.html:3:", "<.X>", "there are .Subject, .Language, .Direction, .Letter"}},
		"no subject":        {files("en/welcome.txt", "Hello,\n\n{{.Link}}"), []string{"en/welcome.txt:1: a letter begins with the lines Subject: "}},
		"only a subject":    {files("en/welcome.txt", "Subject: x"), []string{"en/welcome.txt:1: "}},
		"nothing":           {files("en/welcome.txt", ""), []string{"en/welcome.txt:1: "}},
		"no text":           {files("en/bye.txt", "Subject: x\n\n "), []string{"en/bye.txt is empty"}},
		"no link":           {files("en/welcome.txt", "Subject: x\n\nHello"), []string{"en/welcome.txt does not show https://example.org/w?token=sample"}},
		"no link in HTML":   {files("en/welcome.html", "Hello"), []string{"en/welcome.html does not show https://"}},
		"no link in layout": {files("layout.html", "Hello"), []string{"en/welcome.txt, with layout.html around it, does not show https://"}},
		"HTML without text": {files("de/bye.html", "Bye"), []string{"de/bye.txt is missing beside de/bye.html"}},
		"misspelt":          {files("en/welcom.txt", head), []string{"en/welcom.txt belongs to no letter: there is none called welcom"}},
		"no language":       {files("english/welcome.txt", head), []string{"the folder english is not called like a language"}},
		"no folder":         {files("welcome.txt", head), []string{"welcome.txt is in no language's folder, such as en"}},
		"several":           {files("en/welcome.txt", "", "de/bye.html", "x", "x.html", ""), []string{"en/welcome.txt:1", "; ", "de/bye.txt", "x.html"}},
		"huge":              {files("en/welcome.txt", strings.Repeat("x", 1<<20)), []string{"en/welcome.txt has more than 262144 bytes"}},
	} {
		_, err := mail.ParseLetters(welcomes, builtin(), test.over)
		if !errors.Is(err, fault.Invalid) {
			t.Errorf("%s: %v, want fault.Invalid", name, err)
			continue
		}
		for _, want := range test.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v\nwant %q", name, err, want)
			}
		}
		if strings.Contains(err.Error(), "template:") {
			t.Errorf("%s: %v is for programmers", name, err)
		}
	}
	if _, err := mail.ParseLetters(welcomes, files("en/bye.txt", byeText)); err == nil || err.Error() != "en/welcome.txt is missing" {
		t.Errorf("a letter that is not there in English: %v", err)
	}
}

func TestLetterLanguages(t *testing.T) {
	t.Parallel()
	l := parseLetters(t, files("zh/bye.txt", byeText, "pt-BR/bye.txt", byeText, ".git/HEAD", "", "zh/.swp", ""))
	if diff := cmp.Diff([]string{"en", "pt-BR", "zh"}, l.Languages()); diff != "" {
		t.Errorf("languages, -want +got\n%s", diff)
	}
	for wish, want := range map[string]string{
		"":                               "en",
		"zh":                             "zh",
		"zh-CN":                          "zh",
		"zh_CN":                          "zh",
		"zh-Hans-SG, en;q=0.5":           "zh",
		"en;q=0.5, zh;q=0.9":             "zh",
		"fr, zh;q=0.2":                   "zh",
		"en-GB":                          "en",
		"pt":                             "pt-BR",
		"fr":                             "en",
		"*":                              "en",
		"zh; q=never":                    "en",
		"\r\nzh":                         "zh",
		"not a language at all":          "en",
		strings.Repeat("zh-", 100_000):   "en",
		"zh" + strings.Repeat(",zh", 90): "en", // longer than any real wish
	} {
		if got := l.Match(wish); got != want {
			t.Errorf("%.40q: %s, want %s", wish, got, want)
		}
	}
	if got := l.Match("", "xx", "zh", "pt-BR"); got != "zh" {
		t.Errorf("the first wish that can be met is %s", got)
	}
}

// Whatever stands in a text, the HTML made of it shows what the text shows, and
// values add no markup to it.
func FuzzLetterMadeOfText(f *testing.F) {
	for _, text := range []string{welcomeText, byeText, "Subject: x\n\n{{if .Name}}a\n\nb{{end}}\n\n{{.Link}}\n", "Subject: {{.}}\nAction: `{{\n\n- {{/* x */}}<p>\n{{.Name}}", "", "\n", "Subject:", "Subject: x\n\n<a href={{.Link}}>"} {
		f.Add(text, `"'<script>`)
	}
	f.Fuzz(func(t *testing.T, text, name string) {
		kinds := []mail.Letter{{Name: "welcome", Sample: welcome{"Shop", "Ana", "https://example.org/"}}}
		l, err := mail.ParseLetters(kinds, files("en/welcome.txt", text))
		if err != nil {
			if !errors.Is(err, fault.Invalid) {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		write := func(name string) string {
			m, err := l.Write("welcome", "en", "a@b.c", welcome{Name: name})
			if err != nil {
				t.Skip() // such as a comparison of what cannot be compared
			}
			if strings.ContainsAny(m.Subject, "\r\n\x00") || len([]rune(m.Subject)) > 255 {
				t.Errorf("%q: the subject is %q", text, m.Subject)
			}
			return m.HTML
		}
		plain := !strings.Contains(shows.ReplaceAllString(text, ""), "{{") // nothing depends on the name
		if page := write(name); plain && strings.Count(page, "<") > strings.Count(write("Ana"), "<") {
			t.Errorf("%q with the name %q:\n%s", text, name, page)
		}
	})
}

// shows is an action that only shows a field.
var shows = regexp.MustCompile(`\{\{ ?\.\w* ?\}\}`)
