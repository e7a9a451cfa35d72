package data_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/manorgo/manor/data"
)

func TestSlugify(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Hello, World!":         "hello-world",
		"  --a__b  c--  ":       "a-b-c",
		"Straße":                "strasse",
		"GROẞ":                  "gross",
		"über ßen":              "über-ssen",
		"Don't, it’s":           "dont-its",
		"東京タワー 2":               "東京タワー-2",
		"Привет, Мир":           "привет-мир",
		"مرحبا بالعالم":         "مرحبا-بالعالم",
		"हिन्दी भाषा":           "हिन्दी-भाषा",
		"e\u0301te\u0301":       "été",
		"ﬁne ① Ａ":               "fine-1-a",
		"١٢٣":                   "١٢٣",
		"!?":                    "",
		"":                      "",
		"\u0301":                "",
		"a\xffb\x00c":           "a-b-c",
		"😀 smile":               "smile",
		strings.Repeat("x", 99): strings.Repeat("x", 99),
		// The cut is between words where that can be.
		strings.Repeat("x", 150):                      strings.Repeat("x", 100),
		strings.Repeat("x", 90) + " yyyyyyyyyyyyyyyy": strings.Repeat("x", 90),
		strings.Repeat("x", 100) + " y":               strings.Repeat("x", 100),
		strings.Repeat("東", 150):                      strings.Repeat("東", 100),
		// And not between a letter and its mark.
		strings.Repeat("x", 99) + "q\u0301z": strings.Repeat("x", 99),
	} {
		if got := data.Slugify(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

func FuzzSlugify(f *testing.F) {
	for _, text := range []string{"Hello, World!", "Straße", "東京", "q\u0301", strings.Repeat("ab ", 60), "İ", "\xff"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		slug := data.Slugify(text)
		if !utf8.ValidString(slug) || utf8.RuneCountInString(slug) > data.MaxSlug || !norm.NFKC.IsNormalString(slug) {
			t.Errorf("%q became %q", text, slug)
		}
		if strings.HasPrefix(slug, "-") || strings.HasSuffix(slug, "-") || strings.Contains(slug, "--") {
			t.Errorf("%q became %q", text, slug)
		}
		if again := data.Slugify(slug); again != slug {
			t.Errorf("%q became %q, and that %q", text, slug, again)
		}
	})
}
