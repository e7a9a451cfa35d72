package floors

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What must be done in one place is written in no other: whoever adds a way to
// sign in, to look at a password or to say who is calling, does it there or
// tells this test, and those who read it, why not.
func TestOnePlaceEach(t *testing.T) {
	t.Parallel()
	places := map[string]string{
		"sessions.Opening{": "accounts/signin.go",
		// The password of whoever registers twice is compared, and opens nothing.
		"hasher.Verify(":   "accounts/accounts.go accounts/proof.go",
		"auth.NewContext(": "cli/rows.go serve.go web/router.go",
		`crypto/argon2"`:   "secret/phc.go",
		"http.Redirect(":   "",
	}
	found := map[string][]string{}
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, name)
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			if slices.Contains([]string{"bench", "examples", "manortest", ".git", "internal"}, rel) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(rel, ".go") || strings.HasSuffix(rel, "_test.go") || strings.Contains(rel, "/internal/") {
			return nil
		}
		text, err := os.ReadFile(name)
		for what := range places {
			if strings.Contains(string(text), what) {
				found[what] = append(found[what], rel)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for what, where := range places {
		if got := strings.Join(found[what], " "); got != where {
			t.Errorf("%s is in %q, want %q", what, got, where)
		}
	}
}
