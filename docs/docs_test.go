// Package docs_test holds the documentation to the code it speaks of.
package docs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A snippet is a fenced block of a page.
type snippet struct {
	page, info, text string
	line             int
}

// pages returns the files that match, which are not none.
func pages(t *testing.T, patterns ...string) (out []string) {
	t.Helper()
	for _, p := range patterns {
		found, err := filepath.Glob(p)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %v, %v", p, found, err)
		}
		out = append(out, found...)
	}
	return out
}

// packageReadmes are of packages that are taken alone.
var packageReadmes = []string{"../data/README.md", "../data/*/README.md"}

func snippets(t *testing.T) (out []snippet) {
	t.Helper()
	for _, page := range pages(t, append(packageReadmes, "*.md", "../README.md")...) {
		b, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		var open *snippet
		for i, line := range strings.Split(string(b), "\n") {
			info, fence := strings.CutPrefix(line, "```")
			switch {
			case fence && open == nil:
				open = &snippet{page: page, info: info, line: i + 1}
			case fence:
				out = append(out, *open)
				open = nil
			case open != nil:
				open.text += line + "\n"
			}
		}
		if open != nil {
			t.Errorf("%s:%d: a block does not end", page, open.line)
		}
	}
	return out
}

// TestGoSnippetsAreCode wants every Go snippet to stand in the file that it
// names, which the compiler has seen.
func TestGoSnippetsAreCode(t *testing.T) {
	t.Parallel()
	found := 0
	for _, s := range snippets(t) {
		if !strings.HasPrefix(s.info, "go") {
			continue
		}
		found++
		at := fmt.Sprintf("%s:%d", s.page, s.line)
		name, ok := strings.CutPrefix(s.info, "go file=")
		if !ok {
			t.Errorf("%s: a Go snippet must name its file", at)
			continue
		}
		src, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Errorf("%s: %v", at, err)
			continue
		}
		if !strings.Contains(plain(string(src)), strings.TrimSpace(plain(s.text))) {
			t.Errorf("%s: this is not in %s:\n%s", at, name, s.text)
		}
	}
	if found == 0 {
		t.Error("no Go snippet was found")
	}
}

// plain leaves out what gofmt decides.
func plain(s string) string {
	return regexp.MustCompile(`[ \t]+`).ReplaceAllString(regexp.MustCompile(`\n[ \t]*`).ReplaceAllString(s, "\n"), " ")
}

// TestLinksLead wants every link between files to lead somewhere.
func TestLinksLead(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)
	for _, page := range pages(t, append(packageReadmes, "*.md", "../*.md")...) {
		b, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		prose := regexp.MustCompile("(?s)```.*?```").ReplaceAllString(string(b), "")
		for _, m := range link.FindAllStringSubmatch(prose, -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
}
