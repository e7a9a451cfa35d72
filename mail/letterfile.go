package mail

import (
	"cmp"
	"errors"
	"fmt"
	"html"
	"html/template"
	"io/fs"
	"reflect"
	"regexp"
	"slices"
	"strings"
	texttemplate "text/template"

	"golang.org/x/text/language"
)

// maxLetter is how many bytes a file of letters may have.
const maxLetter = 256 << 10

// A reader collects the files of letters, and what is wrong with them.
type reader struct {
	texts, pages map[place]source
	broken       map[place]bool // problems tell of it already
	problems     []string
}

// A source is what a file says, and how many layers are below it.
type source struct {
	path, text string
	layer      int
}

func path(p place, ending string) string {
	if p.language == "" {
		return p.name + ending
	}
	return p.language + "/" + p.name + ending
}

func (r *reader) wrong(format string, args ...any) {
	problem := fmt.Sprintf(format, args...)
	if !slices.Contains(r.problems, problem) { // a layout concerns many letters
		r.problems = append(r.problems, problem)
	}
}

// layout is the name of the page around the others.
const layout = "layout"

// readLayer takes what one folder has.
func (r *reader) readLayer(layer int, files fs.FS, kinds []Letter) {
	if r.texts == nil {
		r.texts, r.pages, r.broken = map[place]source{}, map[place]source{}, map[place]bool{}
	}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name != "." && strings.HasPrefix(d.Name(), "."):
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir():
			return r.readFolder(name)
		}
		return r.readFile(layer, files, name, kinds)
	})
	if err != nil {
		r.wrong("the files of letters cannot be read: %v", err)
	}
}

// readFolder passes over what cannot be a language's.
func (r *reader) readFolder(name string) error {
	if name == "." {
		return nil
	}
	if tag, err := language.Parse(name); err != nil || tag.String() != name {
		r.wrong("the folder %s is not called like a language, such as en or pt-BR", name)
		return fs.SkipDir
	}
	return nil
}

func (r *reader) readFile(layer int, files fs.FS, name string, kinds []Letter) error {
	lang, base, ok := strings.Cut(name, "/")
	if !ok {
		lang, base = "", name
	}
	stem, into := strings.TrimSuffix(base, ".txt"), r.texts
	if stem == base {
		stem, into = strings.TrimSuffix(base, ".html"), r.pages
	}
	at := place{lang, stem}
	switch known := slices.ContainsFunc(kinds, func(k Letter) bool { return k.Name == stem }); {
	case stem == base:
		return nil // something else, such as a README
	case base == layout+".html":
	case lang == "":
		r.wrong("%s is in no language's folder, such as %s", name, English)
		return nil
	case !known:
		r.wrong("%s belongs to no letter: there is none called %s", name, stem)
		return nil
	}
	b, err := fs.ReadFile(files, name)
	switch {
	case err != nil:
		return err
	case len(b) > maxLetter:
		r.wrong("%s has more than %d bytes", name, maxLetter)
		r.broken[at] = true
		return nil
	}
	text := strings.ReplaceAll(strings.TrimPrefix(string(b), "\ufeff"), "\r\n", "\n")
	into[at] = source{name, text, layer}
	return nil
}

// languages returns those which have a letter, English first.
func (r *reader) languages() []string {
	var out []string
	for _, files := range []map[place]source{r.texts, r.pages} {
		for at := range files {
			if at.name != layout && at.language != English && !slices.Contains(out, at.language) {
				out = append(out, at.language)
			}
		}
	}
	slices.Sort(out)
	return append([]string{English}, out...)
}

// version parses and tries a letter in a language. It is nil if there is none, or
// none that is good.
func (r *reader) version(lang string, kind Letter) *version {
	at := place{lang, kind.Name}
	text, ok := r.texts[at]
	page, hasPage := r.pages[at]
	if !ok {
		if hasPage {
			r.wrong("%s is missing beside %s", path(at, ".txt"), page.path)
			r.broken[at] = true
		}
		return nil
	}
	v := &version{origin: Origin{Letter: kind.Name, Language: lang, Text: text.path, Replaced: text.layer > 0}}
	if hasPage && page.layer >= text.layer {
		v.origin.HTML, v.origin.Replaced = page.path, page.layer > 0
	} else {
		page = source{}
	}
	t, err := parseLetter(lang, text, page, r.around(lang))
	if err == nil {
		err = kind.try(t)
	}
	if err != nil {
		r.wrong("%s", explain(err, kind.Sample))
		r.broken[at] = true
		return nil
	}
	v.template = t
	r.demand(v, kind, r.around(lang).path)
	return v
}

