package mail

import (
	"html"
	"html/template"
	"io"
	"regexp"
	"strings"

	"golang.org/x/text/language"
)

// content is what a layout calls the letter that it is around.
const content = "content"

// plainLayout is the page around letters that bring none.
const plainLayout = `<!doctype html>
<html lang="{{.Language}}" dir="{{.Direction}}">
<head><meta charset="utf-8"><title>{{.Subject}}</title></head>
<body>{{template "content" .Letter}}</body>
</html>
`

// plainButton is what a link on a line of its own becomes if the layout does not
// say.
const plainButton = `<p><a href="{{.Link}}">{{.Action}}</a><br>{{.Link}}</p>`

// A button is what the template of this name shows.
type button struct{ Link, Action string }

// pageSet parses a whole page, whose button may be its own.
func pageSet(page source) (*template.Template, error) {
	set := template.New(page.path).Option("missingkey=error").Funcs(template.FuncMap{
		"button": func(link, action string) button { return button{link, action} },
	})
	if _, err := set.New("button").Parse(plainButton); err != nil {
		return nil, err
	}
	return set.Parse(page.text)
}

// A sheet is what a layout shows.
type sheet struct {
	Subject, Language string
	Direction         string // "ltr" or "rtl"
	Letter            any
}

// laidOut is a letter within its layout.
type laidOut struct {
	set     *template.Template
	lang    string
	subject executor
}

// Execute writes the page.
func (l laidOut) Execute(w io.Writer, data any) error {
	var subject strings.Builder
	if err := l.subject.Execute(&subject, data); err != nil {
		return err
	}
	return l.set.Execute(w, sheet{subjectLine(subject.String()), l.lang, direction(l.lang), data})
}

// direction returns where lines of a language's usual script begin.
func direction(lang string) string {
	script, _ := language.Make(lang).Script()
	switch script.String() {
	case "Arab", "Hebr", "Syrc", "Thaa", "Nkoo", "Adlm":
		return "rtl"
	}
	return "ltr"
}

// isWhole reports whether a page needs no layout around it.
func isWhole(page string) bool { return strings.Contains(strings.ToLower(page), "<html") }

// aLink is a paragraph that is nothing but a field that holds an address.
var aLink = regexp.MustCompile(`^\{\{-?\s*((?:\.\w+)*\.\w*(?:Link|URL))\s*-?\}\}$`)

// pageOf makes HTML of a text: a paragraph of each, where an empty line ends one
// and a line that begins with a space or a dash stays a line. A paragraph that is
// a link becomes a button. Actions stay as they are, for html/template to escape
// what they show. Every line keeps its number.
func pageOf(text, action string) string {
	var b strings.Builder
	var open bool
	lines := strings.Split(text, "\n")
	blank := func(i int) bool { return i < 0 || i >= len(lines) || strings.TrimSpace(lines[i]) == "" }
	for i, line := range lines {
		link := aLink.FindStringSubmatch(strings.TrimSpace(line))
		switch {
		case blank(i):
			if open {
				b.WriteString("</p>")
			}
			open = false
		case link != nil && blank(i-1) && blank(i+1):
			b.WriteString(buttonOf(link[1], action))
		case !open:
			b.WriteString(`<p style="margin:0 0 1em">`)
			open = true
			escapeAround(&b, line)
		default:
			if strings.HasPrefix(line, "-") || strings.HasPrefix(line, " ") {
				b.WriteString("<br>")
			}
			escapeAround(&b, line)
		}
		b.WriteByte('\n')
	}
	if open {
		b.WriteString("</p>")
	}
	return b.String()
}

// buttonOf calls the layout's button for the field that holds the link. Without
// words for it, it shows the link itself.
func buttonOf(field, action string) string {
	words := field
	if action != "" {
		words = "`" + strings.ReplaceAll(action, "`", "'") + "`"
	}
	return `{{template "button" (button ` + field + " " + words + `)}}`
}

// escapeAround writes a line with what stands between actions escaped.
func escapeAround(b *strings.Builder, line string) {
	for line != "" {
		before, rest, found := strings.Cut(line, "{{")
		b.WriteString(html.EscapeString(before))
		if !found {
			return
		}
		action, after, closed := strings.Cut(rest, "}}")
		b.WriteString("{{" + action)
		if closed {
			b.WriteString("}}")
		}
		line = after
	}
}
