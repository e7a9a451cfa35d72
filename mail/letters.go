package mail

import (
	"cmp"
	"io/fs"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/language"

	"github.com/manorgo/manor/fault"
)

// A Letter is one kind of message whose words are in files.
type Letter struct {
	Name   string   // of its files, without the ending: "reset"
	Sample any      // what Write is given, with every field filled in
	Must   []string // what the sample's text and HTML have to hold, such as its link
}

// Letters are kinds of messages in several languages. Their files are
//
//	LANGUAGE/NAME.txt   the subject, and the text in the syntax of text/template
//	LANGUAGE/NAME.html  the HTML, in that of html/template; without it, it is made of the text
//	layout.html         the page around all HTML; LANGUAGE/layout.html for one language
//
// where LANGUAGE is a tag of BCP 47, such as en or zh. They are safe for
// concurrent use.
type Letters struct {
	kinds     []Letter
	languages []string // English first
	matcher   language.Matcher
	versions  map[place]*version
}

// English is the language of what there is in no other.
const English = "en"

// A place is where the words of a letter stand.
type place struct{ language, name string }

// A version is a letter in one language.
type version struct {
	template *Template
	origin   Origin
}

// An Origin says which file the words of a letter come from.
type Origin struct {
	Letter   string `json:"letter"`
	Language string `json:"language"`
	Text     string `json:"text"`          // the file
	HTML     string `json:"html,omitzero"` // the file; "" if it is made of the text
	Replaced bool   `json:"replaced"`      // a layer above the first one has the text or the HTML
}

// ParseLetters reads letters from folders: a file in a later one replaces that of
// the same name in an earlier one, and a text replaces the HTML beside the text
// that it replaces. Each letter must be there in English; in other languages what
// is missing is read in English.
//
// All files are read and tried with the samples. What is wrong with them is
// fault.Invalid, which names each file and line: one that is no template, speaks
// of a field that there is not, leaves out what it must hold, or belongs to no
// letter.
func ParseLetters(kinds []Letter, layers ...fs.FS) (*Letters, error) {
	l := &Letters{kinds: slices.Clone(kinds), versions: map[place]*version{}}
	slices.SortFunc(l.kinds, func(a, b Letter) int { return cmp.Compare(a.Name, b.Name) })
	var r reader
	for i, layer := range layers {
		r.readLayer(i, layer, l.kinds)
	}
	l.languages = r.languages()
	for _, lang := range l.languages {
		for _, kind := range l.kinds {
			if v := r.version(lang, kind); v != nil {
				l.versions[place{lang, kind.Name}] = v
			} else if lang == English && !r.broken[place{lang, kind.Name}] {
				r.wrong("%s is missing", path(place{lang, kind.Name}, ".txt"))
			}
		}
	}
	if len(r.problems) > 0 {
		return nil, fault.Errorf(fault.Invalid, "%s", strings.Join(r.problems, "; "))
	}
	tags := make([]language.Tag, len(l.languages))
	for i, lang := range l.languages {
		tags[i] = language.Make(lang)
	}
	l.matcher = language.NewMatcher(tags)
	return l, nil
}

// Languages returns the languages that there is anything in: English first, then
// in the order of the alphabet.
func (l *Letters) Languages() []string { return slices.Clone(l.languages) }

// Names returns the names of the letters.
func (l *Letters) Names() []string {
	names := make([]string, len(l.kinds))
	for i, k := range l.kinds {
		names[i] = k.Name
	}
	return names
}

// Origins returns what there is of each letter, by name and language.
func (l *Letters) Origins() (out []Origin) {
	for _, k := range l.kinds {
		for _, lang := range l.languages {
			if v := l.versions[place{lang, k.Name}]; v != nil {
				out = append(out, v.origin)
			}
		}
	}
	return out
}

// maxWish is how many bytes of a wish Match reads.
const maxWish = 255

// Match returns the language for somebody with these wishes, the first that can
// be met: each is a tag, such as zh-CN, or a whole Accept-Language (RFC 9110
// §12.5.4), or "". It is English if none can be met.
func (l *Letters) Match(wishes ...string) string {
	for _, wish := range wishes {
		if wish == "" || len(wish) > maxWish {
			continue
		}
		tags, _, err := language.ParseAcceptLanguage(wish)
		if err != nil || len(tags) == 0 {
			continue
		}
		if _, i, sure := l.matcher.Match(tags...); sure > language.No {
			return l.languages[i]
		}
	}
	return English
}

// Write returns a letter to one address in one of the Languages; what is missing
// there is written in English. An unknown letter is fault.NotFound. Text in data
// cannot break out of where it stands: it is escaped in HTML, and a subject is
// one line of at most 255 characters whatever it is made of.
func (l *Letters) Write(name, lang, to string, data any) (Message, error) {
	v := l.versions[place{lang, name}]
	if v == nil {
		v = l.versions[place{English, name}]
	}
	if v == nil {
		return Message{}, fault.Errorf(fault.NotFound, "there is no letter %s", name)
	}
	m, err := v.template.Message(to, data)
	m.Kind, m.Subject = name, subjectLine(m.Subject)
	return m, err
}

// Sample returns a letter as Write does, of its sample.
func (l *Letters) Sample(name, lang, to string) (Message, error) {
	for _, k := range l.kinds {
		if k.Name == name {
			return l.Write(name, lang, to, k.Sample)
		}
	}
	return Message{}, fault.Errorf(fault.NotFound, "there is no letter %s; there are %s", name, strings.Join(l.Names(), ", "))
}

// subjectLine makes one line of s that a header can hold.
func subjectLine(s string) string {
	s = printable(strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " "), "")
	if utf8.RuneCountInString(s) <= maxSubject {
		return s
	}
	return string([]rune(s)[:maxSubject-1]) + "…"
}

// try writes a letter of its sample, and of nothing at all.
func (k Letter) try(t *Template) error {
	if of := reflect.TypeOf(k.Sample); of != nil && of.Kind() == reflect.Struct {
		if _, err := t.Message("", reflect.Zero(of).Interface()); err != nil {
			return err
		}
	}
	_, err := t.Message("", k.Sample)
	return err
}