// around returns the page around the letters of a language.
func (r *reader) around(lang string) source {
	if own, ok := r.pages[place{lang, layout}]; ok {
		return own
	}
	if all, ok := r.pages[place{"", layout}]; ok {
		return all
	}
	return source{path: layout + ".html", text: plainLayout}
}

// demand sees that a letter holds what it must, in both forms.
func (r *reader) demand(v *version, kind Letter, around string) {
	m, err := v.template.Message("", kind.Sample)
	if err != nil {
		return // try has told
	}
	if m.Subject == "" || m.Text == "" {
		r.wrong("%s is empty", v.origin.Text)
	}
	for _, must := range kind.Must {
		if !strings.Contains(m.Text, must) {
			r.wrong("%s does not show %s", v.origin.Text, must)
		}
		if !strings.Contains(html.UnescapeString(m.HTML), must) {
			page := cmp.Or(v.origin.HTML, v.origin.Text+", with "+around+" around it,")
			r.wrong("%s does not show %s", page, must)
		}
	}
}

// parseLetter makes a template of the files of one letter. The page is zero if
// there is none.
func parseLetter(lang string, text, page, around source) (*Template, error) {
	h, err := splitHead(text)
	if err != nil {
		return nil, err
	}
	t := &Template{}
	option := func(t *texttemplate.Template) *texttemplate.Template { return t.Option("missingkey=error") }
	if t.subject, err = option(texttemplate.New(text.path)).Parse(h.subject); err != nil {
		return nil, err
	}
	if t.text, err = option(texttemplate.New(text.path)).Parse(h.body); err != nil {
		return nil, err
	}
	if page.path == "" {
		page = source{path: text.path, text: pageOf(h.body, h.action)}
	}
	if isWhole(page.text) {
		t.html, err = pageSet(page)
		return t, err
	}
	set, err := pageSet(around)
	if err != nil {
		return nil, err
	}
	// By the name of its file, so that errors name it.
	if _, err = set.New(page.path).Parse(page.text); err != nil {
		return nil, err
	}
	if _, err = set.New(content).Parse(`{{template "` + page.path + `" .}}`); err != nil {
		return nil, err
	}
	t.html = laidOut{set, lang, t.subject}
	return t, nil
}

// A head is what a text begins with. Lines keep their numbers.
type head struct{ subject, action, body string }

// splitHead separates the lines before the first empty one from the rest.
func splitHead(s source) (h head, err error) {
	lines := strings.Split(s.text, "\n")
	for i, line := range lines {
		if strings.TrimSpace(line) == "" {
			if h.subject == "" {
				break
			}
			h.body = strings.Repeat("\n", i) + strings.Join(lines[i:], "\n")
			return h, nil
		}
		name, value, _ := strings.Cut(line, ":")
		switch value = strings.TrimSpace(value); {
		case name == "Subject" && value != "":
			h.subject = strings.Repeat("\n", i) + value
		case name == "Action" && value != "":
			h.action = value
		default:
			return h, fmt.Errorf("%s:%d: a letter begins with the lines Subject: … and perhaps Action: …, and then an empty one", s.path, i+1)
		}
	}
	return h, fmt.Errorf("%s:1: a letter begins with the line Subject: …, an empty line, and then its text", s.path)
}

// unknownField is what a template's error says of a field that there is not.
var unknownField = regexp.MustCompile(`(can't evaluate field \w+) in type (\S+)`)

// explain returns what an error of a template says, without what only a
// programmer understands.
func explain(err error, sample any) string {
	if e, ok := errors.AsType[texttemplate.ExecError](err); ok {
		err = e
	} else if e, ok := errors.AsType[*template.Error](err); ok {
		err = e
	}
	s := strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(err.Error(), "html/"), "template:"))
	found := unknownField.FindStringSubmatch(s)
	if found == nil {
		return s
	}
	of := reflect.TypeOf(sample)
	if around := reflect.TypeFor[sheet](); found[2] == around.String() {
		of = around
	}
	s = strings.Replace(s, found[0], found[1], 1)
	if of == nil || of.Kind() != reflect.Struct {
		return s
	}
	var fields []string
	for _, f := range reflect.VisibleFields(of) {
		if f.IsExported() && !f.Anonymous {
			fields = append(fields, "."+f.Name)
		}
	}
	return s + "; there are " + strings.Join(fields, ", ")
}
